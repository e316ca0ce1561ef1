package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/pki"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/relay"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

// Each test here runs the program as a user would, against Debian's OpenVPN as the gateway.

func TestRunOverTCPAndUDP(t *testing.T) {
	for _, proto := range []string{"tcp", "udp"} {
		t.Run(proto, func(t *testing.T) {
			w := newWorld(t)
			w.startGateway(w.gatewayOptions(proto))
			echo := w.echo(insideAddress)
			before := w.leftovers()
			p := w.run(w.profile(proto))
			session := p.awaitSession()
			if session.Transport != proto || session.Cipher != "AES-256-GCM" || fmt.Sprint(session.Routes) != "[10.10.0.0/16]" || session.GatewayName != gatewayName {
				t.Errorf("session %+v", session)
			}
			w.exchange(echo, 3_000_000)
			p.signal(syscall.SIGINT)
			if code := p.exit(); code != 0 {
				t.Errorf("exit code %d", code)
			}
			if after := w.leftovers(); after != before {
				t.Errorf("the computer is not as it was:\n%s\nbefore:\n%s", after, before)
			}
		})
	}
}

// Nothing is lost when keys are renewed every few seconds under traffic, whoever starts it.
func TestRenegotiationUnderTraffic(t *testing.T) {
	for _, who := range []string{"gateway", "client"} {
		for _, proto := range []string{"tcp", "udp"} {
			t.Run(who+" over "+proto, func(t *testing.T) {
				w := newWorld(t)
				options := w.gatewayOptions(proto)
				lines := []string{"reneg-sec 0"}
				if who == "gateway" {
					options.Renegotiate = 3 * time.Second
				} else {
					options.Renegotiate = -1
					lines[0] = "reneg-sec 3"
				}
				w.startGateway(options)
				echo := w.echo(insideAddress)
				p := w.run(w.profile(proto, lines...))
				p.awaitSession()
				traffic := startTraffic(w, echo)
				for range 3 {
					p.await("renewed keys", func(e event) bool { return e.Stage == tunnel.Renegotiated })
					p.forget()
				}
				if sent := traffic.stop(); sent < 100_000 {
					t.Errorf("only %d bytes went through", sent)
				}
			})
		}
	}
}

// traffic sends random bytes to an echo and compares what comes back, until it is stopped.
type traffic struct {
	w      *world
	conn   net.Conn
	halt   chan struct{}
	result chan error
	sent   int
}

func startTraffic(w *world, address string) *traffic {
	conn, err := w.dial(address)
	w.must(err)
	tr := &traffic{w: w, conn: conn, halt: make(chan struct{}), result: make(chan error, 1)}
	go func() { tr.result <- tr.pump() }()
	return tr
}

func (tr *traffic) pump() error {
	block, back := make([]byte, 8192), make([]byte, 8192)
	for {
		select {
		case <-tr.halt:
			return nil
		default:
		}
		rand.Read(block)
		tr.conn.SetDeadline(time.Now().Add(20 * time.Second))
		if _, err := tr.conn.Write(block); err != nil {
			return err
		}
		if _, err := io.ReadFull(tr.conn, back); err != nil {
			return err
		}
		if !bytes.Equal(block, back) {
			return fmt.Errorf("the echo differs after %d bytes", tr.sent)
		}
		tr.sent += len(block)
	}
}

func (tr *traffic) stop() int {
	tr.w.t.Helper()
	close(tr.halt)
	if err := <-tr.result; err != nil {
		tr.w.t.Errorf("traffic: %v", err)
	}
	tr.conn.Close()
	return tr.sent
}

func TestManyRoutes(t *testing.T) {
	w := newWorld(t)
	options := w.gatewayOptions("tcp")
	options.Routes = nil
	for i := range 1500 {
		options.Routes = append(options.Routes, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(100 + i/250), byte(i % 250), 0}), 24))
	}
	w.startGateway(options)
	p := w.run(w.profile("tcp"))
	if session := p.awaitSession(); len(session.Routes) != 1500 {
		t.Errorf("%d routes in the session", len(session.Routes))
	}
	out, err := w.laptop.Command(t.Context(), "sh", "-c", "ip route | grep -c 'dev footbridge0'").Output()
	w.must(err)
	if got := strings.TrimSpace(string(out)); got != "1501" { // and the tunnel's own network
		t.Errorf("%s routes in the kernel", got)
	}
}

