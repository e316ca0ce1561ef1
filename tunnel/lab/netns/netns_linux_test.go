package netns_test

import (
	"bufio"
	"context"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns/netnstest"
)

// connected makes two namespaces with a cable between them.
func connected(t *testing.T) (a, b *netns.Namespace) {
	t.Helper()
	a, b = netnstest.New(t, "a"), netnstest.New(t, "b")
	if err := netns.Connect(a, "eth0", b, "eth0"); err != nil {
		t.Fatal(err)
	}
	for namespace, addresses := range map[*netns.Namespace][]string{
		a: {"203.0.113.1/24", "2001:db8::1/64"},
		b: {"203.0.113.2/24", "2001:db8::2/64", "10.10.0.4/32"},
	} {
		for _, address := range addresses {
			if err := namespace.AddAddress("eth0", netip.MustParsePrefix(address)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := a.AddRoute(netip.MustParsePrefix("10.10.0.0/16"), netip.MustParseAddr("203.0.113.2"), "eth0"); err != nil {
		t.Fatal(err)
	}
	return a, b
}

func TestDialAndListenAcrossTheCable(t *testing.T) {
	a, b := connected(t)
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	for _, address := range []string{"203.0.113.2:443", "[2001:db8::2]:443", "10.10.0.4:443"} {
		listener, err := b.Listen(ctx, "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			connection, err := listener.Accept()
			if err == nil {
				io.WriteString(connection, "hello")
				connection.Close()
			}
		}()
		connection, err := a.Dial(ctx, "tcp", address)
		if err != nil {
			t.Fatalf("dial %s: %v", address, err)
		}
		if text, err := io.ReadAll(connection); string(text) != "hello" || err != nil {
			t.Errorf("%s: read %q, %v", address, text, err)
		}
		connection.Close()
		listener.Close()
	}
	if _, err := a.Dial(ctx, "tcp", "localhost:443"); err == nil {
		t.Error("a name was dialled")
	}
	counters, err := a.Counters("eth0")
	if err != nil || counters.SentPackets == 0 || counters.ReceivedBytes == 0 {
		t.Errorf("counters %+v, %v", counters, err)
	}
}

func TestDatagramsAcrossTheCable(t *testing.T) {
	a, b := connected(t)
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	socket, err := b.ListenPacket(ctx, "udp", "203.0.113.2:1194")
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	sender, err := a.Dial(ctx, "udp", "203.0.113.2:1194")
	if err != nil {
		t.Fatal(err)
	}
	defer sender.Close()
	if _, err := sender.Write([]byte("datagram")); err != nil {
		t.Fatal(err)
	}
	socket.SetReadDeadline(time.Now().Add(10 * time.Second))
	buffer := make([]byte, 100)
	size, from, err := socket.ReadFrom(buffer)
	if err != nil || string(buffer[:size]) != "datagram" || !strings.HasPrefix(from.String(), "203.0.113.1:") {
		t.Fatalf("received %q from %v, %v", buffer[:size], from, err)
	}
}

func TestForbid(t *testing.T) {
	a, b := connected(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	listener, err := b.Listen(ctx, "tcp", "0.0.0.0:443")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for _, prefixes := range [][]netip.Prefix{{netip.MustParsePrefix("10.10.0.0/16")}, {netip.MustParsePrefix("fd00::/8"), netip.MustParsePrefix("10.11.0.0/16")}} {
		if err := b.Forbid("eth0", prefixes...); err != nil {
			t.Fatal(err)
		}
	}
	if connection, err := a.Dial(ctx, "tcp", "10.10.0.4:443"); err == nil {
		connection.Close()
		t.Error("forbidden, and yet connected")
	}
	for _, allowed := range []struct {
		from    *netns.Namespace
		address string
	}{{a, "203.0.113.2:443"}, {b, "10.10.0.4:443"}} {
		connection, err := allowed.from.Dial(ctx, "tcp", allowed.address)
		if err != nil {
			t.Errorf("%s is forbidden too: %v", allowed.address, err)
			continue
		}
		connection.Close()
	}
}

func TestTiedCommand(t *testing.T) {
	a := netnstest.New(t, "tied")
	ended, err := netns.StartTied(a.Command(t.Context(), "false"))
	if err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil {
		t.Error("false ended well")
	}
	if _, err := netns.StartTied(exec.Command("/no/such/program")); err == nil {
		t.Error("started a program that does not exist")
	}
}

func TestCommandRunsInside(t *testing.T) {
	a, _ := connected(t)
	output, err := a.Command(t.Context(), "ip", "-brief", "address", "show", "eth0").CombinedOutput()
	if err != nil || !strings.Contains(string(output), "203.0.113.1/24") {
		t.Errorf("%s, %v", output, err)
	}
	listed, err := exec.Command("ip", "netns", "list").Output()
	if err != nil || !strings.Contains(string(listed), a.Name()) {
		t.Errorf("ip netns list: %q, %v", listed, err)
	}
}

func TestDoComesBackAfterPanic(t *testing.T) {
	a := netnstest.New(t, "a")
	before, err := os.Readlink("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		a.Do(func() error { panic("inside") })
	}()
	if after, err := os.Readlink("/proc/thread-self/ns/net"); after != before || err != nil {
		t.Errorf("in %s after, was in %s: %v", after, before, err)
	}
}

func TestCloseEndsProcessesAndLeavesNothing(t *testing.T) {
	netnstest.RequireRoot(t)
	namespace, err := netns.New("closing")
	if err != nil {
		t.Fatal(err)
	}
	command := namespace.Command(t.Context(), "sleep", "600")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	waited := make(chan error, 1)
	go func() { waited <- command.Wait() }()
	for inside := ""; inside == ""; { // nsenter needs a moment to go in
		if output, _ := exec.Command("ip", "netns", "pids", namespace.Name()).Output(); len(output) > 0 {
			inside = string(output)
		}
	}
	if err := namespace.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-waited:
		if err == nil || !strings.Contains(err.Error(), "killed") {
			t.Errorf("process ended with %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("process still runs")
		command.Process.Kill()
	}
	if _, err := os.Stat(namespace.Path()); !os.IsNotExist(err) {
		t.Errorf("%s: %v", namespace.Path(), err)
	}
	if err := namespace.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
}

func TestIsolatedFiles(t *testing.T) {
	a := netnstest.New(t, "files")
	hostBefore, err := os.ReadFile("/etc/resolv.conf")
	if err != nil {
		t.Fatal(err)
	}
	if err := a.IsolateFiles(map[string]string{"resolv.conf": "nameserver 198.51.100.53\n", "deep/er/file": "x"}); err != nil {
		t.Fatal(err)
	}
	run := func(script string) string {
		t.Helper()
		output, err := a.Command(t.Context(), "sh", "-c", script).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v: %s", script, err, output)
		}
		return string(output)
	}
	if got := run("cat /etc/resolv.conf /etc/deep/er/file"); got != "nameserver 198.51.100.53\nx" {
		t.Errorf("files: %q", got)
	}
	run("echo '# new' >/etc/resolv.conf.new && mv /etc/resolv.conf.new /etc/resolv.conf")
	if got := run("cat /etc/resolv.conf"); got != "# new\n" {
		t.Errorf("a change is not seen by the next command: %q", got)
	}
	if got := run("if [ -d /run/dbus ]; then ls -A /run/dbus; fi"); got != "" {
		t.Errorf("D-Bus can be reached: %q", got)
	}
	if got := run("test -r /etc/passwd && echo copied"); got != "copied\n" {
		t.Errorf("/etc was not copied: %q", got)
	}
	hostAfter, err := os.ReadFile("/etc/resolv.conf")
	if err != nil || string(hostAfter) != string(hostBefore) {
		t.Errorf("the machine's resolv.conf changed: %q, %v", hostAfter, err)
	}
	directory := t.TempDir()
	os.WriteFile(filepath.Join(directory, "here"), nil, 0o644)
	command := a.Command(t.Context(), "ls")
	command.Dir = directory
	if output, err := command.CombinedOutput(); string(output) != "here\n" {
		t.Errorf("working directory: %q, %v", output, err)
	}
	if a.IsolateFiles(nil) == nil {
		t.Error("isolated twice")
	}
}

func TestIsolatedFilesKeepNoOtherNamespaceAlive(t *testing.T) {
	a, b := connected(t)
	if err := a.IsolateFiles(nil); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(15 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		links, err := a.Links() // the cable goes with either of its ends
		if err != nil {
			t.Fatal(err)
		}
		if len(links) == 1 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the other namespace still lives: %q", links)
		}
	}
}

func TestIsolateFilesRefusesPathsOutside(t *testing.T) {
	a := netnstest.New(t, "files")
	if err := a.IsolateFiles(map[string]string{"../outside": ""}); err == nil {
		t.Error("no error")
	}
}

// TestMain is also the program that a test kills: it makes namespaces, says so and waits.
func TestMain(m *testing.M) {
	if os.Getenv("NETNS_TEST_VICTIM") == "" {
		os.Exit(m.Run())
	}
	namespace, err := netns.New("victim")
	if err != nil {
		panic(err)
	}
	command := namespace.Command(context.Background(), "sleep", "600")
	if err := command.Start(); err != nil {
		panic(err)
	}
	os.Stdout.WriteString(namespace.Name() + "\n")
	select {}
}

func TestStaleNamespacesAreRemoved(t *testing.T) {
	living := netnstest.New(t, "living")
	victim := exec.Command(os.Args[0])
	victim.Env = append(os.Environ(), "NETNS_TEST_VICTIM=1")
	output, err := victim.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	name, err := bufio.NewReader(output).ReadString('\n')
	name = strings.TrimSpace(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := netns.RemoveStale(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("/run/netns", name)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("removed while its owner lives: %v", err)
	}
	for inside := ""; inside == ""; {
		if output, _ := exec.Command("ip", "netns", "pids", name).Output(); len(output) > 0 {
			inside = string(output)
		}
	}
	victim.Process.Kill()
	victim.Wait()
	if err := netns.RemoveStale(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", path, err)
	}
	if _, err := os.Stat(living.Path()); err != nil {
		t.Errorf("a living namespace was removed: %v", err)
	}
}
