package main

import (
	"net/netip"

	"github.com/footbridge-vpn/footbridge/client/azure"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/arm"
)

// azureExamples are those of footbridge azure.
func azureExamples() []example {
	id := arm.ID("SUBSCRIPTION-ID", "network", "p2svpnGateways", "west")
	differences := []azure.Difference{{Field: azure.FieldServers, Before: []string{"azuregateway-1.vpn.azure.com:443"}, After: []string{"azuregateway-2.vpn.azure.com:443"}}}
	byHand := []azure.Difference{{Field: azure.FieldDNSSuffixes, Before: []string{"corp.example"}, After: []string{"corp.example", "example.net"}}}
	notices := []azure.Notice{{Code: azure.ClientRootExpires, Subject: "Contoso-VPN-root", When: moment(12, 0)}}
	gateway := azure.Gateway{
		ID: id, Name: "west", Kind: azure.VirtualWAN, Subscription: "SUBSCRIPTION-ID", SubscriptionName: "Production", ResourceGroup: "network", Location: "westeurope",
		State: "Succeeded", SKU: "VpnGw2AZ", VirtualHub: arm.ID("SUBSCRIPTION-ID", "network", "virtualHubs", "hub"), VirtualWAN: arm.ID("SUBSCRIPTION-ID", "network", "virtualWans", "wan"),
		ServerConfiguration: arm.ID("SUBSCRIPTION-ID", "network", "vpnServerConfigurations", "staff"), SharedWith: []string{"east"},
		PointToSite: &azure.PointToSite{
			AddressPools: []netip.Prefix{netip.MustParsePrefix("172.16.201.0/24")}, Protocols: []azure.Protocol{azure.OpenVPN},
			Authentication: []azure.Authentication{azure.CertificateAuthentication, azure.EntraAuthentication, azure.RADIUSAuthentication},
			Entra: &azure.Entra{Tenant: "https://login.microsoftonline.com/TENANT-ID/", Audience: "c632b3df-fb67-4d84-bdcf-b95ad541b5c8",
				Issuer: "https://sts.windows.net/TENANT-ID/"},
			RADIUS:       []azure.RADIUSServer{{Address: "10.1.0.4", Score: 30}},
			Roots:        []azure.Root{{Name: "Contoso-VPN-root", Subject: "CN=Contoso VPN root", Thumbprint: exampleThumbprint, Expires: moment(12, 0)}},
			Revoked:      []azure.Revoked{{Name: "bob", Thumbprint: exampleThumbprint}},
			CustomRoutes: []netip.Prefix{netip.MustParsePrefix("10.50.0.0/16")}, DNSServers: []netip.Addr{netip.MustParseAddr("10.1.0.53")},
		},
	}
	session := azure.Session{ID: "OVPN_1A2B3C4D", User: "alice@contoso.com", PublicAddress: "203.0.113.7:50123", PrivateAddress: netip.MustParseAddr("172.16.201.2"),
		Since: moment(8, 0), Seconds: 3600, BytesIn: 12345678, BytesOut: 98765432, MaxBandwidth: 1000}
	totals := azure.Totals{Sessions: 1, BytesIn: 12345678, BytesOut: 98765432, Addresses: []netip.Addr{netip.MustParseAddr("172.16.201.2")}}
	imported := importedProfile{"contoso", "Contoso", id, "added", "aad", []string{exampleServer}}
	return []example{
		{"footbridge azure gateways", []any{azureGatewaysResult{newDocument(), []azureGateway{{gateway, notices}}, []azureRefused{{"Testing", exampleFailure()}}}}, false},
		{"footbridge azure profile", []any{azureProfileResult{newDocument(), id, "entra", "contoso.zip", &imported, []findingJSON{exampleFinding()}}}, false},
		{"footbridge azure check", []any{azureCheckResult{newDocument(), "Contoso", id, true, differences, byHand, notices, true}}, false},
		{"footbridge azure sessions", []any{azureSessionsResult{newDocument(), id, []azure.Session{session}, &totals}}, false},
		{"footbridge azure disconnect", []any{azureDisconnectResult{newDocument(), id, []string{"OVPN_1A2B3C4D"}}}, false},
		{"footbridge azure p2s show", []any{azureP2SResult{newDocument(), gateway, notices}}, false},
		{"footbridge azure p2s enable, set", []any{azureChangeResult{newDocument(), id, []string{"east"}, differences, true, true, true}}, false},
	}
}
