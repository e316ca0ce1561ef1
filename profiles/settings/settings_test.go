package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/finding"
)

func TestKeysAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, key := range Keys() {
		if key.Help == "" || key.Example == "" || seen[key.Name] || !strings.HasSuffix(key.Help, ".") {
			t.Errorf("%+v", key)
		}
		seen[key.Name] = true
		var s Settings
		if err := s.Set(key.Name, key.Example); err != nil {
			t.Errorf("the example of %s: %v", key.Name, err)
		}
		if got := s.Get(key.Name); got != key.Example {
			t.Errorf("%s: got %q, want %q", key.Name, got, key.Example)
		}
		if s.IsZero() {
			t.Errorf("%s sets nothing", key.Name)
		}
		if err := s.Set(key.Name, ""); err != nil || !s.IsZero() || s.Get(key.Name) != "" {
			t.Errorf("%s cannot be taken back: %v, %+v", key.Name, err, s)
		}
	}
	// Every field has a key, so that none can only be set in files.
	fields := reflect.TypeFor[Settings]().NumField() - 1 + reflect.TypeFor[CertificateSource]().NumField()
	if len(seen) != fields {
		t.Errorf("%d keys for %d fields", len(seen), fields)
	}
}

func TestSet(t *testing.T) {
	tests := []struct{ key, value, want string }{
		{"dns-servers", "10.0.0.4, fd00::4;10.0.0.4 ::ffff:10.0.0.5", "10.0.0.4,fd00::4,10.0.0.5"},
		{"DNS_Suffixes", ".Corp.Example., münchen.example", "corp.example,xn--mnchen-3ya.example"},
		{"include-routes", "10.20.1.1/16 192.0.2.7 fd00::/8 0.0.0.0/0", "10.20.0.0/16,192.0.2.7/32,fd00::/8,0.0.0.0/0"},
		{"transport", "UDP", "udp"},
		{"proxy", "proxy.corp.example:8080", "http://proxy.corp.example:8080"},
		{"proxy", "socks5h://alice:p%40ss@10.0.0.9:1080/", "socks5://alice:p%40ss@10.0.0.9:1080"},
		{"proxy", "http://[fd00::9]:3128", "http://[fd00::9]:3128"},
		{"proxy", "None", "none"},
		{"mtu", " 1400 ", "1400"},
		{"sign-in-server", "login.example:8443", "login.example:8443"},
		{"autoconnect", "yes", "true"},
		{"autoconnect", "off", ""},
		{"remember-password", "no", "false"},
		{"trusted-networks", "Corp.Example intranet.corp.example:443,[fd00::1]:0443", "corp.example,intranet.corp.example:443,[fd00::1]:443"},
		{"sign-in", "browser", ""},
		{"sign-in", "Device-Code", "device-code"},
		{"certificate-thumbprint", "0F:1E:2D:3C:4B:5A:69:78:87:96:A5:B4:C3:D2:E1:F0:0F:1E:2D:3C", "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c"},
	}
	for _, test := range tests {
		var s Settings
		if err := s.Set(test.key, test.value); err != nil {
			t.Errorf("%s=%s: %v", test.key, test.value, err)
		}
		if got := s.Get(test.key); got != test.want {
			t.Errorf("%s=%s: got %q, want %q", test.key, test.value, got, test.want)
		}
	}
}

func TestSetSaysWhatWasExpected(t *testing.T) {
	tests := []struct{ key, value, says string }{
		{"dns-servers", "ns1.corp.example", `"ns1.corp.example" is not a list of IP addresses, such as`},
		{"dns-servers", "0.0.0.0", "is not a list of IP addresses"},
		{"dns-servers", "fe80::1%eth0", "is not a list of IP addresses"},
		{"dns-servers", ",", "is not a list of IP addresses"},
		{"dns-suffixes", "192.0.2.1", `"192.0.2.1" is not a list of DNS suffixes, such as`},
		{"dns-suffixes", "*.corp.example", "is not a list of DNS suffixes"},
		{"dns-suffixes", "corp..example", "is not a list of DNS suffixes"},
		{"include-routes", "10.20.0.0/33", `"10.20.0.0/33" is not a list of networks, such as 10.20.0.0/16`},
		{"exclude-routes", "corp.example", "is not a list of networks"},
		{"transport", "sctp", `"sctp" is not tcp or udp`},
		{"proxy", "proxy", "expected a proxy, such as"},
		{"proxy", "ftp://alice:hunter2@proxy:21", "expected a proxy, such as"},
		{"proxy", "http://alice:[secret]@proxy:21", "the password itself"},
		{"proxy", "http://:hunter2@proxy:21", "a user name before the password"},
		{"mtu", "many", "a number of bytes from 576 to 65535"},
		{"mtu", "70000", "a number of bytes from 576 to 65535"},
		{"mtu", "0", "a number of bytes from 576 to 65535"},
		{"autoconnect", "maybe", `"maybe" is not true or false`},
		{"trusted-networks", "10.0.0.1", "hosts with a port"},
		{"trusted-networks", "host:0", "hosts with a port"},
		{"certificate", "alice.pem", "the whole path of a file"},
		{"pkcs11", "pkcs11:token=x?pin-value=1234", "without a PIN"},
		{"certificate-thumbprint", "1234", "40 hexadecimal digits"},
		{"sign-in", "letter", "browser or device-code"},
		{"username", "a\nb", "one line"},
		{"login-hint", strings.Repeat("x", 300), "at most 256"},
		{"sign-in-server", "https://login.example/", "a host name"},
		{"sign-in-server", "login.example:0", "a host name"},
	}
	for _, test := range tests {
		s := Settings{MTU: 1400, Username: "before"}
		err := s.Set(test.key, test.value)
		var refused *ValueError
		if !errors.As(err, &refused) || refused.Key != test.key || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s=%s: %v, want %q", test.key, test.value, err, test.says)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") || err != nil && strings.Contains(err.Error(), "1234") && test.key == "pkcs11" {
			t.Errorf("the error shows a secret: %v", err)
		}
		if !reflect.DeepEqual(s, Settings{MTU: 1400, Username: "before"}) {
			t.Errorf("%s=%s changed %+v", test.key, test.value, s)
		}
	}
}

