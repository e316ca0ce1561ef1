package azure

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/arm"
)

// deed is something that an administrator does with a gateway.
type deed struct {
	name   string
	action string // that it takes besides reading the gateway
	do     func(w *world, g Gateway) error
}

func profileDeed(request ProfileRequest) func(*world, Gateway) error {
	return func(w *world, g Gateway) error {
		request.Gateway, request.Authentication = g, EntraAuthentication
		found, err := w.Profile(w.ctx, request)
		if err == nil && found.Profile.Authentication.Entra == nil {
			return errors.New("it is another profile")
		}
		return err
	}
}

func changeDeed(w *world, g Gateway) error {
	plan, err := w.Plan(w.ctx, g, Change{AddressPools: []netip.Prefix{netip.MustParsePrefix("172.30.0.0/24")}})
	if err != nil {
		return err
	}
	return w.Apply(w.ctx, plan)
}

// deeds are all that can be done with a kind of gateway.
func deeds(kind Kind) []deed {
	resource := map[Kind]string{VirtualNetwork: "Microsoft.Network/virtualNetworkGateways", VirtualWAN: "Microsoft.Network/p2svpnGateways"}[kind]
	all := []deed{
		{"find", resource + "/read", func(w *world, g Gateway) error { _, err := w.Gateway(w.ctx, g.ID); return err }},
		{"find by name", resource + "/read", func(w *world, g Gateway) error { _, err := w.Gateway(w.ctx, g.Name); return err }},
		{"profile", resource + "/generatevpnprofile/action", profileDeed(ProfileRequest{})},
		{"check", resource + "/generatevpnprofile/action", func(w *world, g Gateway) error {
			have := &profiles.Profile{Authentication: profiles.Authentication{Type: profiles.EntraID}}
			check, err := w.Check(w.ctx, have, g, time.Now())
			if err == nil && len(check.Differences) == 0 {
				return errors.New("nothing differs")
			}
			return err
		}},
		{"change", resource + "/write", changeDeed},
	}
	disconnect := func(w *world, g Gateway) error {
		w.SetSessions(g.ID, session("OVPN_1", "alice", "172.16.201.2", 1))
		return w.Disconnect(w.ctx, g, []string{"OVPN_1"}, "")
	}
	if kind == VirtualNetwork {
		return append(all,
			deed{"profile again", resource + "/getvpnprofilepackageurl/action", profileDeed(ProfileRequest{Reuse: true})},
			deed{"sessions", resource + "/getVpnClientConnectionHealth/action", func(w *world, g Gateway) error { _, err := w.Client.Sessions(w.ctx, g, ""); return err }},
			deed{"disconnect", resource + "/disconnectVirtualNetworkGatewayVpnConnections/action", disconnect})
	}
	return append(all,
		deed{"global profile", "Microsoft.Network/virtualWans/generateVpnProfile/action", profileDeed(ProfileRequest{Global: true})},
		deed{"totals", resource + "/getP2sVpnConnectionHealth/action", func(w *world, g Gateway) error { _, err := w.Totals(w.ctx, g); return err }},
		deed{"sessions", resource + "/getP2sVpnConnectionHealthDetailed/action", func(w *world, g Gateway) error { _, err := w.Client.Sessions(w.ctx, g, w.Blob()); return err }},
		deed{"disconnect", resource + "/disconnectP2sVpnConnections/action", disconnect},
		deed{"change what is shared", "Microsoft.Network/vpnServerConfigurations/write", func(w *world, g Gateway) error {
			plan, err := w.Plan(w.ctx, g, Change{Revoke: []Revoked{{"eve", strings.Repeat("cd", 20)}}})
			if err != nil {
				return err
			}
			return w.Apply(w.ctx, plan)
		}})
}

