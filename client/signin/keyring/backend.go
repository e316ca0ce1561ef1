package keyring

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
)

// backend is one place for secrets without regard to other processes.
type backend interface {
	get(ctx context.Context, key string) ([]byte, bool, error)
	set(ctx context.Context, key string, secret []byte) error
	remove(ctx context.Context, key string) error
}

// locked is a backend whose changes are made by one process at a time.
type locked struct {
	backend
	kind   Kind
	lock   processLock
	logger *slog.Logger
}

func newLocked(kind Kind, options Options, b backend) *locked {
	return &locked{backend: b, kind: kind, lock: processLock{path: filepath.Join(options.Dir, "lock")}, logger: options.Logger}
}

func (l *locked) Kind() Kind { return l.kind }

func (l *locked) Get(ctx context.Context, key string) ([]byte, bool, error) {
	secret, found, err := l.get(ctx, key)
	if err != nil {
		return nil, false, fmt.Errorf("read secret %s from %s: %w", key, l.kind, err)
	}
	return secret, found, nil
}

func (l *locked) Set(ctx context.Context, key string, secret []byte) error {
	if secret == nil {
		secret = []byte{}
	}
	return l.lock.with(ctx, func() error { return l.put(ctx, key, secret) })
}

func (l *locked) Delete(ctx context.Context, key string) error {
	return l.lock.with(ctx, func() error { return l.put(ctx, key, nil) })
}

func (l *locked) Update(ctx context.Context, key string, change func([]byte) ([]byte, error)) error {
	return l.lock.with(ctx, func() error {
		before, found, err := l.Get(ctx, key)
		if err != nil {
			return err
		}
		after, err := change(before)
		if err != nil || after == nil && !found {
			return err
		}
		return l.put(ctx, key, after)
	})
}

// put keeps a secret, or removes it where it is nil.
func (l *locked) put(ctx context.Context, key string, secret []byte) error {
	if err := checkKey(key); err != nil {
		return fmt.Errorf("keep secret in %s: %w", l.kind, err)
	}
	if secret == nil {
		if err := l.remove(ctx, key); err != nil {
			return fmt.Errorf("remove secret %s from %s: %w", key, l.kind, err)
		}
		return nil
	}
	if err := checkSecret(secret); err != nil {
		return fmt.Errorf("keep secret %s in %s: %w", key, l.kind, err)
	}
	if err := l.set(ctx, key, secret); err != nil {
		return fmt.Errorf("keep secret %s in %s: %w", key, l.kind, err)
	}
	return nil
}
