package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"

	"github.com/footbridge-vpn/footbridge/tunnel/lab"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/arm"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/azurezip"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/entra/visitor"
)

// From Azure to the network behind the gateway in two commands, with a certificate and with Entra ID.
func TestAzureOnDebian(t *testing.T) {
	p := newPCWith(t, lab.Options{Gateway: lab.BuiltIn, Authentications: []azurezip.Authentication{azurezip.Certificate, azurezip.Entra}})
	cloud := p.azure()
	azure := func(arguments ...string) string {
		return p.do("alice", "footbridge", append([]string{"azure", "--cloud", cloud, "--sign-in", "cli"}, arguments...)...)
	}
	azure("profile", "contoso-gateway", "--auth", "cert", "--import", "--name", "Contoso")
	p.do("alice", "footbridge", "connect", "Contoso", "--cert", "user.pem", "--key", "user.key")
	p.reaches("with a certificate")
	p.do("alice", "footbridge", "disconnect")

	azure("profile", "contoso-gateway", "--auth", "entra", "--import", "--name", "Contoso Entra")
	user := p.lab.Entra.Users()[0]
	person := func(ctx context.Context, line said) error {
		guest, err := visitor.New(p.lab.HTTPClient())
		if err != nil {
			return err
		}
		_, err = guest.Open(ctx, line.URL, visitor.Person{Username: user.Username, Password: user.Password})
		return err
	}
	if asked, code, output := p.connecting(person, "Contoso Entra"); code != exitDone || len(asked) != 1 {
		t.Fatalf("asked %q, exit code %d:\n%s", asked, code, output)
	}
	p.reaches("with Entra ID")
	azure("check", "Contoso Entra")
	p.do("alice", "footbridge", "disconnect")
	p.secretsRest(azureToken, user.Password)
}

// azure puts a resource manager, with the lab's gateway in it, on the computer's own network, and a sign-in of the Azure CLI on the computer. It returns the
// resource manager's address.
func (p *pc) azure() string {
	p.t.Helper()
	listener, err := p.lab.Laptop.Listen(p.t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		p.t.Fatal(err)
	}
	server, err := arm.Start(arm.Options{
		Listener: listener, Authority: p.lab.Certificates.GatewayRoot, Login: "https://login.lab.example",
		Package: func(context.Context, arm.PackageRequest) ([]byte, error) { return os.ReadFile(p.lab.Files.Package) },
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { server.Close() })
	server.Polls(2)
	server.FailDownloads(2)
	server.AddSubscription(arm.Subscription{ID: azureSubscription, Name: "Production"})
	server.AddVirtualNetworkGateway(azureSubscription, "network", "contoso-gateway", armnetwork.VirtualNetworkGatewayPropertiesFormat{
		GatewayType: to(armnetwork.VirtualNetworkGatewayTypeVPN), VPNType: to(armnetwork.VPNTypeRouteBased),
		VPNClientConfiguration: &armnetwork.VPNClientConfiguration{
			VPNClientAddressPool:   &armnetwork.AddressSpace{AddressPrefixes: []*string{to("172.16.201.0/24")}},
			VPNClientProtocols:     []*armnetwork.VPNClientProtocol{to(armnetwork.VPNClientProtocolOpenVPN)},
			VPNAuthenticationTypes: []*armnetwork.VPNAuthenticationType{to(armnetwork.VPNAuthenticationTypeCertificate), to(armnetwork.VPNAuthenticationTypeAAD)},
			AADTenant:              to(p.lab.Entra.Authority()), AADAudience: to(p.lab.Entra.Audience()), AADIssuer: to(p.lab.Entra.Issuer()),
		},
	})
	ctx, cancel := context.WithCancel(p.t.Context())
	defer cancel()
	install := p.Command(ctx, "root", "install", "-m", "755", "/dev/stdin", "/usr/bin/az")
	install.Stdin = strings.NewReader(azureCLI)
	var out bytes.Buffer
	install.Stdout, install.Stderr = &out, &out
	if err := install.Run(); err != nil {
		p.t.Fatalf("%v: %s", err, out.String())
	}
	return server.Endpoint()
}
