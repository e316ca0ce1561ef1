package client

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles/store"
)

// A user's first import is noticed by the programs that run already, though its folder was not there when they started.
func TestFirstImportIsNoticed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "config", "footbridge", "profiles")
	profiles, err := store.Open(dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	changes, stop := watchStore(ctx, profiles)
	defer stop()
	defer cancel()
	for _, name := range []string{"first.xml", "second.xml"} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		select {
		case <-changes:
		case <-time.After(storeRechecks / 2):
			t.Fatalf("%s was not noticed", name)
		}
		for settled := false; !settled; { // one change may be told of more than once
			select {
			case <-changes:
			case <-time.After(3 * storeSettles):
				settled = true
			}
		}
	}
}
