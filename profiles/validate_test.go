package profiles

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/footbridge-vpn/footbridge/profiles/finding"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

func TestValidate(t *testing.T) {
	if findings := Validate(validProfile(t)); len(findings) != 0 {
		t.Fatalf("of a good profile: %v", findings)
	}
	two := 2
	tests := []struct {
		code   string
		faulty bool
		change func(*Profile)
	}{
		{"missing-name", false, func(p *Profile) { p.Name = " " }},
		{"missing-server", true, func(p *Profile) { p.Servers = nil }},
		{"bad-server", true, func(p *Profile) { p.Servers[0].Host = "a b" }},
		{"bad-server", true, func(p *Profile) { p.Servers[0].Port = 0 }},
		{"bad-transport", true, func(p *Profile) { p.Transport = "sctp" }},
		{"bad-transport", true, func(p *Profile) { p.Servers[0].Transport = "sctp" }},
		{"proxy-transport", false, func(p *Profile) { p.Transport, p.Proxy = UDP, &Proxy{Type: HTTPProxy} }},
		{"unknown-type", true, func(p *Profile) { p.Authentication.Type = "kerberos" }},
		{"missing-audience", true, func(p *Profile) { p.Authentication.Entra = nil }},
		{"missing-tenant", true, func(p *Profile) { p.Authentication.Entra.Tenant = "" }},
		{"bad-client-thumbprint", true, func(p *Profile) { p.Authentication.Certificate = &CertificateSelector{Thumbprint: "12"} }},
		{"bad-thumbprint", true, func(p *Profile) { p.Gateway.RootThumbprints = []string{"12"} }},
		{"retired-root", false, func(p *Profile) {
			p.Gateway.RootThumbprints = []string{"A8985D3A65E5E5C4B2D7D66D40C6DD2FB19C5436"}
		}},
		{"bad-name-rule", true, func(p *Profile) { p.Gateway.Name = NameRule{"wildcard", "x"} }},
		{"missing-secret", false, func(p *Profile) { p.ControlChannel.Key = "" }},
		{"bad-secret", true, func(p *Profile) { p.ControlChannel.Key = "12" }},
		{"bad-secret", true, func(p *Profile) { p.ControlChannel = ControlChannel{Mode: TLSCryptV2, Key: "12"} }},
		{"unknown-control-mode", true, func(p *Profile) { p.ControlChannel.Mode = "rot13" }},
		{"bad-key-direction", true, func(p *Profile) { p.ControlChannel.KeyDirection = &two }},
		{"useless-route", false, func(p *Profile) { p.IncludeRoutes = prefixes("127.0.0.0/8") }},
		{"useless-route", false, func(p *Profile) { p.ExcludeRoutes = prefixes("fe80::/10") }},
		{"conflicting-routes", false, func(p *Profile) { p.IncludeRoutes, p.ExcludeRoutes = prefixes("10.0.0.0/8"), prefixes("10.0.0.0/8") }},
		{"bad-route", true, func(p *Profile) { p.IncludeRoutes = prefixes("")[:1] }},
		{"suffixes-without-servers", false, func(p *Profile) { p.DNS = DNS{Suffixes: []string{"corp.example"}} }},
	}
	for _, test := range tests {
		p := validProfile(t)
		test.change(p)
		findings := Validate(p)
		if len(findings) == 0 || findings[0].Code != test.code || finding.Faulty(findings) != test.faulty {
			t.Errorf("%s: %+v", test.code, findings)
		}
	}
}

func TestRetiredAlone(t *testing.T) {
	const old, other = "a8985d3a65e5e5c4b2d7d66d40c6dd2fb19c5436", "df3c24f9bfd666761b268073fe06d1cc8d4f82a4"
	for _, test := range []struct {
		thumbprints []string
		retired     bool
	}{{nil, false}, {[]string{old}, true}, {[]string{old, old}, true}, {[]string{other}, false}, {[]string{old, other}, false}, {[]string{other, old}, false}} {
		if name := retiredAlone(test.thumbprints); (name != "") != test.retired {
			t.Errorf("%v: %q", test.thumbprints, name)
		}
	}
}

func validProfile(t *testing.T) *Profile {
	imported, err := Import(bytes.NewReader(fixtureNamed(t, "client-config.xml")), ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	p := imported.Profiles[0]
	p.ControlChannel.Key = secret.Text(secretDigits)
	return p
}

func secretText(text string) secret.Text { return secret.Text(text) }

func prefixes(texts ...string) []netip.Prefix {
	var all []netip.Prefix
	for _, text := range texts {
		prefix, _ := netip.ParsePrefix(text) // invalid for ""
		all = append(all, prefix)
	}
	return all
}
