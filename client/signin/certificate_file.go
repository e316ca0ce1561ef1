package signin

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/footbridge-vpn/footbridge/profiles/certificate"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

const (
	largestFile    = 1 << 20 // of a certificate or key file, in bytes. Real ones are a few kilobytes
	passphraseAsks = 3       // how often a person is asked for the passphrase of one file
)

// PassphraseFunc asks for what unlocks a private key. The method KeyPassphrase of an Asker is one.
type PassphraseFunc func(context.Context, PassphraseRequest) (secret.Text, error)

// ReadContents reads a file of any kind that holds certificates or keys: PEM, PKCS#12, or one certificate in DER or base64. It asks for
// a passphrase where the file needs one; with a nil ask, that is a *PassphraseError.
func ReadContents(ctx context.Context, path string, ask PassphraseFunc) (Contents, error) {
	data, err := readBounded(path)
	if err != nil {
		return Contents{}, err
	}
	unlocking := unlocking{ask: ask, request: PassphraseRequest{File: path}}
	contents, err := unlocking.open(ctx, data)
	if err != nil {
		return Contents{}, named(err, path)
	}
	return contents, nil
}

// ParseContents is ReadContents for data at hand.
func ParseContents(data []byte, passphrase secret.Text) (Contents, error) {
	switch {
	case bytes.Contains(data, []byte("-----BEGIN ")):
		return ParsePEMContents(data, passphrase)
	case len(data) == 0:
		return Contents{}, &CertificateProblem{Kind: ErrNoCertificate, Detail: "the file is empty"}
	}
	if found, err := certificate.Parse(data); err == nil {
		return Contents{Certificates: found}, nil
	}
	if data[0] != 0x30 { // neither PKCS#12 nor a key, which are sequences
		return Contents{}, &CertificateProblem{Kind: ErrUnreadable}
	}
	if key, err := parsePlainKey(data); err == nil {
		return Contents{Keys: []crypto.Signer{key}}, nil
	}
	return ParsePKCS12Contents(data, passphrase)
}

// unlocking opens one file, with a person's help where it needs a passphrase.
type unlocking struct {
	ask     PassphraseFunc
	request PassphraseRequest
}

func (u unlocking) open(ctx context.Context, data []byte) (Contents, error) {
	contents, err := ParseContents(data, "") // PKCS#12 files often have an empty password
	for tries := 0; isLocked(err) && tries < passphraseAsks; tries++ {
		if u.ask == nil {
			return Contents{}, &PassphraseError{File: u.request.File}
		}
		u.request.Wrong = tries > 0
		passphrase, asked := u.ask(ctx, u.request)
		if asked != nil {
			return Contents{}, fmt.Errorf("ask for the passphrase of %s: %w", u.request.File, asked)
		}
		contents, err = ParseContents(data, passphrase)
	}
	if isLocked(err) {
		return Contents{}, &PassphraseError{File: u.request.File, Wrong: true}
	}
	return contents, err
}

func isLocked(err error) bool {
	return errors.Is(err, ErrEncryptedKey) || errors.Is(err, ErrWrongPassword)
}

// named says which file a problem is with, where the error does not say it yet.
func named(err error, path string) error {
	var problem *CertificateProblem
	var passphrase *PassphraseError
	switch {
	case errors.As(err, &problem) && problem.Subject == "":
		return &CertificateProblem{Kind: problem.Kind, Subject: path, Detail: problem.Detail}
	case errors.As(err, &problem), errors.As(err, &passphrase), errors.Is(err, ErrCancelled):
		return err
	case errors.Is(err, ErrNoKey):
		return &CertificateProblem{Kind: ErrNoKey, Subject: path}
	case errors.Is(err, ErrNoCertificate):
		return &CertificateProblem{Kind: ErrNoCertificate, Subject: path}
	default:
		return fmt.Errorf("read %s: %w", path, err)
	}
}

// identity is a certificate together with its key.
type identity struct {
	path   []*x509.Certificate // the leaf, and its issuers as far as they are known, with the root
	signer crypto.Signer
	source string // the file, or the token's label
}

// identities pairs keys and certificates.
func (c Contents) identities(source string) []identity {
	var found []identity
	for _, leaf := range c.Certificates {
		if key := c.KeyOf(leaf); key != nil {
			found = append(found, identity{Path(leaf, c.Certificates), key, source})
		}
	}
	return found
}

// KeyOf returns the private key that belongs to a certificate, or nil.
func (c Contents) KeyOf(certificate *x509.Certificate) crypto.Signer {
	for _, key := range c.Keys {
		if sameKey(certificate.PublicKey, key.Public()) {
			return key
		}
	}
	return nil
}

func readBounded(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open certificate file: %w", err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, largestFile+1))
	if err != nil {
		return nil, fmt.Errorf("read certificate file: %w", err)
	}
	if len(data) > largestFile {
		return nil, fmt.Errorf("read certificate file %s: larger than %d bytes", path, largestFile)
	}
	return data, nil
}