func TestSetUnknownKey(t *testing.T) {
	for key, similar := range map[string]string{"dns": "dns-servers", "auto-connect": "autoconnect", "user": "username", "colour": "", "": ""} {
		var s Settings
		err := s.Set(key, "x")
		var unknown *UnknownKeyError
		if !errors.As(err, &unknown) || unknown.Similar != similar {
			t.Errorf("%q: %v", key, err)
		}
		if s.Get(key) != "" {
			t.Errorf("%q has a value", key)
		}
	}
}

func TestCertificateSourcesExcludeEachOther(t *testing.T) {
	var s Settings
	for _, step := range []struct{ key, value, want string }{
		{"certificate", "/a.pem", "{/a.pem     }"},
		{"key", "/a.key", "{/a.pem /a.key    }"},
		{"pkcs12", "/a.pfx", "{  /a.pfx   }"},
		{"certificate", "/a.pem", "{/a.pem     }"},
		{"pkcs11", "pkcs11:token=a", "{/a.pem   pkcs11:token=a  }"},
		{"certificate-folder", "/certificates", "{    /certificates }"},
		{"certificate-issuer", "CA", "{    /certificates CA}"},
		{"certificate", "/b.pem", "{/b.pem     CA}"},
	} {
		if err := s.Set(step.key, step.value); err != nil {
			t.Fatal(err)
		}
		c := *s.Certificate
		c.Thumbprint = ""
		if got := fmt.Sprintf("{%s %s %s %s %s %s}", c.CertificateFile, c.KeyFile, c.PKCS12File, c.PKCS11URI, c.Folder, c.Issuer); got != strings.ReplaceAll(step.want, "{/a.pem     }", "{/a.pem     }") {
			t.Errorf("%s=%s: %q, want %q", step.key, step.value, got, step.want)
		}
	}
}

func filled(t testing.TB) Settings {
	t.Helper()
	var s Settings
	for _, key := range Keys() {
		if key.Name == "pkcs12" || key.Name == "pkcs11" || key.Name == "certificate-folder" {
			continue
		}
		if err := s.Set(key.Name, key.Example); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Set("proxy", "http://alice:hunter2@proxy.example:8080"); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSecretsAreShownOnlyToFiles(t *testing.T) {
	s := filled(t)
	revealed, err := json.Marshal(Revealed(s))
	if err != nil || !strings.Contains(string(revealed), `"password":"hunter2"`) {
		t.Fatalf("%s, %v", revealed, err)
	}
	again, err := Parse(revealed)
	if err != nil || !reflect.DeepEqual(again, s) {
		t.Errorf("%v: %+v", err, again)
	}
	plain, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "settings", s, "revealed", Revealed(s), "proxy", s.Proxy)
	for name, text := range map[string]string{"JSON": string(plain), "%v": fmt.Sprintf("%v %+v %#v", s, s, s), "revealed": fmt.Sprintf("%v %+v %#v", Revealed(s), Revealed(s), Revealed(s)),
		"redacted": s.Redacted().Get("proxy"), "proxy": s.Proxy.String(), "log": log.String()} {
		if strings.Contains(text, "hunter2") {
			t.Errorf("%s shows the password: %s", name, text)
		}
	}
	if got := s.Redacted().Get("proxy"); got != "http://alice:[secret]@proxy.example:8080" {
		t.Error(got)
	}
	if s.Proxy.Password.Reveal() != "hunter2" {
		t.Error("Redacted changed the original")
	}
	if _, err := Parse(plain); err == nil || !strings.Contains(err.Error(), "hidden") {
		t.Errorf("settings whose password was hidden: %v", err)
	}
	var shown Settings
	if err := json.Unmarshal(plain, &shown); err != nil || shown.Proxy.Password != hidden {
		t.Errorf("those for showing: %v", err)
	}
}

func TestParseIsStrict(t *testing.T) {
	for text, says := range map[string]string{
		`{"mtu": 1400}`:                   "",
		` {} `:                            "",
		``:                                "cut short",
		`{"mtu": 1400`:                    "cut short",
		`{"mtu": 1400} x`:                 "damaged",
		`{"mtu": 1400}{}`:                 "damaged",
		`[]`:                              "not an object",
		`{"MTU": 1400}`:                   `"MTU" is not known`,
		`{"colour": "blue"}`:              `"colour" is not known`,
		`{"mtu": 1400, "mtu": 1300}`:      `"mtu" is there twice`,
		`{"mtu": "1400"}`:                 `"mtu" has a value of the wrong kind`,
		`{"mtu": 1}`:                      "576",
		`{"dns_servers": ["x"]}`:          "ParseAddr",
		`{"dns_servers": [""]}`:           "list of IP addresses",
		`{"include_routes": [""]}`:        "list of networks",
		`{"transport": "carrier pigeon"}`: "tcp or udp",
		`{"trusted_networks": [{}]}`:      "DNS suffixes",
		`{"trusted_networks": [{"probe": "a.example"}]}`:     "DNS suffixes",
		`{"trusted_networks": [{"dns_suffix": "a:1"}]}`:      "DNS suffixes",
		`{"trusted_networks": [{"dns_suffix": "a", "x":1}]}`: `"x" is not known`,
		`{"proxy": {"type": "none", "host": "x"}}`:           "proxy",
		`{"proxy": {}}`: "proxy",
		`{"certificate": {"pkcs11_uri": "file:x"}}`:                  "PKCS #11",
		`{"a": [[[[[[[[[[[]]]]]]]]]]]}`:                              "nested",
		`{"username": "` + strings.Repeat("x", MaxSize) + `"}`:       "1 MB",
		`{"dns_suffixes": [` + strings.Repeat(`"a",`, 600) + `"a"]}`: "fewer entries",
	} {
		_, err := Parse([]byte(text))
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("%.80s: %v, want %q", text, err, says)
		}
	}
}

