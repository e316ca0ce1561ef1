package transport

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

const password = "pa:ss w\"örd%2F"

// startGateway accepts streams and sends every packet back; it speaks first, as early as it can.
func startGateway(t testing.TB) netip.AddrPort {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				conn.Write(batchOf(true, []byte{0x40, 'h', 'i'}).Buffer)
				io.Copy(conn, conn)
				conn.Close()
			}()
		}
	}()
	return addrPort(listener.Addr())
}

func proxyAt(kind profiles.ProxyType, address netip.AddrPort, username string, pass secret.Text) *profiles.Proxy {
	return &profiles.Proxy{Type: kind, Host: address.Addr().String(), Port: address.Port(), Username: username, Password: pass}
}

func exchange(t *testing.T, conn Conn) {
	t.Helper()
	defer conn.Close()
	sent := somePackets(300, 4)
	go conn.WritePackets(batchOf(true, sent...))
	got := readCount(t, conn, 1+len(sent))
	if !bytes.Equal(got[0], []byte{0x40, 'h', 'i'}) || !equalPackets(got[1:], sent) {
		t.Error("packets changed on their way through the proxy")
	}
}

func TestTCPThroughProxies(t *testing.T) {
	gateway := startGateway(t)
	name := fmt.Sprintf("gateway.example:%d", gateway.Port())
	kinds := map[profiles.ProxyType]func(*proxyServer, net.Conn){profiles.HTTPProxy: serveHTTPProxy, profiles.SOCKS5Proxy: serveSOCKS}
	tests := []struct {
		name   string
		kind   profiles.ProxyType
		server *proxyServer
		tries  int64
	}{
		{"HTTP", profiles.HTTPProxy, &proxyServer{}, 1},
		{"HTTP with Basic", profiles.HTTPProxy, &proxyServer{scheme: "Basic", username: "ann", password: password}, 2},
		{"HTTP with Digest", profiles.HTTPProxy, &proxyServer{scheme: "Digest", username: "ann", password: password}, 2},
		{"HTTP with a stale nonce", profiles.HTTPProxy, &proxyServer{scheme: "Digest", stale: true, username: "ann", password: password}, 3},
		{"SOCKS5", profiles.SOCKS5Proxy, &proxyServer{}, 1},
		{"SOCKS5 with a password", profiles.SOCKS5Proxy, &proxyServer{username: "ann", password: password}, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.server.names = map[string]netip.AddrPort{name: gateway}
			address := startProxy(t, test.server, kinds[test.kind])
			for _, host := range []string{"gateway.example", gateway.Addr().String()} {
				before := test.server.requests.Load()
				conn, err := Dial(t.Context(), Options{Host: host, Port: gateway.Port(), Proxy: proxyAt(test.kind, address, test.server.username, secret.Text(test.server.password))})
				if err != nil {
					t.Fatal(err)
				}
				if conn.Remote() != address {
					t.Errorf("remote %v, want the proxy %v", conn.Remote(), address)
				}
				exchange(t, conn)
				if asked := test.server.asked.Load(); asked != net.JoinHostPort(host, fmt.Sprint(gateway.Port())) {
					t.Errorf("the proxy was asked for %v", asked)
				}
				if tries := test.server.requests.Load() - before; host == "gateway.example" && tries != test.tries {
					t.Errorf("%d connections to the proxy, want %d", tries, test.tries)
				}
			}
		})
	}
}

// serveText answers anything with a text.
func serveText(text string) func(*proxyServer, net.Conn) {
	return func(_ *proxyServer, conn net.Conn) {
		conn.Read(make([]byte, 1024))
		io.WriteString(conn, text)
		conn.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, conn)
		conn.Close()
	}
}

