package editor

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/certificate"
)

func TestServers(t *testing.T) {
	root := rootOf(t, "Old Root", 1)
	into := kept(t, azureFile("Contoso", "cert", certificate.Thumbprint(root)), root)
	d := draftOf(t, into)
	if d.Servers() != "west.vpn.azure.com:443" {
		t.Errorf("%q", d.Servers())
	}
	many := ""
	for i := range mostServers + 1 {
		many += fmt.Sprintf("gateway%d.example\n", i)
	}
	for text, want := range map[string]string{
		"":                                "Name at least one gateway.",
		" \n ":                            "Name at least one gateway.",
		"https://west.vpn.azure.com":      "https://west.vpn.azure.com is not a gateway. Write its name, such as gateway.example:443.",
		"west.vpn.azure.com:0":            "west.vpn.azure.com:0 is not a gateway. Write its name, such as gateway.example:443.",
		"west.vpn.azure.com:70000":        "west.vpn.azure.com:70000 is not a gateway. Write its name, such as gateway.example:443.",
		"west_.vpn..com":                  "west_.vpn..com is not a gateway. Write its name, such as gateway.example:443.",
		"0.0.0.0":                         "0.0.0.0 is not a gateway. Write its name, such as gateway.example:443.",
		strings.Repeat("a", 80):           strings.Repeat("a", 48) + "… is not a gateway. Write its name, such as gateway.example:443.",
		"a.example\nA.example:443":        "A.example:443 is there twice. Remove one.",
		many:                              "There may be 64 gateways at most.",
		"WEST.vpn.azure.com:443\n":        "",
		"east.vpn.azure.com, 192.0.2.7":   "",
		"[2001:db8::1]:8443\n2001:db8::2": "",
	} {
		if d.SetServers(text); d.Wrong(serversKey) != want {
			t.Errorf("%.40q: %q, want %q", text, d.Wrong(serversKey), want)
		}
	}
	if d.SetServers("WEST.vpn.azure.com"); d.Changed() || !d.Valid() {
		t.Error("the same gateway is a change")
	}
	d.SetServers("east.vpn.azure.com:8443\nwest.vpn.azure.com\n2001:db8::1")
	profile, file := saved(t, d, into)
	want := []profiles.Server{{Host: "east.vpn.azure.com", Port: 8443}, {DisplayName: "West", Host: "west.vpn.azure.com", Port: 443}, {Host: "2001:db8::1", Port: 443}}
	if !slices.Equal(profile.Servers, want) {
		t.Errorf("%v", profile.Servers)
	}
	if !strings.Contains(file, "<futureelement>kept as it is</futureelement>") {
		t.Errorf("the file is\n%s", file)
	}
}

// A gateway that takes the place of another is reached in the same way.
func TestServersKeepTheirTransport(t *testing.T) {
	into := kept(t, openVPNFile("remote second.example 443 tcp-client", rootOf(t, "Old Root", 1)))
	d := draftOf(t, into)
	d.SetServers("gateway.example:1194\nthird.example:444")
	profile, _ := saved(t, d, into)
	want := []profiles.Server{{Host: "gateway.example", Port: 1194}, {Host: "third.example", Port: 444, Transport: profiles.TCP}}
	if !slices.Equal(profile.Servers, want) {
		t.Errorf("%v", profile.Servers)
	}
	if d := draftOf(t, into); d.Servers() != "gateway.example:1194\nthird.example:444" {
		t.Errorf("%q", d.Servers())
	}
}
