package azure

import (
	"net/netip"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"
)

// writeVirtualNetwork puts planned settings into a virtual network's gateway. All else of it stays as it was read.
func writeVirtualNetwork(properties *armnetwork.VirtualNetworkGatewayPropertiesFormat, plan *Plan, secrets []*armnetwork.RadiusAuthServer) {
	after := plan.After
	client := properties.VPNClientConfiguration
	if client == nil {
		client = &armnetwork.VPNClientConfiguration{}
		properties.VPNClientConfiguration = client
	}
	client.VPNClientAddressPool = writePrefixes(after.AddressPools)
	if plan.differs(FieldCustomRoutes) {
		properties.CustomRoutes = writePrefixes(after.CustomRoutes)
	}
	client.VPNClientProtocols = nil
	for _, protocol := range after.Protocols {
		client.VPNClientProtocols = append(client.VPNClientProtocols, pointer(map[Protocol]armnetwork.VPNClientProtocol{
			OpenVPN: armnetwork.VPNClientProtocolOpenVPN, IKEv2: armnetwork.VPNClientProtocolIkeV2, SSTP: armnetwork.VPNClientProtocolSSTP}[protocol]))
	}
	client.VPNAuthenticationTypes = writeAuthentication(after.Authentication)
	client.AADTenant, client.AADAudience, client.AADIssuer = nil, nil, nil
	if after.Entra != nil {
		client.AADTenant, client.AADAudience, client.AADIssuer = &after.Entra.Tenant, &after.Entra.Audience, &after.Entra.Issuer
	}
	client.RadiusServerAddress, client.RadiusServerSecret, client.RadiusServers = writeRADIUS(plan, client.RadiusServerAddress, secrets)
	kept := map[string]*armnetwork.VPNClientRootCertificate{}
	for _, root := range client.VPNClientRootCertificates {
		if root != nil {
			kept[value(root.Name)] = root
		}
	}
	client.VPNClientRootCertificates = nil
	for _, root := range after.Roots {
		one := kept[root.Name]
		if one == nil {
			one = &armnetwork.VPNClientRootCertificate{Name: &root.Name,
				Properties: &armnetwork.VPNClientRootCertificatePropertiesFormat{PublicCertData: pointer(bareBase64(root.Data))}}
		}
		client.VPNClientRootCertificates = append(client.VPNClientRootCertificates, one)
	}
	revoked := map[string]*armnetwork.VPNClientRevokedCertificate{}
	for _, one := range client.VPNClientRevokedCertificates {
		if one != nil {
			revoked[value(one.Name)] = one
		}
	}
	client.VPNClientRevokedCertificates = nil
	for _, r := range after.Revoked {
		one := revoked[r.Name]
		if one == nil {
			one = &armnetwork.VPNClientRevokedCertificate{Name: &r.Name,
				Properties: &armnetwork.VPNClientRevokedCertificatePropertiesFormat{Thumbprint: pointer(strings.ToUpper(r.Thumbprint))}}
		}
		client.VPNClientRevokedCertificates = append(client.VPNClientRevokedCertificates, one)
	}
}

// writeServerConfiguration puts planned settings into what gateways of Virtual WAN are set up by.
func writeServerConfiguration(properties *armnetwork.VPNServerConfigurationProperties, plan *Plan, secrets []*armnetwork.RadiusAuthServer) {
	after := plan.After
	properties.VPNProtocols = nil
	for _, protocol := range after.Protocols {
		switch protocol {
		case OpenVPN:
			properties.VPNProtocols = append(properties.VPNProtocols, pointer(armnetwork.VPNGatewayTunnelingProtocolOpenVPN))
		case IKEv2:
			properties.VPNProtocols = append(properties.VPNProtocols, pointer(armnetwork.VPNGatewayTunnelingProtocolIkeV2))
		}
	}
	properties.VPNAuthenticationTypes = writeAuthentication(after.Authentication)
	properties.AADAuthenticationParameters = nil
	if after.Entra != nil {
		properties.AADAuthenticationParameters = &armnetwork.AADAuthenticationParameters{AADTenant: &after.Entra.Tenant, AADAudience: &after.Entra.Audience, AADIssuer: &after.Entra.Issuer}
	}
	properties.RadiusServerAddress, properties.RadiusServerSecret, properties.RadiusServers = writeRADIUS(plan, properties.RadiusServerAddress, secrets)
	properties.VPNClientRootCertificates = nil
	for _, root := range after.Roots {
		properties.VPNClientRootCertificates = append(properties.VPNClientRootCertificates,
			&armnetwork.VPNServerConfigVPNClientRootCertificate{Name: &root.Name, PublicCertData: pointer(bareBase64(root.Data))})
	}
	properties.VPNClientRevokedCertificates = nil
	for _, r := range after.Revoked {
		properties.VPNClientRevokedCertificates = append(properties.VPNClientRevokedCertificates,
			&armnetwork.VPNServerConfigVPNClientRevokedCertificate{Name: &r.Name, Thumbprint: pointer(strings.ToUpper(r.Thumbprint))})
	}
}

