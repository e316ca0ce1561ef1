package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"golang.zx2c4.com/wireguard/tun"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/tunnel/gateway"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/mssfix"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
	"github.com/footbridge-vpn/footbridge/tunnel/pump"
	"github.com/footbridge-vpn/footbridge/tunnel/transport"
)

const patience = 30 * time.Second

// engine is a client of the project's own, driven to wherever its session goes.
type engine struct {
	t       testing.TB
	session *openvpn.Client
	conn    transport.Conn
	sender  *pump.Sender // nil without a device
	device  tun.Device
	control chan []byte
	calls   chan func()
	lost    chan error
	ended   chan struct{}
	running sync.WaitGroup

	mu     sync.Mutex
	events []openvpn.Event
	added  chan struct{}
}

// dial connects an engine to a gateway's address. within is nil, or calls a function in the namespace to connect from.
func dial(t testing.TB, address netip.AddrPort, config openvpn.Config, device tun.Device, within func(func())) *engine {
	t.Helper()
	protocol := profiles.UDP
	if config.Stream {
		protocol = profiles.TCP
	}
	if within == nil {
		within = func(f func()) { f() }
	}
	e := &engine{t: t, device: device, control: make(chan []byte, 64), calls: make(chan func()), lost: make(chan error, 1), ended: make(chan struct{}), added: make(chan struct{}, 1)}
	var err error
	within(func() {
		// Dial connects in goroutines of its own, which would be in another namespace.
		if config.Stream {
			var conn net.Conn
			if conn, err = net.DialTimeout("tcp", address.String(), patience); err == nil {
				e.conn = transport.NewStreamConn(conn)
			}
			return
		}
		e.conn, err = transport.Dial(context.Background(), transport.Options{Protocol: protocol, Host: address.Addr().String(), Port: address.Port(), Addresses: []netip.Addr{address.Addr()}})
	})
	if err != nil {
		t.Fatal(err)
	}
	if e.session, err = openvpn.NewClient(config); err != nil {
		t.Fatal(err)
	}
	receiver := pump.NewReceiver(e.conn, e.session.Data(), func(p []byte) {
		select {
		case e.control <- p:
		case <-e.ended:
		}
	}, nil)
	if device != nil {
		e.sender = pump.NewSender(device, nil)
		e.running.Go(func() { e.sender.Run() })
		e.sender.SetLink(&pump.Link{Conn: e.conn, Data: e.session.Data(), Gateway: address})
		receiver.SetDevice(device, mssfix.Limit{})
	}
	e.running.Go(func() { e.lost <- receiver.Run() })
	e.running.Go(e.run)
	t.Cleanup(e.close)
	return e
}

// run drives the session until it has ended.
func (e *engine) run() {
	defer close(e.ended)
	e.session.Start(time.Now())
	for {
		e.send()
		e.note(e.session.Events())
		if e.session.Failure() != nil || e.session.Stage() == openvpn.StageClosed {
			e.conn.Close()
			return
		}
		wait := time.Hour
		if deadline := e.session.Deadline(); !deadline.IsZero() {
			wait = time.Until(deadline)
		}
		select {
		case p := <-e.control:
			e.session.Receive(time.Now(), p)
			e.session.Advance(time.Now())
		case f := <-e.calls:
			f()
		case err := <-e.lost:
			for len(e.control) > 0 { // what came before the end
				e.session.Receive(time.Now(), <-e.control)
			}
			e.session.TransportClosed(time.Now(), err)
		case <-e.session.Wake():
			e.session.Advance(time.Now())
		case <-time.After(wait):
			e.session.Advance(time.Now())
		}
	}
}

func (e *engine) send() {
	batch := newBatch(e.conn)
	for _, p := range e.session.Outgoing() {
		batch.Append(p)
	}
	_ = e.conn.WritePackets(batch) // the receiver finds out
}

func (e *engine) note(events []openvpn.Event) {
	e.mu.Lock()
	e.events = append(e.events, events...)
	e.mu.Unlock()
	select {
	case e.added <- struct{}{}:
	default:
	}
}

// do calls f where the session is driven.
func (e *engine) do(f func(*openvpn.Client)) {
	e.t.Helper()
	done := make(chan struct{})
	select {
	case e.calls <- func() { f(e.session); close(done) }:
		<-done
	case <-e.ended:
	}
}

