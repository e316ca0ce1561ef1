package ui

import (
	"bytes"
	"context"
	"crypto/x509"
	"testing"

	"fyne.io/fyne/v2"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/client/azure"
	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/store"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/azurezip"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/pki"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
	"github.com/footbridge-vpn/footbridge/ui/fromazure"
	"github.com/footbridge-vpn/footbridge/ui/look"
)

// oneGateway is an Azure with one gateway, whose generated profile changes each time: its secret is another one.
type oneGateway struct{ t *testing.T }

const gatewayID = "/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/network/providers/Microsoft.Network/virtualNetworkGateways/contoso-gateway"

func (o oneGateway) open(context.Context, fromazure.SignIn, signin.Asker, func(azure.Progress)) (fromazure.Administrator, error) {
	return o, nil
}

func (oneGateway) Gateways(context.Context) (azure.Found, error) {
	return azure.Found{Gateways: []azure.Gateway{{ID: gatewayID, Name: "contoso-gateway", Kind: azure.VirtualNetwork, SubscriptionName: "Production", ResourceGroup: "network",
		PointToSite: &azure.PointToSite{Protocols: []azure.Protocol{azure.OpenVPN}, Authentication: []azure.Authentication{azure.CertificateAuthentication}}}}}, nil
}

func (o oneGateway) Profile(_ context.Context, r azure.ProfileRequest) (azure.Package, error) {
	const vnet = "c0ffee00-1111-4222-8333-444444444444"
	root, err := pki.NewRoot("Gateway root", pki.ECDSA)
	if err != nil {
		return azure.Package{}, err
	}
	var buffer bytes.Buffer
	if err := azurezip.Write(&buffer, azurezip.Description{Name: "Contoso", VNetID: vnet, Hosts: []string{azurezip.HostName(vnet, 0xabcdef)},
		Authentications: []azurezip.Authentication{azurezip.Certificate}, Secret: tlswrap.GenerateStaticKey(), Roots: []*x509.Certificate{root.Certificate}}); err != nil {
		return azure.Package{}, err
	}
	imported, err := profiles.Import(&buffer, profiles.ImportOptions{Name: "contoso.zip"})
	if err != nil {
		return azure.Package{}, err
	}
	return azure.Package{Gateway: r.Gateway, Authentication: r.Authentication, Profile: imported.Profiles[0]}, nil
}

// An administrator gets a profile from Azure, and a second one that is offered to replace the first or to stand beside it.
func TestImportFromAzure(t *testing.T) {
	s := showWith(t, "en", look.Light, running, func(o *Options) { o.Azure = oneGateway{t}.open })
	s.window.window.Resize(fyne.NewSize(1000, 700))
	kept := func() []store.Entry {
		entries, _, err := s.window.options.Profiles.List()
		if err != nil {
			t.Fatal(err)
		}
		return entries
	}
	fetch := func() {
		s.window.importing.Start()
		s.press("From Azure (administrators)")
		s.press("Sign in and look for gateways")
		s.until("the gateway", func() bool { return s.says("Production / network") })
		s.press("Import")
	}
	fetch()
	s.until("the profile with its gateway", func() bool { return len(kept()) == 1 && kept()[0].Settings.AzureGateway == gatewayID })
	s.until("the notice", func() bool { return s.says("Imported") })
	for i, choice := range []string{"Keep both", "Replace"} {
		fetch()
		s.until("the question", func() bool { return s.says("There is a different profile") })
		s.press(choice)
		s.until("what was chosen", func() bool { return len(kept()) == 2 && (i == 0 || s.says("Replaced")) })
	}
}

// Where nobody administers Azure, it is not offered; where an administrator allows only their own profiles, nothing is.
func TestFromAzureIsNotOffered(t *testing.T) {
	s := show(t, "en", look.Light, running)
	s.window.importing.Start()
	if s.says("From Azure (administrators)") {
		t.Error("it is offered")
	}
	s = showWith(t, "en", look.Light, func(v *client.View) { running(v); v.Policy = locked() }, func(o *Options) { o.Azure = oneGateway{t}.open })
	s.window.importing.Start()
	if s.says("From Azure (administrators)") || !s.says("Your administrator allows only the profiles that they installed.") {
		t.Error("it is offered though the policy forbids it")
	}
}
