package netmon

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/vishvananda/netns"

	"github.com/footbridge-vpn/footbridge/tunnel/host/device"
	"github.com/footbridge-vpn/footbridge/tunnel/host/rtnetlink"
)

// patience is how long a test waits for what must come.
const patience = 15 * time.Second

// inNamespace puts the test into a network namespace of its own.
func inNamespace(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: a network namespace of its own")
	}
	runtime.LockOSThread()
	handle, err := netns.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = handle.Close() })
	ip(t, "link set lo up")
}

func ip(t *testing.T, commands ...string) {
	t.Helper()
	for _, command := range commands {
		if output, err := exec.Command("sh", "-c", "ip "+command).CombinedOutput(); err != nil {
			t.Fatalf("ip %s: %v: %s", command, err, output)
		}
	}
}

func watch(t *testing.T) <-chan Change {
	t.Helper()
	changes, err := Watch(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

func expect(t *testing.T, changes <-chan Change, kind Kind) Change {
	t.Helper()
	select {
	case change := <-changes:
		if change.Kind != kind {
			t.Fatalf("told %+v, want %s", change, kind)
		}
		return change
	case <-time.After(patience):
		t.Fatalf("nothing told, want %s", kind)
	}
	panic("unreachable")
}

func TestNetworkChanges(t *testing.T) {
	inNamespace(t)
	ip(t, "link add eth0 type veth peer name far", "link set far up", "link set eth0 up",
		"addr add 192.168.7.5/24 dev eth0", "route add default via 192.168.7.1")
	changes := watch(t)

	ip(t, "addr add 192.168.8.5/24 dev eth0")
	expect(t, changes, NetworkChanged)
	ip(t, "route replace default via 192.168.8.1")
	expect(t, changes, NetworkChanged)
	ip(t, "link set eth0 down")
	expect(t, changes, NetworkLost)
	ip(t, "link set eth0 up")
	expect(t, changes, NetworkChanged)
	ip(t, "route add default via 192.168.7.1")
	expect(t, changes, NetworkChanged)
}

// TestWhatMatters sets up a tunnel, and does things that do not matter: the network looks the same. Then it does one that
// does.
func TestWhatMatters(t *testing.T) {
	inNamespace(t)
	ip(t, "link add eth0 type veth peer name far", "link set far up", "link set eth0 up",
		"addr add 192.168.7.5/24 dev eth0", "route add default via 192.168.7.1")
	look, err := newPainter()
	if err != nil {
		t.Fatal(err)
	}
	defer look.close()
	paint := func() picture {
		now, err := look.paint()
		if err != nil {
			t.Fatal(err)
		}
		return now
	}
	before := paint()
	tunnel, link, err := device.Create("", 1500)
	if err != nil {
		t.Fatal(err)
	}
	defer tunnel.Close()
	conn, err := rtnetlink.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ip(t, "addr add 172.16.0.2/24 dev "+link.Attrs().Name, "link set up dev "+link.Attrs().Name)
	results, err := conn.Apply([]rtnetlink.Change{{Route: rtnetlink.Route{Prefix: netip.MustParsePrefix("0.0.0.0/0"), Link: link.Attrs().Index, Metric: 50,
		Table: rtnetlink.TableMain, Protocol: rtnetlink.Protocol, Type: rtnetlink.Unicast, Scope: rtnetlink.ScopeLink}}})
	if err := errors.Join(append(results, err)...); err != nil {
		t.Fatal(err)
	}
	if now := paint(); now != before {
		t.Errorf("a tunnel changed the network from\n%s\nto\n%s", before.text, now.text)
	}
	ip(t, "route add 10.3.0.0/16 via 192.168.7.3", "addr add 10.9.9.9/32 dev lo",
		"link add docker0 type veth peer name docker1", "link set docker0 up", "link set docker1 up", "addr add 172.17.0.1/16 dev docker0")
	if now := paint(); now != before {
		t.Errorf("what does not matter changed the network from\n%s\nto\n%s", before.text, now.text)
	}
	ip(t, "route del default via 192.168.7.1", "route add default via 192.168.7.2")
	if now := paint(); now == before || now.lost {
		t.Errorf("another default route: %+v", now)
	}
	ip(t, "link set eth0 down", "link set docker0 down")
	if now := paint(); !now.lost {
		t.Errorf("no network: %+v", now)
	}
}

func TestEnds(t *testing.T) {
	inNamespace(t)
	ctx, cancel := context.WithCancel(t.Context())
	changes, err := Watch(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	ip(t, "link set lo down", "link set lo up")
	cancel()
	deadline := time.After(patience)
	for {
		select {
		case _, open := <-changes:
			if !open {
				return
			}
		case <-deadline:
			t.Fatal("the channel is open")
		}
	}
}

// TestSlowReader leaves changes lie: the newest one is told, once.
func TestSlowReader(t *testing.T) {
	w := &watcher{}
	for _, kind := range []Kind{NetworkChanged, Sleeping, NetworkLost, Woke, NetworkChanged} {
		w.add(Change{Kind: kind})
	}
	if len(w.pending) != 2 || w.pending[0].Kind != Woke || w.pending[1].Kind != NetworkChanged {
		t.Errorf("to be told: %+v", w.pending)
	}
}

func TestMissed(t *testing.T) {
	for _, test := range []struct {
		name                string
		running, boot, wall time.Duration
		want                bool
	}{
		{"awake", 5 * time.Second, 5 * time.Second, 5 * time.Second, false},
		{"slept", 5 * time.Second, time.Hour, time.Hour, true},
		{"slept, clock set back", 5 * time.Second, time.Hour, -time.Hour, true},
		{"clock set by a minute", 5 * time.Second, 5 * time.Second, time.Minute, false},
		{"clock set back", 5 * time.Second, 5 * time.Second, -time.Hour, false},
		{"virtual machine paused", 5 * time.Second, 5 * time.Second, 10 * time.Minute, true},
		{"busy", 50 * time.Second, 50 * time.Second, 50 * time.Second, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := reading{time.Hour, 2 * time.Hour, 100000 * time.Hour}
			after := reading{before.running + test.running, before.boot + test.boot, before.wall + test.wall}
			reason, got := missed(before, after)
			if got != test.want || got != (reason != "") {
				t.Errorf("got %v, %q", got, reason)
			}
		})
	}
}

// TestLogind has a bus of its own, and says what logind says.
func TestLogind(t *testing.T) {
	daemon, err := exec.LookPath("dbus-daemon")
	if err != nil {
		t.Skip("needs dbus-daemon")
	}
	address := "unix:path=" + filepath.Join(t.TempDir(), "bus")
	command := exec.Command(daemon, "--session", "--nofork", "--address="+address)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	var logind *dbus.Conn
	deadline := time.Now().Add(patience)
	for {
		if logind, err = dbus.Connect(address); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	defer logind.Close()
	var hour time.Duration
	still := clock{running: func() time.Duration { return hour }, boot: func() time.Duration { return hour }, wall: func() time.Duration { return hour }}
	told := make(chan Change)
	dialled := make(chan struct{}, 1)
	dial := func(ctx context.Context) (*dbus.Conn, error) {
		defer func() { dialled <- struct{}{} }()
		return dbus.Connect(address, dbus.WithContext(ctx))
	}
	ended := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer close(ended)
		watchSleep(ctx, dial, still, told, discard())
	}()
	<-dialled
	say := func(asleep bool) {
		if err := logind.Emit("/org/freedesktop/login1", "org.freedesktop.login1.Manager.PrepareForSleep", asleep); err != nil {
			t.Fatal(err)
		}
	}
	// The watcher has connected, and may not listen yet: say it until it is heard.
	heard := false
	for !heard {
		say(true)
		select {
		case change := <-told:
			if change.Kind != Sleeping {
				t.Fatalf("told %+v", change)
			}
			heard = true
		case <-time.After(50 * time.Millisecond):
			if time.Now().After(deadline) {
				t.Fatal("not heard")
			}
		}
	}
	say(false)
	for {
		change := expectSleep(t, told)
		if change.Kind == Woke {
			break
		}
	}
	cancel()
	<-ended
}

func expectSleep(t *testing.T, told <-chan Change) Change {
	t.Helper()
	select {
	case change := <-told:
		return change
	case <-time.After(patience):
		t.Fatal("nothing told")
	}
	panic("unreachable")
}

// TestClockJump has no bus, and clocks that say that the computer slept.
func TestClockJump(t *testing.T) {
	readings := 0
	jumping := clock{
		running: func() time.Duration { return time.Duration(readings) * checkEvery },
		wall:    func() time.Duration { return time.Duration(readings) * checkEvery },
		boot: func() time.Duration {
			readings++
			return time.Duration(readings) * time.Hour
		},
	}
	told := make(chan Change)
	noBus := func(context.Context) (*dbus.Conn, error) { return nil, errors.New("no bus") }
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		watchSleep(ctx, noBus, jumping, told, discard())
	}()
	if change := expectSleep(t, told); change.Kind != Woke {
		t.Errorf("told %+v", change)
	}
	cancel()
	<-ended
}
