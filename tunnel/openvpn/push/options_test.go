package push

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

func compareAddresses() cmp.Options {
	return cmp.Options{
		cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
		cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
		cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b }),
		cmpopts.EquateEmpty(),
	}
}

func parse(t *testing.T, list string, policy Policy) (*Options, error) {
	t.Helper()
	var a Assembler
	complete, err := a.Add(Reply{List: list})
	if err != nil {
		t.Fatal(err)
	}
	if !complete {
		t.Fatal("configuration is not complete")
	}
	return a.Options(policy)
}

func TestOptions(t *testing.T) {
	for _, test := range []struct {
		name, list string
		want       Options
	}{
		{"nothing", "", Options{PeerID: packet.NoPeer}},
		{"as Debian's server pushes",
			"route 10.8.0.1,topology subnet,route-gateway 10.8.0.1,ping 10,ping-restart 60,ifconfig 10.8.0.2 255.255.255.0,peer-id 0,cipher AES-256-GCM," +
				"protocol-flags cc-exit tls-ekm dyn-tls-crypt,tun-mtu 1500",
			Options{
				Routes:   []Route{{Prefix: netip.MustParsePrefix("10.8.0.1/32")}},
				Topology: Subnet, RouteGateway: netip.MustParseAddr("10.8.0.1"), Ping: 10 * time.Second, PingRestart: time.Minute,
				Ifconfig: Ifconfig{Address: netip.MustParseAddr("10.8.0.2"), Prefix: netip.MustParsePrefix("10.8.0.2/24")},
				Cipher:   "AES-256-GCM", TunMTU: 1500, ProtocolFlags: ProtocolFlags{Known: true, CCExit: true, TLSEKM: true, DynTLSCrypt: true},
			}},
		{"ifconfig before topology", "ifconfig 10.8.0.2 255.255.0.0,topology subnet", Options{PeerID: packet.NoPeer, Topology: Subnet,
			Ifconfig: Ifconfig{Address: netip.MustParseAddr("10.8.0.2"), Prefix: netip.MustParsePrefix("10.8.0.2/16")}}},
		{"net30", "ifconfig 10.8.0.6 10.8.0.5", Options{PeerID: packet.NoPeer,
			Ifconfig: Ifconfig{Address: netip.MustParseAddr("10.8.0.6"), Prefix: netip.MustParsePrefix("10.8.0.6/32"), Peer: netip.MustParseAddr("10.8.0.5")}}},
		{"netmask without topology", "ifconfig 10.8.0.6 255.255.255.0", Options{PeerID: packet.NoPeer,
			Ifconfig: Ifconfig{Address: netip.MustParseAddr("10.8.0.6"), Prefix: netip.MustParsePrefix("10.8.0.6/24")}}},
		{"p2p", "topology p2p,ifconfig 10.8.0.6 10.8.0.5", Options{PeerID: packet.NoPeer, Topology: P2P,
			Ifconfig: Ifconfig{Address: netip.MustParseAddr("10.8.0.6"), Prefix: netip.MustParsePrefix("10.8.0.6/32"), Peer: netip.MustParseAddr("10.8.0.5")}}},
		{"IPv6", "ifconfig-ipv6 2001:db8::2/64 2001:db8::1,route-ipv6 2001:db8:1::/48,route-ipv6 2001:db8:2::/48 net_gateway 7,block-ipv6",
			Options{PeerID: packet.NoPeer, BlockIPv6: true,
				IfconfigIPv6: IfconfigIPv6{Prefix: netip.MustParsePrefix("2001:db8::2/64"), Peer: netip.MustParseAddr("2001:db8::1")},
				Routes: []Route{{Prefix: netip.MustParsePrefix("2001:db8:1::/48")},
					{Prefix: netip.MustParsePrefix("2001:db8:2::/48"), Via: ViaNet, Metric: 7}}}},
		{"routes", "route 10.1.0.0 255.255.0.0,route 10.2.0.0 255.255.0.0 vpn_gateway 5,route 192.0.2.1 255.255.255.255 net_gateway," +
			"route 10.3.1.2 255.255.0.0 10.8.0.1 default,route 10.4.0.1,route 0.0.0.0 128.0.0.0,route-metric 100",
			Options{PeerID: packet.NoPeer, RouteMetric: 100, Routes: []Route{
				{Prefix: netip.MustParsePrefix("10.1.0.0/16")},
				{Prefix: netip.MustParsePrefix("10.2.0.0/16"), Metric: 5},
				{Prefix: netip.MustParsePrefix("192.0.2.1/32"), Via: ViaNet},
				{Prefix: netip.MustParsePrefix("10.3.0.0/16"), Via: ViaAddress, Gateway: netip.MustParseAddr("10.8.0.1")},
				{Prefix: netip.MustParsePrefix("10.4.0.1/32")},
				{Prefix: netip.MustParsePrefix("0.0.0.0/1")},
			}}},
		{"redirect", "redirect-gateway def1 bypass-dhcp,redirect-gateway ipv6 !ipv4", Options{PeerID: packet.NoPeer,
			RedirectGateway: &RedirectGateway{Def1: true, BypassDHCP: true, IPv6: true, NoIPv4: true}}},
		{"redirect-private", "redirect-private local block-local", Options{PeerID: packet.NoPeer,
			RedirectGateway: &RedirectGateway{Private: true, Local: true, BlockLocal: true}}},
		{"dhcp", "dhcp-option DNS 10.0.0.4,dhcp-option DNS 10.0.0.4,dhcp-option DNS6 2001:db8::53,dhcp-option DOMAIN Contoso.com,dhcp-option DOMAIN fabrikam.com.," +
			"dhcp-option DOMAIN-SEARCH a.example,dhcp-option ADAPTER_DOMAIN_SUFFIX x.example,dhcp-option WINS 10.0.0.5,dhcp-option DISABLE-NBT," +
			"dhcp-option PROXY_HTTP proxy.example 8080,dhcp-option PROXY_AUTO_CONFIG_URL http://proxy.example/pac,dhcp-option PROXY_BYPASS a b",
			Options{PeerID: packet.NoPeer, DHCP: DHCP{DNS: []netip.Addr{netip.MustParseAddr("10.0.0.4"), netip.MustParseAddr("2001:db8::53")},
				Domain: "contoso.com", SearchDomains: []string{"fabrikam.com", "a.example"}, AdapterDomainSuffix: "x.example",
				WINS: []netip.Addr{netip.MustParseAddr("10.0.0.5")}, DisableNetBIOS: true, ProxyHTTP: "proxy.example:8080",
				ProxyAutoConfigURL: "http://proxy.example/pac", ProxyBypass: []string{"a", "b"}}}},
		{"dns", "dns search-domains a.example b.example,dns server 2 address 10.0.0.2,dns server 1 address 10.0.0.1 [2001:db8::1]:853 10.0.0.9:5353," +
			"dns server 1 resolve-domains c.example .d.example,dns server 1 dnssec optional,dns server 1 transport DoT,dns server 1 sni dns.example",
			Options{PeerID: packet.NoPeer, DNS: DNS{SearchDomains: []string{"a.example", "b.example"}, Servers: []DNSServer{
				{Priority: 1, Addresses: []netip.AddrPort{netip.MustParseAddrPort("10.0.0.1:0"), netip.MustParseAddrPort("[2001:db8::1]:853"), netip.MustParseAddrPort("10.0.0.9:5353")},
					ResolveDomains: []string{"c.example", "d.example"}, DNSSEC: "optional", Transport: "DoT", SNI: "dns.example"},
				{Priority: 2, Addresses: []netip.AddrPort{netip.MustParseAddrPort("10.0.0.2:0")}},
			}}}},
		{"timers", "keepalive 5 20,inactive 600 1000,session-timeout 3600,explicit-exit-notify,sndbuf 100000,rcvbuf 200000,block-outside-dns",
			Options{PeerID: packet.NoPeer, Ping: 5 * time.Second, PingRestart: 20 * time.Second, Inactive: 10 * time.Minute, InactiveBytes: 1000,
				SessionTimeout: time.Hour, ExplicitExitNotify: 1, SendBuffer: 100000, ReceiveBuffer: 200000, BlockOutsideDNS: true}},
		{"switched off", "ping 0,ping-restart 0", Options{PeerID: packet.NoPeer, Ping: Never, PingRestart: Never}},
		{"ping-exit", "ping-exit 30", Options{PeerID: packet.NoPeer, PingExit: 30 * time.Second, PingRestart: Never}},
		{"token", "auth-token SESS_ID_AT_abc,auth-token-user dXNlcg==,peer-id 5,compress stub-v2,key-derivation tls-ekm",
			Options{PeerID: 5, AuthToken: "SESS_ID_AT_abc", AuthTokenUser: "user", Compression: StubV2, ProtocolFlags: ProtocolFlags{TLSEKM: true}}},
		{"framing", "comp-lzo no", Options{PeerID: packet.NoPeer, Compression: CompLZO}},
		{"framing, swapped", "compress", Options{PeerID: packet.NoPeer, Compression: Stub}},
		{"unknown", "setenv-safe X y,reneg-sec 0,auth-nocache", Options{PeerID: packet.NoPeer, Ignored: []string{"setenv-safe X y", "reneg-sec 0", "auth-nocache"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := parse(t, test.list, Policy{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, *got, compareAddresses()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	for _, option := range []string{
		"route 127.0.0.0 255.0.0.0", "route 127.1.2.3", "route 169.254.169.254", "route 224.0.0.0 240.0.0.0", "route 239.1.1.1",
		"route-ipv6 ::1/128", "route-ipv6 fe80::/64", "route-ipv6 ff02::/16", "route-ipv6 10.0.0.0/8", "route-ipv6 2001:db8::/129",
		"route example.com 255.255.255.0", "route 10.0.0.0 255.0.255.0", "route 10.0.0.0 255.0.0.0 remote_host", "route 10.0.0.0 255.0.0.0 2001:db8::1",
		"route", "route-gateway gw.example", "topology ring", "ifconfig 10.0.0.1", "ifconfig 127.0.0.1 255.0.0.0", "ifconfig 0.0.0.0 255.0.0.0",
		"ifconfig 10.0.0.1 host", "ifconfig 224.0.0.1 255.0.0.0", "ifconfig-ipv6 ::1/64 ::2", "ifconfig-ipv6 10.0.0.1/24 x",
		"tun-mtu 99", "tun-mtu 65536", "tun-mtu x", "tun-mtu", "peer-id 16777216", "peer-id -1", "ping -1", "ping 99999999999",
		"dhcp-option DNS 127.0.0.1", "dhcp-option DNS name", "dhcp-option DOMAIN a;b", "dhcp-option DNS", "dhcp-option PROXY_AUTO_CONFIG_URL file:///etc/passwd",
		"dns server 1 address 0.0.0.0", "dns server 128 address 10.0.0.1", "dns server -1 address 10.0.0.1", "dns server 1 dnssec maybe", "dns server 1 transport", "dns x",
		"dns search-domains a$b", "redirect-gateway sideways", "auth-token", "auth-token-user !!!", "route \"10.0.0.0", "cipher", "sndbuf 99999999999",
	} {
		got, err := parse(t, option, Policy{})
		if err != nil {
			t.Errorf("%s: %v", option, err)
			continue
		}
		if len(got.Refused) == 0 {
			t.Errorf("%s: not refused: %+v", option, got)
		}
		if len(got.Routes)+len(got.DHCP.DNS) != 0 || got.Ifconfig.Address.IsValid() || got.IfconfigIPv6.Prefix.IsValid() {
			t.Errorf("%s: refused, and followed all the same: %+v", option, got)
		}
	}
}

func TestUnsupported(t *testing.T) {
	for _, option := range []string{"comp-lzo", "comp-lzo yes", "compress lz4", "compress lz4-v2", "compress lzo", "key-derivation new", "protocol-flags tls-ekm new-thing"} {
		if _, err := parse(t, option, Policy{}); !errors.Is(err, ErrUnsupported) {
			t.Errorf("%s: %v", option, err)
		}
	}
}

func TestPolicy(t *testing.T) {
	list := "route 10.0.0.0 255.0.0.0,route 192.0.2.0 255.255.255.0,dhcp-option DNS 10.0.0.1,redirect-gateway def1,ping 10,ifconfig 10.8.0.2 10.8.0.1"
	got, err := parse(t, list, Policy{Filters: []Filter{{Accept, "route 192."}, {Ignore, "route "}, {Ignore, "redirect-gateway"}}})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Routes) != 1 || got.Routes[0].Prefix != netip.MustParsePrefix("192.0.2.0/24") || got.RedirectGateway != nil || len(got.Refused) != 2 {
		t.Errorf("pull-filter: %+v", got)
	}
	if _, err := parse(t, list, Policy{Filters: []Filter{{Reject, "redirect-"}}}); !errors.Is(err, ErrRejected) {
		t.Errorf("pull-filter reject: %v", err)
	}
	got, err = parse(t, list, Policy{RouteNoPull: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Routes) != 0 || len(got.DHCP.DNS) != 0 || got.RedirectGateway != nil || got.Ping == 0 || !got.Ifconfig.Address.IsValid() {
		t.Errorf("route-nopull: %+v", got)
	}
}

// TestContinuation splits 1,500 routes as a server does, and joins them.
func TestContinuation(t *testing.T) {
	options := []string{"topology subnet", "ifconfig 10.8.0.2 255.255.0.0"}
	for i := range 1500 {
		options = append(options, fmt.Sprintf("route 10.%d.%d.0 255.255.255.0", 100+i/256, i%256))
	}
	replies, err := Replies(options, 0)
	if err != nil {
		t.Fatal(err)
	}
	var a Assembler
	for i, reply := range replies {
		if size := len(reply.Text()) + 1; size > DefaultReplySize {
			t.Errorf("message %d has %d bytes", i, size)
		}
		parsed, ok := ParseMessage(reply.Text()).(Reply)
		if !ok {
			t.Fatalf("message %d is not a reply", i)
		}
		complete, err := a.Add(parsed)
		if err != nil {
			t.Fatal(err)
		}
		if complete != (i == len(replies)-1) {
			t.Fatalf("message %d of %d: complete is %v", i, len(replies), complete)
		}
	}
	got, err := a.Options(Policy{})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Routes) != 1500 || len(got.Refused) != 0 {
		t.Errorf("%d routes, %d refused", len(got.Routes), len(got.Refused))
	}
	single, err := Replies(options[:2], 0)
	if err != nil || len(single) != 1 || strings.Contains(single[0].List, "continuation") {
		t.Errorf("short configuration: %v, %v", single, err)
	}
	if _, err := Replies([]string{"route 1,2"}, 0); err == nil {
		t.Error("a comma is pushed")
	}
	if _, err := Replies([]string{strings.Repeat("x", 2000)}, 0); err == nil {
		t.Error("an option without room is pushed")
	}
}

func TestAssemblerLimits(t *testing.T) {
	var a Assembler
	for range MaxReplySize / 1000 {
		if _, err := a.Add(Reply{List: strings.Repeat("x", 990) + ",push-continuation 2"}); err != nil {
			return
		}
	}
	if _, err := a.Add(Reply{List: strings.Repeat("x", 2000)}); !errors.Is(err, ErrTooLong) {
		t.Errorf("too many bytes: %v", err)
	}
	a = Assembler{}
	if _, err := a.Add(Reply{List: strings.Repeat("x,", MaxOptions+1)}); !errors.Is(err, ErrTooLong) {
		t.Errorf("too many options: %v", err)
	}
}

func TestDigest(t *testing.T) {
	digest := func(list string) Digest {
		var a Assembler
		if _, err := a.Add(Reply{List: list}); err != nil {
			t.Fatal(err)
		}
		return a.Digest()
	}
	base := digest("route 10.0.0.0 255.0.0.0,peer-id 1,auth-token a,ping 1")
	if base != digest("route 10.0.0.0 255.0.0.0,peer-id 2,auth-token b,ping-restart 9,push-continuation 1") {
		t.Error("what changes with every session changes the digest")
	}
	if base == digest("route 10.0.0.0 255.255.0.0,peer-id 1") {
		t.Error("another route has the same digest")
	}
}

func TestTokenDoesNotShow(t *testing.T) {
	for _, list := range []string{"auth-token hunter2,route x", "\"auth-token\" hunter2", "--auth-token hunter2 x", "auth-token\thunter2", "auth-token \"hunter2", "x,auth-token hunter2"} {
		got, err := parse(t, list, Policy{Filters: []Filter{{Ignore, "auth-tok"}}})
		if err != nil {
			t.Fatal(err)
		}
		_, rejected := parse(t, list, Policy{Filters: []Filter{{Reject, ""}}})
		for _, text := range []string{fmt.Sprintf("%v %+v %#v", *got, *got, *got), fmt.Sprint(Reply{List: list}), fmt.Sprintf("%#v", Reply{List: list}), rejected.Error()} {
			if strings.Contains(text, "hunter2") {
				t.Errorf("%s shows in %s", list, text)
			}
		}
	}
}

func TestTokenize(t *testing.T) {
	for _, test := range []struct {
		option string
		want   []string
		fails  bool
	}{
		{option: "route 10.0.0.0  255.0.0.0\t", want: []string{"route", "10.0.0.0", "255.0.0.0"}},
		{option: `a "b c" 'd "e\' "f\"g\\h"`, want: []string{"a", "b c", `d "e\`, `f"g\h`}},
		{option: `a b\ c \\ \"`, want: []string{"a", "b c", `\`, `"`}},
		{option: `a "" ''`, want: []string{"a", "", ""}},
		{option: "a # b", want: []string{"a"}},
		{option: "; a"},
		{option: "a#b", want: []string{"a#b"}},
		{option: ""},
		{option: `a "b`, fails: true},
		{option: `a 'b`, fails: true},
		{option: `a \`, fails: true},
		{option: `a \b`, fails: true},
		{option: strings.Repeat("a ", 20), fails: true},
	} {
		got, err := Tokenize(test.option)
		if (err != nil) != test.fails {
			t.Errorf("%q: %v", test.option, err)
			continue
		}
		if diff := cmp.Diff(test.want, got); diff != "" && !test.fails {
			t.Errorf("%q: %s", test.option, diff)
		}
	}
}

func FuzzOptions(f *testing.F) {
	for _, list := range []string{
		"route 10.8.0.1,topology subnet,ifconfig 10.8.0.2 255.255.255.0,peer-id 0,cipher AES-256-GCM,protocol-flags cc-exit tls-ekm",
		`dns server 1 address "10.0.0.1" [2001:db8::1]:53,dhcp-option DOMAIN-SEARCH a b c,redirect-gateway def1 ipv6`,
		"ifconfig-ipv6 2001:db8::2/64 2001:db8::1,route-ipv6 2000::/3,push-continuation 2", "auth-token 'x y',auth-token-user eA==,compress lz4",
	} {
		f.Add(list)
	}
	f.Fuzz(func(t *testing.T, list string) {
		var a Assembler
		if _, err := a.Add(Reply{List: list}); err != nil {
			return
		}
		a.Digest()
		options, err := a.Options(Policy{Filters: []Filter{{Ignore, "ping"}}})
		if err != nil {
			return
		}
		for _, route := range options.Routes {
			if route.Prefix != route.Prefix.Masked() || !route.Prefix.IsValid() || captured(route.Prefix) != nil {
				t.Errorf("route %v", route)
			}
		}
		if options.Ifconfig.Address.IsValid() && unusable(options.Ifconfig.Address) != nil {
			t.Errorf("address %v", options.Ifconfig)
		}
	})
}

func FuzzTokenize(f *testing.F) {
	for _, option := range []string{`a "b c" 'd e'`, `\\ \"`, "# x", `"unfinished`} {
		f.Add(option)
	}
	f.Fuzz(func(t *testing.T, option string) {
		words, err := Tokenize(option)
		if err != nil {
			return
		}
		quoted := make([]string, len(words))
		for i, word := range words {
			quoted[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(word) + `"`
		}
		again, err := Tokenize(strings.Join(quoted, " "))
		if err != nil || !cmp.Equal(words, again, cmpopts.EquateEmpty()) {
			t.Errorf("%q becomes %q: %v", words, again, err)
		}
	})
}
