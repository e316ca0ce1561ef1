package startup

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/adrg/xdg"
)

// The real place, in a home of the test's own.
func TestThisSystem(t *testing.T) {
	home := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", home)
	xdg.Reload()
	t.Cleanup(func() { os.Unsetenv("XDG_CONFIG_HOME"); xdg.Reload() })
	turn(t, New(program()))
	if err := New(program()).Set(true); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(home, "autostart", "io.github.footbridge-vpn.footbridge.desktop")); err != nil {
		t.Error(err)
	}
}
