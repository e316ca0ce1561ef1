package azure

import (
	"context"
	"slices"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"
)

// Plan is a change that was worked out and not made yet.
type Plan struct {
	Gateway     Gateway
	After       PointToSite
	Differences []Difference // none: there is nothing to do
	NewProfiles bool         // clients need a new profile afterwards
	Disconnects bool         // Azure cuts the connections that are up
	change      Change
	tags        []string // of the resources when they were read
}

// String names the gateway: a change has secrets in it.
func (p *Plan) String() string { return "change of " + p.Gateway.Name }

// GoString is String.
func (p *Plan) GoString() string { return p.String() }

// Plan works a change out against what a gateway has now. Every error is a *Problem, or the context's.
func (c *Client) Plan(ctx context.Context, g Gateway, change Change) (*Plan, error) {
	current, tags, err := c.current(ctx, g)
	if err != nil {
		return nil, err
	}
	after, err := change.apply(current)
	if err != nil {
		return nil, err
	}
	plan := &Plan{Gateway: current, After: after, change: change, tags: tags, Differences: between(value(current.PointToSite), after)}
	if len(change.RADIUS) > 0 && change.RADIUSSecret != "" {
		plan.Differences = append(plan.Differences, Difference{FieldRADIUSSecret, []string{}, []string{change.RADIUSSecret.String()}})
	}
	for _, d := range plan.Differences {
		switch d.Field {
		case FieldProtocols, FieldAuthentication, FieldTenant, FieldAudience, FieldIssuer, FieldCustomRoutes, FieldDNSServers:
			plan.NewProfiles = true
		}
		switch d.Field {
		case FieldAddressPools, FieldProtocols, FieldAuthentication:
			plan.Disconnects = true
		}
	}
	return plan, nil
}

// current reads a gateway again, with the tags (RFC 9110 section 8.8.3) of what it is made of.
func (c *Client) current(ctx context.Context, g Gateway) (Gateway, []string, error) {
	if g.Kind == VirtualWAN {
		gateway, configuration, err := c.readVirtualWAN(ctx, g)
		if err != nil {
			return g, nil, err
		}
		now := readP2SGateway(gateway)
		now.SubscriptionName, now.VirtualWAN, now.SharedWith = g.SubscriptionName, g.VirtualWAN, g.SharedWith
		readConfiguration(now.PointToSite, configuration)
		return now, []string{value(gateway.Etag), value(configuration.Etag)}, nil
	}
	raw, err := c.readVirtualNetwork(ctx, g)
	if err != nil {
		return g, nil, err
	}
	now := readGateway(raw)
	now.SubscriptionName = g.SubscriptionName
	return now, []string{value(raw.Etag)}, nil
}

func (c *Client) readVirtualNetwork(ctx context.Context, g Gateway) (*armnetwork.VirtualNetworkGateway, error) {
	client, err := armnetwork.NewVirtualNetworkGatewaysClient(g.Subscription, c.credential, c.options)
	if err != nil {
		return nil, err
	}
	answer, err := client.Get(ctx, g.ResourceGroup, g.Name, nil)
	if err != nil {
		return nil, problemOf(err, g.Name)
	}
	if answer.Properties == nil {
		answer.Properties = &armnetwork.VirtualNetworkGatewayPropertiesFormat{}
	}
	return &answer.VirtualNetworkGateway, nil
}

func (c *Client) readVirtualWAN(ctx context.Context, g Gateway) (*armnetwork.P2SVPNGateway, *armnetwork.VPNServerConfiguration, error) {
	client, err := armnetwork.NewP2SVPNGatewaysClient(g.Subscription, c.credential, c.options)
	if err != nil {
		return nil, nil, err
	}
	answer, err := client.Get(ctx, g.ResourceGroup, g.Name, nil)
	if err != nil {
		return nil, nil, problemOf(err, g.Name)
	}
	if answer.Properties == nil {
		answer.Properties = &armnetwork.P2SVPNGatewayProperties{}
	}
	configuration, err := c.serverConfiguration(ctx, readP2SGateway(&answer.P2SVPNGateway))
	if err != nil {
		return nil, nil, err
	}
	if configuration.Properties == nil {
		configuration.Properties = &armnetwork.VPNServerConfigurationProperties{}
	}
	return &answer.P2SVPNGateway, configuration, nil
}

