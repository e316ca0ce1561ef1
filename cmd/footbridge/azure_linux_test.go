package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/csv"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"

	"github.com/footbridge-vpn/footbridge/client/azure"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/arm"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/azurezip"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns/netnstest"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/pki"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

const (
	azureSubscription = "11111111-1111-4111-8111-111111111111"
	azureTenant       = "0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0"
	azureToken        = "administrators-token-8c1d"
)

// azureCLI is a program that answers as az does for someone who did az login.
const azureCLI = "#!/bin/sh\necho '{\"accessToken\": \"" + azureToken + "\", \"expiresOn\": \"2099-01-01 00:00:00.000000\", \"expires_on\": 4070908800, \"tokenType\": \"Bearer\"}'\n"

func to[T any](v T) *T { return &v }

// administrator is someone at a computer who is signed in to an Azure with gateways of both kinds.
type administrator struct {
	*account
	azure   *arm.Server
	clients *pki.Authority
	zip     azurezip.Description
	network string
	hub     string
}

func newAdministrator(t *testing.T) *administrator {
	t.Helper()
	netnstest.RequireRoot(t)
	a := &administrator{account: newAccount(t, alice)}
	root, err := pki.NewRoot("Azure of the test", pki.ECDSA)
	a.check(err)
	a.clients, err = pki.NewRoot("Contoso clients", pki.ECDSA)
	a.check(err)
	gateway, err := pki.NewRoot("Gateway root", pki.ECDSA)
	a.check(err)
	a.zip = azurezip.Description{Name: "Contoso", VNetID: "c0ffee00-1111-4222-8333-444444444444", Hosts: []string{azurezip.HostName("c0ffee00-1111-4222-8333-444444444444", 0xabcdef)},
		Authentications: []azurezip.Authentication{azurezip.Certificate, azurezip.Entra}, Secret: tlswrap.GenerateStaticKey(), Pool: netip.MustParsePrefix("172.16.201.0/24"),
		Entra: &azurezip.EntraParameters{Tenant: "https://login.microsoftonline.com/" + azureTenant + "/", Audience: "c632b3df-fb67-4d84-bdcf-b95ad541b5c8", Issuer: "https://sts.windows.net/" + azureTenant + "/"}}
	a.zip.Roots = append(a.zip.Roots, gateway.Certificate)
	a.azure, err = arm.Start(arm.Options{Authority: root, Login: "https://login.lab.example", Package: a.pack, Token: func(bearer string) error {
		if bearer != azureToken {
			return errors.New("it is another one")
		}
		return nil
	}})
	a.check(err)
	t.Cleanup(func() { a.azure.Close() })
	tools := filepath.Join(a.home, "tools")
	a.check(os.Mkdir(tools, 0o755))
	a.check(os.WriteFile(filepath.Join(tools, "az"), []byte(azureCLI), 0o755))
	a.check(os.WriteFile(filepath.Join(a.home, "roots.pem"), root.PEM(), 0o644))
	a.environment = append(a.environment, "PATH="+tools+":"+os.Getenv("PATH"), "SSL_CERT_FILE="+filepath.Join(a.home, "roots.pem"), "FOOTBRIDGE_KEYRING=memory")
	a.build()
	return a
}

