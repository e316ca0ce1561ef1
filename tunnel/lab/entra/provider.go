// Package entra is an identity provider shaped like Microsoft Entra ID, for the lab's gateways and the tests of sign-in: the flows, pages, tokens
// and refusals that a client of Entra meets, and switches for what goes wrong in the field.
//
// The protocol is that of a certified OpenID provider (github.com/zitadel/oidc); this package gives it Entra's addresses, tokens, errors and pages.
// It keeps everything in memory and protects nothing.
package entra

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/pki"
)

// What a provider has by default.
const (
	DefaultTenant   = "00000000-0000-4000-8000-00000000e17a"
	DefaultAudience = "c632b3df-fb67-4d84-bdcf-b95ad541b5c8" // the Microsoft-registered Azure VPN client
	LegacyAudience  = "41b23e61-6c1e-4545-b367-cd054e0ed4b4" // the manually registered one of the public cloud
)

// Options describes a provider. The zero value is one on loopback with a certificate authority of its own.
type Options struct {
	Listener  net.Listener   // where it is reached; Close closes it; nil: a free port of 127.0.0.1
	Host      string         // the name clients reach it by; empty: localhost
	Authority *pki.Authority // signs the TLS certificate; nil: one of the provider's own

	Tenant    string   // GUID; empty: DefaultTenant
	Audience  string   // of the gateway; empty: DefaultAudience
	Clients   []string // ids of applications that may sign in, besides the well-known ones and the audience
	Resources []string // whom tokens may be for, besides the audience
	Issuer    string   // of access tokens; empty: https://sts.windows.net/<tenant>/
	Users     []User   // nil: Alice and Bob
	Switches  Switches // to begin with
	Redirects []string // registered redirect addresses besides http://localhost, of which any port will do

	Logger *slog.Logger // nil: silent
}

// Provider is a running identity provider. It is safe for concurrent use.
type Provider struct {
	options   Options
	authority string // https://host:port/<tenant>
	roots     *pki.Authority
	logger    *slog.Logger

	switches   switchboard
	keys       *keyring
	directory  *directory
	store      *store
	visits     counters
	server     *http.Server
	serveEnded chan error
}

// Start starts a provider. The caller must Close it.
func Start(options Options) (*Provider, error) {
	p, err := start(options)
	if err != nil {
		return nil, fmt.Errorf("start identity provider: %w", err)
	}
	return p, nil
}

func start(options Options) (p *Provider, err error) {
	options = options.withDefaults()
	if options.Listener == nil {
		if options.Listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return nil, err
		}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, options.Listener.Close())
		}
	}()
	p = &Provider{options: options, roots: options.Authority, logger: options.Logger, serveEnded: make(chan error, 1)}
	p.switches.current = options.Switches
	p.authority = "https://" + options.hostPort() + "/" + options.Tenant
	if p.directory, err = newDirectory(options.Users); err != nil {
		return nil, err
	}
	if p.keys, err = newKeyring(); err != nil {
		return nil, err
	}
	p.store = newStore(p)
	identity, err := p.identity()
	if err != nil {
		return nil, err
	}
	handler, err := p.handler()
	if err != nil {
		return nil, err
	}
	p.server = &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 1 << 16,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{identity.TLS()}, MinVersion: tls.VersionTLS12},
		ErrorLog:  slog.NewLogLogger(options.Logger.Handler(), slog.LevelDebug),
	}
	go func() { p.serveEnded <- p.server.ServeTLS(options.Listener, "", "") }()
	return p, nil
}

