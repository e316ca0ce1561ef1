// Package pkcs11 uses client certificates whose private keys stay on a smart card, a security key or another PKCS#11 token.
//
// It works in builds with the tag pkcs11, which need cgo; in others Open returns ErrNotBuilt.
package pkcs11

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"io"

	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// The ways to fail. Test with errors.Is.
var (
	ErrNotBuilt      = errors.New("this build cannot use PKCS#11 tokens")
	ErrURI           = errors.New("not a PKCS#11 URI that can be used")
	ErrModule        = errors.New("the PKCS#11 module cannot be used")
	ErrNoToken       = errors.New("no token fits the URI")
	ErrSeveralTokens = errors.New("several tokens fit the URI")
	ErrNoIdentity    = errors.New("no certificate with a private key on the token fits the URI")
	ErrWrongPIN      = errors.New("the PIN is wrong")
	ErrPINLocked     = errors.New("the PIN is locked")
	ErrFinalTry      = errors.New("one more wrong PIN locks the token")
	ErrPINFile       = errors.New("the file of pin-source cannot be used")
)

// PINRequest asks a person for the PIN of a token.
type PINRequest struct {
	Token    string // its label
	Wrong    bool   // the last answer was
	FinalTry bool   // one more wrong PIN locks the token
}

// PINFunc asks a person for a PIN.
type PINFunc func(context.Context, PINRequest) (secret.Text, error)

// Identity is a certificate on a token and the key that belongs to it.
type Identity struct {
	Certificate *x509.Certificate
	Key         crypto.Signer // valid until the token is closed
}

// Token is an open token.
type Token struct {
	Label        string
	Identities   []Identity          // those that fit the URI; at least one
	Certificates []*x509.Certificate // all on the token
	session      io.Closer
}

// Close ends the use of the token and of its keys.
func (t *Token) Close() error {
	if t.session == nil {
		return nil
	}
	return t.session.Close()
}

// Open finds the token and the certificates that a PKCS#11 URI (RFC 7512) names, and logs in. The PIN comes from the file that the URI's
// pin-source names, or else from ask.
func Open(ctx context.Context, uri string, ask PINFunc) (*Token, error) {
	parsed, err := ParseURI(uri)
	if err != nil {
		return nil, err
	}
	return open(ctx, parsed, ask)
}
