package gateway_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"

	"github.com/footbridge-vpn/footbridge/tunnel/gateway"
	"github.com/footbridge-vpn/footbridge/tunnel/host/device"
	"github.com/footbridge-vpn/footbridge/tunnel/transport"
)

// namespace is a network namespace without a name, which goes when the last process in it does.
type namespace struct {
	t      testing.TB
	handle netns.NsHandle
}

func newNamespace(t testing.TB) *namespace {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root to make network namespaces")
	}
	n := &namespace{t: t}
	within(t, func() {
		var err error
		if n.handle, err = netns.New(); err != nil {
			t.Fatal(err)
		}
	})
	t.Cleanup(func() { n.handle.Close() })
	n.do(func() {
		loopback, err := netlink.LinkByName("lo")
		if err == nil {
			err = netlink.LinkSetUp(loopback)
		}
		if err != nil {
			t.Error(err)
		}
	})
	return n
}

// within calls f on a thread that ends with it, so that its namespace does not matter to anybody else.
func within(t testing.TB, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked
		f()
	}()
	<-done
}

// do calls f with its thread in the namespace.
func (n *namespace) do(f func()) {
	n.t.Helper()
	within(n.t, func() {
		if err := netns.Set(n.handle); err != nil {
			n.t.Error(err)
			return
		}
		f()
	})
}

// command starts a program in the namespace, to be killed when the test ends.
func (n *namespace) start(command *exec.Cmd) {
	n.t.Helper()
	n.do(func() {
		if err := command.Start(); err != nil {
			n.t.Error(err)
		}
	})
	if command.Process == nil {
		n.t.FailNow()
	}
	n.t.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
	})
}

// run runs a program in the namespace to its end.
func (n *namespace) run(name string, arguments ...string) (string, error) {
	n.t.Helper()
	var output strings.Builder
	command := exec.Command(name, arguments...)
	command.Stdout, command.Stderr = &output, &output
	n.start(command)
	err := command.Wait()
	return output.String(), err
}

func (n *namespace) must(name string, arguments ...string) {
	n.t.Helper()
	if output, err := n.run(name, arguments...); err != nil {
		n.t.Fatalf("%s %s: %v\n%s", name, strings.Join(arguments, " "), err, output)
	}
}

// lab is a laptop and a gateway with a network between them.
type lab struct {
	t               testing.TB
	laptop, gateway *namespace
	server          *gateway.Server
	ca              gateway.Authority
	tcp, udp        netip.AddrPort
	stop            func()
}

// Addresses of the lab.
const (
	laptopAddress  = "203.0.113.2/24"
	gatewayAddress = "203.0.113.1/24"
	tunnelGateway4 = "10.99.0.1"
	tunnelGateway6 = "fd00:99::1"
)

// newLab makes the network and starts a gateway. change, if there is one, is called with its configuration.
func newLab(t testing.TB, change func(*gateway.Config)) *lab {
	t.Helper()
	l := &lab{t: t, laptop: newNamespace(t), gateway: newNamespace(t), ca: gateway.NewAuthority(t, "lab root")}
	l.connect()
	config := gateway.Config{IPv4: netip.MustParsePrefix("10.99.0.0/16"), IPv6: netip.MustParsePrefix("fd00:99::/64"), TLS: l.ca.ServerTLS()}
	l.gateway.do(func() {
		listener, err := net.Listen("tcp", "203.0.113.1:0")
		if err != nil {
			t.Error(err)
			return
		}
		socket, err := transport.ListenPackets(t.Context(), "203.0.113.1:0", nil)
		if err != nil {
			t.Error(err)
			return
		}
		tun, link, err := device.Create("gw0", 1500)
		if err != nil {
			t.Error(err)
			return
		}
		for _, address := range []string{tunnelGateway4 + "/16", tunnelGateway6 + "/64"} {
			parsed, _ := netlink.ParseAddr(address)
			parsed.Flags = syscall.IFA_F_NODAD
			if err := netlink.AddrAdd(link, parsed); err != nil {
				t.Error(err)
			}
		}
		if err := netlink.LinkSetUp(link); err != nil {
			t.Error(err)
		}
		config.Listeners, config.Sockets, config.Device = []net.Listener{listener}, []*transport.PacketListener{socket}, tun
		l.tcp, l.udp = listener.Addr().(*net.TCPAddr).AddrPort(), socket.Local()
	})
	if t.Failed() {
		t.FailNow()
	}
	if change != nil {
		change(&config)
	}
	var err error
	if l.server, err = gateway.New(config); err != nil {
		t.Fatal(err)
	}
	l.stop = serve(t, l.server)
	return l
}

// in is the lab for a subtest, which ends what it starts.
func (l *lab) in(t testing.TB) *lab {
	sub := *l
	sub.t = t
	sub.laptop, sub.gateway = &namespace{t, l.laptop.handle}, &namespace{t, l.gateway.handle}
	return &sub
}

// connect puts a cable between the namespaces.
func (l *lab) connect() {
	l.t.Helper()
	l.laptop.do(func() {
		cable := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "eth0"}, PeerName: "eth0", PeerNamespace: netlink.NsFd(l.gateway.handle)}
		if err := netlink.LinkAdd(cable); err != nil {
			l.t.Error(err)
		}
	})
	for namespace, address := range map[*namespace]string{l.laptop: laptopAddress, l.gateway: gatewayAddress} {
		namespace.must("ip", "address", "add", address, "dev", "eth0")
		namespace.must("ip", "link", "set", "eth0", "up")
	}
}

