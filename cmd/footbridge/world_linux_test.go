package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/authentication"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns/netnstest"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/openvpnd"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/pki"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

const (
	gatewayName    = "6b1f0f5e-2c1d-4f43-8a8e-0d1c2b3a4f50.vpn.azure.com"
	gatewayAddress = "203.0.113.1"
	insideAddress  = "10.10.0.4" // in the gateway's virtual network
	insideIPv6     = "fd00:10::4"
)

// runAsFootbridge makes the test binary behave as the program itself.
const runAsFootbridge = "FOOTBRIDGE_TEST_RUN_MAIN"

func TestMain(m *testing.M) {
	if settings, is := authentication.IsCheckCommand(os.Args); is { // OpenVPN's gateway asks who may come in
		code, why := authentication.Check(context.Background(), settings)
		if why != nil {
			fmt.Fprintln(os.Stderr, why)
		}
		os.Exit(code)
	}
	if kind := os.Getenv(runAsAsker); kind != "" {
		os.Exit(askAtTerminal(kind))
	}
	if os.Getenv(runAsFootbridge) != "" {
		main()
		os.Exit(0)
	}
	code := m.Run()
	removeProgramFile()
	os.Exit(code)
}

// world is a laptop and a gateway on one cable.
type world struct {
	t            *testing.T
	laptop       *netns.Namespace
	gateway      *netns.Namespace
	certificates *pki.Set
	client       *pki.Identity
	key          *tlswrap.StaticKey
	dir          string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, laptop: netnstest.New(t, "laptop"), gateway: netnstest.New(t, "gateway"), dir: t.TempDir()}
	w.must(netns.Connect(w.laptop, "eth0", w.gateway, "eth0"))
	w.must(w.laptop.AddAddress("eth0", netip.MustParsePrefix("203.0.113.10/24")))
	w.must(w.gateway.AddAddress("eth0", netip.MustParsePrefix(gatewayAddress+"/24")))
	w.must(w.gateway.AddAddress("lo", netip.MustParsePrefix(insideAddress+"/32")))
	w.must(w.gateway.AddAddress("lo", netip.MustParsePrefix(insideIPv6+"/128")))
	w.must(w.laptop.IsolateFiles(map[string]string{"resolv.conf": "nameserver 203.0.113.53\n"}))
	var err error
	w.certificates, err = pki.NewSet(gatewayName)
	w.must(err)
	w.client, err = w.certificates.Client("alice", pki.RSA)
	w.must(err)
	w.key = tlswrap.GenerateStaticKey()
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// identity unwraps what the certificate authority made.
func (w *world) identity(identity *pki.Identity, err error) *pki.Identity {
	w.t.Helper()
	w.must(err)
	return identity
}

// gatewayOptions is a gateway as Azure's: TCP, tls-auth with SHA256, AES-256-GCM.
func (w *world) gatewayOptions(proto string) openvpnd.Options {
	return openvpnd.Options{
		Namespace: w.gateway, Listen: netip.MustParseAddrPort(gatewayAddress + ":443"), Proto: proto,
		Wrap: tlswrap.Auth, StaticKey: w.key, Auth: "SHA256", Ciphers: []string{"AES-256-GCM"},
		Identity: w.certificates.Gateway, Roots: []*pki.Authority{w.certificates.ClientRoot},
		IPv4: netip.MustParsePrefix("172.16.201.0/24"), Routes: []netip.Prefix{netip.MustParsePrefix("10.10.0.0/16")},
		Ping: 1 * time.Second, PingTimeout: 5 * time.Second,
	}
}

func (w *world) startGateway(options openvpnd.Options) *openvpnd.Gateway {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	gateway, err := openvpnd.Start(ctx, options)
	w.must(err)
	w.t.Cleanup(func() {
		if w.t.Failed() {
			w.t.Log("gateway:\n" + strings.Join(last(gateway.Log(), 40), "\n"))
		}
		gateway.Stop()
	})
	return gateway
}

func last(lines []string, n int) []string { return lines[max(0, len(lines)-n):] }

// profile writes an .ovpn file for the gateway, without the user's certificate.
func (w *world) profile(proto string, lines ...string) string {
	w.t.Helper()
	return w.profileWith(proto, w.key.PEM(), lines...)
}

func (w *world) profileWith(proto, key string, lines ...string) string {
	w.t.Helper()
	text := fmt.Sprintf("client\ndev tun\nproto %s\nremote %s 443\nnobind\nremote-cert-tls server\nverify-x509-name %s name\nauth SHA256\ncipher AES-256-GCM\nkey-direction 1\n<ca>\n%s</ca>\n<tls-auth>\n%s</tls-auth>\n%s\n",
		proto, gatewayAddress, gatewayName, w.certificates.GatewayRoot.PEM(), key, strings.Join(lines, "\n"))
	path := filepath.Join(w.dir, "profile.ovpn")
	w.must(os.WriteFile(path, []byte(text), 0o600))
	return path
}

// program is a running footbridge in the laptop.
type program struct {
	w       *world
	command *exec.Cmd
	stderr  bytes.Buffer

	mu     sync.Mutex
	lines  []event
	arrive chan struct{}
	ended  chan struct{}
}

// event is a line of --json.
type event struct {
	tunnel.Event
	Error string `json:"error"` // with kind "failure"
	Raw   string `json:"-"`
}

// run starts footbridge run with the client's certificate.
func (w *world) run(profile string, arguments ...string) *program {
	w.t.Helper()
	certificate, key, err := w.client.WriteFiles(w.dir, "alice")
	w.must(err)
	return w.runWith(profile, append([]string{"--cert", certificate, "--key", key}, arguments...)...)
}

