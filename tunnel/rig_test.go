package tunnel

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.zx2c4.com/wireguard/tun"
	"golang.zx2c4.com/wireguard/tun/tuntest"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
	"github.com/footbridge-vpn/footbridge/tunnel/gateway"
	"github.com/footbridge-vpn/footbridge/tunnel/host"
	"github.com/footbridge-vpn/footbridge/tunnel/host/netmon"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/pki"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
	"github.com/footbridge-vpn/footbridge/tunnel/transport"
)

const gatewayName = "11111111-2222-3333-4444-555555555555.vpn.azure.com"

// staticKey is a key of the tests' own for tls-auth: 512 hex digits.
func staticKey(digit string) string { return strings.Repeat("0123456789abcde"+digit, 32) }

// rig is a gateway on loopback and a computer that only remembers what was asked of it.
type rig struct {
	t       *testing.T
	pki     *pki.Set
	server  *gateway.Server
	address netip.AddrPort
	profile *profiles.Profile
	options Options

	computer *fakeComputer
	network  chan netmon.Change
	tunnel   *Tunnel

	mu     sync.Mutex
	events []Event
	arrive chan struct{} // gets a value when an event was added
}

type rigOption func(*rig, *gateway.Config)

func overUDP(r *rig, _ *gateway.Config) { r.profile.Transport = profiles.UDP }

func withPassword(authenticate gateway.Authenticator) rigOption {
	return func(r *rig, c *gateway.Config) {
		r.profile.Authentication = profiles.Authentication{Type: profiles.UsernamePassword}
		r.options.Certificate = nil
		c.TLS.ClientAuth = tls.NoClientCert
		c.Authenticate = authenticate
	}
}

func newRig(t *testing.T, edits ...rigOption) *rig {
	t.Helper()
	set, err := pki.NewSet(gatewayName)
	if err != nil {
		t.Fatal(err)
	}
	user, err := set.Client("user", pki.ECDSA)
	if err != nil {
		t.Fatal(err)
	}
	certificate := user.TLS()
	direction := 1
	r := &rig{t: t, pki: set, computer: newFakeComputer(), network: make(chan netmon.Change), arrive: make(chan struct{}, 1000)}
	r.profile = &profiles.Profile{
		Name:           "test",
		Transport:      profiles.TCP,
		Authentication: profiles.Authentication{Type: profiles.Certificate},
		Gateway: profiles.GatewayIdentity{Roots: []*x509.Certificate{set.GatewayRoot.Certificate}, RequireServerEKU: true,
			Name: profiles.NameRule{Type: profiles.NameExact, Value: gatewayName}},
		ControlChannel: profiles.ControlChannel{Mode: profiles.TLSAuth, Key: secret.Text(staticKey("f")), KeyDirection: &direction, Digest: "SHA256"},
		OpenVPN:        profiles.OpenVPN{HandshakeWindow: 2 * time.Second},
	}
	r.options = Options{Profile: r.profile, Certificate: &certificate, Network: r.network, Observe: r.observe,
		Backoff:  Backoff{First: time.Millisecond, Most: 5 * time.Millisecond},
		Computer: func(context.Context) (Computer, error) { return r.computer, r.computer.openErr },
		Logger:   slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelInfo}))}
	key, err := tlswrap.ParseStaticKey(staticKey("f"))
	if err != nil {
		t.Fatal(err)
	}
	config := gateway.Config{
		TLS: &tls.Config{Certificates: []tls.Certificate{set.Gateway.TLS()}, ClientAuth: tls.RequireAndVerifyClientCert,
			ClientCAs: set.ClientRoot.Pool(), MinVersion: tls.VersionTLS12},
		Wrap:   tlswrap.Config{Mode: tlswrap.Auth, Key: key, Digest: "SHA256", Direction: tlswrap.Normal},
		IPv4:   netip.MustParsePrefix("172.16.0.0/24"),
		Routes: []netip.Prefix{netip.MustParsePrefix("10.10.0.0/16")},
		DNS:    []netip.Addr{netip.MustParseAddr("10.10.0.4")},
		Digest: "SHA256",
	}
	for _, edit := range edits {
		edit(r, &config)
	}
	r.serve(config)
	return r
}

