package transport

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles"
)

// names is a resolver with a script for each family.
type names map[string]struct {
	after     time.Duration
	addresses []string
	err       error
}

func (n names) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	script, ok := n[network]
	if !ok {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	select {
	case <-time.After(script.after):
	case <-ctx.Done():
		return nil, &net.DNSError{Err: ctx.Err().Error(), Name: host, IsTimeout: true}
	}
	var addresses []netip.Addr
	for _, text := range script.addresses {
		addresses = append(addresses, netip.MustParseAddr(text))
	}
	return addresses, script.err
}

type attempted struct {
	address string
	at      time.Duration
}

// network is what each address does, and a record of what was tried when.
type network struct {
	mu       sync.Mutex
	start    time.Time
	attempts []attempted
	answers  map[string]time.Duration // after which an address answers
	errors   map[string]error         // with which it fails at once; others are black holes
	conns    []*closable
}

// closable is a connection that knows whether it was closed.
type closable struct {
	net.Conn
	address string
	closed  chan struct{}
	once    sync.Once
}

func (c *closable) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}
func (c *closable) LocalAddr() net.Addr  { return &net.TCPAddr{} }
func (c *closable) RemoteAddr() net.Addr { return &net.TCPAddr{} }

func (n *network) connect(ctx context.Context, _ string, to netip.AddrPort) (net.Conn, error) {
	address := to.Addr().String()
	n.mu.Lock()
	n.attempts = append(n.attempts, attempted{address, time.Since(n.start)})
	n.mu.Unlock()
	if err := n.errors[address]; err != nil {
		time.Sleep(time.Millisecond) // so that both look-ups have answered by then
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
	}
	if after, ok := n.answers[address]; ok {
		// A connection may succeed although it was given up already.
		time.Sleep(after)
		conn := &closable{address: address, closed: make(chan struct{})}
		n.mu.Lock()
		n.conns = append(n.conns, conn)
		n.mu.Unlock()
		return conn, nil
	}
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestHappyEyeballs(t *testing.T) {
	const v6a, v6b, v4a, v4b = "2001:db8::1", "2001:db8::2", "192.0.2.1", "192.0.2.2"
	both := names{"ip6": {addresses: []string{v6a, v6b}}, "ip4": {addresses: []string{v4a, v4b}}}
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	tests := []struct {
		name     string
		resolver names
		answers  map[string]time.Duration
		errors   map[string]error
		winner   string
		attempts []attempted
	}{
		{"the first answers", both, map[string]time.Duration{v6a: ms(10)}, nil, v6a, []attempted{{v6a, 0}}},
		{"IPv6 is a black hole", both, map[string]time.Duration{v4a: ms(20)}, nil, v4a, []attempted{{v6a, 0}, {v4a, ms(250)}}},
		{"the families take turns", both, map[string]time.Duration{v4b: ms(20)}, nil, v4b,
			[]attempted{{v6a, 0}, {v4a, ms(250)}, {v6b, ms(500)}, {v4b, ms(750)}}},
		{"a failure brings the next at once", both, map[string]time.Duration{v4a: ms(1)}, map[string]error{v6a: syscall.ENETUNREACH}, v4a,
			[]attempted{{v6a, 0}, {v4a, ms(1)}}},
		{"a slow first one may still win", both, map[string]time.Duration{v6a: ms(300), v4a: ms(100)}, nil, v6a, []attempted{{v6a, 0}, {v4a, ms(250)}}},
		{"IPv4 waits a moment for IPv6", names{"ip6": {after: ms(30), addresses: []string{v6a}}, "ip4": {addresses: []string{v4a}}},
			map[string]time.Duration{v6a: ms(1), v4a: ms(1)}, nil, v6a, []attempted{{v6a, ms(30)}}},
		{"but not long", names{"ip6": {after: ms(3000), addresses: []string{v6a}}, "ip4": {addresses: []string{v4a}}},
			map[string]time.Duration{v4a: ms(1)}, nil, v4a, []attempted{{v4a, ms(50)}}},
		{"IPv6 that comes late is tried too", names{"ip6": {after: ms(400), addresses: []string{v6a}}, "ip4": {addresses: []string{v4a}}},
			map[string]time.Duration{v6a: ms(1)}, nil, v6a, []attempted{{v4a, ms(50)}, {v6a, ms(650)}}},
		{"IPv4 that comes late is tried too", names{"ip4": {after: ms(100), addresses: []string{v4a}}, "ip6": {addresses: []string{v6a}}},
			map[string]time.Duration{v4a: ms(1)}, nil, v4a, []attempted{{v6a, 0}, {v4a, ms(350)}}},
		{"no IPv6 name: no waiting", names{"ip4": {addresses: []string{v4a}}}, map[string]time.Duration{v4a: ms(1)}, nil, v4a, []attempted{{v4a, 0}}},
		{"IPv6 look-up fails late", names{"ip6": {after: ms(20), err: errors.New("server failure")}, "ip4": {addresses: []string{v4a}}},
			map[string]time.Duration{v4a: ms(1)}, nil, v4a, []attempted{{v4a, ms(20)}}},
		{"a resolver that answers both families to each question", names{"ip6": {addresses: []string{v4a, v6a}}, "ip4": {addresses: []string{v4a, v6a}}},
			map[string]time.Duration{v4a: ms(1)}, map[string]error{v6a: syscall.ECONNREFUSED}, v4a, []attempted{{v6a, 0}, {v4a, ms(1)}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				world := &network{start: time.Now(), answers: test.answers, errors: test.errors}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				conn, err := Dial(ctx, Options{Host: "gateway.example", Port: 443, Resolver: test.resolver, connect: world.connect})
				if err != nil {
					t.Fatal(err)
				}
				if winner := conn.(*streamConn).conn.(*closable); winner.address != test.winner {
					t.Errorf("connected to %s, want %s", winner.address, test.winner)
				}
				world.mu.Lock()
				attempts := slices.Clone(world.attempts)
				world.mu.Unlock()
				slices.SortStableFunc(attempts, func(a, b attempted) int { return int(a.at - b.at) })
				if !slices.Equal(attempts, test.attempts) {
					t.Errorf("attempts %v, want %v", attempts, test.attempts)
				}
				synctest.Wait()
				conn.Close()
				time.Sleep(time.Second) // in the bubble: what was slow is over
				world.mu.Lock()
				defer world.mu.Unlock()
				for _, loser := range world.conns {
					select {
					case <-loser.closed:
					default:
						t.Errorf("the connection to %s is left open", loser.address)
					}
				}
			})
		})
	}
}

