package azure

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/arm"
)

func TestGateways(t *testing.T) {
	w := newWorld(t)
	found, err := w.Gateways(w.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if got := names(found.Gateways); got != "[bare contoso east west]" || len(found.Refused) != 0 {
		t.Fatalf("found %s, refused %v", got, found.Refused)
	}
	contoso := found.Gateways[1]
	p := contoso.PointToSite
	if contoso.Kind != VirtualNetwork || contoso.SubscriptionName != "Production" || contoso.ResourceGroup != "network" || contoso.State != "Succeeded" || contoso.SKU != "VpnGw2AZ" {
		t.Errorf("%+v", contoso)
	}
	if fmt.Sprint(p.AddressPools, p.Protocols, p.Authentication, p.CustomRoutes) != "[172.16.201.0/24] [openvpn] [cert entra radius] [10.50.0.0/16]" ||
		p.Entra.Audience != registeredAudience || fmt.Sprint(p.RADIUS) != "[10.1.0.4]" || fmt.Sprint(p.Revoked) != "[bob ("+strings.Repeat("ab", 20)+")]" {
		t.Errorf("%+v", p)
	}
	if len(p.Roots) != 1 || p.Roots[0].Thumbprint != thumbprint(w.root) || p.Roots[0].Subject != "CN=Contoso clients" || !p.RootsExpire().Equal(w.root.Certificate.NotAfter) {
		t.Errorf("%+v", p.Roots)
	}
	if found.Gateways[0].PointToSite != nil {
		t.Errorf("%+v", found.Gateways[0].PointToSite)
	}
	west := found.Gateways[3]
	if west.Kind != VirtualWAN || !slices.Equal(west.SharedWith, []string{"east"}) || !strings.HasSuffix(west.VirtualWAN, "/virtualWans/world") || west.ServerConfiguration != w.config {
		t.Errorf("%+v", west)
	}
	if q := west.PointToSite; fmt.Sprint(q.AddressPools, q.Protocols, q.Authentication, q.DNSServers, q.RADIUS) !=
		"[172.17.0.0/22] [openvpn] [entra radius] [10.9.0.53] [10.9.0.4 (score 30) 10.9.0.5 (score 10)]" {
		t.Errorf("%+v", q)
	}
	// Asked for by its id there is the same, with three requests instead of a search.
	for _, g := range []Gateway{contoso, west} {
		same := w.find(g.ID)
		same.SubscriptionName = g.SubscriptionName
		if !reflect.DeepEqual(same.PointToSite, g.PointToSite) || fmt.Sprint(same.SharedWith) != fmt.Sprint(g.SharedWith) || same.VirtualWAN != g.VirtualWAN {
			t.Errorf("%+v is not %+v", same, g)
		}
	}
}

// 250 gateways come on several pages, from several resource groups and subscriptions, while Azure refuses for a moment.
func TestManyGateways(t *testing.T) {
	w := newWorld(t)
	for i := range 250 {
		w.AddVirtualNetworkGateway([]string{production, testing2}[i%2], fmt.Sprintf("group-%d", i%5), fmt.Sprintf("gateway-%03d", i), w.networkProperties())
	}
	w.Throttle(3, 20*time.Millisecond)
	found, err := w.Gateways(w.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Gateways) != 254 {
		t.Errorf("found %d", len(found.Gateways))
	}
	seen := map[string]bool{}
	for _, g := range found.Gateways {
		seen[g.ID] = true
	}
	if len(seen) != len(found.Gateways) {
		t.Errorf("%d are different", len(seen))
	}
	further := 0
	for _, r := range w.Requests() {
		if strings.Contains(r.Path, "skiptoken") {
			further++
		}
		if !r.Token {
			t.Errorf("%s without a token", r.Path)
		}
	}
	if further < 2 {
		t.Errorf("%d further pages were asked for", further)
	}
}

func TestSubscriptions(t *testing.T) {
	w := newWorld(t)
	for wanted, names := range map[string]string{"Production": "[contoso east west]", strings.ToUpper(testing2): "[bare]"} {
		client := w.client(token{})
		client.wanted = []string{wanted, wanted}
		found, err := client.Gateways(w.ctx)
		if err != nil || fmt.Sprint(gatewayNames(found)) != names {
			t.Errorf("%s: %v, %v", wanted, gatewayNames(found), err)
		}
	}
	client := w.client(token{})
	client.wanted = []string{"Nowhere"}
	_, err := client.Gateways(w.ctx)
	if p := wantProblem(t, err, NoSubscription); p.Subject != "Nowhere" {
		t.Errorf("%v", p)
	}
}

func gatewayNames(found Found) []string {
	var all []string
	for _, g := range found.Gateways {
		all = append(all, g.Name)
	}
	return all
}

// What may not be seen is said, and the rest is there.
func TestPartlyForbidden(t *testing.T) {
	w := newWorld(t)
	w.Forbid("Microsoft.Network/p2svpnGateways/read")
	found, err := w.Gateways(w.ctx)
	if err != nil || names(found.Gateways) != "[bare contoso]" || len(found.Refused) != 2 {
		t.Fatalf("%s, %v, %v", names(found.Gateways), found.Refused, err)
	}
	if p := wantProblem(t, found.Refused[0].Err, NoPermission); p.Action != "Microsoft.Network/p2svpnGateways/read" || p.Scope != "/subscriptions/"+production {
		t.Errorf("%+v", p)
	}
	// A gateway that is not found may be among those.
	_, err = w.Gateway(w.ctx, "west")
	wantProblem(t, err, NoPermission)
}

func TestFindGateway(t *testing.T) {
	w := newWorld(t)
	second := w.AddVirtualNetworkGateway(testing2, "lab", "Contoso", w.networkProperties())
	_, err := w.Gateway(w.ctx, "contoso")
	if p := wantProblem(t, err, SeveralGateways); !slices.Equal(p.Names, []string{w.network, second}) && !slices.Equal(p.Names, []string{second, w.network}) {
		t.Errorf("%v", p.Names)
	}
	if g := w.find("LAB/contoso"); g.ID != second {
		t.Errorf("%s", g.ID)
	}
	for _, name := range []string{"nowhere", arm.ID(production, "network", "virtualNetworkGateways", "nowhere"), arm.ID(production, "wan", "p2svpnGateways", "nowhere"),
		"/subscriptions/x", arm.ID(production, "network", "virtualNetworks", "contoso")} {
		_, err := w.Gateway(w.ctx, name)
		wantProblem(t, err, NoGateway)
	}
}

// Every way in which Azure refuses has a name.
func TestRefusals(t *testing.T) {
	for name, test := range map[string]struct {
		break_ func(*world)
		want   Code
	}{
		"token expired":      {func(w *world) { w.Expire(true) }, SignInNeeded},
		"no permission":      {func(w *world) { w.Forbid("Microsoft.Network/virtualNetworkGateways/read") }, NoPermission},
		"throttled for long": {func(w *world) { w.Throttle(1000, time.Millisecond) }, Throttled},
		"unavailable":        {func(w *world) { w.Unavailable(1000) }, Unavailable},
		"busy": {func(w *world) {
			w.Refuse(http.StatusConflict, "AnotherOperationInProgress", "Another operation is in progress.")
		}, Busy},
		"locked": {func(w *world) { w.Refuse(http.StatusConflict, "ScopeLocked", "The scope is locked.") }, Locked},
		"policy": {func(w *world) {
			w.Refuse(http.StatusForbidden, "RequestDisallowedByPolicy", "Resource was disallowed by policy.")
		}, ByPolicy},
		"something else": {func(w *world) { w.Refuse(http.StatusBadRequest, "GatewaySkuNotSupported", "The SKU is not supported.") }, Failed},
		"gone": {func(w *world) {
			w.Refuse(http.StatusNotFound, "ResourceGroupNotFound", "Resource group could not be found.")
		}, NoGateway},
		"another certificate": {func(w *world) { w.Client = w.untrusting() }, Untrusted},
		"nobody there":        {func(w *world) { w.Server.Close() }, Unreachable},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			test.break_(w)
			_, err := w.Gateway(w.ctx, w.network)
			p := wantProblem(t, err, test.want)
			if test.want == Failed && p.Detail != "The SKU is not supported." || p.Request == "" && test.want != Untrusted && test.want != Unreachable {
				t.Errorf("%+v", p)
			}
		})
	}
}

func (w *world) untrusting() *Client {
	client, err := New(Options{Cloud: w.Client.cloud, Credential: token{}, HTTPClient: &http.Client{Transport: &http.Transport{}}, RetryDelay: time.Millisecond})
	if err != nil {
		w.t.Fatal(err)
	}
	return client
}

func TestFindCloud(t *testing.T) {
	w := newWorld(t)
	for _, known := range Clouds() {
		for _, name := range []string{known.Name, strings.ToUpper(known.Name), known.ResourceManager, known.ResourceManager + "/"} {
			if got, err := FindCloud(w.ctx, w.HTTPClient(), name); err != nil || got != known {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
		}
	}
	address, _ := url.Parse(w.Endpoint())
	got, err := FindCloud(w.ctx, w.HTTPClient(), w.Endpoint()+"/")
	if want := (Cloud{address.Host, "https://login.lab.example", w.Endpoint(), arm.Audience}); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	for _, name := range []string{"", "mars", "http://management.azure.com", "https://", "https://user:pass@host", "https://127.0.0.1:1"} {
		_, err := FindCloud(w.ctx, w.HTTPClient(), name)
		wantProblem(t, err, UnknownCloud)
	}
}
