package diagnosis

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
	"github.com/footbridge-vpn/footbridge/tunnel/gateway"
	"github.com/footbridge-vpn/footbridge/tunnel/identity"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/pki"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
)

// wantsPassword makes the gateway and the profile use a user name and password.
func (r *rig) wantsPassword() {
	r.gateway.TLS.ClientAuth = tls.NoClientCert
	r.gateway.Authenticate = func(_ context.Context, login gateway.Login) (gateway.Decision, error) {
		if login.Username == "alice" && login.Password == "correct horse" {
			return gateway.Decision{Outcome: gateway.Accept}, nil
		}
		return gateway.Decision{}, nil
	}
	r.options.Profile.Authentication = profiles.Authentication{Type: profiles.UsernamePassword}
	r.options.Certificate = nil
}

func (r *rig) password(password string) {
	r.options.Credential = func(context.Context) (Credential, error) { return Credential{"alice", secret.Text(password)}, nil }
}

// server makes something else than a gateway listen where the profile's is.
func (r *rig) server(listener net.Listener) {
	r.options.Profile.Servers = []profiles.Server{{Host: labHost, Port: portOf(listener)}}
}

// proxy puts an HTTP proxy that answers as told before the gateway.
func (r *rig) proxy(status int) {
	listener := r.listen()
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Proxy-Authenticate", `Basic realm="lab"`)
		w.WriteHeader(status)
	})}
	go server.Serve(listener)
	r.t.Cleanup(func() { server.Close() })
	r.options.Profile.Proxy = &profiles.Proxy{Type: profiles.HTTPProxy, Host: "127.0.0.1", Port: portOf(listener)}
}

