package rtnetlink

import (
	"errors"
	"net/netip"
	"os"
	"runtime"
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// newNetwork makes a network namespace with a link that is up in 192.168.7.0/24 and fd00:7::/64.
func newNetwork(t testing.TB) (conn *Conn, link int) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: a network namespace of its own")
	}
	runtime.LockOSThread()
	handle, err := netns.New()
	must(t, err)
	t.Cleanup(func() { _ = handle.Close() })
	must(t, netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "a"}, PeerName: "b"}))
	for _, name := range []string{"lo", "b", "a"} {
		l, err := netlink.LinkByName(name)
		must(t, err)
		must(t, netlink.LinkSetUp(l))
		link = l.Attrs().Index
	}
	l, err := netlink.LinkByName("a")
	must(t, err)
	for _, text := range []string{"192.168.7.5/24", "fd00:7::5/64"} {
		addr, err := netlink.ParseAddr(text)
		must(t, err)
		addr.Flags |= unix.IFA_F_NODAD
		must(t, netlink.AddrAdd(l, addr))
	}
	conn, err = Dial()
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn, link
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func own(t testing.TB, conn *Conn) map[Route]bool {
	t.Helper()
	table, err := conn.Routes()
	must(t, err)
	routes := make(map[Route]bool)
	for _, route := range table {
		if route.Protocol == Protocol {
			routes[route] = true
		}
	}
	return routes
}

// TestRoundTrip adds one route of every sort, and reads back exactly what was added.
func TestRoundTrip(t *testing.T) {
	conn, link := newNetwork(t)
	routes := []Route{
		{Prefix: netip.MustParsePrefix("10.1.0.0/16"), Link: link, Scope: ScopeLink, Type: Unicast},
		{Prefix: netip.MustParsePrefix("10.2.0.0/16"), Link: link, Gateway: netip.MustParseAddr("192.168.7.1"), Metric: 77, MTU: 1280, Type: Unicast},
		{Prefix: netip.MustParsePrefix("10.3.0.1/32"), Link: link, Gateway: netip.MustParseAddr("172.31.9.9"), OnLink: true, Type: Unicast},
		{Prefix: netip.MustParsePrefix("10.4.0.0/16"), Link: link, Gateway: netip.MustParseAddr("fd00:7::1"), Type: Unicast},
		{Prefix: netip.MustParsePrefix("10.5.0.0/16"), Link: link, Source: netip.MustParseAddr("192.168.7.5"), Scope: ScopeLink, Type: Unicast},
		{Prefix: netip.MustParsePrefix("10.6.0.0/16"), Type: Unreachable, Metric: 2_000_001},
		{Prefix: netip.MustParsePrefix("0.0.0.0/0"), Link: link, Gateway: netip.MustParseAddr("192.168.7.1"), Metric: 9, Type: Unicast},
		{Prefix: netip.MustParsePrefix("fd10::/32"), Link: link, Metric: 50, Type: Unicast},
		{Prefix: netip.MustParsePrefix("fd11::/32"), Link: link, Gateway: netip.MustParseAddr("fd00:7::1"), Metric: 51, Type: Unicast},
		{Prefix: netip.MustParsePrefix("fd12::1/128"), Type: Unreachable, Metric: 2_000_001},
		{Prefix: netip.MustParsePrefix("::/0"), Link: link, Gateway: netip.MustParseAddr("fe80::1"), Metric: 3, Type: Unicast},
	}
	var add, remove []Change
	for i := range routes {
		routes[i].Table, routes[i].Protocol = TableMain, Protocol
		add = append(add, Change{Route: routes[i]})
		remove = append(remove, Change{Route: routes[i], Delete: true})
	}
	expectAll(t, conn, add, nil)
	have := own(t, conn)
	for _, route := range routes {
		if !have[route] {
			t.Errorf("not there: %+v", route)
		}
	}
	if len(have) != len(routes) {
		t.Errorf("%d routes are there, want %d: %+v", len(have), len(routes), have)
	}
	expectAll(t, conn, add, unix.EEXIST)
	expectAll(t, conn, remove, nil)
	expectAll(t, conn, remove, unix.ESRCH)
	if left := own(t, conn); len(left) > 0 {
		t.Errorf("left: %+v", left)
	}
}

func expectAll(t *testing.T, conn *Conn, changes []Change, want error) {
	t.Helper()
	results, err := conn.Apply(changes)
	must(t, err)
	for i, err := range results {
		if !errors.Is(err, want) {
			t.Errorf("%+v: %v, want %v", changes[i], err, want)
		}
	}
}