func TestIPv6Inside(t *testing.T) {
	for _, proto := range []string{"tcp", "udp"} {
		t.Run(proto, func(t *testing.T) {
			w := newWorld(t)
			options := w.gatewayOptions(proto)
			options.IPv6 = netip.MustParsePrefix("fd00:201::/64")
			options.Routes = append(options.Routes, netip.MustParsePrefix("fd00:10::/64"))
			w.startGateway(options)
			echo := w.echo(insideIPv6)
			p := w.run(w.profile(proto))
			p.awaitSession()
			w.exchange(echo, 500_000)
		})
	}
}

// What can be wrong, and what the user is told. Against OpenVPN a wrong tls-auth key is met with silence.
func TestRunFailures(t *testing.T) {
	other := tlswrap.GenerateStaticKey()
	tests := []struct {
		name  string
		edit  func(*world) (profile string)
		code  tunnel.Code
		says  string // in the problem's detail
		retry bool   // it goes on trying: the code comes with a retry
	}{
		{name: "a wrong tls-auth key", edit: func(w *world) string { return w.profileWith("udp", other.PEM(), "hand-window 3") }, code: tunnel.NoAnswer, retry: true},
		{name: "a wrong root", edit: func(w *world) string {
			w.certificates.GatewayRoot = w.certificates.ClientRoot
			return w.profile("udp")
		}, code: tunnel.GatewayUntrusted, says: "Lab Global Root G2"},
		{name: "a wrong name", edit: func(w *world) string { return w.profile("udp", "verify-x509-name other.example name") }, code: tunnel.GatewayWrongName, says: gatewayName},
		{name: "an unknown client certificate", edit: func(w *world) string {
			w.client = w.identity(w.certificates.UnknownClient("mallory"))
			return w.profile("udp", "hand-window 3")
		}, code: tunnel.ResetAfterKey, retry: true}, // OpenVPN drops the session without sending its TLS alert
		{name: "an expired client certificate", edit: func(w *world) string {
			w.client = w.identity(w.certificates.ExpiredClient("alice"))
			return w.profile("udp")
		}, code: tunnel.CertificateExpired},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			options := w.gatewayOptions("udp")
			w.startGateway(options)
			p := w.run(test.edit(w))
			if test.retry {
				p.await("retry", func(e event) bool { return e.Kind == tunnel.KindRetry && e.Problem.Code == test.code })
				return
			}
			if problem := p.awaitFailure(test.code); !strings.Contains(problem.Detail, test.says) {
				t.Errorf("detail %q, want %q in it", problem.Detail, test.says)
			}
		})
	}
}

// Over TCP the gateway hangs up on a client certificate that it refuses, which looks the same with every hello.
func TestUnknownCertificateOverTCP(t *testing.T) {
	w := newWorld(t)
	w.startGateway(w.gatewayOptions("tcp"))
	w.client = w.identity(w.certificates.UnknownClient("mallory"))
	problem := w.run(w.profile("tcp")).awaitFailure(tunnel.ResetAfterKey)
	if !strings.Contains(problem.Remedy, "certificate") {
		t.Errorf("remedy %q", problem.Remedy)
	}
}

func TestGatewayIsKilledAndComesBack(t *testing.T) {
	for _, proto := range []string{"tcp", "udp"} {
		t.Run(proto, func(t *testing.T) {
			w := newWorld(t)
			gateway := w.startGateway(w.gatewayOptions(proto))
			echo := w.echo(insideAddress)
			p := w.run(w.profile(proto, "hand-window 5"))
			p.awaitSession()
			w.exchange(echo, 1000)
			p.forget()
			w.must(gateway.Kill())
			p.await("reconnecting", func(e event) bool { return e.State == tunnel.Reconnecting })
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			w.must(gateway.Restart(ctx))
			p.awaitSession()
			w.exchange(echo, 100_000)
		})
	}
}

