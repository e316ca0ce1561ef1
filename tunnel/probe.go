package tunnel

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/tunnel/host"
	"github.com/footbridge-vpn/footbridge/tunnel/identity"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/keymethod"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
	"github.com/footbridge-vpn/footbridge/tunnel/transport"
)

// ProbeOptions says what to try with a gateway. Profile and Server are required.
type ProbeOptions struct {
	Profile     *profiles.Profile
	Server      profiles.Server
	Certificate *tls.Certificate // nil: none is sent
	Credential  *Answer          // for a profile that wants one; nil: no sign-in is tried
	// Wait bounds the wait for the gateway's first answer, and for each later step; zero: 6 seconds. The whole is bounded by the context.
	Wait time.Duration

	Proxy       *profiles.Proxy                                                  // instead of the profile's
	Dial        func(context.Context, transport.Options) (transport.Conn, error) // nil: transport.Dial
	Resolver    transport.Resolver                                               // nil: the system's
	Now         func() time.Time                                                 // the clock for certificates; nil: time.Now
	SystemRoots func() ([]*x509.Certificate, error)                              // nil: this computer's
	Version     string                                                           // of this program
	Logger      *slog.Logger                                                     // nil: no log
}

// Probed is how far a Probe came.
type Probed struct {
	Server  profiles.Server
	Remote  netip.AddrPort
	Hello   HelloVariant
	Stage   openvpn.Stage // the furthest that was reached
	Problem *Problem      // what ended it; nil: everything that was asked for worked

	Offered  []*x509.Certificate // by the gateway, its own first; empty: TLS did not get so far
	Verified bool                // the gateway is the profile's
	Identity error               // why it is not; an *identity.Error

	TLSVersion, TLSCipher uint16
	Cipher                string      // of the data channel, with Config
	SignedIn              bool        // the gateway accepted the sign-in and sent its configuration
	Config                host.Config // what it wants of this computer, with SignedIn
	Warnings              []string    // about Config
}

const probeWait = 6 * time.Second

// probeHellos bounds how many ways to introduce ourselves are tried.
const probeHellos = 3

// Probe talks to a gateway as a connection does and stops before anything on this computer is changed: when the gateway has proven who it is
// or, where the profile's credential is there, when it has sent its configuration. It needs no privileges. A gateway that lets a user in only
// once ends that user's other session, so this is not for users who are connected.
func Probe(ctx context.Context, options ProbeOptions) Probed {
	if options.Wait <= 0 {
		options.Wait = probeWait
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	var best Probed
	hello, tried := HelloVariant{}, []HelloVariant(nil)
	for range probeHellos {
		p := probe{options: options, result: Probed{Server: options.Server, Hello: hello}}
		p.result.Problem = p.run(ctx)
		if len(tried) == 0 || p.result.Problem == nil || p.result.Stage > best.Stage {
			best = p.result
		}
		tried = append(tried, hello)
		if best.Problem == nil || ctx.Err() != nil {
			break
		}
		var more bool
		switch p.result.Problem.Code {
		case TLSReset, TLSStalled:
			hello, more = hello.next(tried, true)
		case ResetAfterKey:
			hello, more = hello.next(tried, false)
		}
		if !more {
			break
		}
	}
	return best
}

// probe is one try with one hello.
type probe struct {
	options ProbeOptions
	result  Probed
	client  *openvpn.Client
}

func (p *probe) run(ctx context.Context) *Problem {
	if err := p.prepare(); err != nil {
		return asProblem(err, Internal)
	}
	conn, err := p.dial(ctx)
	if err != nil {
		return dialProblem(err)
	}
	defer conn.Close()
	p.result.Remote = conn.Remote()
	return p.drive(ctx, conn)
}

// prepare makes the protocol's side as an attempt does, with a clock and a TLS that notes what it sees.
func (p *probe) prepare() error {
	profile := p.options.Profile
	verifier, err := identity.NewVerifier(profile.Gateway, p.options.Server.Host)
	if err != nil {
		return fmt.Errorf("prepare gateway verification: %w", err)
	}
	verifier.Now, verifier.SystemRoots = p.options.Now, p.options.SystemRoots
	tlsConfig := identity.TLSConfig(identity.Options{Verifier: verifier, Certificate: p.options.Certificate,
		MinVersion: profile.OpenVPN.TLSVersionMin, MaxVersion: profile.OpenVPN.TLSVersionMax})
	verify := tlsConfig.VerifyConnection
	tlsConfig.VerifyConnection = func(state tls.ConnectionState) error {
		p.result.Offered = slices.Clone(state.PeerCertificates)
		p.result.TLSVersion, p.result.TLSCipher = state.Version, state.CipherSuite
		p.result.Identity = verify(state)
		p.result.Verified = p.result.Identity == nil
		return p.result.Identity
	}
	config, err := clientConfig(profile, p.transport(), p.result.Hello, tlsConfig, p.options.Version, p.options.Logger)
	if err != nil {
		return err
	}
	config.HandshakeWindow = p.options.Wait
	if p.options.Credential == nil {
		config.AsksCredential = false
	}
	p.client, err = openvpn.NewClient(config)
	return err
}

// signsIn reports whether everything is there that the profile wants of the user.
func (p *probe) signsIn() bool {
	if needsCertificate(p.options.Profile) && p.options.Certificate == nil {
		return false
	}
	return !asksCredential(p.options.Profile) || p.options.Credential != nil
}

func (p *probe) transport() profiles.Transport {
	for _, transport := range []profiles.Transport{p.options.Server.Transport, p.options.Profile.Transport} {
		if transport != "" {
			return transport
		}
	}
	return profiles.TCP
}

func (p *probe) dial(ctx context.Context) (transport.Conn, error) {
	dial := p.options.Dial
	if dial == nil {
		dial = transport.Dial
	}
	proxy := p.options.Proxy
	if proxy == nil {
		proxy = p.options.Profile.Proxy
	}
	ctx, cancel := context.WithTimeoutCause(ctx, p.options.Wait, fmt.Errorf("no connection within %v", p.options.Wait))
	defer cancel()
	return dial(ctx, transport.Options{Protocol: p.transport(), Host: p.options.Server.Host, Port: p.options.Server.Port, Proxy: proxy,
		Resolver: p.options.Resolver, ProxyTimeout: p.options.Wait, Logger: p.options.Logger})
}

// drive runs the session until it has told what was asked for.
func (p *probe) drive(ctx context.Context, conn transport.Conn) *Problem {
	stop := make(chan struct{})
	defer close(stop)
	arrived, ended := make(chan []byte), make(chan error, 1)
	go receiveForProbe(conn, arrived, ended, stop)
	p.client.Start(time.Now())
	defer p.leave(conn)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		if done, problem := p.heard(conn); done {
			return problem
		}
		p.flush(conn)
		resetTimer(timer, p.client.Deadline())
		select {
		case b := <-arrived:
			p.client.Receive(time.Now(), b)
			p.client.Advance(time.Now())
		case err := <-ended:
			p.client.TransportClosed(time.Now(), err)
		case <-timer.C:
			p.client.Advance(time.Now())
		case <-p.client.Wake():
			p.client.Advance(time.Now())
		case <-ctx.Done():
			return newProblem(TimedOut, context.Cause(ctx))
		}
	}
}