// impostor is another gateway's certificate, of a root that nobody knows.
func impostor(rootName string) (*pki.Identity, error) {
	root, err := pki.NewRoot(rootName, pki.ECDSA)
	if err != nil {
		return nil, err
	}
	return root.Issue(pki.Request{CommonName: gatewayName, DNSNames: []string{gatewayName}, Usage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
}

func (r *rig) gatewayRequest() pki.Request {
	return pki.Request{CommonName: gatewayName, DNSNames: []string{gatewayName}, Usage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
}

// Every set-up is whole but for one thing, which the summary names.
func TestNamesTheFault(t *testing.T) {
	tests := []struct {
		name string
		want ID
		bend func(r *rig)
	}{
		{"nothing", AllWell, func(*rig) {}},
		{"password", AllWell, func(r *rig) { r.wantsPassword(); r.password("correct horse") }},

		{"service down", ServiceNotRunning, func(r *rig) { r.options.Service = api.Dial(filepath.Join(r.t.TempDir(), "none.sock")) }},
		{"service of another version", ServiceVersion, func(r *rig) { r.snapshot.Service = "0.9" }},
		{"not permitted", PermissionDenied, func(r *rig) { r.snapshot.Role = api.Observe }},
		{"policy broken", PolicyUnreadable, func(r *rig) { r.policy = api.Policy{Source: "policy.toml", Problem: "line 3"} }},
		{"machine profiles only", PolicyMachineOnly, func(r *rig) { r.policy.MachineProfilesOnly = true }},

		{"portal redirects", PortalFound, func(r *rig) {
			r.web = func(w http.ResponseWriter, q *http.Request) {
				http.Redirect(w, q, "http://login.hotel.example/", http.StatusFound)
			}
		}},
		{"portal replaces the page", PortalFound, func(r *rig) {
			r.web = func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>Welcome to the hotel</html>") }
		}},
		{"portal says so", PortalFound, func(r *rig) {
			r.web = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNetworkAuthenticationRequired) }
		}},
		{"clock behind", ClockWrong, func(r *rig) { r.options.Now = func() time.Time { return time.Now().Add(-10 * time.Minute) } }},
		{"clock of another year", ClockWrong, func(r *rig) { r.options.Now = func() time.Time { return time.Now().AddDate(-3, 0, 0) } }},

		{"proxy down", ProxyUnreachable, func(r *rig) {
			listener := r.listen()
			listener.Close()
			r.options.Profile.Proxy = &profiles.Proxy{Type: profiles.HTTPProxy, Host: "127.0.0.1", Port: portOf(listener)}
		}},
		{"proxy of no such name", ProxyNameNotFound, func(r *rig) {
			r.options.Profile.Proxy = &profiles.Proxy{Type: profiles.HTTPProxy, Host: "proxy.lab", Port: 8080}
		}},
		{"proxy forbids", ProxyForbids, func(r *rig) { r.proxy(http.StatusForbidden) }},
		{"proxy wants a password", ProxyNeedsSignIn, func(r *rig) { r.proxy(http.StatusProxyAuthRequired) }},
		{"proxy refuses the password", ProxyRefusedSignIn, func(r *rig) {
			r.proxy(http.StatusProxyAuthRequired)
			r.options.Profile.Proxy.Username, r.options.Profile.Proxy.Password = "bob", "wrong"
		}},
		{"proxy cannot reach the gateway", ProxyCannotReach, func(r *rig) { r.proxy(http.StatusBadGateway) }},

		{"no such name", NamesNotFound, func(r *rig) { delete(r.records, labHost) }},
		{"name servers that know nothing", InternetUnresolved, func(r *rig) {
			delete(r.records, labHost)
			r.options.Probes = Probes{InternetURL: "http://connecttest.lab/", Expected: portalText, ClockURL: "https://clock.lab/"}
		}},
		{"name servers silent", NamesNoAnswer, func(r *rig) {
			silent, err := net.ListenPacket("udp", "127.0.0.1:0")
			if err != nil {
				r.t.Fatal(err)
			}
			r.t.Cleanup(func() { silent.Close() })
			r.options.Resolver = localResolver(silent.LocalAddr().String())
		}},
		{"one name server does not know it", NamesDiffer, func(r *rig) {
			knows := r.nameServer(r.records)
			other := r.nameServer(map[string][]netip.Addr{"other.lab": {netip.MustParseAddr("127.0.0.1")}})
			r.options.Resolver = localResolver(other.String())
			r.options.Computer = func(context.Context) (*Computer, error) { return laptop(other, knows), nil }
		}},
		{"name is blocked", NamesFalse, func(r *rig) { r.records[labHost] = []netip.Addr{netip.MustParseAddr("0.0.0.0")} }},
		{"name is diverted", NamesFalse, func(r *rig) {
			const azure = "azuregateway-11111111-2222-3333-4444-555555555555-0123456789ab.vpn.azure.com"
			r.records[azure] = []netip.Addr{netip.MustParseAddr("192.168.1.1")}
			r.options.Profile.Servers = []profiles.Server{{Host: azure, Port: 443}}
		}},
		{"only IPv6", NamesIPv6Only, func(r *rig) { r.records[labHost] = []netip.Addr{netip.MustParseAddr("2001:db8::1")} }},

		{"port closed", ReachRefused, func(r *rig) { r.noServer = true }},
		{"web server on the port", OpenVPNWebServer, func(r *rig) {
			server := httptest.NewTLSServer(http.NotFoundHandler())
			r.t.Cleanup(server.Close)
			r.server(server.Listener)
		}},
		{"plain web server on the port", OpenVPNWebServer, func(r *rig) {
			listener := r.listen()
			r.t.Cleanup(func() { listener.Close() })
			go answerAll(listener, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
			r.server(listener)
		}},
		{"SSH on the port", OpenVPNOther, func(r *rig) {
			listener := r.listen()
			r.t.Cleanup(func() { listener.Close() })
			go answerAll(listener, "SSH-2.0-OpenSSH_9.2\r\n")
			r.server(listener)
		}},
		{"old secret, met with a reset", SecretRefused, func(r *rig) { r.gateway.Faults.ResetAfterReset = true }},
		{"old secret, met with silence", SecretSilence, func(r *rig) { r.impatient(); r.gateway.Faults.Silent = true }},
		{"large packets are lost", TLSStalled, func(r *rig) { r.impatient(); r.gateway.Faults.StallTLS = true }},
		{"only TLS 1.3 here, 1.2 there", TLSVersion, func(r *rig) {
			r.gateway.TLS.MaxVersion = tls.VersionTLS12
			r.options.Profile.OpenVPN.TLSVersionMin = tls.VersionTLS13
		}},

		{"another root", GatewayUntrusted, func(r *rig) { r.present(impostor("Somebody's Root")) }},
		{"root renewed by Azure", GatewayOldRoot, func(r *rig) {
			r.options.Profile.Gateway.RootThumbprints = []string{oldRoot}
			r.present(impostor(newRootName))
		}},
		{"another name", GatewayWrongName, func(r *rig) {
			request := r.gatewayRequest()
			request.CommonName, request.DNSNames = "99999999-2222-3333-4444-555555555555.vpn.azure.com", nil
			r.present(r.pki.GatewayIntermediate.Issue(request))
		}},
		{"gateway's certificate expired", GatewayExpired, func(r *rig) {
			request := r.gatewayRequest()
			request.NotBefore, request.NotAfter = time.Now().AddDate(0, -2, 0), time.Now().AddDate(0, 0, -1)
			r.present(r.pki.GatewayIntermediate.Issue(request))
		}},
		{"gateway's certificate of tomorrow", GatewayNotYet, func(r *rig) {
			request := r.gatewayRequest()
			request.NotBefore = time.Now().AddDate(0, 0, 1)
			r.present(r.pki.GatewayIntermediate.Issue(request))
		}},
		{"gateway's certificate ends tomorrow", GatewayEndsSoon, func(r *rig) {
			request := r.gatewayRequest()
			request.NotAfter = time.Now().AddDate(0, 0, 1)
			r.present(r.pki.GatewayIntermediate.Issue(request))
		}},

		{"no client certificate", CertificateMissing, func(r *rig) { r.options.Certificate = nil }},
		{"client certificate expired", CertificateExpired, func(r *rig) { r.options.Certificate = r.client(r.pki.ExpiredClient("user")) }},
		{"client certificate of tomorrow", CertificateNotYet, func(r *rig) { r.options.Certificate = r.client(r.pki.NotYetValidClient("user")) }},
		{"client certificate for servers", CertificateUsage, func(r *rig) { r.options.Certificate = r.client(r.pki.ServerOnlyClient("user")) }},
		{"client certificate of another thumbprint", CertificateOther, func(r *rig) {
			r.options.Profile.Authentication.Certificate = &profiles.CertificateSelector{Thumbprint: identity.Thumbprint(r.pki.ClientRoot.Certificate)}
		}},
		{"client certificate ends soon", CertificateEndsSoon, func(r *rig) {
			r.options.Certificate = r.client(r.pki.ClientRoot.Issue(pki.Request{CommonName: "user", Key: pki.ECDSA, Usage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
				NotAfter: time.Now().AddDate(0, 0, 10)}))
		}},
		{"client certificate of an unknown root", SignInRevoked, func(r *rig) { r.options.Certificate = r.client(r.pki.UnknownClient("user")) }},
		{"wrong password", SignInRefused, func(r *rig) { r.wantsPassword(); r.password("wrong") }},
		{"gateway closes after the certificate", SignInCertificateClosed, func(r *rig) { r.gateway.Faults.ResetAfterKeyMaterial = true }},
		{"gateway closes after the sign-in", SignInReset, func(r *rig) {
			r.wantsPassword()
			r.password("correct horse")
			r.gateway.Faults.ResetAfterKeyMaterial = true
		}},
		{"identity server down", SignInTemporary, func(r *rig) { r.gateway.Faults.Refuse = &push.AuthFailed{Temporary: true} }},
		{"no configuration", PushNone, func(r *rig) { r.impatient(); r.gateway.Faults.WithholdPush = true }},
		{"no routes", PushNoRoutes, func(r *rig) { r.gateway.Routes = nil }},
		{"Azure's own name server", DNSAzureOnly, func(r *rig) { r.gateway.DNS = []netip.Addr{azureServer} }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			test.bend(r)
			expect(t, r.run(), test.want)
		})
	}
}

// answerAll says the same to everybody and hangs up when they do.
func answerAll(listener net.Listener, text string) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			buffer := make([]byte, 512)
			conn.Read(buffer)
			fmt.Fprint(conn, text)
			conn.Read(buffer)
		}()
	}
}
