package azvpn

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/profiles/finding"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

var secretDigits = strings.Repeat("00112233445566778899aabbccddeeff", 16)

const rootHash = "df3c24f9bfd666761b268073fe06d1cc8d4f82a4"

func example() *Profile {
	off := false
	return &Profile{
		Name: `R&D <"Köln">`, Version: 1, Type: AAD,
		Entra: &Entra{Audience: "c632b3df-fb67-4d84-bdcf-b95ad541b5c8", Issuer: "https://sts.windows.net/11111111-2222-4333-8444-555555555555/",
			Tenant: "https://login.microsoftonline.com/11111111-2222-4333-8444-555555555555/", ApplicationID: "41b23e61-6c1e-4545-b367-cd054e0ed4b4",
			CacheSignInUser: true, EnableGroupToken: true, DisableSSO: true, EnableDeviceSSO: true},
		DNSServers: []netip.Addr{netip.MustParseAddr("10.0.0.4"), netip.MustParseAddr("fd00::4")}, DNSSuffixes: []string{"corp.example", "vnet.example"},
		IncludeRoutes: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/1"), netip.MustParsePrefix("2001:db8::/32")}, ExcludeRoutes: []netip.Prefix{netip.MustParsePrefix("168.63.129.16/32")},
		Transport: "tcp", Servers: []Server{{"Amsterdam", "hub0.example.vpn.azure.com"}, {"", "hub1.example.vpn.azure.com"}},
		RootThumbprints: []string{rootHash, "a8985d3a65e5e5c4b2d7d66d40c6dd2fb19c5436"}, ServerSecret: secret.Text(secretDigits),
		UsePinnedRoot: &off, SecondaryProfile: "Backup",
	}
}

func TestWrittenProfilesAreReadBack(t *testing.T) {
	user := example()
	user.Type, user.Entra, user.Username, user.Password = UsernamePass, nil, "alice", "a&b<c>"
	cert := example()
	cert.Type, cert.Entra, cert.Certificate = Certificate, nil, &CertificateSelector{rootHash, "CN=Example"}
	forced := example()
	forced.IncludeRoutes, forced.Version = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}, 2
	for _, p := range []*Profile{example(), user, cert, forced} {
		written := Write(p, nil)
		again, findings := Parse(written)
		if again == nil || finding.Faulty(findings) {
			t.Fatalf("%v\n%s", findings, written)
		}
		if !reflect.DeepEqual(again, p) {
			t.Errorf("read %+v\nfrom\n%s", again, written)
		}
	}
}

// The official client's DataContractSerializer wants its elements in alphabetical order, and skips what comes late.
func TestWrittenProfilesAreStrictXMLInOrder(t *testing.T) {
	source := `<AzVpnProfile><zeta>1</zeta><Alpha x:y="1">2</Alpha><servervalidation><unknown/><Cert><hash>` + rootHash + `</hash><ekulist><any>1.3.6</any></ekulist></Cert></servervalidation></AzVpnProfile>`
	written := Write(example(), []byte(source))
	decoder := xml.NewDecoder(bytes.NewReader(written))
	type level struct {
		name string
		last string
	}
	var stack []level
	for {
		token, err := decoder.Token() // with namespaces
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, written)
		}
		switch e := token.(type) {
		case xml.StartElement:
			if len(stack) > 0 {
				parent := &stack[len(stack)-1]
				name := strings.ToLower(e.Name.Local)
				if name < parent.last {
					t.Errorf("<%s> stands behind <%s> in <%s>", name, parent.last, parent.name)
				}
				parent.last = name
			}
			for _, a := range e.Attr {
				if a.Name.Local == "nil" && a.Name.Space != instanceNamespace {
					t.Errorf("nil of <%s> is in %q", e.Name.Local, a.Name.Space)
				}
			}
			stack = append(stack, level{name: e.Name.Local})
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		}
	}
	for _, want := range []string{"<zeta>1</zeta>", "<Alpha>2</Alpha>", "<unknown />", "<any>1.3.6</any>"} {
		if !bytes.Contains(written, []byte(want)) {
			t.Errorf("no %s in\n%s", want, written)
		}
	}
}

