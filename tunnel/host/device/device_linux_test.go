package device

import (
	"os"
	"runtime"
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

// inNamespace puts the test into a network namespace of its own, which goes with the test's thread.
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
}

func TestCreate(t *testing.T) {
	inNamespace(t)
	var names []string
	for _, wish := range []string{"footbridge0", "footbridge0", "a-name-that-is-too-long", "a-name-that-is-too-long"} {
		device, link, err := Create(wish, 1400)
		if err != nil {
			t.Fatal(err)
		}
		defer device.Close()
		names = append(names, link.Attrs().Name)
		if mtu, err := device.MTU(); err != nil || mtu != 1400 {
			t.Errorf("MTU is %d, %v", mtu, err)
		}
		if device.BatchSize() < 2 {
			t.Errorf("it moves %d packet at a time: offloads are off", device.BatchSize())
		}
		now, err := netlink.LinkByName(link.Attrs().Name)
		if err != nil {
			t.Fatal(err)
		}
		if !IsOurs(now) || IsOrphan(now) {
			t.Errorf("ours %v, orphan %v", IsOurs(now), IsOrphan(now))
		}
		if now.Attrs().OperState == netlink.OperUp {
			t.Error("it is up")
		}
	}
	want := []string{"footbridge0", "footbridge1", "a-name-that-is0", "a-name-that-is1"}
	for i := range want {
		if names[i] != want[i] {
			t.Errorf("names are %v, want %v", names, want)
			break
		}
	}
}

// TestCreateLeavesOthersAlone has a device of the wished name that somebody made persistent, and is free to attach to.
func TestCreateLeavesOthersAlone(t *testing.T) {
	inNamespace(t)
	other := &netlink.Tuntap{LinkAttrs: netlink.LinkAttrs{Name: "corp0"}, Mode: netlink.TUNTAP_MODE_TUN}
	if err := netlink.LinkAdd(other); err != nil {
		t.Fatal(err)
	}
	for _, file := range other.Fds {
		_ = file.Close()
	}
	device, link, err := Create("corp0", 1500)
	if err != nil {
		t.Fatal(err)
	}
	defer device.Close()
	if link.Attrs().Name != "corp1" {
		t.Errorf("it is %s", link.Attrs().Name)
	}
	theirs, err := netlink.LinkByName("corp0")
	if err != nil || IsOurs(theirs) || IsOrphan(theirs) {
		t.Errorf("the other device: %v", err)
	}
}
