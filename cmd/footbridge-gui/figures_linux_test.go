//go:build cgo

package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/screen"
)

// The limits of the app, drawn without a graphics card. Those of time are of a processor's, and leave room: what else a computer does makes
// programs late, and processors slow. Idle, Fyne asks the screen for events sixty times a second; a window that draws all the time takes many
// times as much.
const (
	startLimit  = 2 * time.Second
	memoryLimit = 150 << 20
	idleFor     = 10 * time.Second
	idleLimit   = idleFor / 20
)

// The app starts quickly, stays small, and does nothing while nothing happens.
func TestFigures(t *testing.T) {
	bin, err := programs(true)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	s, err := screen.Start(dir, 1100, 760)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	command := exec.Command(filepath.Join(bin, "footbridge-gui"), "--socket", filepath.Join(dir, "none"))
	command.Env = append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME="+dir, "XDG_RUNTIME_DIR="+dir, "XDG_CACHE_HOME="+dir, "DISPLAY="+s.Display, "WAYLAND_DISPLAY=",
		"LIBGL_ALWAYS_SOFTWARE=1", "LC_ALL=en_US.UTF-8", "DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent", "FOOTBRIDGE_KEYRING=memory")
	began := time.Now()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
	})
	pid := command.Process.Pid
	waitForWindow(t, s)
	elapsed, start := time.Since(began), used(t, pid)
	if _, err := s.Wait(t.Context(), later, "No connections yet"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Second) // what is drawn once more is drawn
	before := used(t, pid)
	time.Sleep(idleFor)
	idle, memory := used(t, pid)-before, resident(t, pid)
	t.Logf("window after %v, of a processor %v; %d MB; idle: %v of a processor in %v", elapsed.Round(time.Millisecond), start, memory>>20, idle, idleFor)
	if start > startLimit {
		t.Errorf("the start takes %v", start)
	}
	if memory > memoryLimit {
		t.Errorf("it takes %d MB", memory>>20)
	}
	if idle > idleLimit {
		t.Errorf("idle, it takes %v in %v", idle, idleFor)
	}
}

// waitForWindow returns as soon as the window is on the screen.
func waitForWindow(t *testing.T, s *screen.Screen) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), later)
	defer cancel()
	search := exec.CommandContext(ctx, "xdotool", "search", "--sync", "--onlyvisible", "--name", "^Footbridge$")
	search.Env = append(os.Environ(), "DISPLAY="+s.Display)
	if out, err := search.CombinedOutput(); err != nil {
		t.Fatalf("wait for window: %v: %s", err, out)
	}
}

// used is the processor time of a program (proc_pid_stat(5): utime and stime, in hundredths of a second).
func used(t *testing.T, pid int) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	var ticks int
	for _, field := range fields[11:13] {
		n, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// resident is how many bytes of memory a program has for itself (proc_pid_smaps(5)), the libraries of the system that it shares with other
// programs left out: those that draw without a graphics card are larger than the app.
func resident(t *testing.T, pid int) int {
	t.Helper()
	maps, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "smaps"))
	if err != nil {
		t.Fatal(err)
	}
	total, shared := 0, false
	for line := range strings.Lines(string(maps)) {
		fields := strings.Fields(line)
		switch {
		case !strings.HasSuffix(fields[0], ":"): // "7f01…-7f02… r-xp 00000000 08:01 123 /usr/lib/…"
			shared = strings.Contains(line, ".so")
		case fields[0] == "Rss:" && !shared:
			kilobytes, err := strconv.Atoi(fields[1])
			if err != nil {
				t.Fatal(err)
			}
			total += kilobytes << 10
		}
	}
	return total
}
