package controlchannel_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/controlchannel"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

// link is a client and a server on a path where a test decides what becomes of each packet, and when it is.
type link struct {
	t              *testing.T
	now            time.Time
	client, server *end
	flying         []flight
	fate           func(towards *end, wire []byte) (copies int, delay time.Duration) // nil: everything arrives at once
}

type end struct {
	*controlchannel.Channel
	wrap     *tlswrap.Wrapper
	woken    chan struct{}
	received []byte
	sent     []packet.Control // as the other end unwrapped them
	largest  int              // wrapped packet sent, in bytes
}

type flight struct {
	towards *end
	wire    []byte
	arrives time.Time
}

// newLink connects two channels. They are closed when the test ends, and must leave no goroutine behind.
func newLink(t *testing.T, client, server controlchannel.Config) *link {
	t.Helper()
	checkGoroutines(t)
	l := &link{t: t, now: start}
	client.Role, server.Role = controlchannel.Client, controlchannel.Server
	if client.LocalSession.IsZero() {
		client.LocalSession, server.LocalSession = packet.NewSessionID(), packet.NewSessionID()
	}
	l.client, l.server = newEnd(t, client), newEnd(t, server)
	return l
}

func newEnd(t *testing.T, config controlchannel.Config) *end {
	t.Helper()
	if config.Wrap == nil {
		wrap, err := tlswrap.New(tlswrap.Config{})
		if err != nil {
			t.Fatal(err)
		}
		config.Wrap = wrap
	}
	e := &end{wrap: config.Wrap, woken: make(chan struct{}, 100)}
	config.Wake = func() { e.woken <- struct{}{} }
	channel, err := controlchannel.New(config, start)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(channel.Close)
	e.Channel = channel
	return e
}

// checkGoroutines fails the test if more goroutines are left after it than before.
func checkGoroutines(t *testing.T) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
			if time.Now().After(deadline) {
				stacks := make([]byte, 1<<20)
				t.Errorf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
				return
			}
		}
	})
}

func (l *link) other(e *end) *end {
	if e == l.client {
		return l.server
	}
	return l.client
}

// send puts what both ends have to say on the way.
func (l *link) send() {
	for _, e := range []*end{l.client, l.server} {
		for _, wire := range e.Outgoing() {
			e.largest = max(e.largest, len(wire))
			copies, delay := 1, time.Duration(0)
			if l.fate != nil {
				copies, delay = l.fate(l.other(e), wire)
			}
			for range copies {
				l.flying = append(l.flying, flight{l.other(e), wire, l.now.Add(delay)})
				delay += time.Millisecond
			}
		}
	}
}

// deliver hands over the packets whose time has come.
func (l *link) deliver() {
	flying := l.flying
	l.flying = nil
	for _, f := range flying {
		if f.arrives.After(l.now) {
			l.flying = append(l.flying, f)
			continue
		}
		c, err := f.towards.wrap.Unwrap(l.now, f.wire)
		if err != nil {
			if !errors.Is(err, tlswrap.ErrReplay) && !errors.Is(err, tlswrap.ErrNoClientKey) {
				l.t.Fatalf("unwrap: %v", err)
			}
			continue
		}
		from := l.other(f.towards)
		from.sent = append(from.sent, c)
		f.towards.Receive(l.now, c)
	}
}

// next is when something will happen by itself.
func (l *link) next() time.Time {
	times := []time.Time{l.client.Deadline(), l.server.Deadline()}
	for _, f := range l.flying {
		times = append(times, f.arrives)
	}
	times = slices.DeleteFunc(times, time.Time.IsZero)
	if len(times) == 0 {
		return time.Time{}
	}
	return slices.MinFunc(times, time.Time.Compare)
}

// run lets time pass until the condition holds or nothing will ever happen again.
func (l *link) run(until func() bool) {
	l.t.Helper()
	for range 1_000_000 {
		l.send()
		l.collect()
		if until() {
			return
		}
		next := l.next()
		if next.IsZero() {
			return
		}
		if next.After(l.now) {
			l.now = next
		}
		l.deliver()
		l.client.Advance(l.now)
		l.server.Advance(l.now)
	}
	l.t.Fatal("the link never comes to rest")
}

func (l *link) collect() {
	l.client.received = append(l.client.received, l.client.Read()...)
	l.server.received = append(l.server.received, l.server.Read()...)
}

func (l *link) established() bool {
	_, client := l.client.TLSState()
	_, server := l.server.TLSState()
	return client && server
}

