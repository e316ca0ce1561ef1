package azure

import (
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"net/netip"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"
)

// value is what a pointer of the SDK points to; zero where it points to nothing.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

func pointer[T any](v T) *T { return &v }

func pointers[T any](all []T) []*T {
	list := make([]*T, len(all))
	for i := range all {
		list[i] = &all[i]
	}
	return list
}

// readGateway takes over what Azure says of a virtual network's gateway.
func readGateway(from *armnetwork.VirtualNetworkGateway) Gateway {
	where, _, _ := placeOf(value(from.ID))
	g := Gateway{ID: value(from.ID), Name: value(from.Name), Kind: VirtualNetwork, Subscription: where.subscription, ResourceGroup: where.group, Location: value(from.Location)}
	if g.Name == "" {
		g.Name = where.name
	}
	properties := from.Properties
	if properties == nil {
		return g
	}
	g.State = string(value(properties.ProvisioningState))
	if properties.SKU != nil {
		g.SKU = string(value(properties.SKU.Name))
	}
	client := properties.VPNClientConfiguration
	if client == nil || client.VPNClientAddressPool == nil && len(client.VPNClientProtocols) == 0 {
		return g
	}
	p := &PointToSite{AddressPools: readPrefixes(client.VPNClientAddressPool), CustomRoutes: readPrefixes(properties.CustomRoutes)}
	for _, protocol := range client.VPNClientProtocols {
		p.Protocols = append(p.Protocols, Protocol(strings.ToLower(string(value(protocol)))))
	}
	p.Authentication = readAuthentication(client.VPNAuthenticationTypes)
	if value(client.AADTenant) != "" {
		p.Entra = &Entra{value(client.AADTenant), value(client.AADAudience), value(client.AADIssuer)}
	}
	p.RADIUS = readRADIUS(client.RadiusServerAddress, client.RadiusServers)
	for _, root := range client.VPNClientRootCertificates {
		if root != nil && root.Properties != nil {
			p.Roots = append(p.Roots, readRoot(value(root.Name), value(root.Properties.PublicCertData)))
		}
	}
	for _, revoked := range client.VPNClientRevokedCertificates {
		if revoked != nil && revoked.Properties != nil {
			p.Revoked = append(p.Revoked, Revoked{value(revoked.Name), strings.ToLower(value(revoked.Properties.Thumbprint))})
		}
	}
	if len(p.Authentication) == 0 {
		p.Authentication = impliedAuthentication(p)
	}
	g.PointToSite = p
	return g
}

// impliedAuthentication is that of gateways from before there were several ways on one: what is set up is what is used.
func impliedAuthentication(p *PointToSite) []Authentication {
	var all []Authentication
	if len(p.Roots) > 0 {
		all = append(all, CertificateAuthentication)
	}
	if p.Entra != nil {
		all = append(all, EntraAuthentication)
	}
	if len(p.RADIUS) > 0 {
		all = append(all, RADIUSAuthentication)
	}
	return all
}

// readP2SGateway takes over what Azure says of a gateway of Virtual WAN. What its server configuration has comes by readConfiguration.
func readP2SGateway(from *armnetwork.P2SVPNGateway) Gateway {
	where, _, _ := placeOf(value(from.ID))
	g := Gateway{ID: value(from.ID), Name: value(from.Name), Kind: VirtualWAN, Subscription: where.subscription, ResourceGroup: where.group, Location: value(from.Location)}
	if g.Name == "" {
		g.Name = where.name
	}
	properties := from.Properties
	if properties == nil {
		return g
	}
	g.State = string(value(properties.ProvisioningState))
	if properties.VirtualHub != nil {
		g.VirtualHub = value(properties.VirtualHub.ID)
	}
	if properties.VPNServerConfiguration != nil {
		g.ServerConfiguration = value(properties.VPNServerConfiguration.ID)
	}
	p := &PointToSite{}
	for _, connection := range properties.P2SConnectionConfigurations {
		if connection == nil || connection.Properties == nil {
			continue
		}
		p.AddressPools = append(p.AddressPools, readPrefixes(connection.Properties.VPNClientAddressPool)...)
	}
	for _, server := range properties.CustomDNSServers {
		if address, err := netip.ParseAddr(strings.TrimSpace(value(server))); err == nil {
			p.DNSServers = append(p.DNSServers, address)
		}
	}
	g.PointToSite = p
	return g
}

