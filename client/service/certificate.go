package service

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
)

// maxCertificates bounds a client's chain.
const maxCertificates = 10

func badCertificate(err error) *api.Error {
	return &api.Error{Code: api.BadCertificate, Sentence: "The client certificate cannot be used: " + err.Error() + ".", Remedy: "Send the certificate and its intermediates as PEM, without the private key."}
}

// callersCertificate is the posted certificate, whose key the owner's program has, or the one inside the profile.
func callersCertificate(chain string) func(context.Context, *session) (*tls.Certificate, error) {
	return func(ctx context.Context, c *session) (*tls.Certificate, error) {
		authentication := c.profile.Authentication
		switch {
		case chain != "":
			return c.posted(ctx, []byte(chain))
		case authentication.ClientCert != "":
			return signin.ParsePEM([]byte(authentication.ClientCert.Reveal()), []byte(authentication.ClientKey.Reveal()))
		case authentication.PKCS12 != "":
			return signin.ParsePKCS12([]byte(authentication.PKCS12.Reveal()), "")
		default:
			return nil, nil // the tunnel says what is missing where one is needed
		}
	}
}

// administratorsCertificate is the one whose files an administrator named for a machine profile.
func administratorsCertificate(source settings.CertificateSource) func(context.Context, *session) (*tls.Certificate, error) {
	return func(ctx context.Context, c *session) (*tls.Certificate, error) {
		for _, path := range []string{source.KeyFile, source.PKCS12File, source.CertificateFile} {
			if err := administratorsFile(path); err != nil {
				return nil, err
			}
		}
		nobody := func(context.Context, signin.PassphraseRequest) (secret.Text, error) { return "", signin.ErrNobodyToAsk }
		return signin.Load(ctx, signin.SelectionFor(c.profile, &source), nobody)
	}
}

// administratorsFile refuses a file that somebody else could have put there or read.
func administratorsFile(path string) error {
	if path == "" {
		return nil
	}
	info, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("look at certificate: %w", err)
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o007 != 0 || info.Mode().Perm()&0o020 != 0 {
		return fmt.Errorf("%s must be a plain file that others cannot read and its group cannot write", path)
	}
	return ownedByAdministrator(info)
}

func (c *session) posted(ctx context.Context, chain []byte) (*tls.Certificate, error) {
	certificate := new(tls.Certificate)
	for block, rest := pem.Decode(chain); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("there is a %s in it", block.Type)
		}
		parsed, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("read certificate: %w", err)
		}
		if certificate.Leaf == nil {
			certificate.Leaf = parsed
		}
		certificate.Certificate = append(certificate.Certificate, block.Bytes)
	}
	if certificate.Leaf == nil || len(certificate.Certificate) > maxCertificates {
		return nil, errors.New("it has no certificate, or too many")
	}
	thumbprint := ""
	if wanted := c.profile.Authentication.Certificate; wanted != nil {
		thumbprint = wanted.Thumbprint
	}
	if err := signin.Check(certificate, thumbprint, time.Now()); err != nil {
		return nil, err
	}
	certificate.PrivateKey = &remoteSigner{ctx, c, certificate.Leaf.PublicKey}
	return certificate, nil
}
