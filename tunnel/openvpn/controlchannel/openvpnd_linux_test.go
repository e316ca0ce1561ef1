package controlchannel_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/controlchannel"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

// openvpnd is Debian's OpenVPN as a server on the loopback of a network namespace, which is also the test's.
type openvpnd struct {
	client *tls.Config
	log    *logbook
}

// enterNamespace moves the test's goroutine into a new network namespace. Its thread, and the namespace, end with it.
func enterNamespace(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("a network namespace and openvpn's device need root")
	}
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatal(err)
	}
	loopback, err := netlink.LinkByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	if err := netlink.LinkSetUp(loopback); err != nil {
		t.Fatal(err)
	}
}

// startOpenVPN starts a server and waits until it listens.
func startOpenVPN(t *testing.T, stream bool, arguments ...string) *openvpnd {
	t.Helper()
	program, err := exec.LookPath("openvpn")
	if err != nil {
		t.Skip("openvpn is not installed")
	}
	enterNamespace(t)
	dir, now := t.TempDir(), time.Now()
	root := newAuthority(t, now)
	writePEM(t, dir, "ca.pem", "CERTIFICATE", root.certificate.Raw)
	writeIdentity(t, dir, root.issue(t, "gateway", ecdsaKey(t), now))

	protocol := "udp4"
	if stream {
		protocol = "tcp4-server"
	}
	command := exec.Command(program, append([]string{
		"--mode", "server", "--tls-server", "--dev", "tun",
		"--proto", protocol, "--local", "127.0.0.1", "--port", "1194",
		"--ca", "ca.pem", "--cert", "leaf.pem", "--key", "leaf.key", "--dh", "none",
		"--verb", "3", "--suppress-timestamps",
	}, arguments...)...)
	command.Dir = dir
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	command.Stderr = command.Stdout
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	d := &openvpnd{log: newLogbook(output), client: &tls.Config{
		RootCAs: root.pool, ServerName: "gateway",
		Certificates: []tls.Certificate{root.issue(t, "laptop", ecdsaKey(t), now)},
	}}
	t.Cleanup(func() {
		if err := command.Process.Signal(unix.SIGTERM); err != nil {
			t.Error(err)
		}
		d.log.wait()
		command.Wait() // its status says how it was ended
		if t.Failed() {
			t.Logf("openvpn said:\n%s", d.log)
		}
	})
	if !d.log.contains("Initialization Sequence Completed") {
		t.Fatal("openvpn did not start")
	}
	return d
}

func writePEM(t *testing.T, dir, name, kind string, der []byte) {
	t.Helper()
	writeFile(t, dir, name, string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})))
}

