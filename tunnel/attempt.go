package tunnel

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/tunnel/identity"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
	"github.com/footbridge-vpn/footbridge/tunnel/transport"
)

// attempt is one try with one server and, if it succeeds, the session that it becomes.
type attempt struct {
	tunnel     *Tunnel
	server     profiles.Server
	hello      HelloVariant
	cancel     context.CancelCauseFunc
	networkNew chan struct{} // the network changed under a session
	logger     *slog.Logger
	carried    carriedOver // from and for the session after this one
	reason     Reason
	skip       int      // of the server's addresses, over UDP, where silence says nothing
	refused    *Problem // what the gateway said of the last credential

	opened  <-chan struct{} // closed when the tunnel's computer is open, or openErr says why not
	openErr error
}

// carriedOver is what one session leaves to the next.
type carriedOver struct {
	token     *openvpn.Token  // the gateway's, instead of the credential
	challenge *push.Challenge // the gateway's question, to be answered at the next attempt
}

// attemptReport is an Input that only carries an event to the goroutine that tells them.
type attemptReport struct {
	event   Event
	session *Session
	traffic func() Traffic
}

// carriedReport hands what the next session needs to Run's goroutine.
type carriedReport struct{ carried carriedOver }

func (attemptReport) input() {}
func (carriedReport) input() {}

// start begins an attempt in a goroutine of its own, which posts AttemptEnded as its last act.
func (t *Tunnel) start(ctx context.Context, action StartAttempt) {
	ctx, cancel := context.WithCancelCause(ctx)
	server := t.servers[action.Server]
	a := &attempt{tunnel: t, server: server, hello: action.Hello, cancel: cancel, networkNew: make(chan struct{}, 1),
		logger: t.logger.With("server", server.Host), carried: t.carried, reason: ForConnecting, refused: t.refused}
	if t.machine.sameCode == NoAnswer {
		a.skip = t.machine.sameCount / len(t.servers)
	}
	if t.machine.everConnected {
		a.reason = ForReconnecting
	}
	t.current = a
	t.logger.Info("attempt", "server", server.Host, "number", t.machine.Attempt, "hello", action.Hello)
	go func() {
		problem := a.run(ctx)
		if problem.Code == NoAnswer {
			t.names.doubt(server.Host) // it may have moved
		}
		cancel(nil)
		t.post(AttemptEnded{Problem: problem})
	}()
}

// networkChanged moves the session to the new network, or ends it where its transport cannot.
func (a *attempt) networkChanged() {
	select {
	case a.networkNew <- struct{}{}:
	default: // one is pending already
	}
}

func (a *attempt) report(event Event) {
	a.tunnel.post(attemptReport{event: event})
}

func (a *attempt) stage(stage Stage) {
	a.report(Event{Kind: KindStage, Stage: stage, Server: a.server.Host})
}

// run holds one session from the first look-up to its end, and says why it ended.
func (a *attempt) run(ctx context.Context) *Problem {
	a.openComputer(ctx)
	defer func() { <-a.opened }() // whoever tears down must find it
	session, err := a.newSession()
	if err != nil {
		return asProblem(err, Internal)
	}
	defer session.release()
	session.client.Start(time.Now())
	if problem := session.awaitCredential(ctx); problem != nil {
		return problem
	}
	conn, err := a.dial(ctx)
	if err != nil {
		return a.ended(ctx, err)
	}
	defer conn.Close()
	return session.drive(ctx, conn)
}

// ended tells why an attempt ended: for the reason it was cancelled with, or for err.
func (a *attempt) ended(ctx context.Context, err error) *Problem {
	if ctx.Err() != nil {
		return asProblem(context.Cause(ctx), Internal)
	}
	return asProblem(err, Internal)
}

// openComputer makes the device beside the handshake, which takes as long. A lack of privileges shows before the gateway's answer.
func (a *attempt) openComputer(ctx context.Context) {
	opened := make(chan struct{})
	a.opened = opened
	t := a.tunnel
	if t.computer != nil {
		close(opened)
		return
	}
	go func() {
		defer close(opened)
		computer, err := t.options.Computer(ctx)
		if err != nil {
			a.openErr = err
			return
		}
		t.computer = computer
	}()
}

// notOpened is why the computer could not be opened, once that is known.
func (a *attempt) notOpened() *Problem {
	switch {
	case a.openErr == nil:
		return nil
	case errors.Is(a.openErr, errors.ErrUnsupported):
		return asProblem(a.openErr, HostUnsupported)
	default:
		return asProblem(a.openErr, HostFailed)
	}
}

// transport is how this attempt's server is spoken to.
func (a *attempt) transport() profiles.Transport {
	switch {
	case a.server.Transport != "":
		return a.server.Transport
	case a.tunnel.options.Profile.Transport != "":
		return a.tunnel.options.Profile.Transport
	default:
		return profiles.TCP // all that an Azure gateway speaks
	}
}

