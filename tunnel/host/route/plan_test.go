package route

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/footbridge-vpn/footbridge/tunnel/host/rtnetlink"
)

const tun = 9

// show writes routes as lines.
func show(routes []rtnetlink.Route) string {
	var b strings.Builder
	for _, r := range routes {
		fmt.Fprintf(&b, "%s", r.Prefix)
		if r.Type == rtnetlink.Unreachable {
			b.WriteString(" unreachable")
		}
		if r.Gateway.IsValid() {
			fmt.Fprintf(&b, " via %s", r.Gateway)
		}
		if r.Link != 0 {
			fmt.Fprintf(&b, " dev %d", r.Link)
		}
		fmt.Fprintf(&b, " metric %d\n", r.Metric)
	}
	return b.String()
}

func unicast(prefix, gateway string, link int, metric uint32, protocol uint8) rtnetlink.Route {
	r := rtnetlink.Route{Prefix: netip.MustParsePrefix(prefix), Link: link, Metric: metric, Table: rtnetlink.TableMain, Type: rtnetlink.Unicast, Protocol: protocol}
	if gateway != "" {
		r.Gateway = netip.MustParseAddr(gateway)
	}
	return r
}

// home is a computer on a cable (2) and on radio (3), with a tunnel of ours (8) already.
func home() []rtnetlink.Route {
	return []rtnetlink.Route{
		unicast("0.0.0.0/0", "192.168.1.1", 3, 600, 16),
		unicast("0.0.0.0/0", "192.168.1.1", 2, 100, 16),
		unicast("192.168.1.0/24", "", 2, 100, 2),
		unicast("10.77.0.0/16", "192.168.1.7", 2, 0, 4),
		unicast("0.0.0.0/1", "", 8, tunnelMetric, rtnetlink.Protocol),
		unicast("203.0.113.9/32", "192.168.1.250", 2, keepMetric+8, rtnetlink.Protocol),
		unicast("::/0", "fe80::1", 2, 1024, 9),
		{Prefix: netip.MustParsePrefix("10.66.0.0/16"), Table: rtnetlink.TableMain, Type: rtnetlink.Unreachable},
	}
}

func parsePrefixes(list ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, text := range list {
		out = append(out, netip.MustParsePrefix(text))
	}
	return out
}

func parseAddrs(list ...string) []netip.Addr {
	var out []netip.Addr
	for _, text := range list {
		out = append(out, netip.MustParseAddr(text))
	}
	return out
}

