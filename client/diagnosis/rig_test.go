package diagnosis

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
	"github.com/footbridge-vpn/footbridge/tunnel/gateway"
	"github.com/footbridge-vpn/footbridge/tunnel/identity"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/pki"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/site"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

const (
	gatewayName = "11111111-2222-3333-4444-555555555555.vpn.azure.com"
	labHost     = "gateway.lab" // resolves to loopback, which is why it is not below vpn.azure.com
	portalText  = "Lab Connect Test"
	labVersion  = "1.0-test"
)

// staticKey is a key for tls-auth: 512 hex digits.
func staticKey(digit string) string { return strings.Repeat("0123456789abcde"+digit, 32) }

// rig is a set-up in which everything works, on loopback: a service, the Internet, a name server, a gateway.
type rig struct {
	t        *testing.T
	pki      *pki.Set
	gateway  gateway.Config
	options  Options
	snapshot api.Snapshot
	policy   api.Policy
	records  map[string][]netip.Addr
	web      http.HandlerFunc // the Internet's page
	noServer bool             // no gateway runs
}

// localResolver asks a name server on loopback. Go's own resolver would ask port 53.
func localResolver(server string) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server)
	}}
}

func newRig(t *testing.T) *rig {
	t.Helper()
	set, err := pki.NewSet(gatewayName)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, pki: set, records: map[string][]netip.Addr{labHost: {netip.MustParseAddr("127.0.0.1")}},
		snapshot: api.Snapshot{Version: api.Version, Service: labVersion, UID: 1000, Role: api.Operate},
		web:      func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, portalText) }}
	key, err := tlswrap.ParseStaticKey(staticKey("f"))
	if err != nil {
		t.Fatal(err)
	}
	r.gateway = gateway.Config{
		TLS: &tls.Config{Certificates: []tls.Certificate{set.Gateway.TLS()}, ClientAuth: tls.RequireAndVerifyClientCert,
			ClientCAs: set.ClientRoot.Pool(), MinVersion: tls.VersionTLS12},
		Wrap:   tlswrap.Config{Mode: tlswrap.Auth, Key: key, Digest: "SHA256", Direction: tlswrap.Normal},
		IPv4:   netip.MustParsePrefix("172.27.224.0/24"),
		Routes: []netip.Prefix{netip.MustParsePrefix("10.10.0.0/16")},
		Digest: "SHA256",
	}
	direction := 1
	r.options = Options{
		Version:     labVersion,
		Certificate: r.client(set.Client("user", pki.ECDSA)),
		Environment: func(string) string { return "" },
		SystemRoots: func() ([]*x509.Certificate, error) { return []*x509.Certificate{set.GatewayRoot.Certificate}, nil },
		Profile: &profiles.Profile{
			Name:           "lab",
			Transport:      profiles.TCP,
			Authentication: profiles.Authentication{Type: profiles.Certificate},
			Gateway: profiles.GatewayIdentity{RootThumbprints: []string{identity.Thumbprint(set.GatewayRoot.Certificate)}, TrustSystemRoots: true,
				RequireServerEKU: true, Name: profiles.NameRule{Type: profiles.NameExact, Value: gatewayName}},
			ControlChannel: profiles.ControlChannel{Mode: profiles.TLSAuth, Key: secret.Text(staticKey("f")), KeyDirection: &direction, Digest: "SHA256"},
			OpenVPN:        profiles.OpenVPN{Auth: "SHA256", TLSVersionMin: tls.VersionTLS12},
		},
	}
	return r
}

func (r *rig) client(identity *pki.Identity, err error) *tls.Certificate {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
	certificate := identity.TLS()
	return &certificate
}

// impatient is for a gateway that says nothing: waiting as long as usual would tell no more.
func (r *rig) impatient() { r.options.gatewayWait = 2 * time.Second }

// present makes another certificate the gateway's.
func (r *rig) present(identity *pki.Identity, err error) {
	r.t.Helper()
	r.gateway.TLS.Certificates = []tls.Certificate{*r.client(identity, err)}
}

// laptop is a computer in an ordinary network.
func laptop(names ...netip.AddrPort) *Computer {
	kept := true
	return &Computer{
		Links: []Link{{Index: 1, Name: "lo", Up: true, Loopback: true, MTU: 65536},
			{Index: 2, Name: "eth0", Up: true, MTU: 1500, Addresses: []netip.Prefix{netip.MustParsePrefix("198.51.100.7/24")}}},
		Routes: []Route{{Prefix: netip.MustParsePrefix("0.0.0.0/0"), Link: 2, Device: "eth0", Gateway: netip.MustParseAddr("198.51.100.1")},
			{Prefix: netip.MustParsePrefix("198.51.100.0/24"), Link: 2, Device: "eth0"}},
		Names: Names{Manager: "resolv.conf", Servers: names}, ClockKept: &kept,
	}
}