// The laptop gets another address: over UDP the session goes on, over TCP a new one comes at once.
func TestLaptopMoves(t *testing.T) {
	for _, proto := range []string{"tcp", "udp"} {
		t.Run(proto, func(t *testing.T) {
			w := newWorld(t)
			w.startGateway(w.gatewayOptions(proto))
			echo := w.echo(insideAddress)
			p := w.run(w.profile(proto, "hand-window 5"))
			p.awaitSession()
			w.exchange(echo, 1000)
			p.forget()
			w.must(w.laptop.RemoveAddress("eth0", netip.MustParsePrefix("203.0.113.10/24")))
			w.must(w.laptop.AddAddress("eth0", netip.MustParsePrefix("203.0.113.11/24")))
			if proto == "tcp" {
				p.awaitSession()
			}
			w.exchange(echo, 100_000)
			if proto == "udp" && p.saw(func(e event) bool { return e.State == tunnel.Reconnecting }) {
				t.Error("the session was given up")
			}
		})
	}
}

func TestGatewayThatAnswersNothing(t *testing.T) {
	w := newWorld(t)
	socket, err := w.gateway.ListenPacket(t.Context(), "udp", gatewayAddress+":443")
	w.must(err)
	defer socket.Close()
	p := w.run(w.profile("udp", "hand-window 2"), "--timeout", "6s")
	p.await("retry", func(e event) bool { return e.Kind == tunnel.KindRetry && e.Problem.Code == tunnel.NoAnswer })
	if problem := p.awaitFailure(tunnel.TimedOut); !strings.Contains(problem.Detail, "did not answer") {
		t.Errorf("detail %q", problem.Detail)
	}
}

// One datagram in ten is lost, and some come late: the tunnel comes up and carries TCP without a wrong byte.
func TestLossAndReordering(t *testing.T) {
	w := newWorld(t)
	options := w.gatewayOptions("udp")
	options.Listen = netip.MustParseAddrPort(gatewayAddress + ":1194")
	w.startGateway(options)
	front, err := w.gateway.ListenPacket(t.Context(), "udp", gatewayAddress+":443")
	w.must(err)
	bad := relay.Impairment{Loss: 0.1, Reorder: 0.05, Duplicate: 0.02, Delay: 2 * time.Millisecond, Jitter: 3 * time.Millisecond}
	r := relay.NewDatagram(relay.DatagramOptions{Front: front, Up: bad, Down: bad, Seed: 7,
		Dial: func(ctx context.Context) (net.Conn, error) { return w.gateway.Dial(ctx, "udp", gatewayAddress+":1194") }})
	defer r.Close()
	echo := w.echo(insideAddress)
	p := w.run(w.profile("udp", "tls-timeout 1"))
	p.awaitSession()
	w.exchange(echo, 200_000)
	if up, down := r.Counters(); up.Lost == 0 || down.Lost == 0 || up.Reordered+down.Reordered == 0 {
		t.Errorf("the relay did nothing: %+v %+v", up, down)
	}
}

func TestPasswords(t *testing.T) {
	w := newWorld(t)
	options := w.gatewayOptions("tcp")
	long := strings.Repeat("p", 127) // the longest that OpenVPN takes
	options.Users = map[string]string{"alice": long}
	w.startGateway(options)
	for _, test := range []struct {
		name, password string
		want           tunnel.Code
	}{{"right", long, ""}, {"wrong", "guess", tunnel.AuthFailed}} {
		t.Run(test.name, func(t *testing.T) {
			w.t = t
			p := w.prepare(w.profile("tcp", "auth-user-pass"), "--username", "alice", "--password-stdin")
			p.command.Stdin = strings.NewReader(test.password + "\n")
			p.start()
			if test.want == "" {
				p.awaitSession()
				return
			}
			p.awaitFailure(test.want)
			if strings.Contains(p.stderr.String(), test.password) {
				t.Error("the password is in the log")
			}
		})
	}
}