func TestProxyErrors(t *testing.T) {
	silent := func(_ *proxyServer, conn net.Conn) { io.Copy(io.Discard, conn) }
	endless := func(_ *proxyServer, conn net.Conn) {
		io.WriteString(conn, "HTTP/1.1 200 OK\r\n")
		for {
			if _, err := io.WriteString(conn, "X-More: "+strings.Repeat("x", 1000)+"\r\n"); err != nil {
				return
			}
		}
	}
	interim := func(_ *proxyServer, conn net.Conn) {
		for {
			if _, err := io.WriteString(conn, "HTTP/1.1 103 Early Hints\r\n\r\n"); err != nil {
				return
			}
		}
	}
	http, socks := profiles.HTTPProxy, profiles.SOCKS5Proxy
	tests := []struct {
		name     string
		kind     profiles.ProxyType
		server   *proxyServer
		serve    func(*proxyServer, net.Conn)
		username string
		code     Code
		text     string
	}{
		{"wants a password", http, &proxyServer{scheme: "Basic", username: "ann", password: "x"}, serveHTTPProxy, "", ProxyAuthentication, "wants a user name and password (offered: Negotiate, Basic)"},
		{"wrong Basic password", http, &proxyServer{scheme: "Basic", username: "ann", password: "x"}, serveHTTPProxy, "ann", ProxyAuthentication, "does not accept the user name and password"},
		{"wrong Digest password", http, &proxyServer{scheme: "Digest", username: "ann", password: "x"}, serveHTTPProxy, "ann", ProxyAuthentication, "does not accept the user name and password"},
		{"unknown scheme", http, &proxyServer{scheme: "NTLM"}, serveHTTPProxy, "ann", ProxyAuthentication, "(offered: Negotiate, NTLM; known: Basic, Digest)"},
		{"forbidden", http, &proxyServer{}, serveText("HTTP/1.1 403 Go away\r\n\r\n"), "", ProxyRefused, "the proxy answered 403 Forbidden"},
		{"gateway unreachable", http, &proxyServer{}, serveText("HTTP/1.1 502 Oops\r\n\r\n"), "", Unreachable, "cannot reach the gateway"},
		{"gateway silent", http, &proxyServer{}, serveText("HTTP/1.1 504 Oops\r\n\r\n"), "", TimedOut, "no answer from the gateway"},
		{"a web server", http, &proxyServer{}, serveText("HTTP/1.1 400 Bad Request\r\n\r\n"), "", NotAProxy, "web server"},
		{"a TLS server", http, &proxyServer{}, serveText("\x15\x03\x03\x00\x02\x02\x28"), "", NotAProxy, "it speaks TLS"},
		{"an SSH server", http, &proxyServer{}, serveText("SSH-2.0-x\r\n"), "", NotAProxy, "it speaks SSH"},
		{"nonsense", http, &proxyServer{}, serveText("HTTP/1.1 999999\r\n\r\n"), "", NotAProxy, "its answer is not HTTP"},
		{"too long", http, &proxyServer{}, endless, "", NotAProxy, "too long"},
		{"interim answers without end", http, &proxyServer{}, interim, "", NotAProxy, "without end"},
		{"nothing", http, &proxyServer{}, serveText(""), "", Closed, "closed the connection without an answer"},
		{"silence", http, &proxyServer{}, silent, "", TimedOut, "no answer from the proxy"},
		{"SOCKS wants a password", socks, &proxyServer{username: "ann", password: "x"}, serveSOCKS, "", ProxyAuthentication, "wants a user name and password"},
		{"SOCKS wrong password", socks, &proxyServer{username: "ann", password: "x"}, serveSOCKS, "ann", ProxyAuthentication, "does not accept the user name and password"},
		{"SOCKS unknown method", socks, &proxyServer{}, serveText("\x05\xff"), "ann", ProxyAuthentication, "no way to sign in"},
		{"SOCKS method not offered", socks, &proxyServer{}, serveText("\x05\x02"), "", ProxyAuthentication, "no way to sign in"},
		{"SOCKS rules", socks, &proxyServer{}, serveText("\x05\x00\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00"), "", ProxyRefused, "rules do not allow"},
		{"SOCKS gateway unreachable", socks, &proxyServer{}, serveText("\x05\x00\x05\x04\x00\x01\x00\x00\x00\x00\x00\x00"), "", Unreachable, "cannot reach the gateway"},
		{"SOCKS gateway refuses", socks, &proxyServer{}, serveText("\x05\x00\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00"), "", Refused, "the gateway refused"},
		{"SOCKS odd reply", socks, &proxyServer{}, serveText("\x05\x00\x05\x63\x00\x01\x00\x00\x00\x00\x00\x00"), "", Failed, "code 99"},
		{"SOCKS odd address", socks, &proxyServer{}, serveText("\x05\x00\x05\x00\x00\x09\x00\x00\x00\x00\x00\x00"), "", NotAProxy, "malformed"},
		{"SOCKS cut short", socks, &proxyServer{}, serveText("\x05\x00\x05\x00\x00\x01\x00"), "", Closed, "closed the connection"},
		{"SOCKS at an HTTP proxy", socks, &proxyServer{}, serveText("HTTP/1.1 400 Bad Request\r\n\r\n"), "", NotAProxy, "no SOCKS5 proxy: it speaks HTTP"},
		{"SOCKS silence", socks, &proxyServer{}, silent, "", TimedOut, "no answer from the proxy"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			address := startProxy(t, test.server, test.serve)
			timeout := patience
			if test.code == TimedOut && strings.Contains(test.text, "from the proxy") {
				timeout = 50 * time.Millisecond
			}
			_, err := Dial(t.Context(), Options{Host: "gateway.example", Port: 443, ProxyTimeout: timeout, Proxy: proxyAt(test.kind, address, test.username, password)})
			var failure *DialError
			if !errors.As(err, &failure) || failure.Stage != StageProxy || failure.Code != test.code || !strings.Contains(err.Error(), test.text) {
				t.Errorf("error %v (code %s), want %s with %q", err, Classify(err), test.code, test.text)
			}
			if err != nil && (!strings.Contains(err.Error(), "127.0.0.1") || strings.Contains(err.Error(), "w\"örd") || strings.Contains(err.Error(), "YW5u")) {
				t.Errorf("the text lacks the proxy's address or shows the password: %v", err)
			}
		})
	}
}

