package azure

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"
)

// change makes a change and returns the gateway after it.
func (w *world) change(id string, change Change) (*Plan, Gateway) {
	w.t.Helper()
	plan, err := w.Plan(w.ctx, w.find(id), change)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.Apply(w.ctx, plan); err != nil {
		w.t.Fatal(err)
	}
	return plan, w.find(id)
}

func shown(plan *Plan) string {
	var words []string
	for _, d := range plan.Differences {
		words = append(words, fmt.Sprintf("%s: %d to %d", d.Field, len(d.Before), len(d.After)))
	}
	return strings.Join(words, "; ")
}

func TestChangeVirtualNetwork(t *testing.T) {
	w := newWorld(t)
	w.Polls(2)
	second := authority(t, "Second root")
	plan, after := w.change(w.network, Change{AddRoots: []Root{{Name: "second", Data: certificateData(second)}, {Name: "again", Data: certificateData(w.root)}}})
	if shown(plan) != "roots: 1 to 2" || plan.NewProfiles || plan.Disconnects || len(after.PointToSite.Roots) != 2 || after.PointToSite.Roots[1].Thumbprint != thumbprint(second) {
		t.Errorf("%s; %+v", shown(plan), after.PointToSite.Roots)
	}
	plan, after = w.change(w.network, Change{RemoveRoots: []string{strings.ToUpper(thumbprint(w.root))}, Unrevoke: []string{"bob"},
		Revoke: []Revoked{{"alice", strings.Repeat("cd", 20)}}})
	if shown(plan) != "roots: 2 to 1; revoked: 1 to 1" || after.PointToSite.Roots[0].Name != "second" || after.PointToSite.Revoked[0] != (Revoked{"alice", strings.Repeat("cd", 20)}) {
		t.Errorf("%s; %+v", shown(plan), after.PointToSite)
	}
	plan, after = w.change(w.network, Change{
		AddressPools: []netip.Prefix{netip.MustParsePrefix("172.20.0.0/24"), netip.MustParsePrefix("172.20.1.0/24")}, Protocols: []Protocol{OpenVPN, IKEv2},
		Authentication: []Authentication{CertificateAuthentication, RADIUSAuthentication}, CustomRoutes: &[]netip.Prefix{},
	})
	if shown(plan) != "address-pools: 1 to 2; protocols: 1 to 2; authentication: 3 to 2; custom-routes: 1 to 0" || !plan.NewProfiles || !plan.Disconnects ||
		len(after.PointToSite.CustomRoutes) != 0 || fmt.Sprint(after.PointToSite.Protocols, after.PointToSite.Authentication) != "[openvpn ikev2] [cert radius]" {
		t.Errorf("%s; %+v", shown(plan), after.PointToSite)
	}
	// What nobody named is as it was: the rest of the gateway, and the secrets that Azure does not tell.
	if got := w.Secrets(w.network); got["10.1.0.4"] != "network-radius-secret" {
		t.Errorf("the secrets are %v", got)
	}
	last := lastPut(w)
	var sent armnetwork.VirtualNetworkGateway
	if err := json.Unmarshal([]byte(last), &sent); err != nil {
		t.Fatal(err)
	}
	if !*sent.Properties.EnableBgp || *sent.Properties.SKU.Name != armnetwork.VirtualNetworkGatewaySKUNameVPNGw2AZ || *sent.Location != "westeurope" {
		t.Errorf("sent %s", last)
	}
	// The same again is nothing.
	plan, err := w.Plan(w.ctx, after, Change{Protocols: []Protocol{IKEv2, OpenVPN}, Revoke: []Revoked{{"x", strings.Repeat("CD", 20)}}})
	if err != nil || len(plan.Differences) != 0 {
		t.Errorf("%s, %v", shown(plan), err)
	}
}

func lastPut(w *world) string {
	body := ""
	for _, r := range w.Requests() {
		if r.Method == "PUT" {
			body = r.Body
		}
	}
	return body
}

