package profiles

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/footbridge-vpn/footbridge/profiles/finding"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// fixtureNamed returns one of testdata/import.
func fixtureNamed(t testing.TB, name string) []byte {
	t.Helper()
	for _, f := range fixtures(t) {
		if f.name == name {
			return f.data
		}
	}
	t.Fatalf("no fixture %s", name)
	return nil
}

func TestWrongFilesAreNamed(t *testing.T) {
	root, key := testCertificate(t, "Example Root", 1, true)
	tests := []struct{ content, says string }{
		{"", "empty"},
		{" \r\n\t", "empty"},
		{"\xef\xbb\xbf", "empty"},
		{"%PDF-1.7\n", "PDF"},
		{"MZ\x90\x00\x03", "Windows program"},
		{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00", "installer (MSI)"},
		{"\x7fELF\x02", "Linux program"},
		{"xar!\x00", "macOS installer"},
		{"\x1f\x8b\x08\x00", "gzip"},
		{"7z\xbc\xaf\x27\x1c\x00", "7-Zip"},
		{"Rar!\x1a\x07", "RAR"},
		{"\x89PNG\r\n\x1a\n", "picture"},
		{strings.Repeat("a", 257) + "ustar\x00" + strings.Repeat("\x00", 300), "tar"},
		{"bplist00\x01", "property list"},
		{"\x00\x01\x02\x03", "binary"},
		{"<!DOCTYPE html><html><body>Sign in to your account</body></html>", "web page"},
		{"<!-- x --><HTML><head>", "web page"},
		{`<?xml version="1.0"?><!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "x"><plist><dict/></plist>`, "mobileconfig"},
		{`<VPNProfile><PluginProfile><ServerUrlList>x</ServerUrlList></PluginProfile></VPNProfile>`, "VPNv2"},
		{`<?xml version="1.0" encoding="utf-8"?><Error><Code>AuthenticationFailed</Code></Error>`, "Azure's storage"},
		{`<rss><channel/></rss>`, "not an Azure VPN profile"},
		{`{"error":{"code":"ExpiredAuthenticationToken"}}`, "error message in JSON"},
		{`[{"a":1}]`, "JSON"},
		{inPEM(root), "certificate alone"},
		{string(root.Raw), "certificate alone"},
		{"\x30\x82\x0a\x00\x02\x01\x03", "PKCS#12"},
		{"0" + "\x82 <plist version", "signed configuration profile"},
		{key, "private key"},
		{inPEM(root) + key, "private key"},
		{"-----BEGIN OpenVPN Static key V1-----\n" + secretDigits, "key of OpenVPN"},
		{"[Interface]\nPrivateKey = abc=\n[Peer]\n", "WireGuard"},
		{"[Azure]\r\nEncoding=1\r\nVpnStrategy=5\r\n", "phone book"},
		{"[connection]\nid=x\n[vpn]\nservice-type=y\n", "NetworkManager"},
		{"Dear colleague, please find the VPN profile attached.", "not an OpenVPN configuration"},
		{secretDigits, "not an OpenVPN configuration"},
		{"PK\x05\x06" + strings.Repeat("\x00", 18), "empty ZIP"},
		{"PK\x03\x04 and nothing else", "damaged"},
		{strings.Repeat("x", 16<<20+1), "more than 16 MB"},
	}
	for _, test := range tests {
		imported, err := Import(strings.NewReader(test.content), ImportOptions{Name: "download"})
		var refused *ImportError
		if !errors.As(err, &refused) {
			t.Errorf("%.20q: imported %v, error %v", test.content, imported, err)
			continue
		}
		f := refused.Findings[0]
		if !strings.Contains(f.Problem, test.says) || f.Remedy == "" || f.File != "download" {
			t.Errorf("%.20q: %+v, want %q", test.content, f, test.says)
		}
	}
}

func TestUTF16IsRead(t *testing.T) {
	text := utf16.Encode([]rune(string(fixtureNamed(t, "entra.xml"))))
	for mark, order := range map[string]binary.ByteOrder{"\xff\xfe": binary.LittleEndian, "\xfe\xff": binary.BigEndian} {
		data := []byte(mark)
		for _, unit := range text {
			pair := make([]byte, 2)
			order.PutUint16(pair, unit)
			data = append(data, pair...)
		}
		imported, err := Import(bytes.NewReader(data), ImportOptions{})
		if err != nil || imported.Profiles[0].Name != "VNET-EXAMPLE" {
			t.Errorf("%v: %v", order, err)
		}
	}
}

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

func TestImportFileReadsWhatLiesBeside(t *testing.T) {
	root, _ := testCertificate(t, "Example Root", 1, true)
	client, key := testCertificate(t, "alice", 3, false)
	base := t.TempDir()
	folder := filepath.Join(base, "vpn")
	write := func(path, content string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(folder, "ca.crt"), inPEM(root))
	write(filepath.Join(folder, "keys/me.crt"), inPEM(client))
	write(filepath.Join(folder, "keys/me.key"), key)
	write(filepath.Join(folder, "pass.txt"), "alice\r\ncorrect horse\r\n")
	write(filepath.Join(folder, "me.p12"), "\x30\x82\x00\xff\xfe")
	write(filepath.Join(base, "outside.crt"), inPEM(root))
	if err := os.Symlink("../outside.crt", filepath.Join(folder, "link.crt")); err != nil {
		t.Fatal(err)
	}
	write(filepath.Join(folder, "huge.crt"), strings.Repeat("x", maxReferenced+1))

	config := "client\nremote gw.example.com\nremote-cert-tls server\n"
	path := filepath.Join(folder, "Head Office.ovpn")
	write(path, config+"ca ca.crt\ncert ./keys/me.crt\nkey keys/me.key\nauth-user-pass pass.txt\n")
	imported, err := ImportFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p := imported.Profiles[0]
	if p.Name != "Head Office" || len(p.Gateway.Roots) != 1 || p.Authentication.ClientCert == "" || p.Authentication.ClientKey == "" || p.Authentication.Username != "alice" || p.Authentication.Password != "correct horse" {
		t.Errorf("got\n%s", dump(p))
	}
	write(path, config+"ca ca.crt\npkcs12 me.p12\n")
	if imported, err = ImportFile(path); err != nil || imported.Profiles[0].Authentication.PKCS12 != "\x30\x82\x00\xff\xfe" {
		t.Errorf("PKCS#12: %v", err)
	}

	for name, says := range map[string]string{
		"../outside.crt": "outside", filepath.Join(base, "outside.crt"): "outside", "link.crt": "outside", "missing.crt": "no such file", "keys": "not a regular file",
		"huge.crt": "too large",
	} {
		write(path, config+"ca \""+name+"\"\n")
		var refused *ImportError
		if _, err := ImportFile(path); !errors.As(err, &refused) || refused.Findings[0].Code != "file-reference" || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", name, err, says)
		}
	}
	if _, err := ImportFile(folder); err == nil || !strings.Contains(err.Error(), "folder") {
		t.Errorf("folder: %v", err)
	}
	if _, err := ImportFile(filepath.Join(folder, "nothing.zip")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
}

// Nothing that is said about a file, and no way of printing a profile, shows a secret of it.
func TestSecretsAreNotShown(t *testing.T) {
	_, key := testCertificate(t, "alice", 3, false)
	keyLine := strings.Split(key, "\n")[1]
	secrets := []string{secretDigits[:32], keyLine, "correct horse", "proxy pass", "Sesame-77"}
	variants := func(data []byte) [][]byte {
		text := string(data)
		return [][]byte{data,
			[]byte(strings.ReplaceAll(text, secretDigits, secretDigits[:200])), // cut short
			[]byte(strings.ReplaceAll(text, secretDigits, secretDigits+" Sesame-77")),
			[]byte(strings.ReplaceAll(text, "</serversecret>", "")),
			[]byte(strings.ReplaceAll(text, "<serversecret>", "")),
			[]byte(strings.ReplaceAll(text, "<tls-auth>", "")),
			[]byte(strings.ReplaceAll(text, "<key>", "")),
			[]byte(strings.ReplaceAll(text, "<auth-user-pass>", "")),
			[]byte(strings.ReplaceAll(text, "<http-proxy-user-pass>", "proto Sesame-77\nroute Sesame-77\nroute-ipv6 Sesame-77\nreneg-sec Sesame-77\nSesame-77")),
		}
	}
	for _, f := range fixtures(t) {
		for i, data := range variants(f.data) {
			imported, err := Import(bytes.NewReader(data), ImportOptions{Name: f.name})
			shown := fmt.Sprint(err)
			var refused *ImportError
			if errors.As(err, &refused) {
				shown += fmt.Sprintf("%+v", refused.Findings)
			}
			if err == nil {
				shown += fmt.Sprintf("%+v", imported.Findings)
				for _, p := range imported.Profiles {
					shown += fmt.Sprintf("%v %+v %s %#v %v %+v %#v", p, p, p, p, *p, *p, *p) + slog.AnyValue(p).Resolve().String()
				}
			}
			for _, s := range secrets {
				if strings.Contains(shown, s) {
					t.Errorf("%s, variant %d shows %q:\n%s", f.name, i, s, shown)
				}
			}
		}
	}
}

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
