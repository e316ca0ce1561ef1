package diagnosis

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/tunnel"
	"github.com/footbridge-vpn/footbridge/tunnel/gateway"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns/netnstest"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/openvpnd"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/pki"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/site"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

// job is a diagnosis for a process in a namespace.
type job struct {
	Profile          []byte // .ovpn
	Certificate, Key []byte // PEM
	Host             string
	Probes           Probes
	Session          *api.Session
}

// jobVariable tells a copy of the test program that it is to do the job on its standard input.
const jobVariable = "FOOTBRIDGE_TEST_DIAGNOSE"

func TestMain(m *testing.M) {
	if os.Getenv(jobVariable) == "" {
		flag.Parse()
		flag.Set("test.parallel", "16") // most of them wait for what does not come
		os.Exit(m.Run())
	}
	if err := doJob(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func doJob(in io.Reader, out io.Writer) error {
	var j job
	if err := json.NewDecoder(in).Decode(&j); err != nil {
		return err
	}
	imported, err := profiles.Import(bytes.NewReader(j.Profile), profiles.ImportOptions{Name: "lab.ovpn"})
	if err != nil {
		return err
	}
	certificate, err := tls.X509KeyPair(j.Certificate, j.Key)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(Run(context.Background(), Options{Profile: imported.Profiles[0], Certificate: &certificate, Host: j.Host, Probes: j.Probes,
		Session: j.Session}, nil))
}

// world is a laptop and a street with the Internet and the gateway, joined by a cable.
type world struct {
	t              *testing.T
	laptop, street *netns.Namespace
	pki            *pki.Set
	user           *pki.Identity
	key            *tlswrap.StaticKey
	job            job
}

const (
	streetAddress = "203.0.113.1"
	laptopAddress = "203.0.113.7"
)

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, laptop: netnstest.New(t, "laptop"), street: netnstest.New(t, "street")}
	w.must(netns.Connect(w.laptop, "eth0", w.street, "eth0"))
	w.must(w.laptop.AddAddress("eth0", netip.MustParsePrefix(laptopAddress+"/24")))
	w.must(w.street.AddAddress("eth0", netip.MustParsePrefix(streetAddress+"/24")))
	w.must(w.laptop.AddRoute(netip.MustParsePrefix("0.0.0.0/0"), netip.MustParseAddr(streetAddress), "eth0"))
	w.must(w.laptop.IsolateFiles(map[string]string{"resolv.conf": "nameserver " + streetAddress + "\n", "hosts": "127.0.0.1 localhost\n"}))
	var err error
	w.pki, err = pki.NewSet(gatewayName)
	w.must(err)
	w.user, err = w.pki.Client("user", pki.ECDSA)
	w.must(err)
	w.key, err = tlswrap.ParseStaticKey(staticKey("f"))
	w.must(err)
	w.job.Certificate = w.user.CertificatePEM()
	w.job.Key, err = w.user.KeyPEM()
	w.must(err)
	w.job.Probes = Probes{InternetURL: "http://" + streetAddress + "/", Expected: portalText, ClockURL: "https://" + streetAddress + "/"}
	w.profile(labHost, staticKey("f"))
	w.servePage()
	w.serveNames(map[string][]netip.Addr{labHost: {netip.MustParseAddr(streetAddress)}, "db.corp.lab": {netip.MustParseAddr("10.10.0.4")}})
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// profile writes the profile, which is for the lab's gateway.
func (w *world) profile(host, secret string) {
	w.job.Profile = fmt.Appendf(nil, `client
dev tun
proto tcp-client
remote %s 443
remote-cert-tls server
verify-x509-name %s name
auth SHA256
key-direction 1
<ca>
%s</ca>
<tls-auth>
-----BEGIN OpenVPN Static key V1-----
%s
-----END OpenVPN Static key V1-----
</tls-auth>
`, host, gatewayName, w.pki.GatewayRoot.PEM(), secret)
}

func (w *world) servePage() {
	listener, err := w.street.Listen(w.t.Context(), "tcp", streetAddress+":80")
	w.must(err)
	server := &http.Server{Handler: http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) { fmt.Fprintln(out, portalText) })}
	go server.Serve(listener)
	w.t.Cleanup(func() { server.Close() })
}