// debian is Debian's client.
type debian struct {
	t       testing.TB
	command *exec.Cmd
	lines   chan string
	log     []string
}

// start runs Debian's client in the laptop.
func (l *lab) start(arguments ...string) *debian {
	l.t.Helper()
	path, err := exec.LookPath("openvpn")
	if err != nil {
		if path = "/usr/sbin/openvpn"; !exists(path) {
			l.t.Skip("needs the program openvpn")
		}
	}
	arguments = append([]string{"--client", "--dev", "tun0", "--nobind", "--verb", "3", "--connect-retry-max", "1", "--disable-dco"}, arguments...)
	v := &debian{t: l.t, command: exec.Command(path, arguments...), lines: make(chan string, 4096)}
	output, err := v.command.StdoutPipe()
	if err != nil {
		l.t.Fatal(err)
	}
	l.laptop.start(v.command)
	go func() {
		defer close(v.lines)
		for scanner := bufio.NewScanner(output); scanner.Scan(); {
			v.lines <- scanner.Text()
		}
	}()
	return v
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// expect waits for a line of the log that contains text.
func (v *debian) expect(text string) string {
	v.t.Helper()
	late := time.After(patience)
	for {
		select {
		case line, ok := <-v.lines:
			if !ok {
				v.t.Fatalf("openvpn ended without saying %q:\n%s", text, strings.Join(v.log, "\n"))
			}
			v.log = append(v.log, line)
			if strings.Contains(line, text) {
				return line
			}
		case <-late:
			v.t.Fatalf("openvpn did not say %q:\n%s", text, strings.Join(v.log, "\n"))
		}
	}
}

func (v *debian) connected() { v.t.Helper(); v.expect("Initialization Sequence Completed") }

// said reports whether a text was in the log so far.
func (v *debian) said(text string) bool { return strings.Contains(strings.Join(v.log, "\n"), text) }

// exchange sends n bytes through the tunnel to an echo service and checks what comes back.
func (l *lab) exchange(address string, n int) {
	l.t.Helper()
	sent := 0
	l.exchangeUntil(address, func() bool { sent += exchangePiece; return sent >= n })
}

// exchangePiece is how much exchangeUntil sends at a time, in bytes.
const exchangePiece = 128 << 10

// exchangeUntil sends bytes through the tunnel to an echo service, and checks every one that comes back, until enough says so.
func (l *lab) exchangeUntil(address string, enough func() bool) {
	l.t.Helper()
	var listener net.Listener
	l.gateway.do(func() {
		var err error
		if listener, err = net.Listen("tcp", net.JoinHostPort(address, "0")); err != nil {
			l.t.Error(err)
		}
	})
	if listener == nil {
		l.t.FailNow()
	}
	defer listener.Close()
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		io.Copy(conn, conn)
	}()
	var conn net.Conn
	l.laptop.do(func() {
		var err error
		if conn, err = net.DialTimeout("tcp", listener.Addr().String(), patience); err != nil {
			l.t.Error(err)
		}
	})
	if conn == nil {
		l.t.FailNow()
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(2 * patience))
	total := make(chan int, 1)
	go func() { total <- writePattern(conn, enough) }()
	received, err := checkPattern(conn)
	if sent := <-total; err != nil || received != sent {
		l.t.Fatalf("%d bytes came back of %d: %v", received, sent, err)
	}
}

// patternAt is the byte of the pattern at an offset.
func patternAt(offset int) byte { return byte(offset ^ offset>>8 ^ offset>>16) }

// writePattern writes the pattern until enough says so, then ends the direction, and returns how much it wrote.
func writePattern(conn net.Conn, enough func() bool) int {
	defer conn.(*net.TCPConn).CloseWrite()
	piece := make([]byte, exchangePiece)
	for offset := 0; ; {
		for i := range piece {
			piece[i] = patternAt(offset + i)
		}
		n, err := conn.Write(piece)
		offset += n
		if err != nil || enough() {
			return offset
		}
	}
}

// checkPattern reads the pattern to its end, and returns how much there was.
func checkPattern(conn net.Conn) (int, error) {
	buffer := make([]byte, exchangePiece)
	for offset := 0; ; {
		n, err := conn.Read(buffer)
		for i, b := range buffer[:n] {
			if b != patternAt(offset+i) {
				return offset, fmt.Errorf("byte %d is wrong", offset+i)
			}
		}
		offset += n
		if errors.Is(err, io.EOF) {
			return offset, nil
		}
		if err != nil {
			return offset, err
		}
	}
}

// stop ends Debian's client as an administrator does: again where it did not hear, as while it restarts (it forgets signals then).
func (v *debian) stop() {
	v.t.Helper()
	again := time.NewTicker(time.Second)
	defer again.Stop()
	late := time.After(patience)
	v.command.Process.Signal(syscall.SIGTERM)
	for {
		select {
		case _, more := <-v.lines:
			if !more {
				return
			}
		case <-again.C:
			v.command.Process.Signal(syscall.SIGTERM)
		case <-late:
			v.t.Fatal("openvpn does not end")
		}
	}
}
