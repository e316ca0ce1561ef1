// Package authority makes the root certificate of a point-to-site gateway and the client certificates of its users, for a helpdesk that
// has no certificate authority of its own.
package authority

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/footbridge-vpn/footbridge/client/signin"
)

// The ways to fail. Test with errors.Is.
var (
	ErrName         = errors.New("not a name for a certificate")
	ErrKeyType      = errors.New("not a kind of key for this certificate")
	ErrValidity     = errors.New("not a time for a certificate to be valid")
	ErrNotAuthority = errors.New("the file holds no certificate and key that may sign others")
	ErrNoPassword   = errors.New("a private key is kept under a password, and none was given")
	ErrExists       = errors.New("the file is there already and is left as it is")
)

// KeyType is a kind of private key.
type KeyType string

// The kinds of keys. Azure documents RSA for roots.
const (
	RSA2048 KeyType = "rsa2048"
	RSA4096 KeyType = "rsa4096"
	P256    KeyType = "p256"
)

const (
	longestName  = 64             // characters of a common name (RFC 5280 appendix A.1, ub-common-name)
	clockSkew    = time.Hour      // certificates begin so much earlier, for gateways whose clocks are behind
	defaultYears = 10             // of a root
	mostYears    = 50             // a mistyped number does not make a root for ever
	day          = 24 * time.Hour // of validity; leap seconds do not matter
)

// RootOptions says what a new root is. The zero value of a field other than CommonName takes the default.
type RootOptions struct {
	CommonName string
	Years      int       // of validity; 0: 10
	KeyType    KeyType   // RSA2048 or RSA4096, the default
	Time       time.Time // of making; zero: now
}

// Authority signs client certificates: a root, or an authority below one.
type Authority struct {
	Certificate *x509.Certificate
	Path        []*x509.Certificate // Certificate, then its issuers as far as they are known, the root last
	key         crypto.Signer
}

// NewRoot makes a root certificate and its key. Making a large RSA key takes seconds.
func NewRoot(options RootOptions) (*Authority, error) {
	name, err := checkName(options.CommonName)
	if err != nil {
		return nil, fmt.Errorf("make root certificate: %w", err)
	}
	if options.KeyType == "" {
		options.KeyType = RSA4096
	}
	if options.KeyType != RSA2048 && options.KeyType != RSA4096 {
		return nil, fmt.Errorf("make root certificate: %w: %q is not %s or %s", ErrKeyType, options.KeyType, RSA2048, RSA4096)
	}
	if options.Years == 0 {
		options.Years = defaultYears
	}
	if options.Years < 1 || options.Years > mostYears {
		return nil, fmt.Errorf("make root certificate: %w: %d years are not 1 to %d", ErrValidity, options.Years, mostYears)
	}
	now := timeOr(options.Time)
	key, err := newKey(options.KeyType)
	if err != nil {
		return nil, fmt.Errorf("make root key: %w", err)
	}
	template := &x509.Certificate{
		Subject:   pkix.Name{CommonName: name},
		NotBefore: now.Add(-clockSkew), NotAfter: now.AddDate(options.Years, 0, 0),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, BasicConstraintsValid: true, IsCA: true,
	}
	certificate, err := sign(template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make root certificate: %w", err)
	}
	return &Authority{Certificate: certificate, Path: []*x509.Certificate{certificate}, key: key}, nil
}

// Root is the certificate that the gateway needs to know, or nil where the authority's file does not hold it.
func (a *Authority) Root() *x509.Certificate {
	last := a.Path[len(a.Path)-1]
	if !signin.SelfSigned(last) {
		return nil
	}
	return last
}

func timeOr(t time.Time) time.Time {
	if t.IsZero() {
		t = time.Now()
	}
	return t.UTC().Truncate(time.Second)
}

func newKey(kind KeyType) (crypto.Signer, error) {
	switch kind {
	case RSA2048:
		return rsa.GenerateKey(rand.Reader, 2048)
	case RSA4096:
		return rsa.GenerateKey(rand.Reader, 4096)
	case P256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		return nil, fmt.Errorf("%w: %q is not %s, %s or %s", ErrKeyType, kind, RSA2048, RSA4096, P256)
	}
}

func sign(template, issuer *x509.Certificate, public crypto.PublicKey, key crypto.Signer) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, public, key) // chooses a random serial number
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func checkName(name string) (string, error) {
	name = strings.TrimSpace(name)
	switch {
	case name == "":
		return "", fmt.Errorf("%w: it is empty", ErrName)
	case len([]rune(name)) > longestName:
		return "", fmt.Errorf("%w: it is longer than %d characters", ErrName, longestName)
	case strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return "", fmt.Errorf("%w: it has a character that cannot be printed", ErrName)
	}
	return name, nil
}

// ended returns the context's error, since making keys takes long and cannot be interrupted.
func ended(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("make certificates: %w", err)
	}
	return nil
}
