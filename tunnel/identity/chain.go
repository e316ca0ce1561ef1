package identity

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// maxFollowed bounds how far the way to a root is followed for an error's text.
const maxFollowed = 10

// trust is what the end of a chain is looked up in.
type trust struct {
	roots  []*x509.Certificate
	system bool // the system's own verification, which does not list its roots
}

// buildChains returns the ways from the offered certificate to a root that the profile accepts.
func (v *Verifier) buildChains(offered []*x509.Certificate) ([][]*x509.Certificate, error) {
	var failure error
	for _, step := range []func([]*x509.Certificate) (trust, error){v.nearRoots, v.systemRoots} {
		end, err := step(offered)
		if err != nil && failure == nil {
			failure = v.untrusted(offered, err)
		}
		if len(end.roots) == 0 && !end.system {
			continue
		}
		chains, err := v.verifyChains(offered, end)
		if err == nil {
			return chains, nil
		}
		if failure == nil || isTrustFailure(failure) {
			failure = err
		}
	}
	var said *Error
	switch {
	case failure == nil:
		return nil, v.unavailable(offered)
	case errors.As(failure, &said):
		return nil, said
	default:
		return nil, v.chainError(offered, failure)
	}
}

// nearRoots are the accepted roots that the profile has or, as only a named one is trusted that it sent itself, the gateway.
func (v *Verifier) nearRoots(offered []*x509.Certificate) (trust, error) {
	if len(v.pins) > 0 {
		return trust{roots: v.pinned(slices.Concat(v.gateway.Roots, offered[1:]))}, nil
	}
	return trust{roots: ownRoots(v.gateway.Roots)}, nil
}

// systemRoots are the accepted roots that this computer trusts.
func (v *Verifier) systemRoots([]*x509.Certificate) (trust, error) {
	unpinned := v.gateway.UsePinnedRoot != nil && !*v.gateway.UsePinnedRoot
	if len(v.pins) == 0 && len(v.gateway.Roots) > 0 && !v.gateway.TrustSystemRoots && !unpinned {
		return trust{}, nil
	}
	roots, err := v.listSystemRoots()
	if errors.Is(err, errNotListed) {
		return trust{system: true}, nil
	}
	if err != nil {
		return trust{}, err
	}
	if len(v.pins) > 0 {
		roots = v.pinned(roots)
	}
	return trust{roots: roots}, nil
}

func (v *Verifier) listSystemRoots() ([]*x509.Certificate, error) {
	if v.SystemRoots != nil {
		return v.SystemRoots()
	}
	return SystemRoots()
}

// pinned keeps the certificates whose thumbprint the profile names.
func (v *Verifier) pinned(certificates []*x509.Certificate) []*x509.Certificate {
	var found []*x509.Certificate
	for _, certificate := range certificates {
		if slices.Contains(v.pins, Thumbprint(certificate)) {
			found = append(found, certificate)
		}
	}
	return found
}

// ownRoots are those of a profile's certificates that end a chain: the self-issued ones, or all where there is none.
func ownRoots(certificates []*x509.Certificate) []*x509.Certificate {
	var roots []*x509.Certificate
	for _, certificate := range certificates {
		if isSelfIssued(certificate) {
			roots = append(roots, certificate)
		}
	}
	if len(roots) == 0 {
		return certificates
	}
	return roots
}

func isSelfIssued(certificate *x509.Certificate) bool {
	return string(certificate.RawSubject) == string(certificate.RawIssuer)
}

