package arm

import (
	"fmt"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"
)

// estate is what someone has in Azure. Server.mu protects it.
type estate struct {
	subscriptions []Subscription
	networks      []*armnetwork.VirtualNetworkGateway
	gateways      []*armnetwork.P2SVPNGateway
	configs       []*armnetwork.VPNServerConfiguration
	hubs          []*armnetwork.VirtualHub
	secrets       map[string][]*armnetwork.RadiusAuthServer               // by resource id in lower case: Get does not tell them
	sessions      map[string][]armnetwork.VPNClientConnectionHealthDetail // by the gateway's id in lower case
	generated     map[string]string                                       // address of the last package, by the gateway's id in lower case
}

// Subscription is where resources are.
type Subscription struct {
	ID   string
	Name string
}

func newEstate() *estate {
	return &estate{secrets: map[string][]*armnetwork.RadiusAuthServer{}, sessions: map[string][]armnetwork.VPNClientConnectionHealthDetail{}, generated: map[string]string{}}
}

func (e *estate) hasSubscription(id string) bool {
	return slices.ContainsFunc(e.subscriptions, func(s Subscription) bool { return strings.EqualFold(s.ID, id) })
}

// AddSubscription adds a subscription.
func (s *Server) AddSubscription(added Subscription) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.estate.subscriptions = append(s.estate.subscriptions, added)
}

// ID is the id of a resource.
func ID(subscription, group, kind, name string) string {
	return fmt.Sprintf("/subscriptions/%s/resourceGroups/%s/providers/Microsoft.Network/%s/%s", subscription, group, kind, name)
}

// AddVirtualNetworkGateway adds a gateway, or replaces the one with its id. It returns its id.
func (s *Server) AddVirtualNetworkGateway(subscription, group, name string, properties armnetwork.VirtualNetworkGatewayPropertiesFormat) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := ID(subscription, group, "virtualNetworkGateways", name)
	s.putNetwork(&armnetwork.VirtualNetworkGateway{ID: &id, Name: &name, Location: ptr("westeurope"), Properties: &properties})
	return id
}

// AddP2SVPNGateway adds a gateway of Virtual WAN. It returns its id.
func (s *Server) AddP2SVPNGateway(subscription, group, name string, properties armnetwork.P2SVPNGatewayProperties) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := ID(subscription, group, "p2svpnGateways", name)
	s.putGateway(&armnetwork.P2SVPNGateway{ID: &id, Name: &name, Location: ptr("westeurope"), Properties: &properties})
	return id
}

// AddServerConfiguration adds what gateways of Virtual WAN are set up by. It returns its id.
func (s *Server) AddServerConfiguration(subscription, group, name string, properties armnetwork.VPNServerConfigurationProperties) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := ID(subscription, group, "vpnServerConfigurations", name)
	s.putConfiguration(&armnetwork.VPNServerConfiguration{ID: &id, Name: &name, Location: ptr("westeurope"), Properties: &properties})
	return id
}

// AddVirtualHub adds a hub of the Virtual WAN with an id. It returns its own.
func (s *Server) AddVirtualHub(subscription, group, name, wan string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := ID(subscription, group, "virtualHubs", name)
	s.estate.hubs = append(s.estate.hubs, &armnetwork.VirtualHub{ID: &id, Name: &name, Location: ptr("westeurope"),
		Properties: &armnetwork.VirtualHubProperties{VirtualWan: &armnetwork.SubResource{ID: &wan}}})
	return id
}

// SetSessions says who is connected to a gateway.
func (s *Server) SetSessions(gateway string, sessions ...armnetwork.VPNClientConnectionHealthDetail) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.estate.sessions[strings.ToLower(gateway)] = sessions
}

// Sessions are the ids of those who are connected to a gateway.
func (s *Server) Sessions(gateway string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for _, session := range s.estate.sessions[strings.ToLower(gateway)] {
		ids = append(ids, *session.VPNConnectionID)
	}
	return ids
}