func (w *world) serveNames(records map[string][]netip.Addr) {
	packets, err := w.street.ListenPacket(w.t.Context(), "udp", streetAddress+":53")
	w.must(err)
	names := site.NewNames(site.NamesOptions{Packets: packets, Records: records, Zones: []string{"."}})
	w.t.Cleanup(func() { names.Close() })
}

// serve starts the gateway in the street.
func (w *world) serve(bend func(*gateway.Config)) {
	listener, err := w.street.Listen(w.t.Context(), "tcp", streetAddress+":443")
	w.must(err)
	config := gateway.Config{
		TLS: &tls.Config{Certificates: []tls.Certificate{w.pki.Gateway.TLS()}, ClientAuth: tls.RequireAndVerifyClientCert,
			ClientCAs: w.pki.ClientRoot.Pool(), MinVersion: tls.VersionTLS12},
		Wrap: tlswrap.Config{Mode: tlswrap.Auth, Key: w.key, Digest: "SHA256", Direction: tlswrap.Normal},
		IPv4: netip.MustParsePrefix("172.27.224.0/24"), Routes: []netip.Prefix{netip.MustParsePrefix("10.10.0.0/16")},
		Digest: "SHA256", Listeners: []net.Listener{listener},
	}
	if bend != nil {
		bend(&config)
	}
	server, err := gateway.New(config)
	w.must(err)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx) }()
	w.t.Cleanup(func() { cancel(); <-served })
}

// link gives the laptop an interface of its own, with nothing at its other end.
func (w *world) link(name, address string) {
	w.must(netns.Connect(w.laptop, name, w.street, "far-"+name))
	w.must(w.laptop.AddAddress(name, netip.MustParsePrefix(address)))
}

// connected says that the profile is connected through an interface with these routes and name servers, and makes the interface.
func (w *world) connected(dns ...netip.Addr) {
	const device = "footbridge0"
	routes := []netip.Prefix{netip.MustParsePrefix("10.10.0.0/16")}
	w.link(device, "172.27.224.2/24")
	w.must(w.street.AddAddress("far-"+device, netip.MustParsePrefix("172.27.224.1/24")))
	for _, route := range routes {
		w.must(w.laptop.AddRoute(route, netip.MustParseAddr("172.27.224.1"), device))
	}
	w.job.Session = &api.Session{ID: "1", Profile: "lab", State: tunnel.Connected, Connection: &tunnel.Session{Server: labHost, Interface: device,
		Remote: netip.MustParseAddrPort(streetAddress + ":443"), Addresses: []netip.Prefix{netip.MustParsePrefix("172.27.224.2/24")}, Routes: routes, DNSServers: dns}}
}

// diagnose runs the job in the laptop.
func (w *world) diagnose() Result {
	w.t.Helper()
	in, err := json.Marshal(w.job)
	w.must(err)
	ctx, cancel := context.WithTimeout(w.t.Context(), Limit+20*time.Second)
	defer cancel()
	executable, err := os.Executable()
	w.must(err)
	command := w.laptop.Command(ctx, executable)
	command.Env = []string{jobVariable + "=1", "PATH=" + os.Getenv("PATH"), "HOME=/"}
	command.Stdin = bytes.NewReader(in)
	var complaints bytes.Buffer
	command.Stderr = &complaints
	out, err := command.Output()
	if err != nil {
		w.t.Fatalf("%v: %s", err, complaints.String())
	}
	var result Result
	w.must(json.Unmarshal(out, &result))
	return result
}

