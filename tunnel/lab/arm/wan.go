package arm

import (
	"context"
	"net/http"
	"strings"

	azfake "github.com/Azure/azure-sdk-for-go/sdk/azcore/fake"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"
)

// What Virtual WAN can be asked.

func (f *fakes) gatewayID(group, name string) string {
	return ID(f.subscription, group, "p2svpnGateways", name)
}

func (f *fakes) findGateway(group, name string) *armnetwork.P2SVPNGateway {
	return find(f.server.estate.gateways, f.gatewayID(group, name), func(g *armnetwork.P2SVPNGateway) *string { return g.ID })
}

func (f *fakes) getGateway(_ context.Context, group, name string, _ *armnetwork.P2SVPNGatewaysClientGetOptions) (answer azfake.Responder[armnetwork.P2SVPNGatewaysClientGetResponse], failed azfake.ErrorResponder) {
	g := f.findGateway(group, name)
	if g == nil {
		return answer, missing(f.gatewayID(group, name))
	}
	answer.SetResponse(http.StatusOK, armnetwork.P2SVPNGatewaysClientGetResponse{P2SVPNGateway: *g}, nil)
	return answer, failed
}

func (f *fakes) listGateways(*armnetwork.P2SVPNGatewaysClientListOptions) (answer azfake.PagerResponder[armnetwork.P2SVPNGatewaysClientListResponse]) {
	var page armnetwork.P2SVPNGatewaysClientListResponse
	for _, g := range f.server.estate.gateways {
		if isIn(*g.ID, f.subscription, "") {
			page.Value = append(page.Value, g)
		}
	}
	answer.AddPage(http.StatusOK, page, nil)
	return answer
}

func (f *fakes) putGateway(_ context.Context, group, name string, g armnetwork.P2SVPNGateway, _ *armnetwork.P2SVPNGatewaysClientBeginCreateOrUpdateOptions) (answer azfake.PollerResponder[armnetwork.P2SVPNGatewaysClientCreateOrUpdateResponse], failed azfake.ErrorResponder) {
	id := f.gatewayID(group, name)
	if f.findGateway(group, name) == nil {
		return answer, missing(id)
	}
	g.ID, g.Name = &id, &name
	f.server.putGateway(&g)
	return done(armnetwork.P2SVPNGatewaysClientCreateOrUpdateResponse{P2SVPNGateway: g}), failed
}

func (f *fakes) generateHub(ctx context.Context, group, name string, wanted armnetwork.P2SVPNProfileParameters, _ *armnetwork.P2SVPNGatewaysClientBeginGenerateVPNProfileOptions) (answer azfake.PollerResponder[armnetwork.P2SVPNGatewaysClientGenerateVPNProfileResponse], failed azfake.ErrorResponder) {
	address, err := f.publish(ctx, PackageRequest{Gateway: f.gatewayID(group, name), Method: methodOf(wanted.AuthenticationMethod)})
	if err != nil {
		failed.SetError(err)
		return answer, failed
	}
	return done(armnetwork.P2SVPNGatewaysClientGenerateVPNProfileResponse{VPNProfileResponse: armnetwork.VPNProfileResponse{ProfileURL: address}}), failed
}

func (f *fakes) generateGlobal(ctx context.Context, group, wan string, wanted armnetwork.VirtualWanVPNProfileParameters, _ *armnetwork.ManagementClientBeginGeneratevirtualwanvpnserverconfigurationvpnprofileOptions) (answer azfake.PollerResponder[armnetwork.ManagementClientGeneratevirtualwanvpnserverconfigurationvpnprofileResponse], failed azfake.ErrorResponder) {
	if wanted.VPNServerConfigurationResourceID == nil || f.configuration(*wanted.VPNServerConfigurationResourceID) == nil {
		return answer, missing("vpnServerConfigurations")
	}
	address, err := f.publish(ctx, PackageRequest{Gateway: ID(f.subscription, group, "virtualWans", wan), Global: true, Method: methodOf(wanted.AuthenticationMethod)})
	if err != nil {
		failed.SetError(err)
		return answer, failed
	}
	return done(armnetwork.ManagementClientGeneratevirtualwanvpnserverconfigurationvpnprofileResponse{VPNProfileResponse: armnetwork.VPNProfileResponse{ProfileURL: address}}), failed
}