// Secrets are the RADIUS secrets of a gateway or a server configuration, by server.
func (s *Server) Secrets(id string) map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]string{}
	for _, server := range s.estate.secrets[strings.ToLower(id)] {
		if server.RadiusServerSecret != nil {
			all[*server.RadiusServerAddress] = *server.RadiusServerSecret
		}
	}
	return all
}

func ptr[T any](v T) *T { return &v }

// put replaces the resource with an id or adds it.
func put[T any](list *[]*T, added *T, id func(*T) *string) {
	at := slices.IndexFunc(*list, func(one *T) bool { return strings.EqualFold(*id(one), *id(added)) })
	if at < 0 {
		*list = append(*list, added)
		return
	}
	(*list)[at] = added
}

// tag is a new entity tag. The caller holds s.mu.
func (s *Server) tag() *string { return ptr(fmt.Sprintf("W/\"%s\"", s.next("etag"))) }

func (s *Server) putNetwork(g *armnetwork.VirtualNetworkGateway) {
	g.Etag, g.Type = s.tag(), ptr("Microsoft.Network/virtualNetworkGateways")
	if g.Properties.ProvisioningState == nil {
		g.Properties.ProvisioningState = ptr(armnetwork.ProvisioningStateSucceeded)
	}
	if c := g.Properties.VPNClientConfiguration; c != nil {
		s.estate.secrets[strings.ToLower(*g.ID)] = secretsOf(c.RadiusServerAddress, c.RadiusServerSecret, c.RadiusServers)
		c.RadiusServerSecret = nil
		c.RadiusServers = withoutSecrets(c.RadiusServers)
	}
	put(&s.estate.networks, g, func(g *armnetwork.VirtualNetworkGateway) *string { return g.ID })
}

func (s *Server) putGateway(g *armnetwork.P2SVPNGateway) {
	g.Etag, g.Type = s.tag(), ptr("Microsoft.Network/p2svpnGateways")
	if g.Properties.ProvisioningState == nil {
		g.Properties.ProvisioningState = ptr(armnetwork.ProvisioningStateSucceeded)
	}
	put(&s.estate.gateways, g, func(g *armnetwork.P2SVPNGateway) *string { return g.ID })
}

func (s *Server) putConfiguration(c *armnetwork.VPNServerConfiguration) {
	c.Etag, c.Type = s.tag(), ptr("Microsoft.Network/vpnServerConfigurations")
	if p := c.Properties; p != nil {
		s.estate.secrets[strings.ToLower(*c.ID)] = secretsOf(p.RadiusServerAddress, p.RadiusServerSecret, p.RadiusServers)
		p.RadiusServerSecret = nil
		p.RadiusServers = withoutSecrets(p.RadiusServers)
		p.ProvisioningState = ptr("Succeeded")
	}
	put(&s.estate.configs, c, func(c *armnetwork.VPNServerConfiguration) *string { return c.ID })
}

// secretsOf are what a gateway is told once and never tells with the rest.
func secretsOf(address, secret *string, servers []*armnetwork.RadiusServer) []*armnetwork.RadiusAuthServer {
	var all []*armnetwork.RadiusAuthServer
	if address != nil {
		all = append(all, &armnetwork.RadiusAuthServer{RadiusServerAddress: address, RadiusServerSecret: secret})
	}
	for _, server := range servers {
		all = append(all, &armnetwork.RadiusAuthServer{RadiusServerAddress: server.RadiusServerAddress, RadiusServerSecret: server.RadiusServerSecret})
	}
	return all
}

func withoutSecrets(servers []*armnetwork.RadiusServer) []*armnetwork.RadiusServer {
	var all []*armnetwork.RadiusServer
	for _, server := range servers {
		all = append(all, &armnetwork.RadiusServer{RadiusServerAddress: server.RadiusServerAddress, RadiusServerScore: server.RadiusServerScore})
	}
	return all
}
