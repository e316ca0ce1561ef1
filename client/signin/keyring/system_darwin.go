package keyring

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	security "github.com/zalando/go-keyring"
)

// system is files under a key that is in the user's Keychain, which takes about 3 KB an item through /usr/bin/security: too little for a
// token cache.
func system(_ context.Context, options Options) (Keyring, error) {
	return newSealed(Keychain, options, &keychainKey{limit: options.AskLimit})
}

// The item of the Keychain that holds the data key.
const (
	keychainService = "Footbridge"
	keychainAccount = "secrets"
)

// keychainKey keeps the data key in the user's Keychain.
type keychainKey struct {
	limit time.Duration // the user may be asked to unlock the Keychain
}

func (k *keychainKey) key(ctx context.Context, create bool) ([]byte, error) {
	text, err := within(ctx, k.limit, func() (string, error) { return security.Get(keychainService, keychainAccount) })
	if err == nil {
		if key, err := base64.StdEncoding.DecodeString(text); err == nil && len(key) == keySize {
			return key, nil
		}
	} else if !errors.Is(err, security.ErrNotFound) {
		return nil, fmt.Errorf("%w: %w", ErrLocked, err)
	}
	if !create {
		return nil, nil
	}
	key := newKey()
	_, err = within(ctx, k.limit, func() (string, error) {
		return "", security.Set(keychainService, keychainAccount, base64.StdEncoding.EncodeToString(key))
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLocked, err)
	}
	return key, nil
}

// within ends the wait for a program that may never end. What it says later is lost.
func within(ctx context.Context, limit time.Duration, call func() (string, error)) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	type answer struct {
		text string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		text, err := call()
		answers <- answer{text, err}
	}()
	select {
	case a := <-answers:
		return a.text, a.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}