func (f *fakes) totals(_ context.Context, group, name string, _ *armnetwork.P2SVPNGatewaysClientBeginGetP2SVPNConnectionHealthOptions) (answer azfake.PollerResponder[armnetwork.P2SVPNGatewaysClientGetP2SVPNConnectionHealthResponse], failed azfake.ErrorResponder) {
	g := f.findGateway(group, name)
	if g == nil {
		return answer, missing(f.gatewayID(group, name))
	}
	health := &armnetwork.VPNClientConnectionHealth{VPNClientConnectionsCount: ptr(int32(0)), TotalIngressBytesTransferred: ptr(int64(0)), TotalEgressBytesTransferred: ptr(int64(0))}
	for _, session := range f.sessions(*g.ID) {
		*health.VPNClientConnectionsCount++
		*health.TotalIngressBytesTransferred += *session.IngressBytesTransferred
		*health.TotalEgressBytesTransferred += *session.EgressBytesTransferred
		health.AllocatedIPAddresses = append(health.AllocatedIPAddresses, session.PrivateIPAddress)
	}
	properties := *g.Properties
	properties.VPNClientConnectionHealth = health
	with := *g
	with.Properties = &properties
	return done(armnetwork.P2SVPNGatewaysClientGetP2SVPNConnectionHealthResponse{P2SVPNGateway: with}), failed
}

func (f *fakes) details(_ context.Context, group, name string, wanted armnetwork.P2SVPNConnectionHealthRequest, _ *armnetwork.P2SVPNGatewaysClientBeginGetP2SVPNConnectionHealthDetailedOptions) (answer azfake.PollerResponder[armnetwork.P2SVPNGatewaysClientGetP2SVPNConnectionHealthDetailedResponse], failed azfake.ErrorResponder) {
	if wanted.OutputBlobSasURL == nil {
		failed.SetError(&refusal{status: http.StatusBadRequest, code: "InvalidSasUrl", message: "The SAS URL is missing."})
		return answer, failed
	}
	if err := f.writeBlob(*wanted.OutputBlobSasURL, f.gatewayID(group, name)); err != nil {
		failed.SetError(err)
		return answer, failed
	}
	return done(armnetwork.P2SVPNGatewaysClientGetP2SVPNConnectionHealthDetailedResponse{P2SVPNConnectionHealth: armnetwork.P2SVPNConnectionHealth{SasURL: wanted.OutputBlobSasURL}}), failed
}

func (f *fakes) disconnectGateway(_ context.Context, group, name string, wanted armnetwork.P2SVPNConnectionRequest, _ *armnetwork.P2SVPNGatewaysClientBeginDisconnectP2SVPNConnectionsOptions) (answer azfake.PollerResponder[armnetwork.P2SVPNGatewaysClientDisconnectP2SVPNConnectionsResponse], failed azfake.ErrorResponder) {
	f.disconnect(f.gatewayID(group, name), wanted.VPNConnectionIDs)
	return done(armnetwork.P2SVPNGatewaysClientDisconnectP2SVPNConnectionsResponse{}), failed
}

func (f *fakes) configuration(id string) *armnetwork.VPNServerConfiguration {
	found := find(f.server.estate.configs, id, func(c *armnetwork.VPNServerConfiguration) *string { return c.ID })
	if found == nil {
		return nil
	}
	with := *found
	properties := *found.Properties
	with.Properties, properties.P2SVPNGateways = &properties, nil
	for _, g := range f.server.estate.gateways {
		if c := g.Properties.VPNServerConfiguration; c != nil && strings.EqualFold(*c.ID, id) {
			properties.P2SVPNGateways = append(properties.P2SVPNGateways, &armnetwork.P2SVPNGateway{ID: g.ID})
		}
	}
	return &with
}

