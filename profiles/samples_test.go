package profiles

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/profiles/certificate"
	"github.com/footbridge-vpn/footbridge/profiles/finding"
)

// samplesFolder has files of real gateways: the one that FOOTBRIDGE_SAMPLES names, or the one that may lie beside the checkout. Empty: there is none.
func samplesFolder() string {
	if folder := os.Getenv("FOOTBRIDGE_SAMPLES"); folder != "" {
		return folder
	}
	beside := filepath.Join("..", "..", "shared", "samples")
	if info, err := os.Stat(beside); err != nil || !info.IsDir() {
		return ""
	}
	return beside
}

// sampleMeanings is what the samples mean, read by a person, by how their names begin: what the gateway is, how people sign in, whom it is
// trusted by, what is configured besides, and what is noticed.
func sampleMeanings() map[string]string {
	const (
		first   = "azuregateway-00000000-0000-4000-8000-000000000001-00000000000a.vpn.azure.com:443"
		second  = "azuregateway-00000000-0000-4000-8000-000000000002-00000000000a.vpn.azure.com:443"
		third   = "azuregateway-00000000-0000-4000-8000-000000000003-00000000000a.vpn.azure.com:443"
		wan     = "wan.exampleexampleexample001.vpn.azure.com:443"
		hubs    = "hub0.exampleexampleexample001.vpn.azure.com:443 hub1.exampleexampleexample001.vpn.azure.com:443"
		ofHand  = "entra 41b23e61-6c1e-4545-b367-cd054e0ed4b4 of 00000000-0000-4000-8000-000000000001"
		ofOther = "entra 41b23e61-6c1e-4545-b367-cd054e0ed4b4 of 00000000-0000-4000-8000-000000000002"
		ofApp   = "entra c632b3df-fb67-4d84-bdcf-b95ad541b5c8 of 00000000-0000-4000-8000-000000000001"
		ofTwin  = "entra c632b3df-fb67-4d84-bdcf-b95ad541b5c8 of 00000000-0000-4000-8000-0000000000aa"
		g2      = "root df3c24f9bfd666761b268073fe06d1cc8d4f82a4"
		old     = "root a8985d3a65e5e5c4b2d7d66d40c6dd2fb19c5436"
	)
	line := func(parts ...string) string { return strings.Join(parts, " | ") }
	return map[string]string{
		"01-": line("EXAMPLE-RG-vNET1", second, ofHand, g2, "secret"),
		"02-": line("example-vwan-westeurope_example-vpnconfig01", wan, ofHand, old, "secret", "warning retired-root"),
		"04-": line("Example_Net", second, ofApp, g2, "secret", "warning misplaced-element"),
		"06-": line("hub-vnet", third, "entra 00000000-0000-4000-8000-000000000001 of 00000000-0000-4000-8000-000000000002 with groups", g2, "secret"),
		"07-": line("VNET-EXAMPLE", second, ofHand, g2, "secret", "dns 10.20.0.5 10.20.0.6"),
		"10-": line("EXAMPLE-RG-vNET1", first, ofOther, g2, "include 172.17.0.0/16", "warning missing-secret"),
		"11-": "refused: no-openvpn",
		"12-": "refused: no-openvpn",
		"22-": line("22-ovpn-2024-real.vpnconfig", first, "cert", g2, "name 00000000-0000-4000-8000-000000000001.vpn.azure.com", "secret"),
		"c01": line("vnet-example", first, "cert", g2, "secret"),
		"c02": line("vnet-example", first, "cert 0123456789abcdef0123456789abcdef01234567 by Example P2S Root CA", g2, "secret"),
		"c03": line("vnet-example", first, "usernamepass", g2, "secret"),
		"c04": line("vnet-example", first, "entra 00000000-0000-4000-8000-0000000000bb of 00000000-0000-4000-8000-0000000000aa as c632b3df-fb67-4d84-bdcf-b95ad541b5c8", g2, "secret"),
		"c05": line("example-vwan_hub1", hubs, ofTwin, g2, "secret"),
		"c06": line("vnet-example", first, ofTwin, g2, "secret", "include 0.0.0.0/0"),
		"c10": line("example-export", wan, "entra 41b23e61-6c1e-4545-b367-cd054e0ed4b4 of 00000000-0000-4000-8000-0000000000aa with groups", g2, "secret"),
	}
}

// Files of real gateways mean what a person reads in them. Where there are none this test has nothing to look at.
func TestSamples(t *testing.T) {
	folder := samplesFolder()
	if folder == "" {
		t.Log("there are no samples beside the checkout")
		return
	}
	for start, want := range sampleMeanings() {
		paths, err := filepath.Glob(filepath.Join(folder, start+"*"))
		if err != nil || len(paths) != 1 {
			t.Errorf("%s: %v, %v", start, paths, err)
			continue
		}
		data, err := os.ReadFile(paths[0])
		if err != nil {
			t.Fatal(err)
		}
		if got := meaning(Import(bytes.NewReader(data), ImportOptions{Name: filepath.Base(paths[0])})); got != want {
			t.Errorf("%s means\n%s\nwant\n%s", filepath.Base(paths[0]), got, want)
		}
	}
}