func TestSOCKSLimits(t *testing.T) {
	address := startProxy(t, &proxyServer{username: "ann", password: "x"}, serveSOCKS)
	long := secret.Text(strings.Repeat("x", 256))
	_, err := Dial(t.Context(), Options{Host: "gateway.example", Port: 443, Proxy: proxyAt(profiles.SOCKS5Proxy, address, "ann", long)})
	if Classify(err) != ProxyAuthentication || !strings.Contains(err.Error(), "255 bytes") {
		t.Errorf("error %v", err)
	}
	_, err = Dial(t.Context(), Options{Host: strings.Repeat("x", 256), Port: 443, Proxy: proxyAt(profiles.SOCKS5Proxy, address, "ann", "x")})
	if Classify(err) != NotSupported {
		t.Errorf("error %v", err)
	}
}

func TestUDPThroughSOCKS(t *testing.T) {
	for _, host := range []string{"gateway.example", "127.0.0.1"} {
		gateway := listenPackets(t, "127.0.0.1:0")
		destination := net.JoinHostPort(host, fmt.Sprint(gateway.Local().Port()))
		server := &proxyServer{username: "ann", password: password, fragments: true, names: map[string]netip.AddrPort{destination: gateway.Local()}}
		address := startProxy(t, server, serveSOCKS)
		conn, err := Dial(t.Context(), Options{Protocol: profiles.UDP, Host: host, Port: gateway.Local().Port(), Proxy: proxyAt(profiles.SOCKS5Proxy, address, "ann", password)})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if conn.Stream() || conn.Remote().Addr() != address.Addr() {
			t.Errorf("stream %v, remote %v", conn.Stream(), conn.Remote())
		}
		sent := sized(1, 1400, 1400, 1400, 60, 900)
		if err := conn.WritePackets(batchOf(false, sent...)); err != nil {
			t.Fatal(err)
		}
		got, from := readDatagrams(t, gateway, len(sent))
		if !equalPackets(got, sent) {
			t.Fatal("to the gateway: packets changed")
		}
		from = netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), from.Port())
		if err := gateway.WriteTo(batchOf(false, sent...), from); err != nil {
			t.Fatal(err)
		}
		if got := readCount(t, conn, len(sent)); !equalPackets(got, sent) {
			t.Error("from the gateway: packets changed")
		}
		if server.asked.Load() != destination {
			t.Errorf("the proxy was asked for %v, want %v", server.asked.Load(), destination)
		}
	}
}

