package azure

import (
	"errors"
	"slices"
	"testing"

	"github.com/footbridge-vpn/footbridge/profiles/store"
)

func TestKeepOrigin(t *testing.T) {
	w := newWorld(t)
	target, err := store.Open(t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	found, err := w.Profile(w.ctx, ProfileRequest{Gateway: w.find("contoso"), Authentication: CertificateAuthentication})
	if err != nil {
		t.Fatal(err)
	}
	entry, _, err := target.Add(found.Profile, store.AddOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time there is nothing to write
		if err := KeepOrigin(target, entry.ID, found.Gateway); err != nil {
			t.Fatal(err)
		}
	}
	if kept, err := target.Get(entry.ID); err != nil || kept.Settings.AzureGateway != w.network {
		t.Errorf("kept %q, %v", kept.Settings.AzureGateway, err)
	}
	var missing *store.NotFoundError
	if err := KeepOrigin(target, "nobody", found.Gateway); !errors.As(err, &missing) {
		t.Errorf("%v", err)
	}
}

func TestUsable(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"contoso", "west"} {
		if err := w.find(name).Usable(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	wantProblem(t, w.find("bare").Usable(), NoPointToSite)
	older := Gateway{Name: "older", PointToSite: &PointToSite{Protocols: []Protocol{IKEv2, SSTP}}}
	if p := wantProblem(t, older.Usable(), NoOpenVPN); !slices.Equal(p.Names, []string{"ikev2", "sstp"}) {
		t.Errorf("%q", p.Names)
	}
}