// Set-ups that need a network of their own, and programs that are not ours.
func TestNamesTheFaultInANetwork(t *testing.T) {
	drop := func(w *world) { // what is sent there comes to nothing, and nobody says so: the street knows no way back
		w.must(w.street.RemoveAddress("eth0", netip.MustParsePrefix(streetAddress+"/24")))
		w.must(w.street.AddAddress("eth0", netip.MustParsePrefix(streetAddress+"/32")))
	}
	tests := []struct {
		name string
		want ID
		bend func(w *world)
	}{
		{"nothing", AllWell, func(w *world) { w.serve(nil) }},
		{"no network", NetworkDown, func(w *world) { w.must(w.laptop.SetDown("eth0")) }},
		{"black hole", InternetUnreachable, func(w *world) { drop(w); w.profile(streetAddress, staticKey("f")) }},
		{"black hole with names", InternetUnreachable, drop},
		{"secret that Debian's gateway does not know", SecretRefused, func(w *world) {
			w.profile(labHost, staticKey("0"))
			w.openvpn(nil)
		}},
		{"certificate that Debian's gateway revoked", SignInCertificateClosed, func(w *world) {
			list, err := w.pki.ClientRoot.NewRevocationList(w.user.Certificate)
			w.must(err)
			w.openvpn(list)
		}},
		{"Debian's gateway", AllWell, func(w *world) { w.openvpn(nil) }},
		{"same addresses at home", RoutesLAN, func(w *world) { w.serve(nil); w.link("eth1", "10.10.0.9/16") }},
		{"some of the addresses at home", RoutesLANPart, func(w *world) { w.serve(nil); w.link("eth1", "10.10.7.9/24") }},
		{"Docker's bridge", RoutesContainers, func(w *world) { w.serve(nil); w.link("docker0", "10.10.0.1/16") }},
		{"another tunnel", RoutesTunnel, func(w *world) {
			w.serve(nil)
			w.link("wg0", "100.64.0.2/32")
			w.must(w.laptop.AddRoute(netip.MustParsePrefix("10.10.4.0/24"), netip.Addr{}, "wg0"))
		}},
		{"name server behind the tunnel is silent", DNSUnreachable, func(w *world) { w.connected(netip.MustParseAddr("10.10.0.53")) }},
		{"route is gone", RoutesGone, func(w *world) {
			w.connected()
			w.job.Session.Connection.Routes = append(w.job.Session.Connection.Routes, netip.MustParsePrefix("10.20.0.0/16"))
		}},
		{"name server is not asked", DNSNotSet, func(w *world) {
			w.connected(netip.MustParseAddr("172.27.224.1"))
			packets, err := w.street.ListenPacket(w.t.Context(), "udp", "172.27.224.1:53")
			w.must(err)
			names := site.NewNames(site.NamesOptions{Packets: packets, Zones: []string{"."}})
			w.t.Cleanup(func() { names.Close() })
		}},
		{"host has no such name", HostNotFound, func(w *world) { w.connected(); w.job.Host = "none.corp.lab" }},
		{"host is silent", HostUnreachable, func(w *world) { w.connected(); w.job.Host = "db.corp.lab:5432" }},
		{"host is outside the tunnel", HostOutside, func(w *world) { w.connected(); w.job.Host = "10.99.0.4" }},
		{"host's port is closed", HostAnswers, func(w *world) { w.connected(); w.job.Host = "172.27.224.1:9" }},
		{"host answers", AllWell, func(w *world) { w.connected(); w.job.Host = "172.27.224.1" }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			test.bend(w)
			result := w.diagnose()
			if strings.HasPrefix(test.name, "black hole") {
				if result.Summary.ID != test.want || result.Summary.Verdict != Failed || result.Took > Limit {
					t.Errorf("after %v: %+v", result.Took, result.Summary)
				}
				return
			}
			expect(t, result, test.want)
		})
	}
}

// openvpn starts Debian's OpenVPN as the gateway.
func (w *world) openvpn(revoked []byte) {
	w.t.Helper()
	started, err := openvpnd.Start(w.t.Context(), openvpnd.Options{Namespace: w.street, Listen: netip.MustParseAddrPort(streetAddress + ":443"), Proto: "tcp",
		Wrap: tlswrap.Auth, StaticKey: w.key, Auth: "SHA256", Identity: w.pki.Gateway, Roots: []*pki.Authority{w.pki.ClientRoot}, Revoked: revoked,
		IPv4: netip.MustParsePrefix("172.27.224.0/24"), Routes: []netip.Prefix{netip.MustParsePrefix("10.10.0.0/16")}})
	w.must(err)
	w.t.Cleanup(func() {
		if err := started.Stop(); err != nil {
			w.t.Error(err)
		}
	})
}
