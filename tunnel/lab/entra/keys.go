package entra

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"sync"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// errUnknownKey says that a token is signed with a key that is not published.
var errUnknownKey = errors.New("the token is signed with a key that the issuer does not publish")

// signingKey is a key that tokens are signed with. It implements op.SigningKey and, by its public half, op.Key.
type signingKey struct {
	id      string
	private *rsa.PrivateKey
}

func newSigningKey() (*signingKey, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(x509.MarshalPKCS1PublicKey(&private.PublicKey))
	return &signingKey{id: base64.RawURLEncoding.EncodeToString(sum[:20]), private: private}, nil
}

// SignatureAlgorithm is the one that Entra uses.
func (k *signingKey) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }

// Key is the private key.
func (k *signingKey) Key() any { return k.private }

// ID is the key's name in tokens.
func (k *signingKey) ID() string { return k.id }

// publicKey is the published half.
type publicKey struct{ *signingKey }

// Algorithm is the one that Entra uses.
func (k publicKey) Algorithm() jose.SignatureAlgorithm { return jose.RS256 }

// Use says that the key is for signatures.
func (k publicKey) Use() string { return "sig" }

// Key is the public key.
func (k publicKey) Key() any { return &k.private.PublicKey }

// keyring holds the provider's keys, the one that signs last.
type keyring struct {
	mu   sync.Mutex
	keys []*signingKey
}

func newKeyring() (*keyring, error) {
	key, err := newSigningKey()
	if err != nil {
		return nil, err
	}
	return &keyring{keys: []*signingKey{key}}, nil
}

func (r *keyring) rotate(forget bool) error {
	key, err := newSigningKey()
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if forget {
		r.keys = nil
	}
	r.keys = append(r.keys, key)
	return nil
}

func (r *keyring) current() *signingKey {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.keys[len(r.keys)-1]
}

func (r *keyring) published() []op.Key {
	r.mu.Lock()
	defer r.mu.Unlock()
	var keys []op.Key
	for _, key := range r.keys {
		keys = append(keys, publicKey{key})
	}
	return keys
}

// find is a KeySource.
func (r *keyring) find(_ context.Context, id string) (crypto.PublicKey, error) {
	for _, key := range r.published() {
		if key.ID() == id {
			return key.Key(), nil
		}
	}
	return nil, errUnknownKey
}