func (a *attempt) proxy() *profiles.Proxy {
	if a.tunnel.options.Proxy != nil {
		return a.tunnel.options.Proxy
	}
	return a.tunnel.options.Profile.Proxy
}

func (a *attempt) dial(ctx context.Context) (transport.Conn, error) {
	a.stage(Dialling)
	return a.dialTo(ctx, nil)
}

// dialTo connects to the server at known addresses, or looks its name up where none are given.
func (a *attempt) dialTo(ctx context.Context, addresses []netip.Addr) (transport.Conn, error) {
	dial := a.tunnel.options.Dial
	if dial == nil {
		dial = transport.Dial
	}
	limit := a.tunnel.options.Profile.OpenVPN.ConnectTimeout
	if limit <= 0 {
		limit = dialLimit
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, newProblem(Unreachable, fmt.Errorf("no connection within %v", limit)))
	defer cancel()
	conn, err := dial(ctx, transport.Options{Protocol: a.transport(), Host: a.server.Host, Port: a.server.Port,
		Proxy: a.proxy(), Addresses: addresses, Skip: a.skip, Resolver: a.tunnel.names, Logger: a.logger})
	if err != nil {
		a.tunnel.names.doubt(a.server.Host)
		return nil, dialProblem(err)
	}
	return conn, nil
}

// dialLimit is OpenVPN's server-poll-timeout, shortened: a person waits.
const dialLimit = 30 * time.Second

// outerAddresses are those whose path must stay outside the tunnel.
func (a *attempt) outerAddresses(remote netip.AddrPort) []netip.Addr {
	addresses := []netip.Addr{remote.Addr().Unmap()}
	host := a.server.Host
	if proxy := a.proxy(); proxy != nil {
		host = proxy.Host
	}
	for _, known := range a.tunnel.names.addresses(host) {
		if known != addresses[0] {
			addresses = append(addresses, known)
		}
	}
	return addresses
}

// newSession prepares the protocol's side.
func (a *attempt) newSession() (*session, error) {
	t := a.tunnel
	verifier, err := identity.NewVerifier(t.options.Profile.Gateway, a.server.Host)
	if err != nil {
		return nil, fmt.Errorf("prepare gateway verification: %w", err)
	}
	if t.options.Certificate == nil && needsCertificate(t.options.Profile) {
		return nil, missingCertificate()
	}
	tlsConfig := identity.TLSConfig(identity.Options{Verifier: verifier, Certificate: t.options.Certificate,
		MinVersion: t.options.Profile.OpenVPN.TLSVersionMin, MaxVersion: t.options.Profile.OpenVPN.TLSVersionMax})
	seen := noteGateway(tlsConfig)
	config, err := clientConfig(t.options.Profile, a.transport(), a.hello, tlsConfig, t.options.Version, a.logger)
	if err != nil {
		return nil, newProblem(Internal, err)
	}
	config.Token, config.Challenge = a.carried.token, a.carried.challenge
	client, err := openvpn.NewClient(config)
	if err != nil {
		return nil, newProblem(Internal, err)
	}
	return newSession(a, client, seen), nil
}

// gatewaySeen is what the verified gateway called itself.
type gatewaySeen struct{ commonName string }

// noteGateway keeps the name in the certificate once it was verified. Renegotiations verify it again, in the session's goroutine.
func noteGateway(config *tls.Config) *gatewaySeen {
	seen := &gatewaySeen{}
	verify := config.VerifyConnection
	config.VerifyConnection = func(state tls.ConnectionState) error {
		if err := verify(state); err != nil {
			return err
		}
		seen.commonName = state.PeerCertificates[0].Subject.CommonName
		return nil
	}
	return seen
}

func needsCertificate(profile *profiles.Profile) bool {
	return profile.Authentication.Type == profiles.Certificate || profile.Authentication.Type == ""
}

// dialProblem is what a failure to reach the gateway or the proxy means to the user.
func dialProblem(err error) *Problem {
	var dial *transport.DialError
	if !errors.As(err, &dial) {
		return asProblem(err, Unreachable)
	}
	return newProblem(dialCode(dial), err)
}

func dialCode(err *transport.DialError) Code {
	switch err.Stage {
	case transport.StageProxyResolve, transport.StageProxyConnect:
		return ProxyUnreachable
	case transport.StageProxy:
		if err.Code == transport.ProxyAuthentication {
			return ProxyAuth
		}
		return ProxyRefused
	case transport.StageResolve:
		return NameNotFound
	}
	switch err.Code {
	case transport.Refused:
		return Refused
	case transport.NotSupported:
		return Internal
	default:
		return Unreachable
	}
}