// serve starts the gateway at one port, for TCP and UDP alike.
func (r *rig) serve(config gateway.Config) {
	r.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		r.t.Fatal(err)
	}
	r.address = listener.Addr().(*net.TCPAddr).AddrPort()
	socket, err := transport.ListenPackets(r.t.Context(), r.address.String(), nil)
	if err != nil {
		r.t.Fatal(err)
	}
	config.Listeners, config.Sockets = []net.Listener{listener}, []*transport.PacketListener{socket}
	if r.server, err = gateway.New(config); err != nil {
		r.t.Fatal(err)
	}
	r.profile.Servers = append(r.profile.Servers, profiles.Server{Host: "127.0.0.1", Port: r.address.Port()})
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- r.server.Serve(ctx) }()
	r.t.Cleanup(func() {
		cancel()
		<-served
	})
}

// run connects in the background. The tunnel is disconnected at the end of the test.
func (r *rig) run() (end func() error) {
	r.tunnel = New(r.options)
	ctx, cancel := context.WithCancel(context.Background())
	result := make(chan error, 1)
	go func() { result <- r.tunnel.Run(ctx) }()
	var once sync.Once
	var err error
	end = func() error {
		once.Do(func() {
			cancel()
			select {
			case err = <-result:
			case <-time.After(20 * time.Second):
				r.t.Fatal("the tunnel did not end")
			}
		})
		return err
	}
	r.t.Cleanup(func() { end() })
	return end
}

func (r *rig) observe(event Event) {
	r.mu.Lock()
	r.events = append(r.events, event)
	r.mu.Unlock()
	r.arrive <- struct{}{}
}

// await waits until an event fits, the earlier ones included, and returns it.
func (r *rig) await(what string, fits func(Event) bool) Event {
	r.t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		r.mu.Lock()
		events := slices.Clone(r.events)
		r.mu.Unlock()
		for _, event := range events {
			if fits(event) {
				return event
			}
		}
		select {
		case <-r.arrive:
		case <-deadline:
			r.t.Fatalf("no event: %s; there were %+v", what, events)
		}
	}
}

// forget drops the events so far.
func (r *rig) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = nil
}

func (r *rig) awaitState(state State) Event {
	r.t.Helper()
	return r.await(string(state), func(e Event) bool { return e.Kind == KindState && e.State == state })
}

// awaitSession waits until packets flow.
func (r *rig) awaitSession() *Session {
	r.t.Helper()
	return r.await("session", func(e Event) bool { return e.Kind == KindSession }).Session
}

// awaitRetry waits for an attempt that failed with a code and is followed by another.
func (r *rig) awaitRetry(code Code) {
	r.t.Helper()
	r.await("retry after "+string(code), func(e Event) bool { return e.Kind == KindRetry && e.Problem.Code == code })
}

// awaitFailure waits until the tunnel has stopped for good.
func (r *rig) awaitFailure(code Code) *Problem {
	r.t.Helper()
	event := r.awaitState(Failed)
	if event.Problem.Code != code {
		r.t.Fatalf("failed with %s (%v), want %s", event.Problem.Code, event.Problem, code)
	}
	return event.Problem
}

// onlySession is the gateway's one session.
func (r *rig) onlySession() gateway.Session {
	r.t.Helper()
	sessions := r.server.Sessions()
	if len(sessions) != 1 {
		r.t.Fatalf("the gateway has %d sessions", len(sessions))
	}
	return sessions[0]
}

// fakeComputer is a computer with a device made of channels.
type fakeComputer struct {
	device  *tuntest.ChannelTUN
	openErr error

	mu       sync.Mutex
	setErr   error
	closeErr error
	configs  []host.Config
	closed   int
}

func newFakeComputer() *fakeComputer { return &fakeComputer{device: tuntest.NewChannelTUN()} }

func (c *fakeComputer) Set(_ context.Context, config host.Config) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.configs = append(c.configs, config)
	return c.setErr
}

func (c *fakeComputer) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed++
	if c.closed == 1 {
		c.device.TUN().Close()
	}
	return c.closeErr
}

func (c *fakeComputer) Device() tun.Device       { return c.device.TUN() }
func (c *fakeComputer) Name() string             { return "test0" }
func (c *fakeComputer) Warnings() []host.Warning { return nil }

// state returns how often Set and Close were called.
func (c *fakeComputer) state() (sets, closed int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.configs), c.closed
}

// testWriter logs to the test.
type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	defer func() { recover() }() // a goroutine that ends after the test may log once more
	w.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}