func writeFile(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func writeIdentity(t *testing.T, dir string, identity tls.Certificate) {
	t.Helper()
	writePEM(t, dir, "leaf.pem", "CERTIFICATE", identity.Certificate[0])
	key, err := x509.MarshalPKCS8PrivateKey(identity.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	writePEM(t, dir, "leaf.key", "PRIVATE KEY", key)
}

// logbook keeps what a program prints.
type logbook struct {
	lines chan string
	text  strings.Builder
}

func newLogbook(output interface{ Read([]byte) (int, error) }) *logbook {
	l := &logbook{lines: make(chan string, 1<<16)}
	go func() {
		defer close(l.lines)
		for scanner := bufio.NewScanner(output); scanner.Scan(); {
			l.lines <- scanner.Text()
		}
	}()
	return l
}

// contains waits until a line contains the words.
func (l *logbook) contains(words string) bool {
	timeout := time.After(15 * time.Second)
	for !strings.Contains(l.text.String(), words) {
		select {
		case line, ok := <-l.lines:
			if !ok {
				return false
			}
			l.text.WriteString(line + "\n")
		case <-timeout:
			return false
		}
	}
	return true
}

// wait reads to the end.
func (l *logbook) wait() {
	for line := range l.lines {
		l.text.WriteString(line + "\n")
	}
}

func (l *logbook) String() string { return l.text.String() }

// caller is a connection to an openvpnd.
type caller struct {
	t      *testing.T
	conn   net.Conn
	stream bool
	arrive chan []byte
	sent   []packet.Opcode
}

func (d *openvpnd) dial(t *testing.T, stream bool) *caller {
	t.Helper()
	network := "udp4"
	if stream {
		network = "tcp4"
	}
	conn, err := net.Dial(network, "127.0.0.1:1194")
	if err != nil {
		t.Fatal(err)
	}
	c := &caller{t: t, conn: conn, stream: stream, arrive: make(chan []byte, 1000)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer close(c.arrive)
		c.read()
	}()
	t.Cleanup(func() { conn.Close(); <-ended })
	return c
}

func (c *caller) read() {
	var pending []byte
	buffer := make([]byte, 64<<10)
	for {
		n, err := c.conn.Read(buffer)
		if err != nil {
			return
		}
		if !c.stream {
			c.arrive <- append([]byte(nil), buffer[:n]...)
			continue
		}
		packets, rest, err := packet.Split(nil, append(pending, buffer[:n]...), 0)
		for _, p := range packets {
			c.arrive <- append([]byte(nil), p...)
		}
		if err != nil {
			return
		}
		pending = append([]byte(nil), rest...)
	}
}

func (c *caller) send(packets [][]byte) {
	c.t.Helper()
	for _, p := range packets {
		opcode, _ := packet.ParseFirstByte(p[0])
		c.sent = append(c.sent, opcode)
		if c.stream {
			p = append(binary.BigEndian.AppendUint16(nil, uint16(len(p))), p...)
		}
		if _, err := c.conn.Write(p); err != nil {
			c.t.Fatal(err)
		}
	}
}

// drive moves packets between the connection and the channel until the condition holds. Packets that are not for the
// channel are returned to other.
func (c *caller) drive(channel *controlchannel.Channel, wrap *tlswrap.Wrapper, other func(wire []byte), until func() bool) {
	c.t.Helper()
	timeout := time.NewTimer(15 * time.Second)
	defer timeout.Stop()
	for {
		c.send(channel.Outgoing())
		if until() {
			return
		}
		if err := channel.Err(); err != nil {
			c.t.Fatal(err)
		}
		var timer <-chan time.Time
		if deadline := channel.Deadline(); !deadline.IsZero() {
			timer = time.After(time.Until(deadline))
		}
		select {
		case wire, ok := <-c.arrive:
			if !ok {
				c.t.Fatal("openvpn closed the connection")
			}
			if _, keyID := packet.ParseFirstByte(wire[0]); keyID != channel.KeyID() || packet.IsData(wire) {
				other(wire)
				continue
			}
			p, err := wrap.Unwrap(time.Now(), wire)
			if err != nil {
				c.t.Fatal(err)
			}
			channel.Receive(time.Now(), p)
		case <-timer:
			channel.Advance(time.Now())
		case <-timeout.C:
			c.t.Fatal("openvpn does not answer")
		}
	}
}

// keyMethod2 is a client's key exchange message (OpenVPN draft, "Key negotiation"), without user or password.
func keyMethod2(protocolFlags int) []byte {
	message := append([]byte{0, 0, 0, 0, 2}, randomBytes(48+32+32)...)
	for _, s := range []string{
		"V4,dev-type tun,link-mtu 1550,tun-mtu 1500,proto UDPv4,cipher AES-256-GCM,auth [null-digest],keysize 256,key-method 2,tls-client",
		"", "",
		"IV_VER=2.6.14\nIV_PLAT=linux\nIV_CIPHERS=AES-256-GCM\nIV_PROTO=" + strconv.Itoa(protocolFlags) + "\n",
	} {
		message = binary.BigEndian.AppendUint16(message, uint16(len(s)+1))
		message = append(append(message, s...), 0)
	}
	return message
}