func TestChangeRADIUS(t *testing.T) {
	w := newWorld(t)
	for _, id := range []string{w.network, w.hub} {
		plan, after := w.change(id, Change{RADIUS: []RADIUSServer{{"10.2.0.4", 30}, {"10.2.0.5", 5}}, RADIUSSecret: "another secret"})
		if fmt.Sprint(after.PointToSite.RADIUS) != "[10.2.0.4 (score 30) 10.2.0.5 (score 5)]" || strings.Contains(fmt.Sprint(plan.Differences, plan), "another secret") {
			t.Errorf("%v; %v", after.PointToSite.RADIUS, plan.Differences)
		}
		owner := id
		if id == w.hub {
			owner = w.config
		}
		if got := w.Secrets(owner); got["10.2.0.4"] != "another secret" || got["10.2.0.5"] != "another secret" || len(got) != 2 {
			t.Errorf("the secrets are %v", got)
		}
		plan, after = w.change(id, Change{RADIUS: []RADIUSServer{{Address: "10.3.0.4"}}, RADIUSSecret: "third secret"})
		if fmt.Sprint(after.PointToSite.RADIUS) != "[10.3.0.4]" || w.Secrets(owner)["10.3.0.4"] != "third secret" {
			t.Errorf("%v; %v; %v", after.PointToSite.RADIUS, plan.Differences, w.Secrets(owner))
		}
	}
}

func TestChangeVirtualWAN(t *testing.T) {
	w := newWorld(t)
	plan, after := w.change(w.hub, Change{
		AddressPools: []netip.Prefix{netip.MustParsePrefix("172.18.0.0/22")}, DNSServers: &[]netip.Addr{},
		Authentication: []Authentication{EntraAuthentication, RADIUSAuthentication, CertificateAuthentication}, AddRoots: []Root{{Name: "staff", Data: certificateData(w.root)}},
		Revoke: []Revoked{{"", strings.Repeat("ef", 20)}},
	})
	if shown(plan) != "address-pools: 1 to 1; authentication: 2 to 3; roots: 0 to 1; revoked: 0 to 1; dns-servers: 1 to 0" || fmt.Sprint(plan.Gateway.SharedWith) != "[east]" {
		t.Errorf("%s; %v", shown(plan), plan.Gateway.SharedWith)
	}
	if p := after.PointToSite; fmt.Sprint(p.AddressPools, p.DNSServers, p.Authentication, len(p.Roots), p.Revoked) != "[172.18.0.0/22] [] [entra radius cert] 1 ["+strings.Repeat("ef", 20)+"]" {
		t.Errorf("%+v", p)
	}
	if got := w.Secrets(w.config); got["10.9.0.4"] != "wan-radius-secret" || got["10.9.0.5"] != "second-radius-secret" {
		t.Errorf("the secrets are %v", got)
	}
	if !strings.Contains(lastPut(w), `"enableInternetSecurity":true`) || !strings.Contains(lastPut(w), `"vpnGatewayScaleUnit":2`) {
		t.Errorf("sent %s", lastPut(w))
	}
	// Only the gateway itself has address pools: the other one has its own, and the shared settings.
	if east := w.find("east").PointToSite; fmt.Sprint(east.AddressPools, len(east.Roots)) != "[172.17.0.0/22] 1" {
		t.Errorf("%+v", east)
	}
}

func TestEnable(t *testing.T) {
	w := newWorld(t)
	bare := w.find("bare")
	pool := []netip.Prefix{netip.MustParsePrefix("172.30.0.0/24")}
	_, err := w.Plan(w.ctx, bare, Change{AddressPools: pool})
	wantProblem(t, err, NotSetUp)
	entra := EntraOf(PublicCloud(), tenantID)
	_, after := w.change(bare.ID, Change{Enable: true, AddressPools: pool, Protocols: []Protocol{OpenVPN}, Authentication: []Authentication{EntraAuthentication}, Entra: &entra})
	if p := after.PointToSite; p == nil || fmt.Sprint(p.AddressPools, p.Protocols, p.Authentication, *p.Entra) !=
		"[172.30.0.0/24] [openvpn] [entra] {https://login.microsoftonline.com/"+tenantID+"/ "+registeredAudience+" https://sts.windows.net/"+tenantID+"/}" {
		t.Errorf("%+v", p)
	}
	_, err = w.Plan(w.ctx, after, Change{Enable: true, AddressPools: pool})
	wantProblem(t, err, SetUpAlready)
}