func (f *fakes) getConfiguration(_ context.Context, group, name string, _ *armnetwork.VPNServerConfigurationsClientGetOptions) (answer azfake.Responder[armnetwork.VPNServerConfigurationsClientGetResponse], failed azfake.ErrorResponder) {
	id := ID(f.subscription, group, "vpnServerConfigurations", name)
	c := f.configuration(id)
	if c == nil {
		return answer, missing(id)
	}
	answer.SetResponse(http.StatusOK, armnetwork.VPNServerConfigurationsClientGetResponse{VPNServerConfiguration: *c}, nil)
	return answer, failed
}

func (f *fakes) listConfigurations(*armnetwork.VPNServerConfigurationsClientListOptions) (answer azfake.PagerResponder[armnetwork.VPNServerConfigurationsClientListResponse]) {
	var page armnetwork.VPNServerConfigurationsClientListResponse
	for _, c := range f.server.estate.configs {
		if isIn(*c.ID, f.subscription, "") {
			page.Value = append(page.Value, f.configuration(*c.ID))
		}
	}
	answer.AddPage(http.StatusOK, page, nil)
	return answer
}

func (f *fakes) putConfiguration(_ context.Context, group, name string, c armnetwork.VPNServerConfiguration, _ *armnetwork.VPNServerConfigurationsClientBeginCreateOrUpdateOptions) (answer azfake.PollerResponder[armnetwork.VPNServerConfigurationsClientCreateOrUpdateResponse], failed azfake.ErrorResponder) {
	id := ID(f.subscription, group, "vpnServerConfigurations", name)
	if f.configuration(id) == nil {
		return answer, missing(id)
	}
	c.ID, c.Name = &id, &name
	f.server.putConfiguration(&c)
	return done(armnetwork.VPNServerConfigurationsClientCreateOrUpdateResponse{VPNServerConfiguration: c}), failed
}

func (f *fakes) configurationSecrets(_ context.Context, group, name string, _ *armnetwork.VPNServerConfigurationsClientListRadiusSecretsOptions) (answer azfake.Responder[armnetwork.VPNServerConfigurationsClientListRadiusSecretsResponse], failed azfake.ErrorResponder) {
	id := ID(f.subscription, group, "vpnServerConfigurations", name)
	answer.SetResponse(http.StatusOK, armnetwork.VPNServerConfigurationsClientListRadiusSecretsResponse{
		RadiusAuthServerListResult: armnetwork.RadiusAuthServerListResult{Value: f.server.estate.secrets[strings.ToLower(id)]}}, nil)
	return answer, failed
}

func (f *fakes) getHub(_ context.Context, group, name string, _ *armnetwork.VirtualHubsClientGetOptions) (answer azfake.Responder[armnetwork.VirtualHubsClientGetResponse], failed azfake.ErrorResponder) {
	id := ID(f.subscription, group, "virtualHubs", name)
	hub := find(f.server.estate.hubs, id, func(h *armnetwork.VirtualHub) *string { return h.ID })
	if hub == nil {
		return answer, missing(id)
	}
	answer.SetResponse(http.StatusOK, armnetwork.VirtualHubsClientGetResponse{VirtualHub: *hub}, nil)
	return answer, failed
}

func (f *fakes) listHubs(*armnetwork.VirtualHubsClientListOptions) (answer azfake.PagerResponder[armnetwork.VirtualHubsClientListResponse]) {
	var page armnetwork.VirtualHubsClientListResponse
	for _, hub := range f.server.estate.hubs {
		if isIn(*hub.ID, f.subscription, "") {
			page.Value = append(page.Value, hub)
		}
	}
	answer.AddPage(http.StatusOK, page, nil)
	return answer
}