func TestPlan(t *testing.T) {
	for _, test := range []struct {
		name             string
		config           Config
		tunnel, physical string
	}{
		{"nothing", Config{}, "", ""},
		{"some prefixes, and a gateway that none of them covers",
			Config{Routes: parsePrefixes("10.1.2.3/16", "10.1.0.0/16", "::ffff:10.2.0.0/112"), Gateways: parseAddrs("203.0.113.9")},
			"10.1.0.0/16 dev 9 metric 50\n10.2.0.0/16 dev 9 metric 50\n", ""},
		{"everything",
			Config{Routes: parsePrefixes("0.0.0.0/0", "::/0"), Gateways: parseAddrs("203.0.113.9", "::ffff:203.0.113.9", "2001:db8::9")},
			"0.0.0.0/1 dev 9 metric 50\n128.0.0.0/1 dev 9 metric 50\n::/1 dev 9 metric 50\n8000::/1 dev 9 metric 50\n",
			"203.0.113.9/32 via 192.168.1.1 dev 2 metric 1000009\n203.0.113.9/32 unreachable metric 2000009\n" +
				"2001:db8::9/128 via fe80::1 dev 2 metric 1000009\n2001:db8::9/128 unreachable metric 2000009\n"},
		{"the two halves",
			Config{Routes: parsePrefixes("0.0.0.0/1", "128.0.0.0/1", "0.0.0.0/0"), Gateways: parseAddrs("203.0.113.9")},
			"0.0.0.0/1 dev 9 metric 50\n128.0.0.0/1 dev 9 metric 50\n",
			"203.0.113.9/32 via 192.168.1.1 dev 2 metric 1000009\n203.0.113.9/32 unreachable metric 2000009\n"},
		{"a gateway inside a pushed prefix, in the local network",
			Config{Routes: parsePrefixes("192.168.0.0/16"), Gateways: parseAddrs("192.168.1.99")},
			"192.168.0.0/16 dev 9 metric 50\n",
			"192.168.1.99/32 dev 2 metric 1000009\n192.168.1.99/32 unreachable metric 2000009\n"},
		{"the gateway itself is pushed",
			Config{Routes: parsePrefixes("203.0.113.9/32", "203.0.113.0/24"), Gateways: parseAddrs("203.0.113.9")},
			"203.0.113.0/24 dev 9 metric 50\n",
			"203.0.113.9/32 via 192.168.1.1 dev 2 metric 1000009\n203.0.113.9/32 unreachable metric 2000009\n"},
		{"excluded",
			Config{Routes: parsePrefixes("0.0.0.0/0", "10.5.0.0/16"), Excluded: parsePrefixes("198.51.100.0/24", "10.5.0.0/16", "10.77.0.0/16", "10.77.4.0/24", "10.66.1.0/24")},
			"0.0.0.0/1 dev 9 metric 50\n128.0.0.0/1 dev 9 metric 50\n",
			"198.51.100.0/24 via 192.168.1.1 dev 2 metric 1000009\n10.5.0.0/16 via 192.168.1.1 dev 2 metric 1000009\n" +
				"10.77.4.0/24 via 192.168.1.7 dev 2 metric 1000009\n"},
		{"excluded, but not covered", Config{Routes: parsePrefixes("10.1.0.0/16"), Excluded: parsePrefixes("198.51.100.0/24")},
			"10.1.0.0/16 dev 9 metric 50\n", ""},
		{"never routed", Config{Routes: parsePrefixes("127.0.0.0/8", "127.0.0.1/32", "169.254.0.0/16", "fe80::/10", "ff00::/8", "::1/128", "0.0.0.0/32", "255.255.255.255/32", "239.0.0.0/8")}, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newPlan(test.config, tun, home())
			if diff := cmp.Diff(test.tunnel, show(p.tunnel)); diff != "" {
				t.Errorf("into the tunnel (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.physical, show(p.physical)); diff != "" {
				t.Errorf("outside (-want +got):\n%s", diff)
			}
		})
	}
}

// TestPlanSeesOnlyOthers plans the same whatever of ours is in the table.
func TestPlanSeesOnlyOthers(t *testing.T) {
	config := Config{Routes: parsePrefixes("0.0.0.0/0", "10.1.0.0/16"), Excluded: parsePrefixes("10.1.4.0/24"), Gateways: parseAddrs("203.0.113.9")}
	first := newPlan(config, tun, home())
	again := newPlan(config, tun, append(append(home(), first.tunnel...), first.physical...))
	if show(first.tunnel) != show(again.tunnel) || show(first.physical) != show(again.physical) {
		t.Errorf("first\n%s%sthen\n%s%s", show(first.tunnel), show(first.physical), show(again.tunnel), show(again.physical))
	}
	for _, r := range first.physical {
		if owner, ours := Owner(r); !ours || owner != tun {
			t.Errorf("%v belongs to %d, %v", r, owner, ours)
		}
	}
	for _, r := range home()[:4] {
		if _, ours := Owner(r); ours {
			t.Errorf("%v is ours", r)
		}
	}
}

func TestDifference(t *testing.T) {
	a, b, c := unicast("10.1.0.0/16", "192.168.1.1", 2, 5, 70), unicast("10.2.0.0/16", "", 2, 5, 70), unicast("10.3.0.0/16", "", 2, 5, 70)
	moved := unicast("10.1.0.0/16", "192.168.1.2", 2, 5, 70)
	for _, test := range []struct {
		name         string
		wanted, have []rtnetlink.Route
		add, drop    string
	}{
		{"same", []rtnetlink.Route{a, b}, []rtnetlink.Route{b, a}, "", ""},
		{"one more, one less", []rtnetlink.Route{a, b}, []rtnetlink.Route{b, c}, show([]rtnetlink.Route{a}), show([]rtnetlink.Route{c})},
		{"another path", []rtnetlink.Route{moved}, []rtnetlink.Route{a}, show([]rtnetlink.Route{moved}), ""},
		{"nothing wanted", nil, []rtnetlink.Route{a, b}, "", show([]rtnetlink.Route{a, b})},
	} {
		t.Run(test.name, func(t *testing.T) {
			add, drop := difference(test.wanted, test.have)
			if show(add) != test.add || show(drop) != test.drop {
				t.Errorf("add\n%sdrop\n%s", show(add), show(drop))
			}
		})
	}
}
