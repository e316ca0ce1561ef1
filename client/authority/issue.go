package authority

import (
	"context"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net/mail"
	"regexp"
	"strings"
	"time"
)

const (
	defaultDays = 365
	mostAtOnce  = 1000
)

// IssueOptions says which client certificates to make. The zero value of a field other than For takes the default.
type IssueOptions struct {
	For            string    // common name: the user, with "@" and the group's value behind it where the gateway sorts users into groups
	Count          int       // how many, with keys of their own; 0: 1
	Days           int       // of validity; 0: 365, or as long as the authority lasts
	KeyType        KeyType   // "": RSA2048
	WithoutAltName bool      // leave the subject alternative name out
	Time           time.Time // of making; zero: now
}

// Client is a client certificate with its key.
type Client struct {
	Name        string // its common name
	Certificate *x509.Certificate
	Key         crypto.Signer
	Issuers     []*x509.Certificate // its path up to the root
}

// Issue makes client certificates: for client authentication and digital signatures only, as Azure wants them. With a count above one the
// names are numbered before the group's value: alice-1@sales.
//
// The subject alternative name repeats the common name, as an e-mail address or a DNS name, since Azure wants the two to be equal where
// there is one; a name that is neither gets none.
func (a *Authority) Issue(ctx context.Context, options IssueOptions) ([]*Client, error) {
	name, err := checkName(options.For)
	if err != nil {
		return nil, fmt.Errorf("make client certificate: %w", err)
	}
	count := max(options.Count, 1)
	if options.Count < 0 || count > mostAtOnce {
		return nil, fmt.Errorf("make client certificates: %d are not 1 to %d", options.Count, mostAtOnce)
	}
	if options.KeyType == "" {
		options.KeyType = RSA2048
	}
	now := timeOr(options.Time)
	until, err := a.validUntil(now, options.Days)
	if err != nil {
		return nil, fmt.Errorf("make client certificate: %w", err)
	}
	var clients []*Client
	for i := range count {
		if err := ended(ctx); err != nil {
			return nil, err
		}
		numbered := name
		if count > 1 {
			if numbered, err = checkName(number(name, i+1)); err != nil {
				return nil, fmt.Errorf("make client certificate: %w", err)
			}
		}
		client, err := a.issueOne(numbered, now, until, options)
		if err != nil {
			return nil, fmt.Errorf("make client certificate for %s: %w", numbered, err)
		}
		clients = append(clients, client)
	}
	return clients, nil
}

func (a *Authority) issueOne(name string, now, until time.Time, options IssueOptions) (*Client, error) {
	key, err := newKey(options.KeyType)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		Subject:   pkix.Name{CommonName: name},
		NotBefore: later(now.Add(-clockSkew), a.Certificate.NotBefore), NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, BasicConstraintsValid: true,
	}
	if !options.WithoutAltName {
		setAltName(template, name)
	}
	certificate, err := sign(template, a.Certificate, key.Public(), a.key)
	if err != nil {
		return nil, err
	}
	return &Client{Name: name, Certificate: certificate, Key: key, Issuers: a.Path}, nil
}

// validUntil keeps a certificate from outliving its issuer: a gateway would refuse it from then on.
func (a *Authority) validUntil(now time.Time, days int) (time.Time, error) {
	end := a.Certificate.NotAfter
	for _, issuer := range a.Path {
		if issuer.NotAfter.Before(end) {
			end = issuer.NotAfter
		}
	}
	asked := now.Add(time.Duration(days) * day)
	switch {
	case !now.Before(end):
		return time.Time{}, fmt.Errorf("%w: the authority %s has expired on %s: make a new one", ErrValidity, a.Certificate.Subject.CommonName, end.Format(time.DateOnly))
	case days < 0 || days > mostYears*366:
		return time.Time{}, fmt.Errorf("%w: %d days", ErrValidity, days)
	case days == 0:
		if asked = now.Add(defaultDays * day); asked.After(end) {
			asked = end
		}
	case asked.After(end):
		return time.Time{}, fmt.Errorf("%w: the authority ends on %s, before %d days are over: give fewer days", ErrValidity, end.Format(time.DateOnly), days)
	}
	return asked, nil
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// number puts a number behind the user's part of a name.
func number(name string, n int) string {
	user, group, found := strings.Cut(name, "@")
	user = fmt.Sprintf("%s-%d", user, n)
	if found {
		return user + "@" + group
	}
	return user
}

// dnsName is a host name (RFC 1123 section 2.1).
var dnsName = regexp.MustCompile(`^([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$`)

func setAltName(template *x509.Certificate, name string) {
	if dnsName.MatchString(name) {
		template.DNSNames = []string{name}
		return
	}
	user, domain, _ := strings.Cut(name, "@")
	if address, err := mail.ParseAddress(name); err == nil && address.Address == name && isASCII(user) && dnsName.MatchString(domain) {
		template.EmailAddresses = []string{name}
	}
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > 127 })
}