// TestResultsBelong mixes changes that succeed with ones that fail over several batches.
func TestResultsBelong(t *testing.T) {
	conn, link := newNetwork(t)
	var changes []Change
	for i := range 5000 {
		route := Route{Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{11, byte(i >> 8), byte(i), 0}), 24), Link: link, Scope: ScopeLink,
			Type: Unicast, Table: TableMain, Protocol: Protocol, Metric: 50}
		if i%7 == 3 {
			route.Link = 9999
		}
		changes = append(changes, Change{Route: route})
	}
	results, err := conn.Apply(changes)
	must(t, err)
	for i, err := range results {
		if i%7 == 3 && !errors.Is(err, unix.ENODEV) || i%7 != 3 && err != nil {
			t.Fatalf("route %d: %v", i, err)
		}
	}
	if n, want := len(own(t, conn)), 5000-5000/7; n != want && n != want-1 {
		t.Errorf("%d routes are there", n)
	}
}

func TestReplace(t *testing.T) {
	conn, link := newNetwork(t)
	for _, prefix := range []string{"203.0.113.9/32", "2001:db8::9/128"} {
		gateways := []string{"192.168.7.1", "192.168.7.2"}
		if netip.MustParsePrefix(prefix).Addr().Is6() {
			gateways = []string{"fd00:7::1", "fd00:7::2"}
		}
		for _, gateway := range gateways {
			expectAll(t, conn, []Change{{Replace: true, Route: Route{Prefix: netip.MustParsePrefix(prefix), Link: link,
				Gateway: netip.MustParseAddr(gateway), Metric: 7, Type: Unicast, Table: TableMain, Protocol: Protocol}}}, nil)
		}
		have := 0
		for route := range own(t, conn) {
			if route.Prefix.String() == prefix {
				have++
				if route.Gateway.String() != gateways[1] {
					t.Errorf("route goes via %s", route.Gateway)
				}
			}
		}
		if have != 1 {
			t.Errorf("%d routes to %s", have, prefix)
		}
	}
}

// TestSteady shows that kept sequence numbers do not go astray when a batch is wholly refused.
func TestSteady(t *testing.T) {
	conn, _ := newNetwork(t)
	bad := Change{Route: Route{Prefix: netip.MustParsePrefix("10.0.0.0/8"), Link: 9999, Type: Unicast, Table: TableMain, Protocol: Protocol}}
	for range 3 {
		expectAll(t, conn, []Change{bad, bad, bad}, unix.ENODEV)
		if len(own(t, conn)) != 0 {
			t.Fatal("a refused route is there")
		}
	}
	if results, err := conn.Apply(nil); err != nil || len(results) != 0 {
		t.Errorf("nothing: %v, %v", results, err)
	}
	must(t, conn.Close())
	if _, err := conn.Apply([]Change{bad}); err == nil {
		t.Error("a closed connection works")
	}
}

func BenchmarkApply4000(b *testing.B) {
	conn, link := newNetwork(b)
	var add, remove []Change
	for i := range 4000 {
		route := Route{Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{11, byte(i >> 8), byte(i), 0}), 24), Link: link, Scope: ScopeLink,
			Type: Unicast, Table: TableMain, Protocol: Protocol, Metric: 50}
		add, remove = append(add, Change{Route: route}), append(remove, Change{Route: route, Delete: true})
	}
	for b.Loop() {
		if _, err := conn.Apply(add); err != nil {
			b.Fatal(err)
		}
		if _, err := conn.Apply(remove); err != nil {
			b.Fatal(err)
		}
	}
}

// FuzzMessages feeds the parsers what no kernel sends.
func FuzzMessages(f *testing.F) {
	f.Add(appendChange(nil, Change{Route: Route{Prefix: netip.MustParsePrefix("10.1.0.0/16"), Gateway: netip.MustParseAddr("fe80::1"), MTU: 1400, Type: Unicast}}, 1))
	f.Add(appendDump(nil, unix.AF_INET6, 2))
	f.Fuzz(func(t *testing.T, data []byte) {
		for message, body := range each(data) {
			if event, ok := parseEvent(message, body); ok && event.Kind == RouteChanged && !event.Route.Prefix.IsValid() {
				t.Fatalf("got %+v", event)
			}
			if route, ok := parseRoute(body); ok && !route.Prefix.IsValid() {
				t.Fatalf("got %+v", route)
			}
		}
	})
}
