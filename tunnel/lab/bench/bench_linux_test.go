package bench

import (
	"context"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/lab"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns/netnstest"
)

func TestPushedRoutesAreApart(t *testing.T) {
	routes := pushedRoutes(4000)
	seen := make(map[netip.Prefix]bool)
	for _, route := range routes {
		wider := netip.PrefixFrom(route.Addr(), route.Bits()-1).Masked()
		if seen[wider] || route != route.Masked() || !pushedSpace.Contains(route.Addr()) {
			t.Fatalf("%v is next to another, or outside %v", route, pushedSpace)
		}
		seen[wider] = true
	}
}

// What is read about a process is compared with what this one knows about itself.
func TestProcessFigures(t *testing.T) {
	memory, err := residentMemory(os.Getpid())
	if err != nil || memory < 1<<20 || memory > 1<<32 {
		t.Errorf("memory: %v, %v", memory, err)
	}
	before, err := cpuTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for sum, start := 0, time.Now(); ; sum++ {
		now, err := cpuTime(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		if now-before >= 3*clockTick {
			break
		}
		if time.Since(start) > 30*time.Second {
			t.Fatalf("%v of processor time after 30 s of work (%d)", now-before, sum)
		}
	}
	if _, err := cpuTime(0); err == nil {
		t.Error("no error for a process that does not exist")
	}
}

func TestRoutesAreSeenComing(t *testing.T) {
	netnstest.RequireRoot(t)
	where, err := netns.New("routes")
	if err != nil {
		t.Fatal(err)
	}
	defer where.Close()
	watch, err := watchRoutes(where)
	if err != nil {
		t.Fatal(err)
	}
	defer watch.close()
	routes := pushedRoutes(50)
	before := time.Now()
	for _, route := range append(routes, netip.MustParsePrefix("10.0.0.0/8")) {
		if err := where.AddRoute(route, netip.Addr{}, "lo"); err != nil {
			t.Fatal(err)
		}
	}
	first, last, err := watch.wait(t.Context(), len(routes), 20*time.Second)
	if err != nil || first.Before(before) || last.Before(first) {
		t.Errorf("first %v, last %v, %v", first, last, err)
	}
	if _, _, err := watch.wait(t.Context(), 1, 50*time.Millisecond); err == nil || !strings.Contains(err.Error(), "0 of 1") {
		t.Errorf("routes that never come: %v", err)
	}
}

// A run with the least of everything has every row, with figures that can be.
func TestRun(t *testing.T) {
	netnstest.RequireRoot(t)
	for _, program := range []string{"openvpn", "iperf3"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("needs the program %s", program)
		}
	}
	program := filepath.Join(t.TempDir(), "footbridge")
	build := exec.Command("go", "build", "-o", program, "github.com/footbridge-vpn/footbridge/cmd/footbridge")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	b := newBench(Options{Footbridge: program})
	b.effort = effort{transfer: time.Second, rounds: 1, starts: 1, pings: 10, routes: []int{100}, repeats: 1}
	if err := b.measureTransport(ctx, lab.BuiltIn, "tcp"); err != nil {
		t.Fatal(err)
	}
	if err := b.measureRoutes(ctx, lab.BuiltIn, 100); err != nil {
		t.Fatal(err)
	}
	if len(b.report.Rows) != 10 {
		t.Errorf("%d rows", len(b.report.Rows))
	}
	for _, row := range b.report.Rows {
		if strings.Contains(row.Quantity, "latency") {
			continue // a difference, which may be anything
		}
		if row.Footbridge <= 0 || row.OpenVPN <= 0 || row.Footbridge > 1e5 || row.OpenVPN > 1e5 {
			t.Errorf("%+v", row)
		}
	}
	for _, fact := range b.describe(ctx) {
		if fact.Value == "" || strings.Contains(fact.Value, "/") {
			t.Errorf("%s: %q", fact.Name, fact.Value)
		}
	}
	if hostname, err := os.Hostname(); err == nil && len(hostname) > 3 {
		for _, fact := range b.describe(ctx) {
			if strings.Contains(fact.Value, hostname) {
				t.Errorf("%s names the computer: %q", fact.Name, fact.Value)
			}
		}
	}
}

func TestRunSaysWhatIsMissing(t *testing.T) {
	if _, err := Run(t.Context(), Options{Footbridge: filepath.Join(t.TempDir(), "footbridge")}); err == nil || !strings.Contains(err.Error(), "footbridge") {
		t.Errorf("without the program: %v", err)
	}
}
