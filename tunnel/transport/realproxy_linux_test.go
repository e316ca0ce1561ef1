package transport

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles"
)

// startDaemon runs a proxy of the distribution in the foreground until the test ends, and waits for its port.
func startDaemon(t *testing.T, port uint16, name string, arguments ...string) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	command := exec.Command(path, arguments...)
	output, err := os.CreateTemp(t.TempDir(), "output")
	if err != nil {
		t.Fatal(err)
	}
	command.Stdout, command.Stderr = output, output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		command.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		command.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(patience):
			command.Process.Kill()
			<-ended
		}
		output.Close()
	})
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			conn.Close()
			return
		}
		select {
		case <-ended:
			said, _ := os.ReadFile(output.Name())
			t.Fatalf("%s ended: %s", name, said)
		case <-time.After(20 * time.Millisecond):
		}
	}
	t.Fatalf("%s does not listen", name)
}

// freePort is a port that nothing listened at a moment ago.
func freePort(t *testing.T) uint16 {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return addrPort(listener.Addr()).Port()
}

func writeConfig(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "proxy.conf")
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// checkRealProxy carries packets with the right password, and is refused with another.
func checkRealProxy(t *testing.T, kind profiles.ProxyType, port uint16, host, username string) {
	t.Helper()
	gateway := startGateway(t)
	address := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port)
	options := Options{Host: host, Port: gateway.Port(), Proxy: proxyAt(kind, address, username, "right")}
	conn, err := Dial(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	exchange(t, conn)
	options.Port = freePort(t)
	if _, err := Dial(t.Context(), options); err == nil || Classify(err) == ProxyAuthentication || Classify(err) == NotAProxy {
		t.Errorf("a port without a gateway: %v", err)
	}
	if username == "" {
		return
	}
	options.Proxy.Password = "wrong"
	if _, err := Dial(t.Context(), options); Classify(err) != ProxyAuthentication {
		t.Errorf("wrong password: %v", err)
	}
	options.Proxy.Username = ""
	if _, err := Dial(t.Context(), options); Classify(err) != ProxyAuthentication || !strings.Contains(err.Error(), "wants a user name and password") {
		t.Errorf("no password: %v", err)
	}
}

func TestTinyproxy(t *testing.T) {
	port := freePort(t)
	startDaemon(t, port, "tinyproxy", "-d", "-c", writeConfig(t, fmt.Sprintf("Port %d\nListen 127.0.0.1\nTimeout 60\nMaxClients 20\nBasicAuth ann right\n", port)))
	checkRealProxy(t, profiles.HTTPProxy, port, "localhost", "ann")
}

func TestMicrosocks(t *testing.T) {
	port := freePort(t)
	startDaemon(t, port, "microsocks", "-i", "127.0.0.1", "-p", fmt.Sprint(port), "-u", "ann", "-P", "right")
	// By address: it tries only the first that a name has, which for localhost may be ::1.
	checkRealProxy(t, profiles.SOCKS5Proxy, port, "127.0.0.1", "ann")
}

// Squid is what companies run; it signs users in with Digest here.
func TestSquid(t *testing.T) {
	squid, err := exec.LookPath("squid")
	if err != nil {
		t.Skip("squid is not installed")
	}
	port := freePort(t)
	secret := md5.Sum([]byte("ann:office:right"))
	folder := t.TempDir()
	for _, name := range []string{folder, filepath.Dir(folder)} { // squid gives up being root
		if err := os.Chmod(name, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"digest_file_auth", "unlinkd"} { // it may not reach where it is installed
		program, err := os.ReadFile(filepath.Join(filepath.Dir(squid), "../lib/squid", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), program, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	users := filepath.Join(folder, "users")
	if err := os.WriteFile(users, []byte("ann:office:"+hex.EncodeToString(secret[:])+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	mime := filepath.Join(folder, "mime.conf")
	if err := os.WriteFile(mime, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	config := writeConfig(t, fmt.Sprintf(`http_port 127.0.0.1:%[1]d
mime_table %[2]s
icon_directory %[3]s
unlinkd_program %[3]s/unlinkd
auth_param digest program %[3]s/digest_file_auth -c %[4]s
auth_param digest realm office
auth_param digest children 1
acl signed_in proxy_auth REQUIRED
http_access allow signed_in
http_access deny all
cache deny all
cache_log /dev/null
access_log none
pid_filename none
coredump_dir %[3]s
shutdown_lifetime 0 seconds
netdb_filename none
pinger_enable off
collapsed_forwarding off
memory_cache_shared off
cache_effective_user nobody
`, port, mime, folder, users))
	startDaemon(t, port, "squid", "-N", "-f", config)
	checkRealProxy(t, profiles.HTTPProxy, port, "127.0.0.1", "ann") // by address, as above
}

// Dante carries UDP too.
func TestDante(t *testing.T) {
	port := freePort(t)
	startDaemon(t, port, "danted", "-f", writeConfig(t, fmt.Sprintf(`logoutput: stderr
internal: 127.0.0.1 port = %d
external: 127.0.0.1
socksmethod: none
clientmethod: none
user.privileged: root
user.unprivileged: nobody
client pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }
socks pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }
`, port)))
	checkRealProxy(t, profiles.SOCKS5Proxy, port, "localhost", "")
	gateway := listenPackets(t, "127.0.0.1:0")
	address := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port)
	for _, host := range []string{"127.0.0.1", "localhost"} {
		conn, err := Dial(t.Context(), Options{Protocol: profiles.UDP, Host: host, Port: gateway.Local().Port(), Proxy: proxyAt(profiles.SOCKS5Proxy, address, "", "")})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		sent := sized(100, 1400, 1400, 3)
		if err := conn.WritePackets(batchOf(false, sent...)); err != nil {
			t.Fatal(err)
		}
		got, from := readDatagrams(t, gateway, len(sent))
		if !equalPackets(got, sent) {
			t.Errorf("%s: to the gateway: packets changed", host)
		}
		if err := gateway.WriteTo(batchOf(false, sent...), from); err != nil {
			t.Fatal(err)
		}
		if got := readCount(t, conn, len(sent)); !equalPackets(got, sent) {
			t.Errorf("%s: from the gateway: packets changed", host)
		}
	}
}