// The association ends with the connection that it was asked for on, either way round.
func TestAssociationEnds(t *testing.T) {
	controls := make(chan net.Conn, 2)
	address := startProxy(t, &proxyServer{}, func(p *proxyServer, conn net.Conn) {
		controls <- conn
		serveSOCKS(p, conn)
	})
	options := Options{Protocol: profiles.UDP, Host: "127.0.0.1", Port: 9, Proxy: proxyAt(profiles.SOCKS5Proxy, address, "", "")}
	conn, err := Dial(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	(<-controls).Close()
	if _, err := conn.ReadPackets(); !errors.Is(err, errAssociationEnded) || Transient(err) {
		t.Errorf("closed by the proxy: %v", err)
	}
	if conn, err = Dial(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if _, err := conn.ReadPackets(); !errors.Is(err, net.ErrClosed) || errors.Is(err, errAssociationEnded) {
		t.Errorf("closed here: %v", err)
	}
}

func TestParseProxyURL(t *testing.T) {
	tests := []struct {
		address string
		want    profiles.Proxy
		err     string
	}{
		{"http://proxy.example:3128", profiles.Proxy{Type: profiles.HTTPProxy, Host: "proxy.example", Port: 3128}, ""},
		{"http://ann:p%40ss@proxy.example:3128/", profiles.Proxy{Type: profiles.HTTPProxy, Host: "proxy.example", Port: 3128, Username: "ann", Password: "p@ss"}, ""},
		{"proxy.example:8080", profiles.Proxy{Type: profiles.HTTPProxy, Host: "proxy.example", Port: 8080}, ""},
		{"proxy.example", profiles.Proxy{Type: profiles.HTTPProxy, Host: "proxy.example", Port: 80}, ""},
		{"SOCKS5://[2001:db8::1]", profiles.Proxy{Type: profiles.SOCKS5Proxy, Host: "2001:db8::1", Port: 1080}, ""},
		{"socks5h://ann@127.0.0.1:9050", profiles.Proxy{Type: profiles.SOCKS5Proxy, Host: "127.0.0.1", Port: 9050, Username: "ann"}, ""},
		{"https://ann:hidden@proxy.example", profiles.Proxy{}, `"https" proxies are not supported`},
		{"http://ann:hidden@:80", profiles.Proxy{}, "no host"},
		{"http://ann:hidden@proxy.example:0", profiles.Proxy{}, "between 1 and 65535"},
		{"http://ann:hidden@proxy.example:99999", profiles.Proxy{}, "between 1 and 65535"},
		{"http://ann:hidden@proxy.example:x", profiles.Proxy{}, "not a URL"},
		{"http://ann:hid%zzden@proxy.example", profiles.Proxy{}, "not a URL"},
		{"", profiles.Proxy{}, "no host"},
	}
	for _, test := range tests {
		proxy, err := ParseProxyURL(test.address)
		if test.err != "" {
			if err == nil || !strings.Contains(err.Error(), test.err) || strings.Contains(err.Error(), "hid") {
				t.Errorf("%s: error %v, want %q", test.address, err, test.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", test.address, err)
			continue
		}
		if *proxy != test.want {
			t.Errorf("%s: %+v, want %+v", test.address, *proxy, test.want)
		}
	}
}

func TestProxyFromEnvironment(t *testing.T) {
	tests := []struct {
		name string
		env  map[string]string
		host string
		want string // its host; empty: none
		err  string
	}{
		{"none", nil, "gateway.example", "", ""},
		{"https_proxy", map[string]string{"https_proxy": "http://one:1", "HTTPS_PROXY": "http://two:2", "all_proxy": "socks5://three"}, "gateway.example", "one", ""},
		{"upper case", map[string]string{"HTTPS_PROXY": "two:2"}, "gateway.example", "two", ""},
		{"all_proxy", map[string]string{"all_proxy": "socks5://three"}, "gateway.example", "three", ""},
		{"http_proxy is not for this", map[string]string{"http_proxy": "http://four:4"}, "gateway.example", "", ""},
		{"excepted name", map[string]string{"https_proxy": "http://one:1", "no_proxy": "other,.example"}, "gateway.example", "", ""},
		{"excepted network", map[string]string{"https_proxy": "http://one:1", "NO_PROXY": "192.0.2.0/24"}, "192.0.2.5", "", ""},
		{"excepted port", map[string]string{"https_proxy": "http://one:1", "no_proxy": "gateway.example:443"}, "gateway.example", "", ""},
		{"another excepted port", map[string]string{"https_proxy": "http://one:1", "no_proxy": "gateway.example:444"}, "gateway.example", "one", ""},
		{"all excepted", map[string]string{"https_proxy": "http://one:1", "no_proxy": "*"}, "gateway.example", "", ""},
		{"IPv6", map[string]string{"https_proxy": "http://one:1"}, "2001:db8::1", "one", ""},
		{"loopback", map[string]string{"https_proxy": "http://one:1"}, "127.0.0.1", "", ""},
		{"unreadable", map[string]string{"all_proxy": "ftp://ann:hidden@three"}, "gateway.example", "", "environment variable all_proxy"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, name := range []string{"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY", "http_proxy", "HTTP_PROXY"} {
				t.Setenv(name, test.env[name])
			}
			proxy, err := ProxyFromEnvironment(test.host, 443)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) || strings.Contains(err.Error(), "hidden") {
					t.Errorf("error %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if proxy != nil {
				got = proxy.Host
			}
			if got != test.want {
				t.Errorf("proxy %q, want %q", got, test.want)
			}
		})
	}
}
