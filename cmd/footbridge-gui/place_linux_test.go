//go:build cgo

package main

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/screen"
)

// A window that its user moved is there again the next time.
func TestPlaceIsRemembered(t *testing.T) {
	bin, err := programs(true)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	s, err := screen.Start(dir, 1400, 1000)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	start := func() *exec.Cmd {
		command := exec.Command(filepath.Join(bin, "footbridge-gui"), "--socket", filepath.Join(dir, "none"))
		command.Env = append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME="+dir, "XDG_RUNTIME_DIR="+dir, "XDG_CACHE_HOME="+dir, "DISPLAY="+s.Display, "WAYLAND_DISPLAY=",
			"LIBGL_ALWAYS_SOFTWARE=1", "LC_ALL=en_US.UTF-8", "DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent", "FOOTBRIDGE_KEYRING=memory")
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			command.Process.Kill()
			command.Wait()
		})
		waitForWindow(t, s)
		if _, err := s.Wait(t.Context(), later, "No connections yet"); err != nil {
			t.Fatal(err)
		}
		return command
	}
	first := start()
	xdotool(t, s, "search", "--onlyvisible", "--name", "^Footbridge$", "windowmove", "--sync", "207", "111")
	if at := place(t, s); at != "X=207 Y=111" {
		t.Fatalf("moved to %q", at)
	}
	xdotool(t, s, "search", "--onlyvisible", "--name", "^Footbridge$", "windowfocus", "--sync")
	if err := s.Key(t.Context(), "ctrl+q"); err != nil {
		t.Fatal(err)
	}
	if err := first.Wait(); err != nil {
		t.Fatal(err)
	}
	start()
	for deadline := time.Now().Add(soon); place(t, s) != "X=207 Y=111"; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it is at %q", place(t, s))
		}
	}
}

func xdotool(t *testing.T, s *screen.Screen, arguments ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "xdotool", arguments...)
	command.Env = append(os.Environ(), "DISPLAY="+s.Display)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("xdotool %q: %v: %s", arguments, err, out)
	}
	return string(out)
}

// place is where the window's content begins.
func place(t *testing.T, s *screen.Screen) string {
	t.Helper()
	var at []string
	for lines := bufio.NewScanner(bytes.NewReader([]byte(xdotool(t, s, "search", "--onlyvisible", "--name", "^Footbridge$", "getwindowgeometry", "--shell")))); lines.Scan(); {
		if line := lines.Text(); strings.HasPrefix(line, "X=") || strings.HasPrefix(line, "Y=") {
			at = append(at, line)
		}
	}
	return strings.Join(at, " ")
}