// await waits for the first event for which is returns true, and takes it and those before away.
func (e *engine) await(what string, is func(openvpn.Event) bool) openvpn.Event {
	e.t.Helper()
	late := time.After(patience)
	for {
		e.mu.Lock()
		for i, event := range e.events {
			if is(event) {
				e.events = e.events[i+1:]
				e.mu.Unlock()
				return event
			}
			if failed, ok := event.(openvpn.Failed); ok {
				e.mu.Unlock()
				e.t.Fatalf("session failed before %s: %v", what, failed.Failure)
			}
		}
		e.mu.Unlock()
		select {
		case <-e.added:
		case <-late:
			e.t.Fatalf("%s: not within %v", what, patience)
		}
	}
}

func (e *engine) established() openvpn.Established {
	e.t.Helper()
	return e.await("it is established", func(event openvpn.Event) bool {
		_, ok := event.(openvpn.Established)
		return ok
	}).(openvpn.Established)
}

// failure waits for the session to fail.
func (e *engine) failure() *openvpn.Failure {
	e.t.Helper()
	return e.await("it fails", func(event openvpn.Event) bool {
		_, ok := event.(openvpn.Failed)
		return ok
	}).(openvpn.Failed).Failure
}

// close ends the session, as a user does, and everything that runs for it.
func (e *engine) close() {
	e.do(func(session *openvpn.Client) { session.Close(time.Now()) })
	<-e.ended
	e.conn.Close()
	if e.device != nil {
		e.device.Close()
	}
	e.running.Wait()
}

// loopback is a gateway on this computer's loopback interface, without a device.
type loopback struct {
	t      testing.TB
	server *gateway.Server
	ca     gateway.Authority
	tcp    netip.AddrPort
	udp    netip.AddrPort
	wrap   tlswrap.Config // the clients'
	stop   func()
}

func newLoopback(t testing.TB, change func(*gateway.Config)) *loopback {
	t.Helper()
	l := &loopback{t: t, ca: gateway.NewAuthority(t, "lab root"), wrap: tlswrap.Config{Mode: tlswrap.Crypt, Key: tlswrap.GenerateStaticKey()}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	socket, err := transport.ListenPackets(t.Context(), "127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	l.tcp, l.udp = listener.Addr().(*net.TCPAddr).AddrPort(), socket.Local()
	config := gateway.Config{Listeners: []net.Listener{listener}, Sockets: []*transport.PacketListener{socket}, TLS: l.ca.ServerTLS(), Wrap: l.wrap,
		IPv4: netip.MustParsePrefix("10.99.0.0/16"), IPv6: netip.MustParsePrefix("fd00:99::/64")}
	if change != nil {
		change(&config)
	}
	if l.server, err = gateway.New(config); err != nil {
		t.Fatal(err)
	}
	l.stop = serve(t, l.server)
	return l
}

// serve runs a gateway until the function it returns is called, or the test ends.
func serve(t testing.TB, server *gateway.Server) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("gateway ended with %v", err)
			}
		case <-time.After(patience):
			t.Error("gateway does not end")
		}
	})
	t.Cleanup(stop)
	return stop
}

// in is the gateway for a subtest, which ends what it starts.
func (l *loopback) in(t testing.TB) *loopback {
	sub := *l
	sub.t = t
	return &sub
}

// dial connects an engine without a device.
func (l *loopback) dial(proto string, change func(*openvpn.Config)) *engine {
	l.t.Helper()
	config := openvpn.Config{Stream: proto == "tcp", TLS: l.ca.ClientTLS("ann.example"), Wrap: l.wrap}
	if change != nil {
		change(&config)
	}
	address := l.udp
	if config.Stream {
		address = l.tcp
	}
	return dial(l.t, address, config, nil, nil)
}

// closedEarly reports whether an error is how a transport ends that the other end closed or reset.
func closedEarly(err error) bool {
	return errors.Is(err, io.EOF) || transport.Classify(err) == transport.Reset
}

// String names a session in test failures.
func describe(sessions []gateway.Session) string {
	text := ""
	for _, s := range sessions {
		text += fmt.Sprintf("[%d %s %v signed in %v] ", s.ID, s.Name, s.IPv4, s.SignedIn)
	}
	return text
}
