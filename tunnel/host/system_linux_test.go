package host_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/footbridge-vpn/footbridge/tunnel/host"
	"github.com/footbridge-vpn/footbridge/tunnel/host/route"
	"github.com/footbridge-vpn/footbridge/tunnel/host/rtnetlink"
)

func prefixes(list ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, text := range list {
		out = append(out, netip.MustParsePrefix(text))
	}
	return out
}

func addresses(list ...string) []netip.Addr {
	var out []netip.Addr
	for _, text := range list {
		out = append(out, netip.MustParseAddr(text))
	}
	return out
}

// splitTunnel sends a company's prefixes and names into the tunnel.
func splitTunnel() host.Config {
	return host.Config{
		MTU:       1400,
		Addresses: prefixes("172.16.200.2/24", "fd99::2/64"),
		Routes:    prefixes("10.1.0.0/16", "10.88.0.0/16", "fd10::/32"),
		Gateways:  addresses("203.0.113.9"),
		DNS:       host.DNS{Servers: addresses("10.88.0.53"), Search: []string{"corp.contoso.com"}, Match: []string{"privatelink.blob.core.windows.net"}},
	}
}

// forcedTunnel sends everything into it.
func forcedTunnel() host.Config {
	config := splitTunnel()
	config.Routes = append(config.Routes, prefixes("0.0.0.0/0", "::/0")...)
	config.ExcludedRoutes = prefixes("198.51.100.0/24", "2001:db8:51::/48")
	config.Gateways = addresses("203.0.113.9", "2001:db8::9", "192.168.7.99")
	config.DNS.AllNames = true
	return config
}

func open(t *testing.T) *host.System {
	t.Helper()
	system, err := host.Open(context.Background(), host.Options{StateDir: stateDir})
	must(t, err)
	t.Cleanup(func() { _ = system.Close() })
	return system
}

// goesTo checks through which interface the kernel would send a packet.
func goesTo(t *testing.T, address, wanted string) {
	t.Helper()
	got := sh(t, "ip route get "+address+" 2>&1 || true")
	if !strings.Contains(got, wanted) {
		t.Errorf("packets to %s take %q, want %q", address, strings.TrimSpace(got), wanted)
	}
}

func TestForcedTunnel(t *testing.T) {
	if !onComputer(t, false) {
		return
	}
	addNetwork(t)
	before := picture(t)
	system := open(t)
	must(t, system.Set(context.Background(), forcedTunnel()))
	for address, way := range map[string]string{
		"10.1.2.3":          "dev footbridge0",
		"8.8.8.8":           "dev footbridge0",
		"200.1.1.1":         "dev footbridge0",
		"2606:4700::1":      "dev footbridge0",
		"fd10::1":           "dev footbridge0",
		"203.0.113.9":       "via 192.168.7.1 dev eth0",
		"2001:db8::9":       "via fd00:7::1 dev eth0",
		"192.168.7.99":      "192.168.7.99 dev eth0",
		"198.51.100.200":    "via 192.168.7.1 dev eth0",
		"2001:db8:51::1":    "via fd00:7::1 dev eth0",
		"192.168.7.77":      "dev eth0",
		"192.168.7.1":       "dev eth0",
		"fd00:7::abcd:1234": "dev eth0",
	} {
		goesTo(t, address, way)
	}
	if mtu := sh(t, "cat /sys/class/net/footbridge0/mtu"); mtu != "1400\n" {
		t.Errorf("MTU is %q", mtu)
	}
	must(t, system.Close())
	if diff := cmp.Diff(before, picture(t)); diff != "" {
		t.Errorf("after Close (-before +after):\n%s", diff)
	}
	if err := system.Set(context.Background(), forcedTunnel()); err != host.ErrClosed {
		t.Errorf("Set after Close: %v", err)
	}
}

// TestFollowsNetwork moves the computer to another network under a forced tunnel.
func TestFollowsNetwork(t *testing.T) {
	if !onComputer(t, false) {
		return
	}
	addNetwork(t)
	system := open(t)
	must(t, system.Set(context.Background(), forcedTunnel()))

	sh(t, "ip route del default via 192.168.7.1; ip addr add 192.168.8.5/24 dev eth0; ip route add default via 192.168.8.1")
	waitUntil(t, "the gateway's route moves", func() bool {
		return strings.Contains(sh(t, "ip route get 203.0.113.9"), "via 192.168.8.1 dev eth0") &&
			strings.Contains(sh(t, "ip route get 198.51.100.1"), "via 192.168.8.1 dev eth0")
	})

	sh(t, "ip link set eth0 down")
	waitUntil(t, "the gateway is unreachable rather than in its own tunnel", func() bool {
		return strings.Contains(sh(t, "ip route get 203.0.113.9 2>&1 || true"), "No route to host")
	})
	goesTo(t, "8.8.8.8", "dev footbridge0")

	sh(t, "ip link set eth0 up; ip route replace default via 192.168.7.1")
	waitUntil(t, "the gateway's route comes back", func() bool {
		return strings.Contains(sh(t, "ip route get 203.0.113.9 2>&1 || true"), "via 192.168.7.1 dev eth0")
	})

	sh(t, "ip route flush proto 70; ip addr del 172.16.200.2/24 dev footbridge0")
	waitUntil(t, "what another program removed comes back", func() bool {
		return strings.Contains(sh(t, "ip route get 203.0.113.9 2>&1 || true"), "via 192.168.7.1 dev eth0") &&
			strings.Contains(sh(t, "ip route get 8.8.8.8 2>&1 || true"), "dev footbridge0 src 172.16.200.2")
	})
}