// Whatever is done with either kind of gateway gets over what passes, and says what does not: throttling, a manager or a storage that is busy, a sign-in
// that has ended, a role that lacks something.
func TestEveryDeedWithEveryFault(t *testing.T) {
	for _, kind := range []Kind{VirtualNetwork, VirtualWAN} {
		for _, d := range deeds(kind) {
			for name, fault := range map[string]struct {
				happen func(*world)
				want   Code // empty: it is got over
			}{
				"nothing":            {func(*world) {}, ""},
				"throttled":          {func(w *world) { w.Throttle(3, 5*time.Millisecond) }, ""},
				"busy":               {func(w *world) { w.Server.Unavailable(3) }, ""},
				"storage busy":       {func(w *world) { w.FailDownloads(3) }, ""},
				"slow":               {func(w *world) { w.Polls(3) }, ""},
				"throttled for long": {func(w *world) { w.Throttle(1000, time.Millisecond) }, Throttled},
				"busy for long":      {func(w *world) { w.Server.Unavailable(1000) }, Unavailable},
				"sign-in ended":      {func(w *world) { w.Expire(true) }, SignInNeeded},
				"no permission":      {func(w *world) { w.Forbid(d.action) }, NoPermission},
			} {
				t.Run(fmt.Sprintf("%s, %s, %s", kind, d.name, name), func(t *testing.T) {
					w := newWorld(t)
					w.firstDelay = time.Millisecond
					g := w.find(map[Kind]string{VirtualNetwork: w.network, VirtualWAN: w.hub}[kind])
					if d.name == "profile again" {
						if err := profileDeed(ProfileRequest{})(w, g); err != nil {
							t.Fatal(err)
						}
					}
					fault.happen(w)
					err := d.do(w, g)
					if fault.want == "" {
						if err != nil {
							t.Error(err)
						}
						return
					}
					p := wantProblem(t, err, fault.want)
					if fault.want == NoPermission && (!strings.EqualFold(p.Action, d.action) || !strings.Contains(p.Scope, production)) {
						t.Errorf("it lacks %q on %q, want %q", p.Action, p.Scope, d.action)
					}
				})
			}
		}
	}
}

// A storage that stays busy is not waited for forever, with either kind.
func TestStorageBusyForLong(t *testing.T) {
	w := newWorld(t)
	w.firstDelay = time.Millisecond
	for _, id := range []string{w.network, w.hub} {
		w.FailDownloads(1000)
		wantProblem(t, profileDeed(ProfileRequest{})(w, w.find(id)), BadDownload)
	}
	wantProblem(t, profileDeed(ProfileRequest{Global: true})(w, w.find(w.hub)), BadDownload)
	_, err := w.Client.Sessions(w.ctx, w.find(w.hub), w.Blob())
	wantProblem(t, err, BadBlob)
}

// 250 gateways of Virtual WAN come on several pages too, with what is theirs from other lists of several pages.
func TestManyGatewaysOfVirtualWAN(t *testing.T) {
	w := newWorld(t)
	for i := range 250 {
		subscription := []string{production, testing2}[i%2]
		name := fmt.Sprintf("hub-gateway-%03d", i)
		hub := w.AddVirtualHub(subscription, "wan", "hub-"+name, arm.ID(subscription, "wan", "virtualWans", "world"))
		configuration := w.AddServerConfiguration(subscription, "wan", "staff-"+name, armnetwork.VPNServerConfigurationProperties{
			VPNProtocols:           []*armnetwork.VPNGatewayTunnelingProtocol{pointer(armnetwork.VPNGatewayTunnelingProtocolOpenVPN)},
			VPNAuthenticationTypes: []*armnetwork.VPNAuthenticationType{pointer(armnetwork.VPNAuthenticationTypeAAD)},
		})
		w.AddP2SVPNGateway(subscription, "wan", name, armnetwork.P2SVPNGatewayProperties{
			VirtualHub: &armnetwork.SubResource{ID: &hub}, VPNServerConfiguration: &armnetwork.SubResource{ID: &configuration}})
	}
	w.Throttle(3, 5*time.Millisecond)
	found, err := w.Gateways(w.ctx)
	if err != nil || len(found.Gateways) != 254 || len(found.Refused) != 0 {
		t.Fatalf("%d gateways, %v, %v", len(found.Gateways), found.Refused, err)
	}
	for _, g := range found.Gateways {
		if !strings.HasPrefix(g.Name, "hub-gateway-") {
			continue
		}
		if g.VirtualWAN == "" || !strings.HasSuffix(g.ServerConfiguration, "staff-"+g.Name) || fmt.Sprint(g.PointToSite.Authentication) != "[entra]" || len(g.SharedWith) != 0 {
			t.Fatalf("%+v", g)
		}
	}
	if g := w.find("hub-gateway-249"); g.Subscription != testing2 {
		t.Errorf("%+v", g)
	}
	ctx, cancel := context.WithCancel(w.ctx)
	cancel()
	if _, err := w.Gateways(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
