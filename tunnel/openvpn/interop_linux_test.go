package openvpn

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

// daemon is Debian's OpenVPN as a server, in a network namespace of its own that the test's thread is in too.
type daemon struct {
	t       *testing.T
	dir     string
	ca      *authority
	address string
	process *os.Process
	mu      sync.Mutex
	log     strings.Builder
}

// startDaemon runs openvpn with arguments and waits until it is ready. The test's goroutine stays in the namespace.
func startDaemon(t *testing.T, stream bool, arguments ...string) *daemon {
	t.Helper()
	return startDaemonWith(t, stream, nil, arguments...)
}

// startDaemonWith does the same with more files. Names without a folder are in the daemon's.
func startDaemonWith(t *testing.T, stream bool, files map[string]string, arguments ...string) *daemon {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("network namespaces need root")
	}
	if _, err := exec.LookPath("openvpn"); err != nil {
		t.Skip("openvpn is not installed")
	}
	runtime.LockOSThread() // for good: the thread ends with the goroutine, and the namespace with its last user
	handle, err := netns.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { handle.Close() })
	loopback, err := netlink.LinkByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	if err := netlink.LinkSetUp(loopback); err != nil {
		t.Fatal(err)
	}
	d := &daemon{t: t, dir: t.TempDir(), ca: newAuthority(t), address: "127.0.0.1:1194"}
	for name, text := range files {
		if !filepath.IsAbs(name) {
			name = d.path(name)
		}
		if err := os.WriteFile(name, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	d.writePEM("ca.pem", "CERTIFICATE", d.ca.certificate.Raw)
	certificate := d.ca.issue(t, "gateway.example", x509.ExtKeyUsageServerAuth, epoch().AddDate(5, 0, 0))
	d.writePEM("cert.pem", "CERTIFICATE", certificate.Certificate[0])
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	d.writePEM("key.pem", "PRIVATE KEY", key)
	proto := "udp"
	if stream {
		proto = "tcp-server"
	}
	d.run(append([]string{
		"--proto", proto, "--local", "127.0.0.1", "--port", "1194", "--dev", "tun0", "--topology", "subnet", "--server", "10.8.0.0", "255.255.255.0",
		"--ca", d.path("ca.pem"), "--cert", d.path("cert.pem"), "--key", d.path("key.pem"), "--dh", "none", "--keepalive", "1", "20", "--verb", "4",
		"--suppress-timestamps", "--disable-dco",
	}, arguments...))
	return d
}

func (d *daemon) path(name string) string { return filepath.Join(d.dir, name) }

func (d *daemon) writePEM(name, kind string, der []byte) {
	d.t.Helper()
	if err := os.WriteFile(d.path(name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

func (d *daemon) run(arguments []string) {
	d.t.Helper()
	command := exec.Command("openvpn", arguments...)
	command.Dir = d.dir
	output, err := command.StdoutPipe()
	if err != nil {
		d.t.Fatal(err)
	}
	command.Stderr = command.Stdout
	if err := command.Start(); err != nil {
		d.t.Fatal(err)
	}
	d.process = command.Process
	ready, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		lines := bufio.NewScanner(output)
		for lines.Scan() {
			d.mu.Lock()
			d.log.WriteString(lines.Text() + "\n")
			d.mu.Unlock()
			if strings.Contains(lines.Text(), "Initialization Sequence Completed") {
				close(ready)
			}
		}
	}()
	d.t.Cleanup(func() {
		command.Process.Kill()
		<-ended
		command.Wait()
		if d.t.Failed() {
			d.t.Logf("openvpn:\n%s", d.logged())
		}
	})
	select {
	case <-ready:
	case <-ended:
		d.t.Fatalf("openvpn did not start:\n%s", d.logged())
	case <-time.After(15 * time.Second):
		d.t.Fatalf("openvpn is not ready:\n%s", d.logged())
	}
}

func (d *daemon) logged() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.log.String()
}

// config is a client's that suits the daemon: with a certificate.
func (d *daemon) config(stream bool) Config {
	d.t.Helper()
	return Config{Stream: stream, Platform: "linux", Version: "test", TLS: &tls.Config{
		RootCAs: d.ca.pool, ServerName: "gateway.example",
		Certificates: []tls.Certificate{d.ca.issue(d.t, "client", x509.ExtKeyUsageClientAuth, epoch().AddDate(5, 0, 0))},
	}}
}

// caller drives a Client over a real socket.
type caller struct {
	t          *testing.T
	client     *Client
	conn       net.Conn
	stream     bool
	arriving   chan []byte
	closed     chan error
	events     []Event
	replies    map[uint16]bool
	credential Credential
}

func (d *daemon) call(config Config) *caller {
	d.t.Helper()
	c := d.prepare(config)
	c.client.Start(time.Now())
	return c
}

// prepare connects a socket.
func (d *daemon) prepare(config Config) *caller {
	d.t.Helper()
	client, err := NewClient(config)
	if err != nil {
		d.t.Fatal(err)
	}
	network := "udp"
	if config.Stream {
		network = "tcp"
	}
	conn, err := net.Dial(network, d.address)
	if err != nil {
		d.t.Fatal(err)
	}
	c := &caller{t: d.t, client: client, conn: conn, stream: config.Stream, arriving: make(chan []byte, 256), closed: make(chan error, 1), replies: map[uint16]bool{}}
	go c.read()
	d.t.Cleanup(func() {
		conn.Close()
		client.Close(time.Now())
		client.TransportClosed(time.Now(), nil)
	})
	return c
}

func (c *caller) read() {
	buffer, rest := make([]byte, 64<<10), []byte(nil)
	for {
		n, err := c.conn.Read(buffer)
		if err != nil {
			c.closed <- err
			return
		}
		if !c.stream {
			c.arriving <- bytes.Clone(buffer[:n])
			continue
		}
		var frames [][]byte
		if frames, rest, err = packet.Split(nil, append(rest, buffer[:n]...), 0); err != nil {
			c.closed <- err
			return
		}
		for _, frame := range frames {
			c.arriving <- bytes.Clone(frame)
		}
		rest = bytes.Clone(rest)
	}
}

// until drives the client until done.
func (c *caller) until(limit time.Duration, done func() bool) bool {
	c.t.Helper()
	end := time.Now().Add(limit)
	for {
		for _, p := range c.client.Outgoing() {
			c.write(p)
		}
		for _, event := range c.client.Events() {
			c.events = append(c.events, event)
			if needed, ok := event.(CredentialNeeded); ok && needed.Reason != ForChallenge {
				c.client.Provide(time.Now(), c.credential)
			}
		}
		for _, p := range c.client.Outgoing() {
			c.write(p)
		}
		if done() {
			return true
		}
		if time.Now().After(end) {
			return false
		}
		wait := 50 * time.Millisecond
		if deadline := c.client.Deadline(); !deadline.IsZero() {
			wait = min(wait, time.Until(deadline))
		}
		select {
		case p := <-c.arriving:
			if packet.IsData(p) {
				c.open(p)
				continue
			}
			c.client.Receive(time.Now(), p)
		case err := <-c.closed:
			c.client.TransportClosed(time.Now(), err)
		case <-c.client.Wake():
			c.client.Advance(time.Now())
		case <-time.After(max(wait, 0)):
			c.client.Advance(time.Now())
		}
	}
}

func (c *caller) write(p []byte) {
	if c.stream {
		p = append(binary.BigEndian.AppendUint16(nil, uint16(len(p))), p...)
	}
	c.conn.Write(p) // a broken connection shows where it is read
}

func (c *caller) connect() Established {
	c.t.Helper()
	if !c.until(15*time.Second, func() bool { return c.client.Stage() == StageEstablished || c.client.Failure() != nil }) || c.client.Failure() != nil {
		c.t.Fatalf("not established: stage %v, failure %v", c.client.Stage(), c.client.Failure())
	}
	for _, event := range c.events {
		if established, ok := event.(Established); ok {
			return established
		}
	}
	c.t.Fatal("no Established event")
	return Established{}
}

// ping sends an ICMP echo request through the tunnel to the server's end of it.
func (c *caller) ping(sequence uint16) {
	c.t.Helper()
	source := c.client.pull.options.Ifconfig.Address.As4()
	icmp := []byte{8, 0, 0, 0, 0x12, 0x34, byte(sequence >> 8), byte(sequence), 'p', 'i', 'n', 'g'}
	binary.BigEndian.PutUint16(icmp[2:], checksum(icmp))
	ip := append([]byte{0x45, 0, 0, byte(20 + len(icmp)), 0, 0, 0, 0, 64, 1, 0, 0}, source[:]...)
	ip = append(ip, 10, 8, 0, 1)
	binary.BigEndian.PutUint16(ip[10:], checksum(ip))
	batch := packet.Batch{Stream: c.stream}
	if err := c.client.Data().Seal(time.Now(), &batch, [][]byte{append(ip, icmp...)}); err != nil {
		c.t.Fatal(err)
	}
	c.conn.Write(batch.Buffer)
}

func checksum(b []byte) uint16 {
	var sum uint32
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(b[i])<<8 | uint32(b[i+1])
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

func (c *caller) open(p []byte) {
	if text := []byte(open(c.client.Data(), time.Now(), p)); len(text) >= 28 && text[9] == 1 && text[20] == 0 {
		c.replies[binary.BigEndian.Uint16(text[26:])] = true
	}
}

// answered pings until a reply to one of three comes: the first may be met by a server that installs its keys.
func (c *caller) answered(sequence uint16) bool {
	for i := range uint16(3) {
		c.ping(sequence + i)
		if c.until(2*time.Second, func() bool { return c.replies[sequence+i] }) {
			return true
		}
	}
	return false
}

func TestAgainstOpenVPN(t *testing.T) {
	key := tlswrap.GenerateStaticKey()
	serverKey := tlswrap.GenerateServerKey()
	clientKey, err := serverKey.NewClientKey(tlswrap.TimestampMetadata(time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	static := file("static.key", key.PEM())
	for _, wrap := range []struct {
		name   string
		client tlswrap.Config
		server []string
	}{
		{"none", tlswrap.Config{}, nil},
		{"tls-auth", tlswrap.Config{Mode: tlswrap.Auth, Key: key, Digest: "SHA256", Direction: tlswrap.Inverse}, []string{"--tls-auth", static, "0", "--auth", "SHA256"}},
		{"tls-crypt", tlswrap.Config{Mode: tlswrap.Crypt, Key: key}, []string{"--tls-crypt", static}},
		{"tls-crypt-v2", tlswrap.Config{Mode: tlswrap.CryptV2, ClientKey: clientKey}, []string{"--tls-crypt-v2", file("server.key", serverKey.PEM())}},
	} {
		for _, version := range []string{"1.2", "1.3"} {
			for _, stream := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s TLS %s stream=%v", wrap.name, version, stream), func(t *testing.T) {
					d := startDaemon(t, stream, append([]string{"--tls-version-min", version, "--tls-version-max", version}, wrap.server...)...)
					config := d.config(stream)
					config.Wrap = wrap.client
					config.Digest = "SHA1"
					if wrap.name == "tls-auth" {
						config.Digest = "SHA256"
					}
					c := d.call(config)
					established := c.connect()
					if got := tls.VersionName(established.TLSVersion); got != "TLS "+version || established.Cipher != "AES-256-GCM" || !established.KeyExport {
						t.Errorf("established with %s, %s, exported keys %v", got, established.Cipher, established.KeyExport)
					}
					if !c.answered(1) {
						t.Error("no answer to a ping through the tunnel")
					}
					c.client.Renegotiate(time.Now(), "test")
					if !c.until(10*time.Second, func() bool { return c.client.current.channel.KeyID() == 1 || c.client.Failure() != nil }) || c.client.Failure() != nil {
						t.Fatalf("renegotiation: %v", c.client.Failure())
					}
					c.client.useKey(c.client.current)
					if !c.answered(10) {
						t.Error("no answer to a ping with the new key")
					}
					if log := d.logged(); strings.Contains(log, "inconsistent") || strings.Contains(log, "present in") || strings.Contains(log, "missing in") {
						t.Error("openvpn does not like our options string")
					}
					c.client.Close(time.Now())
					c.until(3*time.Second, func() bool { return c.client.Stage() == StageClosed })
					if !c.until(5*time.Second, func() bool {
						return strings.Contains(d.logged(), "CC-EEN exit message received") || strings.Contains(d.logged(), "remote-exit")
					}) {
						t.Error("openvpn did not hear that we left")
					}
				})
			}
		}
	}
}