func TestWhatAProfileDropsIsNotGraftedBack(t *testing.T) {
	p := example()
	source := Write(p, nil)
	p.Servers, p.RootThumbprints, p.DNSServers, p.DNSSuffixes, p.IncludeRoutes, p.ExcludeRoutes = p.Servers[1:], p.RootThumbprints[1:], nil, nil, nil, nil
	p.UsePinnedRoot, p.SecondaryProfile = nil, ""
	p.Entra.ApplicationID, p.Entra.DisableSSO = "", false
	written := string(Write(p, source))
	for _, gone := range []string{"hub0", strings.ToUpper(rootHash), "10.0.0.4", "corp.example", "168.63", "usepinnedroot", "Backup", "applicationid", "disableSso"} {
		if strings.Contains(written, gone) {
			t.Errorf("%s is still in\n%s", gone, written)
		}
	}
}

func TestLimits(t *testing.T) {
	tests := map[string]string{
		"too-large":       "<a>" + strings.Repeat(" ", maxSize) + "</a>",
		"too-deep":        strings.Repeat("<a>", maxDepth+1) + strings.Repeat("</a>", maxDepth+1),
		"not-well-formed": "<a></b>x",
		"doctype":         `<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>`,
		"not-a-profile":   "<a/>",
		"placeholder":     "<AzVpnProfile><name><NAME></name></AzVpnProfile>",
	}
	for code, text := range tests {
		_, findings := Parse([]byte(text))
		if len(findings) != 1 || findings[0].Severity != finding.Fault || code != "not-well-formed" && findings[0].Code != code {
			t.Errorf("%s: %v", code, findings)
		}
	}
	for _, text := range []string{
		"<a>" + strings.Repeat("<b/>", maxElements) + "</a>",
		"<a " + strings.Repeat("x='' ", maxAttributes+1) + "/>",
	} {
		if _, findings := Parse([]byte(text)); len(findings) != 1 || findings[0].Code != "too-large" {
			t.Errorf("%.20s…: %v", text, findings)
		}
	}
}

func TestThousandsOfRoutes(t *testing.T) {
	p := example()
	p.IncludeRoutes = nil
	for i := range 4000 {
		p.IncludeRoutes = append(p.IncludeRoutes, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 0}), 24))
	}
	again, findings := Parse(Write(p, nil))
	if finding.Faulty(findings) || !slices.Equal(again.IncludeRoutes, p.IncludeRoutes) {
		t.Errorf("%d routes, %v", len(again.IncludeRoutes), findings)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(Write(example(), nil))
	f.Add([]byte("\ufeff<?xml version=\"1.0\"?><x><clientauth><type>cert</type></clientauth><serverlist/><servervalidation><Cert><hash/></Cert></servervalidation></x>"))
	f.Add([]byte(`<AzVpnProfile><clientconfig><includeroutes><route><destination>10.0.0.0</destination><mask>8</mask></route></includeroutes></clientconfig></AzVpnProfile>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, findings := Parse(data)
		if finding.Faulty(findings) {
			return
		}
		if p == nil {
			t.Fatal("neither a profile nor a fault")
		}
		written := Write(p, data)
		again, findings := Parse(written)
		if finding.Faulty(findings) {
			t.Fatalf("written profile has %v\n%s", findings, written)
		}
		if twice := Write(again, written); !bytes.Equal(twice, written) {
			t.Fatalf("written again:\n%s\nfirst:\n%s", twice, written)
		}
		decoder := xml.NewDecoder(bytes.NewReader(written))
		for {
			if _, err := decoder.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%v\n%s", err, written)
			}
		}
	})
}

func FuzzParseSettings(f *testing.F) {
	f.Add([]byte(`<?xml version="1.0"?><VpnProfile><VpnServer>gw.example</VpnServer><VpnType>OpenVPN</VpnType><CaCerts><string>AA==</string></CaCerts><Routes>10.0.0.0/8,10.1.0.0/16</Routes><CustomDnsServers>10.0.0.4</CustomDnsServers></VpnProfile>`))
	f.Add([]byte(`<VpnProfile><VpnServer>gw.example</VpnServer><VpnType>SSTP,IkeV2</VpnType><CaCert /><VpnClientAddressPool>172.16.0.0/24</VpnClientAddressPool></VpnProfile>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		settings, findings := ParseSettings(data)
		if finding.Faulty(findings) {
			return
		}
		if settings == nil || settings.Server == "" {
			t.Fatal("neither settings nor a fault")
		}
	})
}
