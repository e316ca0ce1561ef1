package host_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/footbridge-vpn/footbridge/tunnel/host"
)

// TestKilled kills a tunnel's process in every state and checks that Cleanup, or the next Open, leaves nothing behind.
func TestKilled(t *testing.T) {
	if !onComputer(t, false) {
		return
	}
	addNetwork(t)
	before := picture(t)
	for _, test := range []struct {
		name  string
		at    string
		after int
		set   bool // a tunnel is set already when the fatal Set begins
	}{
		{name: "routes are in the journal, and nowhere else", at: "journal written"},
		{name: "routes are set", at: "routes set"},
		{name: "names are in the journal, and nowhere else", at: "journal written", after: 1},
		{name: "names are to be set", at: "names are resolved"},
		{name: "all is set", at: "host set"},
		{name: "in the middle of a change", at: "routes set", set: true},
		{name: "after a change", at: "host set", set: true},
	} {
		for _, recovery := range []string{"cleanup", "open", "cleanup without journal", "cleanup with a damaged journal"} {
			t.Run(test.name+", "+recovery, func(t *testing.T) {
				p := startTunnel(t)
				if test.set {
					p.set(splitTunnel())
				}
				p.setAndDie(forcedTunnel(), test.at, test.after)
				recoverFrom(t, recovery)
				if diff := cmp.Diff(before, picture(t)); diff != "" {
					t.Errorf("left behind (-before +after):\n%s", diff)
				}
			})
		}
	}
}

func recoverFrom(t *testing.T, how string) {
	t.Helper()
	switch how {
	case "open":
		system, err := host.Open(context.Background(), host.Options{StateDir: stateDir})
		must(t, err)
		must(t, system.Close())
		return
	case "cleanup without journal":
		must(t, os.RemoveAll(stateDir))
		must(t, os.MkdirAll(stateDir, 0o700))
	case "cleanup with a damaged journal":
		journals, err := filepath.Glob(stateDir + "/*.journal")
		must(t, err)
		for _, path := range journals {
			must(t, os.Truncate(path, 20))
		}
	}
	must(t, host.Cleanup(context.Background(), stateDir, nil))
	// A journal that cannot be read is kept for a human.
	damaged, err := filepath.Glob(stateDir + "/*.damaged")
	must(t, err)
	for _, path := range damaged {
		must(t, os.Remove(path))
	}
}

// TestKilledAnyTime kills at moments that nobody chose, in the middle of thousands of routes.
func TestKilledAnyTime(t *testing.T) {
	if !onComputer(t, false) {
		return
	}
	addNetwork(t)
	before := picture(t)
	config := forcedTunnel()
	for i := range 3000 {
		config.Routes = append(config.Routes, netip.PrefixFrom(netip.AddrFrom4([4]byte{11, byte(i >> 8), byte(i), 0}), 24))
		config.ExcludedRoutes = append(config.ExcludedRoutes, netip.PrefixFrom(netip.AddrFrom4([4]byte{11, byte(i >> 8), byte(i), 128}), 25))
	}
	for i := range 10 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			p := startTunnel(t)
			p.send(tunnelOrder{Config: config})
			time.Sleep(time.Duration(i*8) * time.Millisecond)
			p.kill()
			must(t, host.Cleanup(context.Background(), stateDir, nil))
			if diff := cmp.Diff(before, picture(t)); diff != "" {
				t.Errorf("left behind (-before +after):\n%.2000s", diff)
			}
		})
	}
}

// TestCleanupKeepsLiving checks that cleaning up after one tunnel leaves another, in another process, alone.
func TestCleanupKeepsLiving(t *testing.T) {
	if !onComputer(t, false) {
		return
	}
	addNetwork(t)
	living := startTunnel(t)
	living.set(forcedTunnel())
	with := picture(t)
	dead := startTunnel(t)
	config := forcedTunnel()
	config.Addresses = prefixes("172.16.201.2/24")
	config.Gateways = addresses("203.0.113.77")
	dead.setAndDie(config, "host set", 0)
	must(t, host.Cleanup(context.Background(), stateDir, nil))
	if diff := cmp.Diff(with, picture(t)); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
	living.close()
}

// TestOrphanDevice makes a device that outlives its process, as none of ours should.
func TestOrphanDevice(t *testing.T) {
	if !onComputer(t, false) {
		return
	}
	before := picture(t)
	sh(t, `ip tuntap add footbridge0 mode tun
		ip link set footbridge0 alias "footbridge tunnel of process 999999999"
		ip tuntap add other0 mode tun; ip link set other0 alias "footbridge of somebody else"`)
	must(t, host.Cleanup(context.Background(), stateDir, nil))
	sh(t, "! ip link show footbridge0 2>/dev/null; ip link show other0; ip tuntap del other0 mode tun")
	if diff := cmp.Diff(before, picture(t)); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}