func TestChangesThatCannotBe(t *testing.T) {
	w := newWorld(t)
	network, hub, bare := w.find(w.network), w.find(w.hub), w.find("bare")
	basic := network
	basic.SKU = "Basic"
	pool, wider := netip.MustParsePrefix("172.30.0.0/24"), netip.MustParsePrefix("172.30.0.0/16")
	other := authority(t, "Other")
	for want, test := range map[Code]struct {
		gateway Gateway
		change  Change
	}{
		NoPool:             {bare, Change{Enable: true, Protocols: []Protocol{OpenVPN}, Authentication: []Authentication{EntraAuthentication}}},
		NoProtocol:         {bare, Change{Enable: true, AddressPools: []netip.Prefix{pool}}},
		NoWayIn:            {bare, Change{Enable: true, AddressPools: []netip.Prefix{pool}, Protocols: []Protocol{OpenVPN}}},
		NoEntra:            {bare, Change{Enable: true, AddressPools: []netip.Prefix{pool}, Protocols: []Protocol{OpenVPN}, Authentication: []Authentication{EntraAuthentication}}},
		NoRADIUS:           {bare, Change{Enable: true, AddressPools: []netip.Prefix{pool}, Protocols: []Protocol{OpenVPN}, Authentication: []Authentication{RADIUSAuthentication}}},
		NoRoot:             {network, Change{RemoveRoots: []string{"contoso-root"}}},
		PoolsOverlap:       {network, Change{AddressPools: []netip.Prefix{wider, pool}}},
		EntraNeedsOpenVPN:  {network, Change{Protocols: []Protocol{IKEv2}}},
		NoRADIUSSecret:     {network, Change{RADIUS: []RADIUSServer{{Address: "10.0.0.9"}}}},
		NotARoot:           {network, Change{AddRoots: []Root{{Name: "x", Data: "bm8="}}}},
		RootNameTaken:      {network, Change{AddRoots: []Root{{Name: "Contoso-Root", Data: certificateData(other)}}}},
		RootNotThere:       {network, Change{RemoveRoots: []string{"nobody"}}},
		NotRevoked:         {network, Change{Unrevoke: []string{"alice"}}},
		NotAThumbprint:     {network, Change{Revoke: []Revoked{{"x", "123"}}}},
		OnlyVirtualNetwork: {hub, Change{CustomRoutes: &[]netip.Prefix{pool}}},
		OnlyVirtualWAN:     {network, Change{DNSServers: &[]netip.Addr{}}},
		BasicSKU:           {basic, Change{Protocols: []Protocol{OpenVPN}}},
		NotSetUp:           {bare, Change{Revoke: []Revoked{{"x", strings.Repeat("ab", 20)}}}},
	} {
		_, err := test.change.apply(test.gateway)
		wantProblem(t, err, want)
	}
	_, err := Change{Protocols: []Protocol{SSTP}}.apply(hub)
	wantProblem(t, err, OnlyVirtualNetwork)
}

// Nothing is written over what somebody else changed meanwhile, and what Azure says of a change that fails is passed on.
func TestApplyRefused(t *testing.T) {
	w := newWorld(t)
	for _, id := range []string{w.network, w.hub} {
		change := Change{Revoke: []Revoked{{"alice", strings.Repeat("cd", 20)}}}
		plan, err := w.Plan(w.ctx, w.find(id), change)
		if err != nil {
			t.Fatal(err)
		}
		w.change(id, Change{AddressPools: []netip.Prefix{netip.MustParsePrefix("172.31.0.0/24")}})
		wantProblem(t, w.Apply(w.ctx, plan), Changed)
		if plan, err = w.Plan(w.ctx, w.find(id), change); err != nil {
			t.Fatal(err)
		}
		w.FailOperations("GatewayInFailedState", "The gateway is broken.")
		if p := wantProblem(t, w.Apply(w.ctx, plan), Failed); p.Detail != "The gateway is broken." {
			t.Errorf("%+v", p)
		}
		w.FailOperations("", "")
		w.Forbid("Microsoft.Network/virtualNetworkGateways/write", "Microsoft.Network/vpnServerConfigurations/write")
		wantProblem(t, w.Apply(w.ctx, plan), NoPermission)
		w.Forbid("Microsoft.Network/virtualNetworkGateways/listRadiusSecrets/action", "Microsoft.Network/vpnServerConfigurations/listRadiusSecrets/action")
		if p := wantProblem(t, w.Apply(w.ctx, plan), NoPermission); !strings.HasSuffix(p.Action, "/listRadiusSecrets/action") {
			t.Errorf("%+v", p)
		}
		w.Forbid()
	}
}