func (a *administrator) check(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

func (a *administrator) pack(_ context.Context, request arm.PackageRequest) ([]byte, error) {
	d := a.zip
	if request.Global {
		d.Hosts = []string{"wan.abcdefghijklmnopqrstuvwx.vpn.azure.com"}
	}
	var buffer bytes.Buffer
	err := azurezip.Write(&buffer, d)
	return buffer.Bytes(), err
}

func (a *administrator) build() {
	a.azure.AddSubscription(arm.Subscription{ID: azureSubscription, Name: "Production"})
	a.network = a.azure.AddVirtualNetworkGateway(azureSubscription, "network", "contoso-gateway", armnetwork.VirtualNetworkGatewayPropertiesFormat{
		GatewayType: to(armnetwork.VirtualNetworkGatewayTypeVPN), VPNType: to(armnetwork.VPNTypeRouteBased),
		VPNClientConfiguration: &armnetwork.VPNClientConfiguration{
			VPNClientAddressPool:   &armnetwork.AddressSpace{AddressPrefixes: []*string{to("172.16.201.0/24")}},
			VPNClientProtocols:     []*armnetwork.VPNClientProtocol{to(armnetwork.VPNClientProtocolOpenVPN)},
			VPNAuthenticationTypes: []*armnetwork.VPNAuthenticationType{to(armnetwork.VPNAuthenticationTypeCertificate), to(armnetwork.VPNAuthenticationTypeAAD)},
			AADTenant:              &a.zip.Entra.Tenant, AADAudience: &a.zip.Entra.Audience, AADIssuer: &a.zip.Entra.Issuer,
			VPNClientRootCertificates: []*armnetwork.VPNClientRootCertificate{{Name: to("contoso-root"),
				Properties: &armnetwork.VPNClientRootCertificatePropertiesFormat{PublicCertData: to(base64.StdEncoding.EncodeToString(a.clients.Certificate.Raw))}}},
		},
	})
	configuration := a.azure.AddServerConfiguration(azureSubscription, "wan", "staff", armnetwork.VPNServerConfigurationProperties{
		VPNProtocols:                []*armnetwork.VPNGatewayTunnelingProtocol{to(armnetwork.VPNGatewayTunnelingProtocolOpenVPN)},
		VPNAuthenticationTypes:      []*armnetwork.VPNAuthenticationType{to(armnetwork.VPNAuthenticationTypeAAD)},
		AADAuthenticationParameters: &armnetwork.AADAuthenticationParameters{AADTenant: &a.zip.Entra.Tenant, AADAudience: &a.zip.Entra.Audience, AADIssuer: &a.zip.Entra.Issuer},
	})
	hub := a.azure.AddVirtualHub(azureSubscription, "wan", "hub", arm.ID(azureSubscription, "wan", "virtualWans", "world"))
	a.hub = a.azure.AddP2SVPNGateway(azureSubscription, "wan", "hub-gateway", armnetwork.P2SVPNGatewayProperties{
		VirtualHub: &armnetwork.SubResource{ID: &hub}, VPNServerConfiguration: &armnetwork.SubResource{ID: &configuration},
		P2SConnectionConfigurations: []*armnetwork.P2SConnectionConfiguration{{Name: to("default"), Properties: &armnetwork.P2SConnectionConfigurationProperties{
			VPNClientAddressPool: &armnetwork.AddressSpace{AddressPrefixes: []*string{to("172.17.0.0/22")}}}}},
	})
	for _, id := range []string{a.network, a.hub} {
		a.azure.SetSessions(id, azureSession("OVPN_1", "alice@corp.example", "172.16.201.2", 1500), azureSession("OVPN_2", "=bob", "172.16.201.3", 5_000_000))
	}
}

func azureSession(id, user, address string, bytes int64) armnetwork.VPNClientConnectionHealthDetail {
	return armnetwork.VPNClientConnectionHealthDetail{VPNConnectionID: &id, VPNUserName: &user, PrivateIPAddress: &address, PublicIPAddress: to("203.0.113.7:50123"),
		VPNConnectionTime: to("2026-11-24T08:00:00"), VPNConnectionDuration: to(int64(3600)), IngressBytesTransferred: &bytes, EgressBytesTransferred: &bytes}
}

// run runs footbridge azure.
func (a *administrator) run(arguments ...string) result {
	a.t.Helper()
	return a.account.run(append([]string{"azure", "--cloud", a.azure.Endpoint()}, arguments...)...)
}

// A new company's administrator does a week's work, with both kinds of gateways.
func TestAzureCommands(t *testing.T) {
	a := newAdministrator(t)
	var listed struct {
		Gateways []azure.Gateway
	}
	a.run("gateways", "--json").want(exitDone).into(&listed)
	if len(listed.Gateways) != 2 || listed.Gateways[0].ID != a.network || listed.Gateways[1].PointToSite.Authentication[0] != azure.EntraAuthentication {
		t.Errorf("%+v", listed)
	}
	if r := a.run("gateways").want(exitDone); !strings.Contains(r.stdout, "contoso-gateway") || !strings.Contains(r.stdout, "172.17.0.0/22") || !strings.Contains(r.stderr, "Production") {
		t.Errorf("%s%s", r.stdout, r.stderr)
	}
	a.profiles()
	a.checks()
	a.sessions()
	a.settings()
	for _, r := range a.azure.Requests() {
		if strings.Contains(r.Path, azureToken) {
			t.Errorf("%s", r.Path)
		}
	}
}

func (a *administrator) profiles() {
	t := a.t
	if r := a.run("profile", "contoso-gateway", "--import").want(exitUsage); !strings.Contains(r.stderr, "cert, entra") {
		t.Error(r.stderr)
	}
	a.run("profile", "contoso-gateway", "--auth", "radius", "--import").want(exitUsage)
	a.run("profile", "contoso-gateway").want(exitUsage)
	a.run("profile", "contoso-gateway", "--auth", "cert", "-o", "x.zip", "--name", "y").want(exitUsage)
	a.run("profile", "nowhere", "--import").want(exitNotFound)
	a.azure.FailDownloads(1)
	r := a.run("profile", "contoso-gateway", "--auth", "cert", "--import", "-o", "contoso.zip").want(exitDone)
	if !strings.Contains(r.stdout, "contoso.zip") || !strings.Contains(r.stdout, "azuregateway-") {
		t.Error(r.stdout)
	}
	a.account.run("import", "contoso.zip", "--dry-run").want(exitDone)
	a.run("profile", "contoso-gateway", "--auth", "cert", "--reuse", "-o", "contoso.zip").want(exitFailed) // there already
	a.run("profile", "contoso-gateway", "--auth", "cert", "--reuse", "-o", "contoso.zip", "--force").want(exitDone)
	var imported struct {
		Gateway  string
		Imported importedProfile
	}
	a.run("profile", "hub-gateway", "--global", "--import", "--name", "Everywhere", "--json").want(exitDone).into(&imported)
	if imported.Gateway != a.hub || imported.Imported.Name != "Everywhere" || !strings.HasPrefix(imported.Imported.Servers[0], "wan.") {
		t.Errorf("%+v", imported)
	}
	if r := a.account.run("show", "Everywhere", "--json").want(exitDone); !strings.Contains(r.stdout, a.hub) {
		t.Errorf("the gateway is not kept: %s", r.stdout)
	}
}

func (a *administrator) checks() {
	t := a.t
	if r := a.run("check", "Everywhere").want(exitDone); !strings.Contains(r.stdout, "Everywhere is what hub-gateway would give") {
		t.Error(r.stdout)
	}
	old := a.zip
	a.zip.Secret, a.zip.DNSServers = tlswrap.GenerateStaticKey(), []netip.Addr{netip.MustParseAddr("10.1.0.53")}
	var check azureCheckResult
	a.run("check", "Everywhere", "--json").want(exitFailed).into(&check)
	if check.Current || len(check.Differences) != 2 || check.Gateway != a.hub {
		t.Errorf("%+v", check)
	}
	r := a.run("check", "Everywhere").want(exitFailed)
	for _, words := range []string{"Server secret: another one", "+ 10.1.0.53", "footbridge azure check Everywhere --update"} {
		if !strings.Contains(r.stdout, words) {
			t.Errorf("%q is not in\n%s", words, r.stdout)
		}
	}
	a.account.run("set", "Everywhere", "include-routes=10.66.0.0/16").want(exitDone)
	a.run("check", "Everywhere", "--update").want(exitDone)
	a.run("check", "Everywhere").want(exitDone)
	if r := a.account.run("show", "Everywhere").want(exitDone); !strings.Contains(r.stdout, "10.66.0.0/16") || !strings.Contains(r.stdout, "10.1.0.53") {
		t.Errorf("after the update:\n%s", r.stdout)
	}
	a.zip = old
	a.account.file("by-hand.ovpn", sampleProfile)
	a.account.run("import", "by-hand.ovpn", "--name", "By hand").want(exitDone)
	a.run("check", "By hand").want(exitUsage)
	a.run("check", "By hand", "--gateway", "contoso-gateway").want(exitUsage) // it asks for a password, which the gateway does not
	a.zip.Hosts = []string{azurezip.HostName("c0ffee00-1111-4222-8333-444444444444", 0x123456)}
	if r := a.run("check", "Everywhere", "--gateway", "contoso-gateway").want(exitFailed); !strings.Contains(r.stdout, "Servers:") {
		t.Error(r.stdout)
	}
	a.zip = old
}

func (a *administrator) sessions() {
	t := a.t
	if r := a.run("sessions", "contoso-gateway", "--sort", "bytes").want(exitDone); strings.Index(r.stdout, "=bob") > strings.Index(r.stdout, "alice@corp.example") || !strings.Contains(r.stdout, "172.16.201.3") {
		t.Error(r.stdout)
	}
	rows, err := csv.NewReader(strings.NewReader(a.run("sessions", "contoso-gateway", "--csv").want(exitDone).stdout)).ReadAll()
	if err != nil || len(rows) != 3 || rows[1][0] != "'=bob" || rows[2][7] != "OVPN_1" {
		t.Errorf("%q, %v", rows, err)
	}
	var result azureSessionsResult
	a.run("sessions", "contoso-gateway", "--user", "ALICE", "--json").want(exitDone).into(&result)
	if len(result.Sessions) != 1 || result.Sessions[0].ID != "OVPN_1" {
		t.Errorf("%+v", result)
	}
	if r := a.run("sessions", "hub-gateway").want(exitDone); !strings.Contains(r.stdout, "2 clients are connected") || !strings.Contains(r.stderr, "--blob-url") {
		t.Errorf("%s%s", r.stdout, r.stderr)
	}
	a.run("sessions", "hub-gateway", "--user", "alice").want(exitUsage)
	if r := a.run("sessions", "hub-gateway", "--blob-url", a.azure.Blob()).want(exitDone); !strings.Contains(r.stdout, "alice@corp.example") {
		t.Error(r.stdout)
	}
	a.run("disconnect", "contoso-gateway").want(exitUsage)
	a.run("disconnect", "contoso-gateway", "OVPN_1").want(exitUsage) // nobody to ask
	a.run("disconnect", "contoso-gateway", "OVPN_9", "--yes").want(exitNotFound)
	if r := a.run("disconnect", "contoso-gateway", "--user", "alice@corp.example", "--yes").want(exitDone); !strings.Contains(r.stdout, "Cut 1 session") {
		t.Error(r.stdout)
	}
	a.run("disconnect", "hub-gateway", "--user", "=bob", "--yes").want(exitUsage) // Virtual WAN does not say who is connected
	a.run("disconnect", "hub-gateway", "OVPN_9", "--blob-url", a.azure.Blob(), "--yes").want(exitNotFound)
	a.run("disconnect", "hub-gateway", "--user", "=BOB", "--blob-url", a.azure.Blob(), "--yes").want(exitDone)
	if left := a.azure.Sessions(a.hub); len(left) != 1 || left[0] != "OVPN_1" {
		t.Errorf("left at the hub are %v", left)
	}
	a.run("disconnect", "hub-gateway", "OVPN_1", "--yes", "--json").want(exitDone)
	if left := a.azure.Sessions(a.network); len(left) != 1 || left[0] != "OVPN_2" {
		t.Errorf("left are %v", left)
	}
}

// settings changes what a gateway lets in, with certificates that footbridge cert made.
func (a *administrator) settings() {
	t := a.t
	a.account.file("password", "a good passphrase\n")
	a.account.run("cert", "new-root", "Contoso 2027", "-o", "root.p12", "--password-file", "password").want(exitDone)
	a.account.run("cert", "issue", "--for", "bob", "--root", "root.p12", "--root-password-file", "password", "--format", "pem").want(exitDone)
	public, client := a.made("root*.cer", "root*.pem", "root*.crt"), a.made("bob*.pem", "bob*.crt")
	r := a.run("p2s", "set", "contoso-gateway", "--add-root", public, "--revoke", client, "--custom-route", "10.50.0.0/16", "--dry-run").want(exitDone)
	for _, words := range []string{"Root certificates of clients:", "+ Contoso-2027", "Refused certificates:", "+ bob", "+ 10.50.0.0/16"} {
		if !strings.Contains(r.stdout, words) {
			t.Errorf("%q is not in\n%s", words, r.stdout)
		}
	}
	if !strings.Contains(r.stderr, "new profile") {
		t.Error(r.stderr)
	}
	var shown azureP2SResult
	a.run("p2s", "show", "contoso-gateway", "--json").want(exitDone).into(&shown)
	if len(shown.Gateway.PointToSite.Roots) != 1 {
		t.Errorf("a dry run changed it: %+v", shown.Gateway.PointToSite)
	}
	a.run("p2s", "set", "contoso-gateway", "--add-root", public).want(exitUsage) // nobody to ask
	a.run("p2s", "set", "contoso-gateway").want(exitUsage)
	a.run("p2s", "set", "contoso-gateway", "--add-root", client, "--yes").want(exitFailed)
	a.run("p2s", "set", "contoso-gateway", "--revoke", "bob", "--yes").want(exitUsage)
	a.run("p2s", "set", "contoso-gateway", "--custom-route", "10.50.0.1/16", "--yes").want(exitUsage)
	a.azure.Polls(2)
	a.run("p2s", "set", "contoso-gateway", "--add-root", public, "--revoke", "bob="+client, "--yes").want(exitDone)
	if r := a.run("p2s", "show", "contoso-gateway").want(exitDone); !strings.Contains(r.stdout, "Contoso-2027") || !strings.Contains(r.stdout, "bob (") {
		t.Error(r.stdout)
	}
	if r := a.run("p2s", "set", "contoso-gateway", "--add-root", public, "--yes").want(exitDone); !strings.Contains(r.stdout, "set up like that already") {
		t.Error(r.stdout)
	}
	a.run("p2s", "set", "contoso-gateway", "--unrevoke", client, "--remove-root", "contoso-root", "--yes", "--json").want(exitDone)
	a.run("p2s", "show", "contoso-gateway", "--json").want(exitDone).into(&shown)
	if p := shown.Gateway.PointToSite; len(p.Roots) != 1 || p.Roots[0].Name != "Contoso-2027" || len(p.Revoked) != 0 {
		t.Errorf("%+v", p)
	}
	a.run("p2s", "set", "hub-gateway", "--address-pool", "172.18.0.0/22", "--dns-server", "10.9.0.53", "--yes").want(exitDone)
	a.run("p2s", "set", "hub-gateway", "--custom-route", "10.50.0.0/16", "--yes").want(exitUsage)
	bare := a.azure.AddVirtualNetworkGateway(azureSubscription, "network", "bare", armnetwork.VirtualNetworkGatewayPropertiesFormat{
		GatewayType: to(armnetwork.VirtualNetworkGatewayTypeVPN), VPNType: to(armnetwork.VPNTypeRouteBased)})
	a.run("p2s", "set", "bare", "--auth", "entra", "--yes").want(exitFailed)
	a.run("p2s", "enable", "bare", "--address-pool", "172.30.0.0/24", "--auth", "entra", "--entra-tenant", azureTenant, "--yes").want(exitDone)
	a.run("p2s", "show", bare, "--json").want(exitDone).into(&shown)
	if p := shown.Gateway.PointToSite; p == nil || p.Entra.Audience != "c632b3df-fb67-4d84-bdcf-b95ad541b5c8" || p.Protocols[0] != azure.OpenVPN {
		t.Errorf("%+v", p)
	}
}

// made is the file that fits one of the patterns first.
func (a *administrator) made(patterns ...string) string {
	a.t.Helper()
	for _, pattern := range patterns {
		if found, _ := filepath.Glob(filepath.Join(a.home, pattern)); len(found) > 0 {
			return filepath.Base(found[0])
		}
	}
	a.t.Fatalf("nothing fits %v", patterns)
	return ""
}

// What Azure refuses has words, a remedy and an exit code, in both forms and in Dutch.
func TestAzureRefusals(t *testing.T) {
	a := newAdministrator(t)
	wanted := func(code int, problem string, words ...string) {
		t.Helper()
		r := a.run("p2s", "show", a.network).want(code)
		for _, word := range words {
			if !strings.Contains(r.stderr, word) {
				t.Errorf("%q is not in\n%s", word, r.stderr)
			}
		}
		var line failureLine
		a.run("p2s", "show", a.network, "--json").want(code).into(&line)
		if line.Problem.Code != problem || line.Problem.Remedy == "" || strings.Contains(line.Problem.Sentence+line.Problem.Detail, azureToken) {
			t.Errorf("%+v", line.Problem)
		}
	}
	a.azure.Forbid("Microsoft.Network/virtualNetworkGateways/read")
	wanted(exitPermission, "azure-permission", "Microsoft.Network/virtualNetworkGateways/read", "contoso-gateway", "Network Contributor")
	a.environment = append(a.environment, "LANG=nl_NL.UTF-8")
	wanted(exitPermission, "azure-permission", "Uw rol in Azure")
	a.environment = append(a.environment, "LANG=C.UTF-8")
	a.azure.Forbid()
	a.azure.Expire(true)
	wanted(exitSignIn, "azure-sign-in", "az login")
	a.azure.Expire(false)
	a.azure.Throttle(1000, 1_000_000)
	wanted(exitUnreachable, "azure-throttled", "too many requests")
	a.azure.Throttle(0, 0)
	a.check(os.WriteFile(filepath.Join(a.home, "tools", "az"), []byte("#!/bin/sh\necho 'Please run az login' >&2\nexit 1\n"), 0o755))
	if r := a.run("gateways", "--sign-in", "cli").want(exitSignIn); !strings.Contains(r.stderr, "az login") {
		t.Error(r.stderr)
	}
	a.account.run("azure", "gateways", "--cloud", "mars").want(exitUsage)
	a.account.run("azure", "gateways", "--sign-in", "magic").want(exitUsage)
	a.azure.Close()
	a.run("gateways").want(exitUsage) // the cloud does not say which one it is
}