// start brings up what the set-up is made of and fills in how to reach it.
func (r *rig) start() {
	r.t.Helper()
	if r.options.Resolver == nil {
		server := r.nameServer(r.records)
		r.options.Resolver = localResolver(server.String())
		if r.options.Computer == nil {
			computer := laptop(server)
			r.options.Computer = func(context.Context) (*Computer, error) { return computer, nil }
		}
	}
	if r.options.Computer == nil {
		r.options.Computer = func(context.Context) (*Computer, error) { return laptop(), nil }
	}
	if r.options.Probes.InternetURL == "" {
		page := httptest.NewServer(r.web)
		r.t.Cleanup(page.Close)
		clock := httptest.NewTLSServer(r.web)
		r.t.Cleanup(clock.Close)
		r.options.RootCAs = x509.NewCertPool()
		r.options.RootCAs.AddCert(clock.Certificate())
		r.options.Probes = Probes{InternetURL: page.URL, Expected: portalText, ClockURL: clock.URL}
	}
	if r.options.Service == nil {
		r.options.Service = r.service()
	}
	if len(r.options.Profile.Servers) == 0 {
		r.options.Profile.Servers = []profiles.Server{{Host: labHost, Port: r.serve()}}
	}
}

// service answers as the service does, on a socket.
func (r *rig) service() *api.Client {
	socket := filepath.Join(r.t.TempDir(), "service.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		r.t.Fatal(err)
	}
	routes := http.NewServeMux()
	routes.HandleFunc("GET "+api.PathStatus, func(w http.ResponseWriter, _ *http.Request) { json.NewEncoder(w).Encode(r.snapshot) })
	routes.HandleFunc("GET "+api.PathPolicy, func(w http.ResponseWriter, _ *http.Request) { json.NewEncoder(w).Encode(r.policy) })
	server := &http.Server{Handler: routes}
	go server.Serve(listener)
	r.t.Cleanup(func() { server.Close() })
	client := api.Dial(socket)
	r.t.Cleanup(client.Close)
	return client
}

func (r *rig) nameServer(records map[string][]netip.Addr) netip.AddrPort {
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		r.t.Fatal(err)
	}
	names := site.NewNames(site.NamesOptions{Packets: packets, Records: records, Zones: []string{"."}})
	r.t.Cleanup(func() { names.Close() })
	return packets.LocalAddr().(*net.UDPAddr).AddrPort()
}

// listen takes a free port on loopback.
func (r *rig) listen() net.Listener {
	r.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		r.t.Fatal(err)
	}
	return listener
}

func portOf(listener net.Listener) uint16 { return uint16(listener.Addr().(*net.TCPAddr).Port) }

// serve starts the gateway and returns its port.
func (r *rig) serve() uint16 {
	r.t.Helper()
	listener := r.listen()
	if r.noServer {
		listener.Close()
		return portOf(listener)
	}
	r.gateway.Listeners = []net.Listener{listener}
	server, err := gateway.New(r.gateway)
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx) }()
	r.t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			r.t.Error(err)
		}
	})
	return portOf(listener)
}

// run diagnoses and checks what holds of every diagnosis.
func (r *rig) run() Result {
	r.t.Helper()
	r.start()
	var seen []Check
	started := time.Now()
	result := Run(context.Background(), r.options, func(c Check) { seen = append(seen, c) })
	if took := time.Since(started); took > Limit+5*time.Second {
		r.t.Errorf("it took %v", took)
	}
	if !slices.Equal(seen, result.Checks) {
		r.t.Errorf("observed %v, returned %v", ids(seen), ids(result.Checks))
	}
	return result
}

func ids(checks []Check) []ID {
	var all []ID
	for _, c := range checks {
		all = append(all, c.ID)
	}
	return all
}

// expect checks that the summary is what was broken, and that nothing before it is found fault with.
func expect(t *testing.T, result Result, want ID) {
	t.Helper()
	if result.Summary.ID != want || result.Summary.Sentence == "" || result.Summary.Verdict != OK && result.Summary.Remedy == "" {
		t.Errorf("summary %+v, want %s", result.Summary, want)
	}
	for _, check := range result.Checks {
		if check.ID == want {
			return
		}
		unlooked := []ID{NamesByProxy, ReachByProxy, OpenVPNUndecided, ReachNotTested, ProxyNotUsed, PolicyUnknown, ServiceNotAsked, PermissionUnknown, InternetUnknown, PortalUnknown,
			ClockUnknown, DNSNotAsked, HostNotNamed}
		if check.Verdict != OK && !slices.Contains(unlooked, check.ID) {
			t.Errorf("before %s: %s %s (%s)", want, check.Verdict, check.ID, check.Detail)
		}
	}
	if want != AllWell {
		t.Errorf("no check %s in %v", want, ids(result.Checks))
	}
}