// establish runs until both ends have finished TLS.
func (l *link) establish() {
	l.t.Helper()
	l.run(l.established)
	if !l.established() {
		l.t.Fatalf("not established after %v: client %v, server %v", l.now.Sub(start), l.client.Err(), l.server.Err())
	}
}

// converse sends a message each way and expects it to arrive.
func (l *link) converse(size int) {
	l.t.Helper()
	up, down := randomBytes(size), randomBytes(size+1)
	l.client.received, l.server.received = nil, nil
	l.client.Write(up)
	l.server.Write(down)
	l.run(func() bool { return l.client.Delivered() && l.server.Delivered() })
	if !bytes.Equal(l.server.received, up) || !bytes.Equal(l.client.received, down) {
		l.t.Fatalf("server received %d of %d bytes, client %d of %d; errors %v, %v",
			len(l.server.received), len(up), len(l.client.received), len(down), l.server.Err(), l.client.Err())
	}
}

func randomBytes(size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	return b
}

// exported is what both ends export from TLS under a label, which must agree.
func (l *link) exported(label string, size int) []byte {
	l.t.Helper()
	export := func(e *end) []byte {
		state, _ := e.TLSState()
		material, err := state.ExportKeyingMaterial(label, nil, size)
		if err != nil {
			l.t.Fatal(err)
		}
		return material
	}
	material := export(l.client)
	if !bytes.Equal(material, export(l.server)) {
		l.t.Fatal("the ends export different key material")
	}
	return material
}

// lossy loses, doubles, delays and so reorders packets, the same ones for the same seed.
func lossy(seed uint64, loss float64) func(*end, []byte) (int, time.Duration) {
	random := rand.New(rand.NewPCG(seed, 2))
	return func(*end, []byte) (int, time.Duration) {
		copies := 1
		if random.Float64() < loss {
			copies = 0
		} else if random.Float64() < 0.1 {
			copies = 2
		}
		return copies, time.Duration(random.IntN(100)) * time.Millisecond
	}
}

// modes are the ways to wrap control packets.
var modes = []string{"none", "tls-auth", "tls-crypt", "tls-crypt-v2"}

// wrapConfigs are fitting configurations for a client and a server.
func wrapConfigs(t testing.TB, mode string) [2]tlswrap.Config {
	t.Helper()
	key, serverKey := tlswrap.GenerateStaticKey(), tlswrap.GenerateServerKey()
	clientKey, err := serverKey.NewClientKey(tlswrap.TimestampMetadata(start))
	if err != nil {
		t.Fatal(err)
	}
	switch mode {
	case "tls-auth":
		return [2]tlswrap.Config{
			{Mode: tlswrap.Auth, Key: key, Digest: "SHA256", Direction: tlswrap.Inverse},
			{Mode: tlswrap.Auth, Key: key, Digest: "SHA256", Direction: tlswrap.Normal, Server: true},
		}
	case "tls-crypt":
		return [2]tlswrap.Config{{Mode: tlswrap.Crypt, Key: key}, {Mode: tlswrap.Crypt, Key: key, Server: true}}
	case "tls-crypt-v2":
		return [2]tlswrap.Config{{Mode: tlswrap.CryptV2, ClientKey: clientKey}, {Mode: tlswrap.CryptV2, ServerKey: serverKey, Server: true}}
	}
	return [2]tlswrap.Config{{}, {Server: true}}
}

func newWrapper(t testing.TB, config tlswrap.Config) *tlswrap.Wrapper {
	t.Helper()
	wrapper, err := tlswrap.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return wrapper
}

// wrappers are fitting wrappers for a client and a server.
func wrappers(t testing.TB, mode string) [2]*tlswrap.Wrapper {
	t.Helper()
	configs := wrapConfigs(t, mode)
	return [2]*tlswrap.Wrapper{newWrapper(t, configs[0]), newWrapper(t, configs[1])}
}

var tlsVersions = map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13}

// settle delivers everything that is on its way now, without letting time pass.
func (l *link) settle() {
	for l.send(); len(l.flying) > 0; l.send() {
		l.deliver()
	}
	l.collect()
}

// runAwake settles, waits until the client's slow work has finished, and settles again.
func (l *link) runAwake() {
	l.t.Helper()
	l.settle()
	if l.client.Err() != nil {
		return
	}
	select {
	case <-l.client.woken:
	case <-time.After(10 * time.Second):
		l.t.Fatal("nobody woke the owner")
	}
	l.client.Advance(l.now)
	l.settle()
}