// Apply makes a planned change, unless the gateway was changed since it was planned. It takes minutes.
func (c *Client) Apply(ctx context.Context, plan *Plan) error {
	if plan.Gateway.Kind == VirtualWAN {
		return c.applyVirtualWAN(ctx, plan)
	}
	return c.applyVirtualNetwork(ctx, plan)
}

func (c *Client) applyVirtualNetwork(ctx context.Context, plan *Plan) error {
	g := plan.Gateway
	raw, err := c.readVirtualNetwork(ctx, g)
	if err != nil {
		return err
	}
	if !slices.Equal(plan.tags, []string{value(raw.Etag)}) {
		return &Problem{Code: Changed, Subject: g.Name}
	}
	client, err := armnetwork.NewVirtualNetworkGatewaysClient(g.Subscription, c.credential, c.options)
	if err != nil {
		return err
	}
	var secrets []*armnetwork.RadiusAuthServer
	if len(plan.After.RADIUS) > 0 && len(plan.change.RADIUS) == 0 {
		answer, err := client.ListRadiusSecrets(ctx, g.ResourceGroup, g.Name, nil)
		if err != nil {
			return problemOf(err, g.Name)
		}
		secrets = answer.Value
	}
	writeVirtualNetwork(raw.Properties, plan, secrets)
	poller, err := client.BeginCreateOrUpdate(ctx, g.ResourceGroup, g.Name, *raw, nil)
	_, err = await(ctx, c, Changing, g.Name, poller, err)
	return err
}

// applyVirtualWAN writes the settings that several gateways may share, then the gateway's own, each only where it differs.
func (c *Client) applyVirtualWAN(ctx context.Context, plan *Plan) error {
	g := plan.Gateway
	gateway, configuration, err := c.readVirtualWAN(ctx, g)
	if err != nil {
		return err
	}
	if !slices.Equal(plan.tags, []string{value(gateway.Etag), value(configuration.Etag)}) {
		return &Problem{Code: Changed, Subject: g.Name}
	}
	if plan.differs(FieldProtocols, FieldAuthentication, FieldTenant, FieldAudience, FieldIssuer, FieldRADIUS, FieldRADIUSSecret, FieldRoots, FieldRevoked) {
		if err := c.writeConfiguration(ctx, plan, configuration); err != nil {
			return err
		}
	}
	if !plan.differs(FieldAddressPools, FieldDNSServers) {
		return nil
	}
	client, err := armnetwork.NewP2SVPNGatewaysClient(g.Subscription, c.credential, c.options)
	if err != nil {
		return err
	}
	writeP2SGateway(gateway.Properties, plan)
	poller, err := client.BeginCreateOrUpdate(ctx, g.ResourceGroup, g.Name, *gateway, nil)
	_, err = await(ctx, c, Changing, g.Name, poller, err)
	return err
}

func (c *Client) writeConfiguration(ctx context.Context, plan *Plan, configuration *armnetwork.VPNServerConfiguration) error {
	where, _, _ := placeOf(plan.Gateway.ServerConfiguration)
	client, err := armnetwork.NewVPNServerConfigurationsClient(where.subscription, c.credential, c.options)
	if err != nil {
		return err
	}
	var secrets []*armnetwork.RadiusAuthServer
	if len(plan.After.RADIUS) > 0 && len(plan.change.RADIUS) == 0 {
		answer, err := client.ListRadiusSecrets(ctx, where.group, where.name, nil)
		if err != nil {
			return problemOf(err, where.name)
		}
		secrets = answer.Value
	}
	writeServerConfiguration(configuration.Properties, plan, secrets)
	poller, err := client.BeginCreateOrUpdate(ctx, where.group, where.name, *configuration, nil)
	_, err = await(ctx, c, Changing, where.name, poller, err)
	return err
}

func (p *Plan) differs(fields ...Field) bool {
	return slices.ContainsFunc(p.Differences, func(d Difference) bool { return slices.Contains(fields, d.Field) })
}
