package azure

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/arm"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/azurezip"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/pki"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

const (
	production = "11111111-1111-4111-8111-111111111111"
	testing2   = "22222222-2222-4222-8222-222222222222"
	tenantID   = "0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0"
	vnetID     = "c0ffee00-1111-4222-8333-444444444444"
)

// world is an estate in Azure and its administrator.
type world struct {
	*arm.Server
	*Client
	t       *testing.T
	ctx     context.Context
	root    *pki.Authority // of clients
	gateway *pki.Authority // that the gateway's certificate ends in
	zip     azurezip.Description

	network string // id of the virtual network's gateway "contoso"
	hub     string // id of Virtual WAN's "west"
	config  string // id of its server configuration, which "east" has too
}

// token is an administrator who is signed in.
type token struct{}

func (token) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "administrators-token", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t}
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	t.Cleanup(cancel)
	w.ctx = ctx
	w.root, w.gateway = authority(t, "Contoso clients"), authority(t, "Gateway root")
	w.zip = azurezip.Description{
		Name: "Contoso", VNetID: vnetID, Hosts: []string{azurezip.HostName(vnetID, 0xabcdef)},
		Authentications: []azurezip.Authentication{azurezip.Certificate, azurezip.Entra},
		Entra:           &azurezip.EntraParameters{Tenant: "https://login.microsoftonline.com/" + tenantID + "/", Audience: registeredAudience, Issuer: "https://sts.windows.net/" + tenantID + "/"},
		Roots:           []*x509.Certificate{w.gateway.Certificate}, Secret: tlswrap.GenerateStaticKey(),
		Pool: netip.MustParsePrefix("172.16.201.0/24"), Routes: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")},
	}
	server, err := arm.Start(arm.Options{Package: w.pack, Login: "https://login.lab.example", PageSize: 100})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	w.Server = server
	w.build()
	w.Client = w.client(token{})
	return w
}