// verifyChains builds chains for a TLS server's certificate. Where it was signed twice, by an old root and a new one, all ways are tried.
func (v *Verifier) verifyChains(offered []*x509.Certificate, end trust) ([][]*x509.Certificate, error) {
	options := x509.VerifyOptions{Intermediates: x509.NewCertPool(), CurrentTime: v.now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	for _, certificate := range slices.Concat(offered[1:], v.gateway.Roots) {
		options.Intermediates.AddCert(certificate)
	}
	if !end.system {
		options.Roots = x509.NewCertPool()
		for _, root := range end.roots {
			options.Roots.AddCert(root)
		}
	}
	chains, err := offered[0].Verify(options)
	if err != nil || !end.system || len(v.pins) == 0 {
		return chains, err
	}
	chains = slices.DeleteFunc(chains, func(chain []*x509.Certificate) bool {
		return !slices.Contains(v.pins, Thumbprint(chain[len(chain)-1]))
	})
	if len(chains) == 0 {
		return nil, x509.UnknownAuthorityError{Cert: offered[0]}
	}
	return chains, nil
}

func isTrustFailure(err error) bool {
	var unknown x509.UnknownAuthorityError
	return errors.As(err, &unknown)
}

// chainError says in our words why there is no chain.
func (v *Verifier) chainError(offered []*x509.Certificate, err error) error {
	var invalid x509.CertificateInvalidError
	if isTrustFailure(err) {
		return v.untrusted(offered, nil)
	}
	if !errors.As(err, &invalid) {
		return &Error{Code: InvalidChain, Offered: v.describeOffer(offered), Expected: v.describeTrust(), Err: err}
	}
	switch invalid.Reason {
	case x509.Expired:
		return v.timeError(invalid.Cert)
	case x509.IncompatibleUsage:
		return &Error{Code: WrongUsage, Offered: describe(offered[0]) + " with " + describeUsages(offered[0]),
			Expected: "a certificate for serverAuth (TLS Web Server Authentication)"}
	default:
		return &Error{Code: InvalidChain, Offered: v.describeOffer(offered), Expected: v.describeTrust(), Err: err}
	}
}

// timeError tells an expired certificate from one of the future, for which a wrong clock is the likely cause.
func (v *Verifier) timeError(certificate *x509.Certificate) error {
	now := v.now()
	e := &Error{Code: Expired, Offered: fmt.Sprintf("%s, valid from %s to %s", describe(certificate), stamp(certificate.NotBefore), stamp(certificate.NotAfter)),
		Expected: "a certificate valid at " + stamp(now) + ", the time on this computer's clock"}
	if now.Before(certificate.NotBefore) {
		e.Code = NotYetValid
	}
	return e
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// untrusted says where the chain ends, and where it should.
func (v *Verifier) untrusted(offered []*x509.Certificate, cause error) error {
	return &Error{Code: UntrustedRoot, Offered: v.describeOffer(offered), Expected: v.describeTrust(), Err: cause}
}

// unavailable says that there is no root to end a chain in.
func (v *Verifier) unavailable(offered []*x509.Certificate) error {
	return &Error{Code: RootUnavailable, Offered: v.describeOffer(offered), Expected: v.describeTrust(),
		Err: errors.New("neither the profile nor this computer nor the gateway has it")}
}

// describeOffer names the offered certificate and the root that it leads to, as far as that is known here.
func (v *Verifier) describeOffer(offered []*x509.Certificate) string {
	known := slices.Concat(offered[1:], v.gateway.Roots)
	if system, err := v.listSystemRoots(); err == nil {
		known = append(known, system...)
	}
	last := offered[0]
	for range maxFollowed {
		if isSelfIssued(last) {
			break
		}
		parent := slices.IndexFunc(known, func(candidate *x509.Certificate) bool {
			return string(candidate.RawSubject) == string(last.RawIssuer) && last.CheckSignatureFrom(candidate) == nil
		})
		if parent < 0 {
			return describe(offered[0]) + `, and no way beyond the issuer "` + formatName(last.RawIssuer) + `"`
		}
		last = known[parent]
	}
	return describe(offered[0]) + ", root " + describeRoot(last)
}

// describeTrust names the roots that would be accepted.
func (v *Verifier) describeTrust() string {
	if len(v.pins) == 0 {
		if len(v.gateway.Roots) == 0 {
			return "a root that this computer trusts"
		}
		return "root " + describeRoots(ownRoots(v.gateway.Roots))
	}
	known := slices.Clone(v.gateway.Roots)
	if system, err := v.listSystemRoots(); err == nil {
		known = append(known, system...)
	}
	var names []string
	for _, pin := range v.pins {
		name := "with SHA-1 " + pin
		if i := slices.IndexFunc(known, func(c *x509.Certificate) bool { return Thumbprint(c) == pin }); i >= 0 {
			name = describeRoot(known[i])
		}
		names = append(names, name)
	}
	return "root " + strings.Join(names, " or ")
}

func describeRoots(roots []*x509.Certificate) string {
	var names []string
	for _, root := range roots {
		names = append(names, describeRoot(root))
	}
	return strings.Join(names, " or ")
}