// TestSetTwice listens to the kernel: the second Set must not cause a single event.
func TestSetTwice(t *testing.T) {
	if !onComputer(t, false) {
		return
	}
	addNetwork(t)
	system := open(t)
	config := forcedTunnel()
	must(t, system.Set(context.Background(), config))
	waitUntil(t, "duplicate address detection ends", func() bool { return !strings.Contains(sh(t, "ip addr"), "tentative") })
	warnings := system.Warnings()

	listener, err := rtnetlink.Listen()
	must(t, err)
	events := make(chan rtnetlink.Event, 1024)
	ended := make(chan error, 1)
	go func() { ended <- listener.Run(context.Background(), func(e rtnetlink.Event) { events <- e }) }()
	names := sh(t, "stat -c '%i %y' /etc/resolv.conf "+stateDir+"/*.journal")
	must(t, system.Set(context.Background(), config))
	must(t, system.Set(context.Background(), forcedTunnel()))
	// An event that is expected follows: what comes before it was caused by Set.
	sh(t, "ip route add 192.0.2.99 dev lo")
	for event := range events {
		if event.Route.Prefix == netip.MustParsePrefix("192.0.2.99/32") {
			break
		}
		t.Errorf("Set caused %+v", event)
	}
	must(t, listener.Close())
	must(t, <-ended)
	if now := sh(t, "stat -c '%i %y' /etc/resolv.conf "+stateDir+"/*.journal"); now != names {
		t.Errorf("files were written again:\n%s%s", names, now)
	}
	if diff := cmp.Diff(fmt.Sprint(warnings), fmt.Sprint(system.Warnings())); diff != "" {
		t.Error(diff)
	}
}

// TestSetChanges goes from one configuration to another and back, and compares with a fresh tunnel each time.
func TestSetChanges(t *testing.T) {
	if !onComputer(t, false) {
		return
	}
	addNetwork(t)
	other := splitTunnel()
	other.Addresses = prefixes("172.16.200.3/24", "fd99::3/64")
	other.Routes = prefixes("10.2.0.0/16", "10.88.0.0/16")
	other.MTU = 1300
	configs := []host.Config{splitTunnel(), forcedTunnel(), other, {}, forcedTunnel(), splitTunnel()}
	var fresh []string
	for _, config := range configs {
		system := open(t)
		must(t, system.Set(context.Background(), config))
		fresh = append(fresh, withoutIndex(picture(t)))
		must(t, system.Close())
	}
	system := open(t)
	for i, config := range configs {
		must(t, system.Set(context.Background(), config))
		if diff := cmp.Diff(fresh[i], withoutIndex(picture(t))); diff != "" {
			t.Errorf("configuration %d (-fresh +changed):\n%s", i, diff)
		}
	}
}

// withoutIndex takes out what differs between devices: indices, metrics made of them, owners of files.
func withoutIndex(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if index := strings.Index(line, "metric "); index >= 0 && strings.Contains(line, "proto 70") {
			line = line[:index+len("metric 1")] + "\n"
		}
		if _, rest, found := strings.Cut(line, ": footbridge0"); found {
			line = "footbridge0" + rest
		}
		if _, rest, found := strings.Cut(line, "footbridge0    "); found {
			line = "footbridge0    " + rest
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "")
}