// writeP2SGateway puts planned settings into a gateway of Virtual WAN. With several groups of users each has its own pool, which stays unless
// pools are changed; then they are given out in order.
func writeP2SGateway(properties *armnetwork.P2SVPNGatewayProperties, plan *Plan) {
	if plan.differs(FieldDNSServers) {
		properties.CustomDNSServers = pointers(texts(plan.After.DNSServers))
	}
	if !plan.differs(FieldAddressPools) {
		return
	}
	if len(properties.P2SConnectionConfigurations) == 0 {
		properties.P2SConnectionConfigurations = []*armnetwork.P2SConnectionConfiguration{{Name: pointer("P2SConnectionConfigDefault")}}
	}
	pools := plan.After.AddressPools
	last := len(properties.P2SConnectionConfigurations) - 1
	for i, connection := range properties.P2SConnectionConfigurations {
		if connection.Properties == nil {
			connection.Properties = &armnetwork.P2SConnectionConfigurationProperties{}
		}
		count := min(1, len(pools))
		if i == last {
			count = len(pools)
		}
		connection.Properties.VPNClientAddressPool = writePrefixes(pools[:count])
		pools = pools[count:]
	}
}

func writeAuthentication(all []Authentication) []*armnetwork.VPNAuthenticationType {
	var types []*armnetwork.VPNAuthenticationType
	for _, a := range all {
		types = append(types, pointer(map[Authentication]armnetwork.VPNAuthenticationType{
			CertificateAuthentication: armnetwork.VPNAuthenticationTypeCertificate, EntraAuthentication: armnetwork.VPNAuthenticationTypeAAD,
			RADIUSAuthentication: armnetwork.VPNAuthenticationTypeRadius}[a]))
	}
	return types
}

// writeRADIUS is servers with their secrets. Azure does not tell the secrets when it is asked for a gateway, and would lose those that do not come
// back with the rest.
func writeRADIUS(plan *Plan, single *string, secrets []*armnetwork.RadiusAuthServer) (address, shared *string, servers []*armnetwork.RadiusServer) {
	secretOf := func(server string) *string {
		if len(plan.change.RADIUS) > 0 {
			return pointer(plan.change.RADIUSSecret.Reveal())
		}
		for _, s := range secrets {
			if s != nil && value(s.RadiusServerAddress) == server {
				return s.RadiusServerSecret
			}
		}
		return nil
	}
	all := plan.After.RADIUS
	if len(all) == 0 {
		return nil, nil, nil
	}
	if value(single) != "" && len(plan.change.RADIUS) == 0 || len(all) == 1 && all[0].Score == 0 {
		address, shared = pointer(all[0].Address), secretOf(all[0].Address)
		if len(all) == 1 && all[0].Score == 0 {
			return address, shared, nil
		}
	}
	for _, server := range all {
		one := &armnetwork.RadiusServer{RadiusServerAddress: pointer(server.Address), RadiusServerSecret: secretOf(server.Address)}
		if server.Score != 0 {
			one.RadiusServerScore = pointer(server.Score)
		}
		servers = append(servers, one)
	}
	return address, shared, servers
}

func writePrefixes(prefixes []netip.Prefix) *armnetwork.AddressSpace {
	return &armnetwork.AddressSpace{AddressPrefixes: pointers(texts(prefixes))}
}

// bareBase64 is a certificate as Azure wants it: without line ends and markers.
func bareBase64(data string) string {
	var out strings.Builder
	for line := range strings.Lines(data) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "-----") {
			out.WriteString(line)
		}
	}
	return out.String()
}