// readConfiguration adds what a gateway of Virtual WAN has in its server configuration.
func readConfiguration(p *PointToSite, from *armnetwork.VPNServerConfiguration) {
	properties := from.Properties
	if properties == nil {
		return
	}
	for _, protocol := range properties.VPNProtocols {
		p.Protocols = append(p.Protocols, Protocol(strings.ToLower(string(value(protocol)))))
	}
	p.Authentication = readAuthentication(properties.VPNAuthenticationTypes)
	if entra := properties.AADAuthenticationParameters; entra != nil && value(entra.AADTenant) != "" {
		p.Entra = &Entra{value(entra.AADTenant), value(entra.AADAudience), value(entra.AADIssuer)}
	}
	p.RADIUS = readRADIUS(properties.RadiusServerAddress, properties.RadiusServers)
	for _, root := range properties.VPNClientRootCertificates {
		if root != nil {
			p.Roots = append(p.Roots, readRoot(value(root.Name), value(root.PublicCertData)))
		}
	}
	for _, revoked := range properties.VPNClientRevokedCertificates {
		if revoked != nil {
			p.Revoked = append(p.Revoked, Revoked{value(revoked.Name), strings.ToLower(value(revoked.Thumbprint))})
		}
	}
	if len(p.Authentication) == 0 {
		p.Authentication = impliedAuthentication(p)
	}
}

func readAuthentication(types []*armnetwork.VPNAuthenticationType) []Authentication {
	var all []Authentication
	for _, t := range types {
		switch value(t) {
		case armnetwork.VPNAuthenticationTypeCertificate:
			all = append(all, CertificateAuthentication)
		case armnetwork.VPNAuthenticationTypeAAD:
			all = append(all, EntraAuthentication)
		case armnetwork.VPNAuthenticationTypeRadius:
			all = append(all, RADIUSAuthentication)
		}
	}
	return all
}

func readRADIUS(single *string, several []*armnetwork.RadiusServer) []RADIUSServer {
	var all []RADIUSServer
	for _, server := range several {
		if server != nil && value(server.RadiusServerAddress) != "" {
			all = append(all, RADIUSServer{value(server.RadiusServerAddress), value(server.RadiusServerScore)})
		}
	}
	if len(all) == 0 && value(single) != "" {
		all = append(all, RADIUSServer{Address: value(single)})
	}
	return all
}

// readPrefixes leaves out what is no prefix, which Azure does not take in the first place.
func readPrefixes(space *armnetwork.AddressSpace) []netip.Prefix {
	if space == nil {
		return nil
	}
	var all []netip.Prefix
	for _, text := range space.AddressPrefixes {
		if prefix, err := netip.ParsePrefix(strings.TrimSpace(value(text))); err == nil {
			all = append(all, prefix.Masked())
		}
	}
	return all
}

// readRoot decodes a root certificate as Azure keeps it: base64 of its DER, with or without line ends and PEM's markers.
func readRoot(name, data string) Root {
	root := Root{Name: name, Data: data}
	var lines []string
	for line := range strings.Lines(data) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "-----") {
			lines = append(lines, line)
		}
	}
	der, err := base64.StdEncoding.DecodeString(strings.Join(lines, ""))
	if err != nil {
		return root
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return root
	}
	sum := sha1.Sum(der)
	root.Subject, root.Thumbprint, root.Expires = certificate.Subject.String(), hex.EncodeToString(sum[:]), certificate.NotAfter.UTC()
	return root
}
