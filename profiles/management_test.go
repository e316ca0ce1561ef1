package profiles

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/footbridge-vpn/footbridge/profiles/mobileconfig"
)

// What is written for a device management reads back as the same profile with the same wishes.
func TestManagedFormatsReadBack(t *testing.T) {
	for _, name := range []string{"entra.xml", "certificate-chosen.xml", "client-config.xml", "two-roots-two-servers.xml"} {
		first, err := Import(bytes.NewReader(fixtureNamed(t, name)), ImportOptions{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		p := first.Profiles[0]
		options := ManagedOptions{Management: Management{AutoConnect: true, TrustedNetworks: []string{"contoso.com", "corp.contoso.com"}}, Policy: []byte("save_passwords = false\n")}
		vpnv2, err := ExportVPNv2(p, options)
		if err != nil {
			t.Fatal(err)
		}
		options.TrustedProbes = []string{"intranet.contoso.com:443"}
		mobileconfig, err := ExportMobileconfig("Contoso", first.Profiles, options)
		if err != nil {
			t.Fatal(err)
		}
		for format, data := range map[Format][]byte{FormatVPNv2: vpnv2, FormatMobileconfig: mobileconfig} {
			again, err := Import(bytes.NewReader(data), ImportOptions{})
			if err != nil {
				t.Errorf("%s as %s: %v", name, format, err)
				continue
			}
			q := again.Profiles[0]
			if diff := cmp.Diff(dump(p), dump(q)); diff != "" {
				t.Errorf("%s as %s:\n%s", name, format, diff)
			}
			want := options.Management
			if format == FormatVPNv2 {
				want.TrustedProbes = nil
			} else if !bytes.Equal(again.Policy, options.Policy) {
				t.Errorf("%s: policy %q", format, again.Policy)
			}
			if diff := cmp.Diff(want, again.Management[q]); diff != "" {
				t.Errorf("%s as %s:\n%s", name, format, diff)
			}
		}
	}
}

func TestManagedFormatsRefuseWhatTheyCannotSay(t *testing.T) {
	imported, err := Import(bytes.NewReader(fixtureNamed(t, "generic.ovpn")), ImportOptions{Name: "generic.ovpn"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ExportVPNv2(imported.Profiles[0], ManagedOptions{}); err == nil || !strings.Contains(err.Error(), "azurevpnconfig.xml") {
		t.Error(err)
	}
	if _, err := ExportMobileconfig("x", nil, ManagedOptions{}); err == nil {
		t.Error("a configuration profile without a profile is written")
	}
}

// A configuration profile with a policy alone is not a profile, and says so.
func TestPolicyAloneIsRefused(t *testing.T) {
	data, err := mobileconfig.Write(mobileconfig.Document{Identifier: "com.contoso.vpn", Name: "Contoso", Policy: []byte("save_passwords = false\n")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Import(bytes.NewReader(data), ImportOptions{})
	var refused *ImportError
	if !errors.As(err, &refused) || len(refused.Findings) != 1 || refused.Findings[0].Code != "policy-only" {
		t.Errorf("%v", err)
	}
}
