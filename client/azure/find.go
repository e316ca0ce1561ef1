package azure

import (
	"context"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"
)

// Gateway is the gateway with a name, "resource group/name", or a resource id.
func (c *Client) Gateway(ctx context.Context, name string) (Gateway, error) {
	if strings.HasPrefix(name, "/") {
		return c.gatewayByID(ctx, name)
	}
	found, err := c.Gateways(ctx)
	if err != nil {
		return Gateway{}, err
	}
	var fitting []Gateway
	for _, g := range found.Gateways {
		if g.is(name) {
			fitting = append(fitting, g)
		}
	}
	switch {
	case len(fitting) == 1:
		return fitting[0], nil
	case len(fitting) > 1:
		problem := &Problem{Code: SeveralGateways, Subject: name}
		for _, g := range fitting {
			problem.Names = append(problem.Names, g.ID)
		}
		return Gateway{}, problem
	case len(found.Refused) > 0:
		return Gateway{}, found.Refused[0].Err // it may be there
	default:
		return Gateway{}, &Problem{Code: NoGateway, Subject: name}
	}
}

// gatewayByID asks for one gateway only, with its server configuration and hub.
func (c *Client) gatewayByID(ctx context.Context, id string) (Gateway, error) {
	where, kind, ok := placeOf(id)
	switch {
	case ok && strings.EqualFold(kind, typeVirtualNetworkGateway):
		client, err := armnetwork.NewVirtualNetworkGatewaysClient(where.subscription, c.credential, c.options)
		if err != nil {
			return Gateway{}, err
		}
		answer, err := client.Get(ctx, where.group, where.name, nil)
		if err != nil {
			return Gateway{}, problemOf(err, id)
		}
		return readGateway(&answer.VirtualNetworkGateway), nil
	case ok && strings.EqualFold(kind, typeP2SVPNGateway):
		return c.virtualWANGateway(ctx, where)
	default:
		return Gateway{}, &Problem{Code: NoGateway, Subject: id}
	}
}

func (c *Client) virtualWANGateway(ctx context.Context, where place) (Gateway, error) {
	client, err := armnetwork.NewP2SVPNGatewaysClient(where.subscription, c.credential, c.options)
	if err != nil {
		return Gateway{}, err
	}
	answer, err := client.Get(ctx, where.group, where.name, nil)
	if err != nil {
		return Gateway{}, problemOf(err, where.name)
	}
	g := readP2SGateway(&answer.P2SVPNGateway)
	configuration, err := c.serverConfiguration(ctx, g)
	if err != nil {
		return Gateway{}, err
	}
	readConfiguration(g.PointToSite, configuration)
	if configuration.Properties != nil {
		for _, other := range configuration.Properties.P2SVPNGateways {
			if other == nil || strings.EqualFold(value(other.ID), g.ID) {
				continue
			}
			if where, _, ok := placeOf(value(other.ID)); ok {
				g.SharedWith = append(g.SharedWith, where.name)
			}
		}
	}
	if hub, _, ok := placeOf(g.VirtualHub); ok {
		hubs, err := armnetwork.NewVirtualHubsClient(hub.subscription, c.credential, c.options)
		if err != nil {
			return Gateway{}, err
		}
		answer, err := hubs.Get(ctx, hub.group, hub.name, nil)
		if err != nil {
			return Gateway{}, problemOf(err, hub.name)
		}
		if answer.Properties != nil && answer.Properties.VirtualWan != nil {
			g.VirtualWAN = value(answer.Properties.VirtualWan.ID)
		}
	}
	return g, nil
}

// serverConfiguration is what a gateway of Virtual WAN is set up by.
func (c *Client) serverConfiguration(ctx context.Context, g Gateway) (*armnetwork.VPNServerConfiguration, error) {
	where, _, ok := placeOf(g.ServerConfiguration)
	if !ok {
		return nil, &Problem{Code: NoPointToSite, Subject: g.Name}
	}
	client, err := armnetwork.NewVPNServerConfigurationsClient(where.subscription, c.credential, c.options)
	if err != nil {
		return nil, err
	}
	answer, err := client.Get(ctx, where.group, where.name, nil)
	if err != nil {
		return nil, problemOf(err, where.name)
	}
	return &answer.VPNServerConfiguration, nil
}