func TestDialErrors(t *testing.T) {
	notFound := &net.DNSError{Err: "no such host", Name: "gateway.example", IsNotFound: true}
	one := names{"ip4": {addresses: []string{"192.0.2.1"}}}
	two := names{"ip4": {addresses: []string{"192.0.2.1", "192.0.2.2"}}}
	tests := []struct {
		name     string
		options  Options
		resolver names
		errors   map[string]error
		stage    Stage
		code     Code
		text     string
	}{
		{"name not found", Options{}, names{}, nil, StageResolve, NameNotFound, "resolve gateway.example: "},
		{"name server fails", Options{}, names{"ip4": {err: &net.DNSError{Err: "server misbehaving", IsTemporary: true}}}, nil, StageResolve, ResolverFailed, "server misbehaving"},
		{"name without addresses", Options{}, names{"ip4": {}, "ip6": {}}, nil, StageResolve, NoAddress, "no address"},
		{"one family empty, the other not there", Options{}, names{"ip4": {}, "ip6": {err: notFound}}, nil, StageResolve, NoAddress, "gateway.example"},
		{"refused", Options{}, one, map[string]error{"192.0.2.1": syscall.ECONNREFUSED}, StageConnect, Refused, "connect to gateway.example (192.0.2.1:443): connection refused"},
		{"unreachable", Options{}, one, map[string]error{"192.0.2.1": syscall.EHOSTUNREACH}, StageConnect, Unreachable, "no route to host"},
		{"reset", Options{}, one, map[string]error{"192.0.2.1": syscall.ECONNRESET}, StageConnect, Reset, "reset"},
		{"system timed out", Options{}, one, map[string]error{"192.0.2.1": syscall.ETIMEDOUT}, StageConnect, TimedOut, "timed out"},
		{"two ways to fail", Options{}, two, map[string]error{"192.0.2.1": syscall.EHOSTUNREACH, "192.0.2.2": syscall.ECONNREFUSED}, StageConnect, Refused, "192.0.2.1"},
		{"no answer", Options{}, one, nil, StageConnect, TimedOut, "deadline"},
		{"no answer of the name server", Options{}, names{"ip4": {after: time.Hour}, "ip6": {after: time.Hour}}, nil, StageResolve, TimedOut, "deadline"},
		{"UDP without route", Options{Protocol: profiles.UDP}, two, map[string]error{"192.0.2.1": syscall.ENETUNREACH, "192.0.2.2": syscall.ENETUNREACH}, StageConnect, Unreachable, "192.0.2.2"},
		{"UDP name not found", Options{Protocol: profiles.UDP}, names{}, nil, StageResolve, NameNotFound, "gateway.example"},
		{"unknown transport", Options{Protocol: "sctp"}, one, nil, StageOptions, NotSupported, `"sctp"`},
		{"UDP through HTTP", Options{Protocol: profiles.UDP, Proxy: &profiles.Proxy{Type: profiles.HTTPProxy, Host: "p", Port: 1}}, one, nil, StageOptions, NotSupported, "cannot carry UDP"},
		{"unknown proxy", Options{Proxy: &profiles.Proxy{Type: "socks4", Host: "p", Port: 1}}, one, nil, StageOptions, NotSupported, `"socks4"`},
		{"proxy not found", Options{Proxy: &profiles.Proxy{Type: profiles.HTTPProxy, Host: "proxy.example", Port: 1}}, names{}, nil, StageProxyResolve, NameNotFound, "resolve proxy proxy.example"},
		{"proxy refuses", Options{Proxy: &profiles.Proxy{Type: profiles.SOCKS5Proxy, Host: "proxy.example", Port: 1}}, one,
			map[string]error{"192.0.2.1": syscall.ECONNREFUSED}, StageProxyConnect, Refused, "connect to proxy proxy.example (192.0.2.1:1)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				world := &network{start: time.Now(), errors: test.errors}
				options := test.options
				options.Host, options.Port, options.Resolver, options.connect = "gateway.example", 443, test.resolver, world.connect
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				conn, err := Dial(ctx, options)
				var failure *DialError
				if !errors.As(err, &failure) {
					t.Fatalf("got %v, %v", conn, err)
				}
				if failure.Stage != test.stage || failure.Code != test.code || Classify(err) != test.code || !strings.Contains(err.Error(), test.text) {
					t.Errorf("stage %s, code %s, text %q; want %s, %s, %q", failure.Stage, failure.Code, err, test.stage, test.code, test.text)
				}
			})
		})
	}
}

func TestDialIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			time.Sleep(time.Second)
			cancel()
		}()
		world := &network{start: time.Now()}
		_, err := Dial(ctx, Options{Host: "192.0.2.1", Port: 443, connect: world.connect})
		if Classify(err) != Cancelled || !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
}

func TestResolve(t *testing.T) {
	both := names{"ip6": {addresses: []string{"2001:db8::1", "2001:db8::2", "2001:db8::3"}}, "ip4": {addresses: []string{"192.0.2.1", "192.0.2.1"}}}
	tests := []struct {
		name    string
		options Options
		want    string
	}{
		{"in turn", Options{Host: "gateway.example", Resolver: both}, "2001:db8::1 192.0.2.1 2001:db8::2 2001:db8::3"},
		{"skipping", Options{Host: "gateway.example", Resolver: both, Skip: 6}, "2001:db8::2 2001:db8::3 2001:db8::1 192.0.2.1"},
		{"an address", Options{Host: "::ffff:192.0.2.7"}, "192.0.2.7"},
		{"known", Options{Host: "gateway.example", Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.9")}}, "192.0.2.9"},
		{"the proxy's", Options{Host: "gateway.example", Proxy: &profiles.Proxy{Host: "192.0.2.8"}}, "192.0.2.8"},
		{"IPv6 is slow", Options{Host: "gateway.example", Resolver: names{"ip4": {addresses: []string{"192.0.2.1"}}, "ip6": {after: time.Hour}}}, "192.0.2.1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				addresses, err := Resolve(t.Context(), test.options)
				if got := sprint(addresses); got != test.want || err != nil {
					t.Errorf("got %q, %v; want %q", got, err, test.want)
				}
			})
		})
	}
}

func sprint(addresses []netip.Addr) string {
	var texts []string
	for _, address := range addresses {
		texts = append(texts, address.String())
	}
	return strings.Join(texts, " ")
}

// The socket hook runs for TCP and UDP, and its error stops the connection.
func TestControlHook(t *testing.T) {
	for _, protocol := range []profiles.Transport{profiles.TCP, profiles.UDP} {
		refused := errors.New("no mark")
		called := ""
		_, err := Dial(t.Context(), Options{Protocol: protocol, Host: "127.0.0.1", Port: 9, Control: func(network, address string, _ syscall.RawConn) error {
			called = network + " " + address
			return refused
		}})
		if !errors.Is(err, refused) || called != string(protocol)+"4 127.0.0.1:9" {
			t.Errorf("%s: called with %q, error %v", protocol, called, err)
		}
	}
}

// A gateway whose first address is dead is reached over UDP by passing it over.
func TestUDPSkip(t *testing.T) {
	gateway := listenPackets(t, "127.0.0.1:0")
	addresses := []netip.Addr{netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.1")}
	for skip, want := range []netip.Addr{addresses[0], addresses[1], addresses[0]} {
		conn, err := Dial(t.Context(), Options{Protocol: profiles.UDP, Host: "gateway.example", Port: gateway.Local().Port(), Addresses: addresses, Skip: skip})
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		if conn.Remote().Addr() != want {
			t.Errorf("skipping %d: %v, want %v", skip, conn.Remote(), want)
		}
	}
}