// A vpnconfig.ovpn that has only the root that Azure's gateways are giving up is told of too. The root is a real one, from a sample.
func TestSampleWithRetiredRoot(t *testing.T) {
	folder := samplesFolder()
	if folder == "" {
		t.Log("there are no samples beside the checkout")
		return
	}
	read := func(pattern string) string {
		t.Helper()
		paths, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil || len(paths) != 1 {
			t.Fatalf("%s: %v, %v", pattern, paths, err)
		}
		data, err := os.ReadFile(paths[0])
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	_, rest, _ := strings.Cut(read("11-*"), "<CaCert>")
	root, _, _ := strings.Cut(rest, "</CaCert>")
	before, rest, _ := strings.Cut(read("22-*"), "<ca>")
	_, after, _ := strings.Cut(rest, "</ca>")
	old := before + "<ca>\n-----BEGIN CERTIFICATE-----\n" + root + "\n-----END CERTIFICATE-----\n</ca>" + after
	got := meaning(Import(strings.NewReader(old), ImportOptions{Name: "vpnconfig.ovpn"}))
	if !strings.Contains(got, "root a8985d3a65e5e5c4b2d7d66d40c6dd2fb19c5436") || !strings.HasSuffix(got, "warning retired-root") {
		t.Error(got)
	}
}

// meaning is an import in one line.
func meaning(imported *Imported, err error) string {
	var refused *ImportError
	if errors.As(err, &refused) {
		return "refused: " + refused.Findings[0].Code
	}
	if err != nil || len(imported.Profiles) != 1 {
		return fmt.Sprint(imported, err)
	}
	p := imported.Profiles[0]
	var servers []string
	for _, s := range p.Servers {
		servers = append(servers, fmt.Sprintf("%s:%d", s.Host, s.Port))
	}
	roots := slices.Clone(p.Gateway.RootThumbprints)
	for _, root := range p.Gateway.Roots {
		if print := certificate.Thumbprint(root); !slices.Contains(roots, print) {
			roots = append(roots, print)
		}
	}
	parts := []string{p.Name, strings.Join(servers, " "), signInMeaning(p), "root " + strings.Join(roots, " ")}
	add := func(name string, list []string) {
		if len(list) > 0 {
			parts = append(parts, strings.Join(append([]string{name}, list...), " "))
		}
	}
	if p.Gateway.Name.Value != "" {
		add("name", []string{p.Gateway.Name.Value})
	}
	if key := p.ControlChannel.Key.Reveal(); len(key) == 512 && p.ControlChannel.Mode == TLSAuth && p.ControlChannel.Digest == "SHA256" {
		parts = append(parts, "secret")
	}
	add("dns", printed(p.DNS.Servers))
	add("suffix", p.DNS.Suffixes)
	add("include", printed(p.IncludeRoutes))
	add("exclude", printed(p.ExcludeRoutes))
	for _, f := range imported.Findings {
		if f.Severity != finding.Note {
			parts = append(parts, fmt.Sprintf("%s %s", f.Severity, f.Code))
		}
	}
	return strings.Join(parts, " | ")
}

func printed[T any](all []T) []string {
	var list []string
	for _, one := range all {
		list = append(list, fmt.Sprint(one))
	}
	return list
}

// signInMeaning is how people prove who they are. Tenant and issuer have to be of the same organisation.
func signInMeaning(p *Profile) string {
	switch a := p.Authentication; {
	case a.Type == EntraID && a.Entra != nil:
		tenant := strings.TrimSuffix(strings.TrimPrefix(a.Entra.Tenant, "https://login.microsoftonline.com/"), "/")
		words := fmt.Sprintf("entra %s of %s", a.Entra.Audience, tenant)
		if a.Entra.Issuer != "https://sts.windows.net/"+tenant+"/" || !a.Entra.CacheSignInUser {
			words += fmt.Sprintf(" issued by %s, kept %v", a.Entra.Issuer, a.Entra.CacheSignInUser)
		}
		if a.Entra.ApplicationID != "" {
			words += " as " + a.Entra.ApplicationID
		}
		if a.Entra.EnableGroupToken {
			words += " with groups"
		}
		return words
	case a.Certificate != nil:
		return fmt.Sprintf("%s %s by %s", a.Type, a.Certificate.Thumbprint, a.Certificate.Issuer)
	default:
		return string(a.Type)
	}
}