func TestFailedSetRestores(t *testing.T) {
	if !onComputer(t, false) {
		return
	}
	addNetwork(t)
	system := open(t)
	bad := forcedTunnel()
	bad.Addresses = append(bad.Addresses, prefixes("ff02::1/64")...) // the kernel refuses it, after the others
	untouched := picture(t)
	if err := system.Set(context.Background(), bad); err == nil {
		t.Fatal("an address that cannot be was accepted")
	}
	if diff := cmp.Diff(untouched, picture(t)); diff != "" {
		t.Errorf("after a failed first Set (-before +after):\n%s", diff)
	}
	must(t, system.Set(context.Background(), splitTunnel()))
	good := picture(t)
	if err := system.Set(context.Background(), bad); err == nil {
		t.Fatal("an address that cannot be was accepted")
	}
	if diff := cmp.Diff(good, picture(t)); diff != "" {
		t.Errorf("after a failed Set (-before +after):\n%s", diff)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if err := system.Set(ended, forcedTunnel()); err == nil {
		t.Fatal("Set succeeded in a context that had ended")
	}
	if diff := cmp.Diff(good, picture(t)); diff != "" {
		t.Errorf("after a Set that was cancelled (-before +after):\n%s", diff)
	}
}

func TestManyRoutes(t *testing.T) {
	if !onComputer(t, false) {
		return
	}
	addNetwork(t)
	system := open(t)
	config := forcedTunnel()
	for i := range 5000 {
		config.Routes = append(config.Routes, netip.PrefixFrom(netip.AddrFrom4([4]byte{11, byte(i >> 8), byte(i), 0}), 24))
	}
	begun := time.Now()
	must(t, system.Set(context.Background(), config))
	took := time.Since(begun)
	t.Logf("5,000 routes took %s", took)
	if took > time.Second {
		t.Errorf("5,000 routes took %s", took)
	}
	if n := strings.TrimSpace(sh(t, "ip route | grep -c '^11[.]'")); n != "5000" {
		t.Errorf("%s routes are there", n)
	}
	begun = time.Now()
	must(t, system.Set(context.Background(), config))
	t.Logf("the same again took %s", time.Since(begun))
	must(t, system.Set(context.Background(), forcedTunnel()))
	if left := sh(t, "ip route | grep '^11[.]' || true"); left != "" {
		t.Errorf("routes are left: %.200s", left)
	}
}

func TestOverlapsAreSaid(t *testing.T) {
	if !onComputer(t, false) {
		return
	}
	addNetwork(t)
	sh(t, "ip route add 10.3.0.0/16 via 192.168.7.2; ip route add 10.4.0.0/16 via 192.168.7.2 metric 600")
	system := open(t)
	config := host.Config{
		Addresses: prefixes("172.16.200.2/24"),
		Routes: prefixes("192.168.7.0/24", "192.168.0.0/16", "192.168.7.128/25", "10.3.0.0/16", "10.4.0.0/16", "203.0.113.9/32",
			"127.0.0.0/8", "224.0.0.0/4", "10.5.0.0/16"),
		Gateways: addresses("203.0.113.9"),
	}
	must(t, system.Set(context.Background(), config))
	got := make(map[string]string)
	for _, warning := range system.Warnings() {
		overlap, ok := warning.(route.Overlap)
		if !ok {
			t.Fatalf("warning is a %T", warning)
		}
		got[overlap.Prefix.String()] += warning.Code() + " "
		if warning.String() == "" {
			t.Errorf("%s says nothing", warning.Code())
		}
	}
	want := map[string]string{
		"192.168.7.0/24":   "route-equal route-taken ", // the kernel's own route has the best metric
		"192.168.0.0/16":   "route-covers ",
		"192.168.7.128/25": "route-inside ",
		"10.3.0.0/16":      "route-taken ",
		"203.0.113.9/32":   "route-gateway ",
		"127.0.0.0/8":      "route-not-routable ",
		"224.0.0.0/4":      "route-not-routable ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	goesTo(t, "10.4.1.1", "dev footbridge0")
	goesTo(t, "10.3.1.1", "dev eth0")
	goesTo(t, "192.168.7.130", "dev footbridge0")
	must(t, system.Close())
	goesTo(t, "10.4.1.1", "via 192.168.7.2 dev eth0")
}

func TestTwoTunnels(t *testing.T) {
	if !onComputer(t, false) {
		return
	}
	addNetwork(t)
	before := picture(t)
	first := open(t)
	must(t, first.Set(context.Background(), forcedTunnel()))
	alone := picture(t)
	second := open(t)
	if first.Name() == second.Name() {
		t.Fatalf("both are %s", first.Name())
	}
	config := forcedTunnel()
	config.Addresses = prefixes("172.16.201.2/24")
	config.Routes = append(config.Routes, prefixes("10.9.0.0/16")...)
	config.DNS.Servers = addresses("10.9.0.53")
	must(t, second.Set(context.Background(), config))
	goesTo(t, "10.9.1.1", "dev "+second.Name())
	goesTo(t, "203.0.113.9", "via 192.168.7.1 dev eth0")
	must(t, host.Cleanup(context.Background(), stateDir, nil))
	goesTo(t, "203.0.113.9", "via 192.168.7.1 dev eth0")
	goesTo(t, "10.9.1.1", "dev "+second.Name())

	third := open(t)
	must(t, second.Close())
	must(t, third.Close())
	if diff := cmp.Diff(alone, picture(t)); diff != "" {
		t.Errorf("after the second's end (-before +after):\n%s", diff)
	}
	goesTo(t, "203.0.113.9", "via 192.168.7.1 dev eth0")
	must(t, first.Close())
	if diff := cmp.Diff(before, picture(t)); diff != "" {
		t.Errorf("after both ended (-before +after):\n%s", diff)
	}
}