func (w *world) runWith(profile string, arguments ...string) *program {
	w.t.Helper()
	program := w.prepare(profile, arguments...)
	program.start()
	return program
}

func (w *world) prepare(profile string, arguments ...string) *program {
	w.t.Helper()
	self, err := os.Executable()
	w.must(err)
	arguments = append([]string{"run", profile, "--json", "--log-level", "debug", "--state-dir", filepath.Join(w.dir, "state")}, arguments...)
	p := &program{w: w, command: w.laptop.Command(context.WithoutCancel(w.t.Context()), self, arguments...),
		arrive: make(chan struct{}, 10_000), ended: make(chan struct{})}
	p.command.Env = append(os.Environ(), runAsFootbridge+"=1")
	p.command.Stderr = &p.stderr
	return p
}

func (p *program) start() {
	p.w.t.Helper()
	stdout, err := p.command.StdoutPipe()
	p.w.must(err)
	p.w.must(p.command.Start())
	go p.read(stdout)
	p.w.t.Cleanup(func() {
		p.signal(syscall.SIGTERM)
		select {
		case <-p.ended:
		case <-time.After(15 * time.Second):
			p.w.t.Error("footbridge did not end on SIGTERM")
			p.signal(syscall.SIGKILL)
			<-p.ended
		}
		if p.w.t.Failed() {
			p.w.t.Log("footbridge:\n" + strings.Join(last(strings.Split(p.stderr.String(), "\n"), 60), "\n"))
		}
	})
}

func (p *program) read(stdout io.Reader) {
	scanner := bufio.NewScanner(stdout)
	scanner.Buffer(nil, 4<<20)
	for scanner.Scan() {
		line := event{Raw: scanner.Text()}
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			line.Error = err.Error()
		}
		p.mu.Lock()
		p.lines = append(p.lines, line)
		p.mu.Unlock()
		p.arrive <- struct{}{}
	}
	p.command.Wait()
	close(p.ended)
	p.arrive <- struct{}{}
}

func (p *program) signal(signal syscall.Signal) { p.command.Process.Signal(signal) }

// exit waits for the end and returns the exit code.
func (p *program) exit() int {
	p.w.t.Helper()
	select {
	case <-p.ended:
		return p.command.ProcessState.ExitCode()
	case <-time.After(20 * time.Second):
		p.w.t.Fatal("footbridge did not end")
		return -1
	}
}

// await waits until a line fits, the earlier ones included.
func (p *program) await(what string, fits func(event) bool) event {
	p.w.t.Helper()
	deadline := time.After(25 * time.Second)
	for {
		p.mu.Lock()
		lines := p.lines[:len(p.lines):len(p.lines)]
		p.mu.Unlock()
		for _, line := range lines {
			if fits(line) {
				return line
			}
		}
		select {
		case <-p.arrive:
		case <-deadline:
			p.w.t.Fatalf("no event: %s", what)
		}
	}
}

// saw reports whether a line since the last forget fits.
func (p *program) saw(fits func(event) bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.ContainsFunc(p.lines, fits)
}

// forget drops the lines so far.
func (p *program) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines = nil
}

func (p *program) awaitSession() *tunnel.Session {
	p.w.t.Helper()
	return p.await("session", func(e event) bool { return e.Kind == tunnel.KindSession }).Session
}

// awaitFailure waits for the end because of a problem, and for its code.
func (p *program) awaitFailure(code tunnel.Code) *tunnel.Problem {
	p.w.t.Helper()
	line := p.await("failure", func(e event) bool { return e.Kind == "failure" })
	if line.Problem == nil || line.Problem.Code != code {
		p.w.t.Fatalf("failed with %s, want %s", line.Raw, code)
	}
	if exit := p.exit(); exit != problemExit(&tunnel.Problem{Code: code}) {
		p.w.t.Errorf("exit code %d", exit)
	}
	return line.Problem
}

// echo is a TCP server in the virtual network that returns what it gets.
func (w *world) echo(address string) string {
	w.t.Helper()
	listener, err := w.gateway.Listen(w.t.Context(), "tcp", net.JoinHostPort(address, "7"))
	w.must(err)
	w.t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				io.Copy(conn, conn)
			}()
		}
	}()
	return listener.Addr().String()
}

// exchange sends bytes through the tunnel and checks that they come back.
func (w *world) exchange(address string, size int) {
	w.t.Helper()
	conn, err := w.dial(address)
	w.must(err)
	defer conn.Close()
	w.must(conn.SetDeadline(time.Now().Add(20 * time.Second)))
	payload := bytes.Repeat([]byte("through the tunnel "), size/19+1)[:size]
	go conn.Write(payload)
	got := make([]byte, size)
	if _, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, payload) {
		w.t.Fatalf("the echo of %d bytes is wrong: %v", size, err)
	}
}

func (w *world) dial(address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(w.t.Context(), 15*time.Second)
	defer cancel()
	return w.laptop.Dial(ctx, "tcp", address)
}

// leftovers is what shows of a tunnel in the laptop: devices, routes, name servers.
func (w *world) leftovers() string {
	w.t.Helper()
	out, err := w.laptop.Command(w.t.Context(), "sh", "-c", "ip -br link | cut -d' ' -f1; ip -4 route show table all | grep -v -E 'local|broadcast'; ip -6 route show | grep -v fe80; ip rule; cat /etc/resolv.conf").CombinedOutput()
	w.must(err)
	return string(out)
}