func authority(t *testing.T, name string) *pki.Authority {
	t.Helper()
	root, err := pki.NewRoot(name, pki.ECDSA)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// pack is what Azure generates. RADIUS gateways have files of their own.
func (w *world) pack(_ context.Context, request arm.PackageRequest) ([]byte, error) {
	d := w.zip
	if request.Method == "EAPMSCHAPv2" {
		d.Authentications = []azurezip.Authentication{azurezip.Radius}
	}
	if request.Global {
		d.Hosts = []string{"wan.abcdefghijklmnopqrstuvwx.vpn.azure.com"}
	}
	var buffer bytes.Buffer
	err := azurezip.Write(&buffer, d)
	return buffer.Bytes(), err
}

func (w *world) client(credential azcore.TokenCredential) *Client {
	w.t.Helper()
	client, err := New(Options{
		Cloud:      Cloud{"lab", "https://login.lab.example", w.Endpoint(), arm.Audience},
		Credential: credential, HTTPClient: w.HTTPClient(), PollInterval: 10 * time.Millisecond, RetryDelay: 10 * time.Millisecond,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return client
}

// certificateData is a certificate as Azure has it.
func certificateData(a *pki.Authority) string {
	return base64.StdEncoding.EncodeToString(a.Certificate.Raw)
}

func thumbprint(a *pki.Authority) string {
	sum := sha1.Sum(a.Certificate.Raw)
	return hex.EncodeToString(sum[:])
}

// build sets an estate up: gateways of both kinds, and some that clients cannot connect to.
func (w *world) build() {
	w.AddSubscription(arm.Subscription{ID: production, Name: "Production"})
	w.AddSubscription(arm.Subscription{ID: testing2, Name: "Testing"})
	w.network = w.AddVirtualNetworkGateway(production, "network", "contoso", w.networkProperties())
	w.AddVirtualNetworkGateway(production, "network", "express", armnetwork.VirtualNetworkGatewayPropertiesFormat{
		GatewayType: pointer(armnetwork.VirtualNetworkGatewayTypeExpressRoute)})
	w.AddVirtualNetworkGateway(testing2, "lab", "bare", armnetwork.VirtualNetworkGatewayPropertiesFormat{
		GatewayType: pointer(armnetwork.VirtualNetworkGatewayTypeVPN), VPNType: pointer(armnetwork.VPNTypeRouteBased),
		SKU: &armnetwork.VirtualNetworkGatewaySKU{Name: pointer(armnetwork.VirtualNetworkGatewaySKUNameVPNGw1)}})
	w.config = w.AddServerConfiguration(production, "wan", "staff", armnetwork.VPNServerConfigurationProperties{
		VPNProtocols:           []*armnetwork.VPNGatewayTunnelingProtocol{pointer(armnetwork.VPNGatewayTunnelingProtocolOpenVPN)},
		VPNAuthenticationTypes: []*armnetwork.VPNAuthenticationType{pointer(armnetwork.VPNAuthenticationTypeAAD), pointer(armnetwork.VPNAuthenticationTypeRadius)},
		AADAuthenticationParameters: &armnetwork.AADAuthenticationParameters{AADTenant: &w.zip.Entra.Tenant, AADAudience: &w.zip.Entra.Audience,
			AADIssuer: &w.zip.Entra.Issuer},
		RadiusServers: []*armnetwork.RadiusServer{{RadiusServerAddress: pointer("10.9.0.4"), RadiusServerScore: pointer(int64(30)), RadiusServerSecret: pointer("wan-radius-secret")},
			{RadiusServerAddress: pointer("10.9.0.5"), RadiusServerScore: pointer(int64(10)), RadiusServerSecret: pointer("second-radius-secret")}},
	})
	hub := w.AddVirtualHub(production, "wan", "hub-west", arm.ID(production, "wan", "virtualWans", "world"))
	properties := func() armnetwork.P2SVPNGatewayProperties {
		return armnetwork.P2SVPNGatewayProperties{
			VirtualHub: &armnetwork.SubResource{ID: &hub}, VPNServerConfiguration: &armnetwork.SubResource{ID: &w.config}, CustomDNSServers: []*string{pointer("10.9.0.53")},
			VPNGatewayScaleUnit: pointer(int32(2)),
			P2SConnectionConfigurations: []*armnetwork.P2SConnectionConfiguration{{Name: pointer("default"), Properties: &armnetwork.P2SConnectionConfigurationProperties{
				EnableInternetSecurity: pointer(true), VPNClientAddressPool: &armnetwork.AddressSpace{AddressPrefixes: []*string{pointer("172.17.0.0/22")}}}}},
		}
	}
	w.hub = w.AddP2SVPNGateway(production, "wan", "west", properties())
	w.AddP2SVPNGateway(production, "wan", "east", properties())
}

func (w *world) networkProperties() armnetwork.VirtualNetworkGatewayPropertiesFormat {
	return armnetwork.VirtualNetworkGatewayPropertiesFormat{
		GatewayType: pointer(armnetwork.VirtualNetworkGatewayTypeVPN), VPNType: pointer(armnetwork.VPNTypeRouteBased), EnableBgp: pointer(true),
		SKU:          &armnetwork.VirtualNetworkGatewaySKU{Name: pointer(armnetwork.VirtualNetworkGatewaySKUNameVPNGw2AZ)},
		CustomRoutes: &armnetwork.AddressSpace{AddressPrefixes: []*string{pointer("10.50.0.0/16")}},
		VPNClientConfiguration: &armnetwork.VPNClientConfiguration{
			VPNClientAddressPool: &armnetwork.AddressSpace{AddressPrefixes: []*string{pointer("172.16.201.0/24")}},
			VPNClientProtocols:   []*armnetwork.VPNClientProtocol{pointer(armnetwork.VPNClientProtocolOpenVPN)},
			VPNAuthenticationTypes: []*armnetwork.VPNAuthenticationType{pointer(armnetwork.VPNAuthenticationTypeCertificate), pointer(armnetwork.VPNAuthenticationTypeAAD),
				pointer(armnetwork.VPNAuthenticationTypeRadius)},
			AADTenant: &w.zip.Entra.Tenant, AADAudience: &w.zip.Entra.Audience, AADIssuer: &w.zip.Entra.Issuer,
			RadiusServerAddress: pointer("10.1.0.4"), RadiusServerSecret: pointer("network-radius-secret"),
			VPNClientRootCertificates: []*armnetwork.VPNClientRootCertificate{{Name: pointer("contoso-root"),
				Properties: &armnetwork.VPNClientRootCertificatePropertiesFormat{PublicCertData: pointer(certificateData(w.root))}}},
			VPNClientRevokedCertificates: []*armnetwork.VPNClientRevokedCertificate{{Name: pointer("bob"),
				Properties: &armnetwork.VPNClientRevokedCertificatePropertiesFormat{Thumbprint: pointer(strings.Repeat("AB", 20))}}},
		},
	}
}

// find is a gateway that is there.
func (w *world) find(name string) Gateway {
	w.t.Helper()
	g, err := w.Gateway(w.ctx, name)
	if err != nil {
		w.t.Fatal(err)
	}
	return g
}

// session is a client that is connected.
func session(id, user, address string, bytes int64) armnetwork.VPNClientConnectionHealthDetail {
	return armnetwork.VPNClientConnectionHealthDetail{
		VPNConnectionID: &id, VPNUserName: &user, PrivateIPAddress: &address, PublicIPAddress: pointer("203.0.113.7:50123"),
		VPNConnectionTime: pointer("2026-11-24T08:00:00"), VPNConnectionDuration: pointer(int64(3600)),
		IngressBytesTransferred: pointer(bytes), EgressBytesTransferred: pointer(2 * bytes), MaxBandwidth: pointer(int64(1000)),
	}
}

func wantProblem(t *testing.T, err error, code Code) *Problem {
	t.Helper()
	var problem *Problem
	if !errors.As(err, &problem) || problem.Code != code {
		t.Errorf("got %v, want %s", err, code)
		return &Problem{}
	}
	return problem
}

func names(gateways []Gateway) string {
	var all []string
	for _, g := range gateways {
		all = append(all, g.Name)
	}
	return fmt.Sprint(all)
}
