//go:build cgo

package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/screen"
)

// Where no window can be drawn, the app says so, names the command line, and ends.
func TestNoWindow(t *testing.T) {
	bin, err := programs(true)
	if err != nil {
		t.Fatal(err)
	}
	bare, err := screen.Start(t.TempDir(), 800, 600, "-extension", "GLX")
	if err != nil {
		t.Fatal(err)
	}
	defer bare.Close()
	for name, test := range map[string]struct{ display, says string }{
		"no screen": {"", "There is no screen"},
		"no OpenGL": {bare.Display, "OpenGL 2 is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			command := exec.CommandContext(ctx, filepath.Join(bin, "footbridge-gui"), "--socket", filepath.Join(dir, "none"))
			command.Env = append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME="+dir, "XDG_RUNTIME_DIR="+dir, "DISPLAY="+test.display, "WAYLAND_DISPLAY=", "LC_ALL=en_US.UTF-8")
			var stderr bytes.Buffer
			command.Stderr = &stderr
			command.Run()
			if code := command.ProcessState.ExitCode(); code != exitNoDisplay {
				t.Errorf("exit code %d", code)
			}
			if text := stderr.String(); !strings.Contains(text, test.says) || !strings.Contains(text, "footbridge connect") {
				t.Errorf("it says %q", text)
			}
		})
	}
}
