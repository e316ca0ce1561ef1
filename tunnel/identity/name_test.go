package identity

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"net"
	"testing"

	"github.com/footbridge-vpn/footbridge/profiles"
)

func TestDerivedNames(t *testing.T) {
	p := newPKI(t)
	ip := func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.ParseIP("192.0.2.7")} }
	tests := []struct {
		name    string
		host    string
		common  string
		changes []template
		code    Code
	}{
		{"the FQDN", azureHost, azureHost, nil, ""},
		{"the VNet's name", azureHost, vnetName, nil, ""},
		{"upper case, with a dot at the end", "AzureGateway-0A1B2C3D-1111-4222-8333-444455556666-0123456789AB.vpn.azure.com.", vnetName, nil, ""},
		{"the VNet's name as an alternative name", azureHost, "", []template{alternativeNames("x.example", vnetName)}, ""},
		{"a common name beside alternative names", azureHost, vnetName, []template{alternativeNames("x.example")}, ""},
		{"a wildcard", azureHost, "*.vpn.azure.com", nil, ""},
		{"a wildcard as an alternative name", azureHost, "x", []template{alternativeNames("*.vpn.azure.com")}, ""},
		{"a global gateway", "wan.abcdefghijklmnopqrstuvwx.vpn.azure.com", "wan.abcdefghijklmnopqrstuvwx.vpn.azure.com", nil, ""},
		{"a wildcard over a global gateway", "wan.abcdefghijklmnopqrstuvwx.vpn.azure.com", "*.abcdefghijklmnopqrstuvwx.vpn.azure.com", nil, ""},
		{"a wildcard two labels up", "wan.abcdefghijklmnopqrstuvwx.vpn.azure.com", "*.vpn.azure.com", nil, WrongName},
		{"a wildcard over a top-level domain", "azure.com", "*.com", nil, WrongName},
		{"a wildcard in the middle", azureHost, "azuregateway-*.vpn.azure.com", nil, WrongName},
		{"two wildcards", azureHost, "*.*.azure.com", nil, WrongName},
		{"another VNet", azureHost, "0a1b2c3d-1111-4222-8333-444455556667.vpn.azure.com", nil, WrongName},
		{"another domain", azureHost, "0a1b2c3d-1111-4222-8333-444455556666.vpn.azure.example", nil, WrongName},
		{"a longer name", azureHost, "x." + vnetName, nil, WrongName},
		{"the domain itself", azureHost, "vpn.azure.com", nil, WrongName},
		{"no name", azureHost, "", nil, WrongName},
		{"an address", "192.0.2.7", "x", []template{ip}, ""},
		{"an address as common name", "192.0.2.7", "192.0.2.7", nil, ""},
		{"another address", "192.0.2.8", "x", []template{ip}, WrongName},
		{"no wildcard over addresses", "192.0.2.8", "*.0.2.8", nil, WrongName},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			gateway := profiles.GatewayIdentity{Roots: chainOf(p.newRoot), DeriveName: true}
			offered := chainOf(p.server(t, test.common, test.changes...), p.issuing)
			check(t, gateway, test.host, nil, offered, test.code)
			gateway.DeriveName = false
			check(t, gateway, test.host, nil, offered, "")
		})
	}
	gateway := profiles.GatewayIdentity{Roots: chainOf(p.newRoot), DeriveName: true}
	check(t, gateway, azureHost, nil, chainOf(p.server(t, "evil.example", alternativeNames("also.example")), p.issuing), WrongName,
		`"CN=evil.example" (also for also.example)`, "expected a certificate for "+azureHost+" or "+vnetName)
}

func TestNameRules(t *testing.T) {
	p := newPKI(t)
	subject := func(c *x509.Certificate) {
		c.Subject = pkix.Name{Country: []string{"DE"}, Organization: []string{"Example, Inc."}, CommonName: "gw-1.example"}
	}
	nameless := func(c *x509.Certificate) {
		c.Subject = pkix.Name{Organization: []string{"Example"}}
		c.DNSNames = []string{"gw-1.example"}
	}
	tests := []struct {
		name   string
		rule   profiles.NameRule
		change template
		code   Code
	}{
		{"name", profiles.NameRule{Type: profiles.NameExact, Value: "gw-1.example"}, subject, ""},
		{"no type is name", profiles.NameRule{Value: "gw-1.example"}, subject, ""},
		{"name is compared with case", profiles.NameRule{Type: profiles.NameExact, Value: "GW-1.example"}, subject, WrongName},
		{"name is compared whole", profiles.NameRule{Type: profiles.NameExact, Value: "gw-1"}, subject, WrongName},
		{"name is no wildcard", profiles.NameRule{Type: profiles.NameExact, Value: "*.example"}, subject, WrongName},
		{"name without a common name", profiles.NameRule{Type: profiles.NameExact, Value: "gw-1.example"}, nameless, ""},
		{"prefix", profiles.NameRule{Type: profiles.NamePrefix, Value: "gw-"}, subject, ""},
		{"another prefix", profiles.NameRule{Type: profiles.NamePrefix, Value: "w-1"}, subject, WrongName},
		{"subject", profiles.NameRule{Type: profiles.NameSubject, Value: "C=DE, O=Example, Inc., CN=gw-1.example"}, subject, ""},
		{"another subject", profiles.NameRule{Type: profiles.NameSubject, Value: "CN=gw-1.example"}, subject, WrongName},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			// The rule replaces the derived name.
			gateway := profiles.GatewayIdentity{Roots: chainOf(p.newRoot), DeriveName: true, Name: test.rule}
			check(t, gateway, azureHost, nil, chainOf(p.server(t, "", test.change), p.issuing), test.code)
		})
	}
}

func TestSubject(t *testing.T) {
	key := newKey(t)
	certificate := sign(t, key, "", nil, func(c *x509.Certificate) {
		c.Subject = pkix.Name{ExtraNames: []pkix.AttributeTypeAndValue{
			{Type: []int{2, 5, 4, 6}, Value: "KG"}, {Type: []int{2, 5, 4, 8}, Value: "NA"}, {Type: []int{2, 5, 4, 3}, Value: "Sérver\n1"},
			{Type: []int{1, 2, 840, 113549, 1, 9, 1}, Value: "me@myhost.mydomain"}, {Type: []int{1, 2, 3, 4}, Value: "x"}}}
	})
	if got, want := Subject(certificate.certificate), `C=KG, ST=NA, CN=Sérver\0A1, emailAddress=me@myhost.mydomain, 1.2.3.4=x`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzGatewayNames derives names only inside the domain of the host.
func FuzzGatewayNames(f *testing.F) {
	f.Add(azureHost)
	f.Add("gateway.example.")
	f.Add("azuregateway-0a1b2c3d-1111-4222-8333-444455556666-0123456789ab.x")
	f.Fuzz(func(t *testing.T, host string) {
		names := GatewayNames(host)
		if len(names) == 0 || len(names) > 2 {
			t.Fatalf("%q", names)
		}
		if len(names) == 2 {
			domain := names[1][36:]
			if len(names[0]) < len(domain) || names[0][len(names[0])-len(domain):] != domain {
				t.Fatalf("%q", names)
			}
		}
	})
}

// FuzzFormatName formats anything without control characters.
func FuzzFormatName(f *testing.F) {
	f.Add(sign(f, newKey(f), "x", nil).certificate.RawSubject)
	f.Add([]byte{0x30, 0})
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, r := range formatName(raw) {
			if r < ' ' {
				t.Fatalf("%q", formatName(raw))
			}
		}
	})
}
