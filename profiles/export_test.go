package profiles

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// An export of what Azure generated is what Azure generated, to the byte.
func TestGeneratedProfilesAreExportedAsTheyCame(t *testing.T) {
	for _, name := range []string{"entra.xml", "certificate.xml", "radius.xml", "client-config.xml", "custom-audience-nil-twin.xml"} {
		data := fixtureNamed(t, name)
		imported, err := Import(bytes.NewReader(data), ImportOptions{})
		if err != nil {
			t.Fatal(err)
		}
		exported, err := Export(imported.Profiles[0], FormatAzureXML)
		if err != nil {
			t.Fatal(err)
		}
		want := string(data)
		switch name { // the shapes of people, which Azure does not generate
		case "client-config.xml":
			want = strings.NewReplacer("      <dnsserver>10.20.0.6</dnsserver>\n", "      <DnsServerEntry>\n        <dnsserver>10.20.0.6</dnsserver>\n      </DnsServerEntry>\n",
				"      <dnsserver>fd00::53</dnsserver>\n", "      <DnsServerEntry>\n        <dnsserver>fd00::53</dnsserver>\n      </DnsServerEntry>\n",
				"dnsssuffix", "dnssuffix", ".Corp.", ".corp.", ">vnet.", ">.vnet.", "</destination><mask>", "</destination>\n        <mask>").Replace(want)
		case "custom-audience-nil-twin.xml":
			_, rest, _ := strings.Cut(want, "    <cert>\n")
			_, rest, _ = strings.Cut(rest, "    <cert i:nil")
			before, _, _ := strings.Cut(want, "    <cert>\n")
			want = before + "    <cert i:nil" + rest
		}
		if string(exported) != want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, exported, want)
		}
	}
}

// What this program does not know comes back, in its place and readable for a strict parser.
func TestUnknownElementsSurviveExport(t *testing.T) {
	imported, err := Import(bytes.NewReader(fixtureNamed(t, "unknown-elements.xml")), ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	p := imported.Profiles[0]
	p.Name, p.DNS.Suffixes = "renamed", []string{"corp.example"}
	exported, err := Export(p, FormatAzureXML)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"<alwayson>true</alwayson>\n  <any ",
		"  <retrypolicy xmlns:q=\"urn:q\" q:a=\"1\">\n    <q:times>3</q:times>\n    <y>z</y>\n  </retrypolicy>\n  <serverlist>",
		"<futurething>on</futurething>\n    <serversecret>",
		"<name>renamed</name>", "<dnssuffix>.corp.example</dnssuffix>",
	} {
		if !strings.Contains(string(exported), want) {
			t.Errorf("no %q in\n%s", want, exported)
		}
	}
}

func TestForcedTunnelRaisesTheVersion(t *testing.T) {
	imported, err := Import(bytes.NewReader(fixtureNamed(t, "forced-without-version.xml")), ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	exported, err := Export(imported.Profiles[0], FormatAzureXML)
	if err != nil || !strings.Contains(string(exported), "<version>2</version>") {
		t.Errorf("%v\n%s", err, exported)
	}
}

func TestExportRefusesWhatAFormatCannotSay(t *testing.T) {
	load := func(name string) *Profile {
		imported, err := Import(bytes.NewReader(fixtureNamed(t, name)), ImportOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return imported.Profiles[0]
	}
	with := func(name string, change func(*Profile)) *Profile {
		p := load(name)
		change(p)
		return p
	}
	tests := []struct {
		profile *Profile
		format  Format
		says    string
	}{
		{load("entra.xml"), FormatOVPN, "root certificate"},
		{load("settings.xml"), FormatAzureXML, "server secret"},
		{load("settings.xml"), FormatOVPN, "server secret"},
		{load("password-only.ovpn"), FormatAzureXML, "tls-auth key"},
		{with("azure.ovpn", func(p *Profile) { p.Servers[0].Port = 1194 }), FormatAzureXML, "port"},
		{load("pkcs12-fingerprint.ovpn"), FormatAzureXML, "key direction"},
		{load("entra.xml"), FormatVPNSettings, "only"},
		{with("entra.xml", func(p *Profile) { p.Servers = nil }), FormatAzureXML, "names no server"},
		{with("azure.ovpn", func(p *Profile) { p.Authentication.AuthUserPass = true }), FormatAzureXML, "both"},
		{with("azure.ovpn", func(p *Profile) { p.ControlChannel.Digest = "SHA1" }), FormatAzureXML, "digest"},
		{with("azure.ovpn", func(p *Profile) { p.ControlChannel.KeyDirection = nil }), FormatAzureXML, "key direction"},
		{with("azure.ovpn", func(p *Profile) { p.Servers[0].Transport = UDP }), FormatAzureXML, "transport"},
		{with("azure.ovpn", func(p *Profile) { p.Gateway.Roots = nil }), FormatAzureXML, "thumbprint"},
		{with("azure.ovpn", func(p *Profile) { p.Gateway.RootThumbprints = []string{strings.Repeat("0", 40)} }), FormatOVPN, "root certificate"},
	}
	for _, test := range tests {
		_, err := Export(test.profile, test.format)
		var refused *ExportError
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s as %s: %v, want %q", test.profile.Name, test.format, err, test.says)
		}
	}
}