func TestPKCS12(t *testing.T) {
	w := newWorld(t)
	w.startGateway(w.gatewayOptions("tcp"))
	below, err := w.certificates.ClientBelowIntermediate("bob", pki.ECDSA)
	w.must(err)
	data, err := below.PKCS12("s3cret")
	w.must(err)
	p12, password := filepath.Join(w.dir, "bob.p12"), filepath.Join(w.dir, "password")
	w.must(os.WriteFile(p12, data, 0o600))
	w.must(os.WriteFile(password, []byte("s3cret\n"), 0o600))
	w.runWith(w.profile("tcp"), "--pkcs12", p12, "--pkcs12-password-file", password).awaitSession()
}

// After kill -9 the next start, or cleanup, puts the computer right.
func TestKillAndCleanup(t *testing.T) {
	for _, mend := range []string{"cleanup", "next start"} {
		t.Run(mend, func(t *testing.T) {
			w := newWorld(t)
			options := w.gatewayOptions("tcp")
			options.Push = []string{"redirect-gateway def1", "dhcp-option DNS 10.10.0.53"}
			w.startGateway(options)
			before := w.leftovers()
			p := w.run(w.profile("tcp"))
			p.awaitSession()
			if during := w.leftovers(); !strings.Contains(during, "10.10.0.53") || !strings.Contains(during, "footbridge0") {
				t.Errorf("the tunnel does not show:\n%s", during)
			}
			p.signal(syscall.SIGKILL)
			<-p.ended
			if mend == "cleanup" {
				self, err := os.Executable()
				w.must(err)
				cleanup := w.laptop.Command(t.Context(), self, "cleanup", "--state-dir", filepath.Join(w.dir, "state"))
				cleanup.Env = append(os.Environ(), runAsFootbridge+"=1")
				if out, err := cleanup.CombinedOutput(); err != nil {
					t.Fatalf("cleanup: %v\n%s", err, out)
				}
			} else {
				again := w.run(w.profile("tcp"))
				again.awaitSession()
				again.signal(syscall.SIGTERM)
				if code := again.exit(); code != 0 {
					t.Errorf("exit code %d", code)
				}
			}
			if after := w.leftovers(); after != before {
				t.Errorf("the computer is not as it was:\n%s\nbefore:\n%s", after, before)
			}
		})
	}
}

func TestLeaveDNS(t *testing.T) {
	w := newWorld(t)
	options := w.gatewayOptions("tcp")
	options.Push = []string{"dhcp-option DNS 10.10.0.53"}
	w.startGateway(options)
	p := w.run(w.profile("tcp"), "--leave-dns")
	if session := p.awaitSession(); len(session.DNSServers) != 0 || strings.Contains(w.leftovers(), "10.10.0.53") {
		t.Errorf("name resolution was touched: %v", session.DNSServers)
	}
}

func TestForcedTunnelling(t *testing.T) {
	w := newWorld(t)
	options := w.gatewayOptions("udp")
	options.Push = []string{"redirect-gateway def1"}
	w.startGateway(options)
	w.must(w.laptop.AddRoute(netip.MustParsePrefix("0.0.0.0/0"), netip.MustParseAddr(gatewayAddress), "eth0"))
	w.must(w.gateway.AddAddress("lo", netip.MustParsePrefix("198.51.100.7/32")))
	echo := w.echo("198.51.100.7")
	p := w.run(w.profile("udp"))
	p.awaitSession()
	w.exchange(echo, 100_000)
	out, err := w.laptop.Command(t.Context(), "ip", "route", "get", "198.51.100.7").Output()
	w.must(err)
	if !regexp.MustCompile(`dev footbridge0`).Match(out) {
		t.Errorf("an outside address does not go through the tunnel: %s", out)
	}
	out, err = w.laptop.Command(t.Context(), "ip", "route", "get", gatewayAddress).Output()
	w.must(err)
	if !bytes.Contains(out, []byte("dev eth0")) {
		t.Errorf("the gateway's own path is in the tunnel: %s", out)
	}
}

func TestNotAProfile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(path, []byte("<!DOCTYPE html><html><body>Sign in</body></html>"), 0o600); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(self, "run", path)
	command.Env = append(os.Environ(), runAsFootbridge+"=1")
	out, err := command.CombinedOutput()
	if code := command.ProcessState.ExitCode(); code != exitFailed || !strings.Contains(string(out), "web page") {
		t.Errorf("exit code %d, %v: %s", code, err, out)
	}
}
