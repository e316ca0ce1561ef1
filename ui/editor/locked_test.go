package editor

import (
	"testing"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/client/api"
)

// What an administrator decides is seen, and cannot be changed.
func TestLockedPages(t *testing.T) {
	s := see(t, contoso(t, "cert"), options{change: func(v *client.View) {
		v.Policy = &api.Policy{MachineProfilesOnly: true, Locked: []string{routesKey, "proxy"}}
	}})
	for _, tab := range []string{"Gateway", "Sign-in", "Network"} {
		s.tab(t, tab)
		if !s.Shows("Your administrator decided this.") {
			t.Errorf("%s: %q", tab, s.Shown())
		}
	}
	s.tab(t, "Gateway")
	if s.Shows("Add a root") || s.Shows("Remove") || s.Shows("Gateway secret") || !s.p.entries["proxy"].Disabled() || s.p.entries["azure-gateway"].Disabled() || !s.p.sendAll.Disabled() || !s.p.method.choice.Disabled() {
		t.Error(s.Shown())
	}
}

func TestMachineProfilePage(t *testing.T) {
	s := see(t, empty(t), options{change: func(v *client.View) {
		v.Connections = []client.Connection{{ID: client.MachinePrefix + "m1", Name: "Head office", Authentication: "cert", Servers: []string{"head.example:443"}, Machine: &api.MachineProfile{ID: "m1"}}}
	}})
	if !s.Shows("Edit Head office") || s.Shows("Remove") || s.Shows("Export") || !s.p.save.Disabled() {
		t.Error(s.Shown())
	}
	s.tab(t, "Gateway")
	if !s.Shows("head.example:443") || s.Shows("Trusted roots") || s.Shows("Gateway secret") {
		t.Error(s.Shown())
	}
	for key, entry := range s.p.entries {
		if !entry.Disabled() {
			t.Errorf("%s can be changed", key)
		}
	}
}