func (p *probe) flush(conn transport.Conn) {
	batch := packet.Batch{Stream: conn.Stream()}
	for _, b := range p.client.Outgoing() {
		batch.Append(b)
	}
	if len(batch.Ends) > 0 {
		conn.WritePackets(&batch) // what is wrong with the connection shows in reading
	}
}

// leave ends the session, and tells a gateway so that let us in: another would have to find out by itself. Before that there is nothing
// to say, and what is queued may be the user's.
func (p *probe) leave(conn transport.Conn) {
	if p.result.SignedIn {
		p.client.Close(time.Now())
		p.flush(conn)
	}
	p.client.TransportClosed(time.Now(), nil)
}

// receiveForProbe hands control packets on until the connection ends.
func receiveForProbe(conn transport.Conn, arrived chan<- []byte, ended chan<- error, stop <-chan struct{}) {
	for {
		packets, err := conn.ReadPackets()
		for _, b := range packets {
			select {
			case arrived <- slices.Clone(b):
			case <-stop:
				return
			}
		}
		if err != nil && !transport.Transient(err) {
			ended <- err
			return
		}
	}
}

// heard handles the session's events. done says that nothing more is wanted of the gateway.
func (p *probe) heard(conn transport.Conn) (done bool, problem *Problem) {
	for _, event := range p.client.Events() {
		switch e := event.(type) {
		case openvpn.CredentialNeeded:
			if p.options.Credential == nil || e.Reason != openvpn.ForConnecting {
				return true, newProblem(AuthQuestion, errors.New("the gateway asks a further question"))
			}
			p.client.Provide(time.Now(), openvpn.Credential{Username: p.options.Credential.Username,
				Password: keymethod.Secret(p.options.Credential.Password), Response: keymethod.Secret(p.options.Credential.Response)})
		case openvpn.StageReached:
			p.result.Stage = max(p.result.Stage, e.Stage)
			if e.Stage == openvpn.StageKeyMaterial && !p.signsIn() {
				return true, nil // before anything of the user is sent
			}
		case openvpn.AuthPending:
			return true, newProblem(AuthQuestion, errors.New("somebody has to approve the sign-in"))
		case openvpn.Established:
			p.result.Stage, p.result.SignedIn, p.result.Cipher = openvpn.StageEstablished, true, e.Cipher
			p.result.Config, p.result.Warnings = hostConfig(p.options.Profile, e.Options, []netip.Addr{conn.Remote().Addr()})
			return true, nil
		case openvpn.Failed:
			return true, problemOf(e.Failure)
		}
	}
	return false, nil
}
