package azure

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSessions(t *testing.T) {
	w := newWorld(t)
	for _, id := range []string{w.network, w.hub} {
		w.SetSessions(id, session("OVPN_1", "alice@corp.example", "172.16.201.2", 1000), session("OVPN_2", "bob", "172.16.201.3", 5_000_000_000))
	}
	check := func(all []Session, err error) {
		t.Helper()
		if err != nil || len(all) != 2 {
			t.Fatalf("%v, %v", all, err)
		}
		want := Session{ID: "OVPN_2", User: "bob", PublicAddress: "203.0.113.7:50123", PrivateAddress: netip.MustParseAddr("172.16.201.3"),
			Since: time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC), Seconds: 3600, BytesIn: 5_000_000_000, BytesOut: 10_000_000_000, MaxBandwidth: 1000}
		if all[1] != want {
			t.Errorf("%+v", all[1])
		}
	}
	network, hub := w.find(w.network), w.find(w.hub)
	check(w.Client.Sessions(w.ctx, network, ""))
	check(w.Client.Sessions(w.ctx, hub, w.Blob()))
	totals, err := w.Totals(w.ctx, hub)
	if err != nil || totals.Sessions != 2 || totals.BytesIn != 5_000_001_000 || fmt.Sprint(totals.Addresses) != "[172.16.201.2 172.16.201.3]" {
		t.Errorf("%+v, %v", totals, err)
	}
	_, err = w.Client.Sessions(w.ctx, hub, "")
	wantProblem(t, err, NoDetails)
	for _, blob := range []string{"http://store.example/x?sig=1", "https://store.example/x", "nonsense"} {
		_, err = w.Client.Sessions(w.ctx, hub, blob)
		wantProblem(t, err, BadBlob)
	}
	_, err = w.Client.Sessions(w.ctx, hub, strings.Replace(w.Blob(), "sig=", "sig=wrong", 1))
	if p := wantProblem(t, err, Failed); strings.Contains(fmt.Sprint(p), "sig=") {
		t.Errorf("%v", p)
	}
}

func TestDisconnect(t *testing.T) {
	w := newWorld(t)
	for _, id := range []string{w.network, w.hub} {
		w.SetSessions(id, session("OVPN_1", "alice", "172.16.201.2", 1), session("OVPN_2", "bob", "172.16.201.3", 1), session("OVPN_3", "eve", "172.16.201.4", 1))
		if err := w.Disconnect(w.ctx, w.find(id), []string{"OVPN_1", "OVPN_3"}, ""); err != nil {
			t.Error(err)
		}
		if left := w.Server.Sessions(id); !slices.Equal(left, []string{"OVPN_2"}) {
			t.Errorf("left are %v", left)
		}
	}
	err := w.Disconnect(w.ctx, w.find(w.network), []string{"OVPN_2", "OVPN_9"}, "")
	if p := wantProblem(t, err, NoSession); !slices.Equal(p.Names, []string{"OVPN_9"}) || len(w.Server.Sessions(w.network)) != 1 {
		t.Errorf("%v, left are %v", p.Names, w.Server.Sessions(w.network))
	}
	w.Forbid("Microsoft.Network/virtualNetworkGateways/disconnectVirtualNetworkGatewayVpnConnections/action")
	wantProblem(t, w.Disconnect(w.ctx, w.find(w.network), []string{"OVPN_2"}, ""), NoPermission)
}

func TestParseSessions(t *testing.T) {
	row := `{"VpnConnectionId": "X", "vpnUserName": "alice", "PrivateIpAddress": "10.0.0.1", "IngressBytesTransferred": 7, "Extra": []}`
	for _, text := range []string{"[" + row + "]", "\ufeff[" + row + "]", `{"other": 1, "value": [` + row + `]}`, `{"VpnClientConnectionHealthDetails":[` + row + `]}`} {
		all, err := parseSessions([]byte(text))
		if err != nil || len(all) != 1 || all[0].User != "alice" || all[0].ID != "X" || all[0].BytesIn != 7 || all[0].PrivateAddress.String() != "10.0.0.1" {
			t.Errorf("%s: %+v, %v", text, all, err)
		}
	}
	if all, err := parseSessions([]byte(`[{"privateIpAddress": "10.0.0.1/32"}, {"vpnUserName": "bob"}]`)); err != nil || all[0].PrivateAddress.String() != "10.0.0.1" || all[1].PrivateAddress.IsValid() {
		t.Errorf("%+v, %v", all, err)
	}
	for _, text := range []string{"", "x", "7", `[1]`, `[{"vpnUserName": 7}]`} {
		if all, err := parseSessions([]byte(text)); err == nil {
			t.Errorf("%s: %+v", text, all)
		}
	}
	if all, err := parseSessions([]byte("{}")); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
}

func FuzzParseSessions(f *testing.F) {
	f.Add([]byte(`[{"VpnConnectionId": "X", "vpnUserName": "alice", "VpnConnectionTime": "2026-11-24T08:00:00"}]`))
	f.Add([]byte(`{"value": [{"": 1}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := parseSessions(data)
		if err == nil && all == nil {
			t.Error("neither sessions nor an error")
		}
	})
}
