package diagnosis

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/profiles"
)

// certificateEndsSoon is when a client certificate is worth a warning.
const certificateEndsSoon = 30 * 24 * time.Hour

// checkCredential looks at what the user proves who they are with, without showing it to anybody.
func checkCredential(ctx context.Context, x *examination, f facts) ([]Check, learned) {
	if x.profile == nil {
		return one(NoProfile)
	}
	switch x.profile.Authentication.Type {
	case profiles.EntraID:
		return x.checkEntra(ctx), nil
	case profiles.UsernamePassword:
		return one(CredentialPassword, x.profile.Authentication.Username)
	default:
		return x.checkCertificate(), nil
	}
}

func (x *examination) checkCertificate() []Check {
	if x.Certificate == nil || len(x.Certificate.Certificate) == 0 {
		if x.CertificateError != nil && !errors.Is(x.CertificateError, signin.ErrNoSource) {
			return []Check{say(certificateFault(x.CertificateError), x.CertificateError.Error())}
		}
		return []Check{say(CertificateMissing, detailOfErr(x.CertificateError))}
	}
	if err := x.certificateProblem(); err != nil {
		return []Check{say(certificateFault(err), err.Error())}
	}
	leaf, err := leafOf(x.Certificate)
	if err != nil {
		return []Check{say(CertificateUnusable, err.Error())}
	}
	until := "until " + leaf.NotAfter.UTC().Format(time.DateOnly)
	checks := []Check{say(CredentialOK, leaf.Subject.String(), "issuer "+leaf.Issuer.String(), until)}
	if left := leaf.NotAfter.Sub(x.now()); left < certificateEndsSoon {
		checks = append(checks, say(CertificateEndsSoon, until, fmt.Sprintf("%d days left", int(left.Hours()/24))))
	}
	return checks
}

func (x *examination) certificateProblem() error {
	requirements := signin.CertificateRequirements{}
	if selector := x.profile.Authentication.Certificate; selector != nil {
		requirements.Thumbprint, requirements.Issuer = selector.Thumbprint, selector.Issuer
	}
	return requirements.Check(x.Certificate, x.now())
}

// usableCertificate is the one to show to a gateway; nil: there is none, or it would only be refused.
func (x *examination) usableCertificate() *tls.Certificate {
	if x.Certificate == nil || x.certificateProblem() != nil {
		return nil
	}
	return x.Certificate
}

func leafOf(certificate *tls.Certificate) (*x509.Certificate, error) {
	if certificate.Leaf != nil {
		return certificate.Leaf, nil
	}
	return x509.ParseCertificate(certificate.Certificate[0])
}

func certificateFault(err error) ID {
	for _, fault := range []struct {
		kind error
		id   ID
	}{
		{signin.ErrKeyMismatch, CertificateMismatch},
		{signin.ErrNotForClients, CertificateUsage},
		{signin.ErrExpired, CertificateExpired},
		{signin.ErrNotYetValid, CertificateNotYet},
		{signin.ErrWrongThumbprint, CertificateOther},
		{signin.ErrWrongIssuer, CertificateIssuer},
	} {
		if errors.Is(err, fault.kind) {
			return fault.id
		}
	}
	return CertificateUnusable
}