func example() *profiles.Profile {
	return &profiles.Profile{Name: "Contoso", Servers: []profiles.Server{{Host: "a.example", Port: 443}, {Host: "b.example", Port: 1194, Transport: profiles.UDP}},
		Transport: profiles.TCP, Authentication: profiles.Authentication{Type: profiles.UsernamePassword, Username: "old"},
		DNS:           profiles.DNS{Servers: []netip.Addr{netip.MustParseAddr("10.9.9.9")}, Suffixes: []string{"old.example"}},
		IncludeRoutes: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("10.20.0.0/16")},
		Proxy:         &profiles.Proxy{Type: profiles.HTTPProxy, Host: "old", Port: 1}, SecondaryProfile: "old"}
}

func TestApply(t *testing.T) {
	s := filled(t)
	p := example()
	applied, err := s.Apply(p)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(p, example()) {
		t.Errorf("Apply changed the profile: %+v", p)
	}
	want := example()
	want.DNS.Servers = []netip.Addr{netip.MustParseAddr("10.0.0.4"), netip.MustParseAddr("10.0.0.5")}
	want.DNS.Suffixes = []string{"corp.example", "example.net"}
	want.IncludeRoutes = append(want.IncludeRoutes, netip.MustParsePrefix("192.0.2.7/32")) // 10.20.0.0/16 is there
	want.ExcludeRoutes = []netip.Prefix{netip.MustParsePrefix("10.20.30.0/24")}
	want.Servers[1].Transport = ""
	want.Proxy = &profiles.Proxy{Type: profiles.HTTPProxy, Host: "proxy.example", Port: 8080, Username: "alice", Password: "hunter2"}
	want.OpenVPN.TunMTU = 1400
	want.SecondaryProfile = "Contoso West"
	want.Authentication.Username = "alice"
	want.Authentication.Certificate = &profiles.CertificateSelector{Thumbprint: s.Certificate.Thumbprint, Issuer: "Contoso Client CA"}
	if !reflect.DeepEqual(applied, want) {
		t.Errorf("got\n%#v\nwant\n%#v", *applied, *want)
	}
	unchanged, err := Settings{}.Apply(p)
	if err != nil || !reflect.DeepEqual(unchanged, p) {
		t.Errorf("%v: %+v", err, unchanged)
	}
	direct, err := Settings{Proxy: &Proxy{Type: NoProxy}}.Apply(p)
	if err != nil || direct.Proxy != nil {
		t.Errorf("%v: %+v", err, direct.Proxy)
	}
}

func TestApplyRefuses(t *testing.T) {
	var value *ValueError
	if _, err := (Settings{MTU: 1}).Apply(example()); !errors.As(err, &value) {
		t.Error(err)
	}
	if _, err := (Settings{Proxy: &Proxy{Type: profiles.HTTPProxy, Host: "p", Port: 1, Username: "u", Password: hidden}}).Apply(example()); !errors.As(err, &value) {
		t.Error(err)
	}
	broken := example()
	broken.Servers = nil
	var fault finding.Finding
	if _, err := (Settings{}).Apply(broken); !errors.As(err, &fault) || fault.Code != "missing-server" {
		t.Error(err)
	}
}