func (o Options) withDefaults() Options {
	if o.Host == "" {
		o.Host = "localhost"
	}
	if o.Tenant == "" {
		o.Tenant = DefaultTenant
	}
	if o.Audience == "" {
		o.Audience = DefaultAudience
	}
	if o.Issuer == "" {
		o.Issuer = "https://sts.windows.net/" + o.Tenant + "/"
	}
	if o.Users == nil {
		o.Users = []User{Alice(), Bob()}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// hostPort is what stands in addresses: the port only where it is not https's own.
func (o *Options) hostPort() string {
	_, port, err := net.SplitHostPort(o.Listener.Addr().String())
	if err != nil || port == "443" {
		return o.Host
	}
	return net.JoinHostPort(o.Host, port)
}

// identity is the TLS certificate, below an authority of the provider's own where none was given.
func (p *Provider) identity() (identity *pki.Identity, err error) {
	if p.roots == nil {
		if p.roots, err = pki.NewRoot("Lab Sign-in Root", pki.ECDSA); err != nil {
			return nil, err
		}
	}
	addresses := []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.IPv6Loopback()}
	if listening, err := netip.ParseAddrPort(p.options.Listener.Addr().String()); err == nil && !listening.Addr().IsUnspecified() && !listening.Addr().IsLoopback() {
		addresses = []netip.Addr{listening.Addr().Unmap()}
	}
	return p.roots.Issue(pki.Request{
		CommonName: p.options.Host, DNSNames: []string{p.options.Host}, Addresses: addresses, Key: pki.ECDSA,
		Usage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
}

// Close ends the provider: connections are cut, everything it knew is gone.
func (p *Provider) Close() error {
	err := p.server.Close()
	if served := <-p.serveEnded; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	p.serveEnded <- http.ErrServerClosed // for the next call
	if err != nil {
		return fmt.Errorf("close identity provider: %w", err)
	}
	return nil
}

// Authority is the address of the tenant, https://host:port/<tenant>/, as the tenant of a profile has it.
func (p *Provider) Authority() string { return p.authority + "/" }

// Tenant is the tenant's GUID.
func (p *Provider) Tenant() string { return p.options.Tenant }

// Audience is what tokens for the gateway are for.
func (p *Provider) Audience() string { return p.options.Audience }

// Issuer is who access tokens name as their issuer.
func (p *Provider) Issuer() string { return p.options.Issuer }

// Roots holds the certificate of the authority that signed the TLS certificate.
func (p *Provider) Roots() *x509.CertPool { return p.roots.Pool() }

// RootPEM is the same certificate for a file, such as one that SSL_CERT_FILE names.
func (p *Provider) RootPEM() []byte { return p.roots.PEM() }

// RootCertificate is the same certificate.
func (p *Provider) RootCertificate() *x509.Certificate { return p.roots.Certificate }

// HTTPClient trusts the provider and nobody else. It uses no proxy.
func (p *Provider) HTTPClient() *http.Client {
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: p.Roots(), MinVersion: tls.VersionTLS12}, DisableKeepAlives: true,
	}}
}

// OneTimeCode is what the user's authenticator app shows now (RFC 6238), for the page that asks for a second factor.
func (p *Provider) OneTimeCode(username string) (string, error) {
	user, known := p.directory.find(username)
	if !known {
		return "", fmt.Errorf("find user %q: there is none", username)
	}
	return oneTimeCode(user.otpSecret, time.Now()), nil
}

// Validate checks an access token as a gateway does, with the provider's own keys. See Verifier.
func (p *Provider) Validate(token string) (Claims, error) {
	return p.ValidateFor(token, p.options.Audience)
}

// ValidateFor checks an access token that is for somebody else than the gateway.
func (p *Provider) ValidateFor(token, audience string) (Claims, error) {
	verifier := Verifier{Issuer: p.options.Issuer, Audience: audience, Keys: p.keys.find}
	return verifier.Validate(context.Background(), token)
}

// KeysURL is where the keys are that tokens are signed with (JWKS), for RemoteKeys.
func (p *Provider) KeysURL() string { return p.authority + keysPath }

// RevokeRefreshTokens makes all refresh tokens and browser sessions there are worthless, as an administrator does: AADSTS50173. Access tokens
// live on until they expire.
func (p *Provider) RevokeRefreshTokens() { p.store.revoke() }

// RotateKeys signs with a new key from now on. The old keys stay published, unless they are to be forgotten: then tokens signed with them
// are no longer valid.
func (p *Provider) RotateKeys(forget bool) error {
	if err := p.keys.rotate(forget); err != nil {
		return fmt.Errorf("rotate keys: %w", err)
	}
	return nil
}

// Visits counts what was asked for since the start: "discovery", "authorize", "devicecode", "keys", and for tokens by grant
// "authorization_code", "refresh_token", "device_code".
func (p *Provider) Visits() map[string]int { return p.visits.snapshot() }

// Discovery is the address of the discovery document.
func (p *Provider) Discovery() string { return p.authority + discoveryPath }

// isGUID reports whether a text looks like a GUID.
func isGUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i, c := range strings.ToLower(text) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (c == '-') || !dash && !strings.ContainsRune("0123456789abcdef", c) {
			return false
		}
	}
	return true
}
