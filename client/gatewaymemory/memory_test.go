package gatewaymemory

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/footbridge-vpn/footbridge/tunnel"
)

func TestMemory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "hello.json")
	logger := slog.New(slog.DiscardHandler)
	m := Open(path, logger)
	m.RememberHello("plain", tunnel.HelloVariant{})
	if _, err := os.Stat(path); err == nil {
		t.Error("the standard hello was written down")
	}
	picky := tunnel.HelloVariant{Azure: true, Small: true}
	m.RememberHello("picky", picky)
	again := Open(path, logger)
	if got, known := again.Hello("picky"); !known || got != picky {
		t.Errorf("read back %+v, known %v", got, known)
	}
	again.RememberHello("picky", tunnel.HelloVariant{})
	if got, _ := Open(path, logger).Hello("picky"); got != (tunnel.HelloVariant{}) {
		t.Errorf("the gateway changed its ways, and %+v is still remembered", got)
	}
	if files, err := os.ReadDir(filepath.Dir(path)); err != nil || len(files) != 1 {
		t.Errorf("%d files are left, %v", len(files), err)
	}
	if err := os.WriteFile(path, []byte("{damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, known := Open(path, logger).Hello("picky"); known {
		t.Error("something was read from a damaged file")
	}
}
