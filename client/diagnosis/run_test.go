package diagnosis

import (
	"context"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/tunnel"
)

// Every finding has its texts: what is wrong has a remedy, and somebody who can follow it.
func TestTextsAreWhole(t *testing.T) {
	seen := map[ID]bool{}
	for _, text := range Texts() {
		if seen[text.ID] {
			t.Errorf("%s is there twice", text.ID)
		}
		seen[text.ID] = true
		bad := text.Verdict == Failed || text.Verdict == Warning
		if text.Sentence == "" || bad && (text.Remedy == "" || text.Who == "") {
			t.Errorf("%+v", text)
		}
	}
	if len(seen) < 100 {
		t.Errorf("only %d findings", len(seen))
	}
}

// stuck is a service that never answers and does not listen to its caller either.
type stuck struct{ release chan struct{} }

func (s stuck) Status(context.Context) (*api.Snapshot, error) {
	<-s.release
	return nil, context.Canceled
}
func (s stuck) Policy(context.Context) (*api.Policy, error) {
	<-s.release
	return nil, context.Canceled
}

func TestNothingHangs(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	wait := func(ctx context.Context) { <-release }
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	started := time.Now()
	result := Run(ctx, Options{Profile: &profiles.Profile{Name: "x", Servers: []profiles.Server{{Host: "127.0.0.1", Port: 9}}}, Service: stuck{release},
		Computer: func(ctx context.Context) (*Computer, error) { wait(ctx); return nil, context.Canceled }}, nil)
	if took := time.Since(started); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
	if !slices.Contains(ids(result.Checks), NotFinished) {
		t.Errorf("%v", ids(result.Checks))
	}
}

func TestWithoutAnything(t *testing.T) {
	result := Run(t.Context(), Options{Probes: Probes{Off: true}, Computer: func(context.Context) (*Computer, error) { return laptop(), nil },
		Environment: func(string) string { return "" }}, nil)
	if result.Summary.ID != AllWell || len(result.Checks) < len(steps()) {
		t.Errorf("%+v %v", result.Summary, ids(result.Checks))
	}
}

func TestUseOfInterfaces(t *testing.T) {
	for name, want := range map[string]Use{"eth0": UseNetwork, "wlp2s0": UseNetwork, "docker0": UseContainers, "br-0123456789ab": UseContainers, "virbr0": UseContainers,
		"wg0": UseTunnel, "tun3": UseTunnel, "tailscale0": UseTunnel, "footbridge0": UseTunnel, "bond0": UseNetwork, "br0": UseNetwork} {
		if got := (Link{Name: name}).Use(); got != want {
			t.Errorf("%s is for %s", name, got)
		}
	}
	if got := (Link{Name: "office", Kind: "wireguard"}).Use(); got != UseTunnel {
		t.Errorf("WireGuard is for %s", got)
	}
}

func TestWhoElseResolvesNames(t *testing.T) {
	p := &plan{live: true, device: "footbridge0", nameServers: []netip.Addr{netip.MustParseAddr("10.10.0.53")}}
	servers := []netip.AddrPort{netip.MustParseAddrPort("10.10.0.53:53")}
	ours := LinkNames{Device: "footbridge0", Servers: servers, Domains: []string{"corp.lab", "~."}}
	for _, test := range []struct {
		name  string
		names Names
		want  []ID
	}{
		{"ours alone", Names{Links: []LinkNames{ours}}, []ID{DNSOK}},
		{"the network's own", Names{Links: []LinkNames{ours, {Device: "eth0", Servers: servers, Domains: []string{"home.lab"}}}}, []ID{DNSOK}},
		{"another VPN wants all", Names{Links: []LinkNames{{Device: "wg0", Domains: []string{"~."}}, ours}}, []ID{DNSOK, DNSOtherOwner}},
		{"another VPN wants ours", Names{Links: []LinkNames{ours, {Device: "tun0", Domains: []string{"~corp.lab"}}}}, []ID{DNSOK, DNSOtherOwner}},
		{"ours is gone", Names{Links: []LinkNames{{Device: "eth0", Servers: servers}}}, []ID{DNSNotSet}},
	} {
		test.names.Manager = "systemd-resolved"
		if got := ids(judgeNameSetting(p, &Computer{Names: test.names}, "")); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v", test.name, got)
		}
	}
	p.suffixes = []string{"corp.lab"}
	if got := ids(judgeNameSetting(p, &Computer{Names: Names{Manager: "resolv.conf", Servers: servers}}, "")); !slices.Equal(got, []ID{DNSOK, DNSNotSplit}) {
		t.Errorf("a file: %v", got)
	}
}

func TestPrivateLinkNames(t *testing.T) {
	computer := laptop()
	f := facts{computer: computer, plan: &plan{live: true, device: "footbridge0", routes: []netip.Prefix{netip.MustParsePrefix("10.10.0.0/16")}}}
	x := newExamination(Options{})
	for _, test := range []struct {
		host, address string
		want          ID
	}{
		{"acme.blob.core.windows.net", "203.0.113.9", HostPublic},
		{"acme.privatelink.example", "203.0.113.9", HostPublic},
		{"www.example.com", "203.0.113.9", ""},
		{"db.corp.lab", "10.99.0.1", HostOutside},
		{"db.corp.lab", "10.10.0.1", HostLocal},
		{"printer", "198.51.100.9", ""},
	} {
		if _, got := x.wayTo(f, test.host, netip.MustParseAddr(test.address)); got != test.want {
			t.Errorf("%s %s: %q", test.host, test.address, got)
		}
	}
}

// A connection that is up shows that the way to the gateway is in order; the gateway is not signed in to a second time.
func TestConnectedSessionIsLeftAlone(t *testing.T) {
	r := newRig(t)
	r.options.Profile.Gateway.RootThumbprints = []string{oldRoot}
	r.options.Profile.Servers = []profiles.Server{{Host: labHost, Port: 9}} // nobody is there to be asked
	r.snapshot.Sessions = []api.Session{{ID: "other", Profile: "other", State: tunnel.Connected}, {ID: "1", Profile: "lab", State: tunnel.Connected,
		Connection: &tunnel.Session{Server: labHost, Remote: netip.MustParseAddrPort("127.0.0.1:9"), Interface: "eth0",
			Addresses: []netip.Prefix{netip.MustParsePrefix("172.27.224.2/24")}, Routes: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}}}}
	result := r.run()
	expect(t, result, ProfileOldRoot)
	if result.Server != labHost || result.Summary.Verdict != Warning {
		t.Errorf("%+v", result.Summary)
	}
	found := ids(result.Checks)
	for _, want := range []ID{ReachByTunnel, GatewayByTunnel, SignInOK, PushOK, RoutesOK, DNSNone} {
		if !slices.Contains(found, want) {
			t.Errorf("no %s in %v", want, found)
		}
	}
}
