package azure

import (
	"crypto/x509"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/azurezip"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

func (w *world) profile(gateway string, authentication Authentication) *profiles.Profile {
	w.t.Helper()
	found, err := w.Profile(w.ctx, ProfileRequest{Gateway: w.find(gateway), Authentication: authentication})
	if err != nil {
		w.t.Fatal(err)
	}
	return found.Profile
}

func fields(all []Difference) string {
	var words []string
	for _, d := range all {
		words = append(words, string(d.Field))
	}
	return strings.Join(words, " ")
}

// Each thing that can change in Azure is noticed in a profile from before.
func TestCheck(t *testing.T) {
	w := newWorld(t)
	now := time.Now()
	before := w.profile("contoso", EntraAuthentication)
	check, err := w.Check(w.ctx, before, w.find("contoso"), now)
	if err != nil || len(check.Differences)+len(check.ByHand)+len(check.Notices) != 0 {
		t.Fatalf("%+v, %v", check, err)
	}
	second := authority(t, "Second gateway root")
	for want, change := range map[Field]func(*azurezip.Description){
		FieldServers:      func(d *azurezip.Description) { d.Hosts = []string{azurezip.HostName(vnetID, 0x123456)} },
		FieldTransport:    func(d *azurezip.Description) { d.Transport = "udp" },
		FieldGatewayRoots: func(d *azurezip.Description) { d.Roots = []*x509.Certificate{second.Certificate} },
		FieldTenant:       func(d *azurezip.Description) { d.Entra.Tenant = "https://login.microsoftonline.us/" + tenantID + "/" },
		FieldAudience:     func(d *azurezip.Description) { d.Entra.Audience = "41b23e61-6c1e-4545-b367-cd054e0ed4b4" },
		FieldIssuer:       func(d *azurezip.Description) { d.Entra.Issuer = "https://sts.windows.net/other/" },
		FieldSecret:       func(d *azurezip.Description) { d.Secret = tlswrap.GenerateStaticKey() },
		FieldDNSServers:   func(d *azurezip.Description) { d.DNSServers = []netip.Addr{netip.MustParseAddr("10.1.0.53")} },
		FieldIncludeRoutes: func(d *azurezip.Description) {
			d.IncludeRoutes = []netip.Prefix{netip.MustParsePrefix("10.77.0.0/16")}
		},
	} {
		kept := w.zip
		entra := *w.zip.Entra
		w.zip.Entra = &entra
		change(&w.zip)
		check, err := w.Check(w.ctx, before, w.find("contoso"), now)
		if err != nil || fields(check.Differences) != string(want) || len(check.ByHand) != 0 {
			t.Errorf("%s: %v, %v, %v", want, check.Differences, check.ByHand, err)
		}
		if text := fmt.Sprint(check.Differences); strings.Contains(text, before.ControlChannel.Key.Reveal()[:16]) {
			t.Errorf("%s tells the secret", text)
		}
		w.zip = kept
	}
	// A gateway that no longer offers the profile's way to sign in.
	w.change(w.network, Change{Authentication: []Authentication{CertificateAuthentication}})
	_, err = w.Check(w.ctx, before, w.find("contoso"), now)
	wantProblem(t, err, NoAuthentication)
}

func TestCheckVirtualWAN(t *testing.T) {
	w := newWorld(t)
	for _, global := range []bool{false, true} {
		found, err := w.Profile(w.ctx, ProfileRequest{Gateway: w.find("west"), Authentication: EntraAuthentication, Global: global})
		if err != nil {
			t.Fatal(err)
		}
		check, err := w.Check(w.ctx, found.Profile, w.find("west"), time.Now())
		if err != nil || len(check.Differences) != 0 {
			t.Errorf("global %v: %v, %v", global, check.Differences, err)
		}
	}
}

// What someone added to a profile is no difference, and goes along into the settings when the profile is replaced.
func TestKeepByHand(t *testing.T) {
	w := newWorld(t)
	fresh := w.profile("contoso", CertificateAuthentication)
	have := *fresh
	have.DNS = profiles.DNS{Servers: []netip.Addr{netip.MustParseAddr("10.1.0.4")}, Suffixes: []string{"corp.example"}}
	have.IncludeRoutes = []netip.Prefix{netip.MustParsePrefix("10.88.0.0/16")}
	have.ExcludeRoutes = []netip.Prefix{netip.MustParsePrefix("10.88.1.0/24")}
	changed, byHand := Compare(&have, fresh)
	if len(changed) != 0 || fields(byHand) != "dns-servers dns-suffixes include-routes exclude-routes" {
		t.Errorf("%v, %v", changed, byHand)
	}
	kept := KeepByHand(&have, fresh, settings.Settings{MTU: 1400, IncludeRoutes: have.IncludeRoutes})
	if fmt.Sprint(kept.DNSServers, kept.DNSSuffixes, kept.IncludeRoutes, kept.ExcludeRoutes, kept.MTU) != "[10.1.0.4] [corp.example] [10.88.0.0/16] [10.88.1.0/24] 1400" {
		t.Errorf("%+v", kept)
	}
	if kept := KeepByHand(&have, fresh, settings.Settings{DNSServers: []netip.Addr{netip.MustParseAddr("10.5.0.4")}}); fmt.Sprint(kept.DNSServers) != "[10.5.0.4]" {
		t.Errorf("%+v", kept)
	}
}

func TestNotices(t *testing.T) {
	w := newWorld(t)
	p := w.profile("contoso", EntraAuthentication)
	g := w.find("contoso")
	old := *p
	old.Gateway.RootThumbprints = []string{"a8985d3a65e5e5c4b2d7d66d40c6dd2fb19c5436"}
	legacy := *p
	entra := *p.Authentication.Entra
	entra.Audience = "41B23E61-6c1e-4545-b367-cd054e0ed4b4"
	legacy.Authentication.Entra = &entra
	failed := g
	failed.State = "Failed"
	aging := g
	settings := g.PointToSite.clone()
	settings.Entra.Audience = entra.Audience
	aging.PointToSite = &settings
	ends := w.root.Certificate.NotAfter
	for name, test := range map[string]struct {
		profile *profiles.Profile
		gateway Gateway
		now     time.Time
		want    string
	}{
		"nothing":           {p, g, time.Now(), "[]"},
		"retired root":      {&old, g, time.Now(), "[retired-root]"},
		"retiring audience": {&legacy, g, time.Now(), "[audience-retires]"},
		"both sides of it":  {&legacy, aging, time.Now(), "[audience-retires]"},
		"the gateway's":     {p, aging, time.Now(), "[audience-retires]"},
		"failed":            {p, failed, time.Now(), "[gateway-failed]"},
		"roots end soon":    {p, g, ends.Add(-24 * time.Hour), "[gateway-root-ends client-root-expires]"},
		"roots ended":       {p, g, ends.Add(24 * time.Hour), "[gateway-root-ends client-root-expired]"},
	} {
		var codes []NoticeCode
		for _, n := range Notices(test.profile, test.gateway, test.now) {
			codes = append(codes, n.Code)
		}
		if fmt.Sprint(codes) != test.want {
			t.Errorf("%s: %v", name, codes)
		}
	}
}
