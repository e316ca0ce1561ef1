package arm

import (
	"context"
	"net/http"
	"strings"

	azfake "github.com/Azure/azure-sdk-for-go/sdk/azcore/fake"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"
)

// What a gateway of a virtual network can be asked.

func (f *fakes) networkID(group, name string) string {
	return ID(f.subscription, group, "virtualNetworkGateways", name)
}

func (f *fakes) findNetwork(group, name string) *armnetwork.VirtualNetworkGateway {
	return find(f.server.estate.networks, f.networkID(group, name), func(g *armnetwork.VirtualNetworkGateway) *string { return g.ID })
}

func (f *fakes) getNetwork(_ context.Context, group, name string, _ *armnetwork.VirtualNetworkGatewaysClientGetOptions) (answer azfake.Responder[armnetwork.VirtualNetworkGatewaysClientGetResponse], failed azfake.ErrorResponder) {
	g := f.findNetwork(group, name)
	if g == nil {
		return answer, missing(f.networkID(group, name))
	}
	answer.SetResponse(http.StatusOK, armnetwork.VirtualNetworkGatewaysClientGetResponse{VirtualNetworkGateway: *g}, nil)
	return answer, failed
}

func (f *fakes) listNetworks(group string, _ *armnetwork.VirtualNetworkGatewaysClientListOptions) (answer azfake.PagerResponder[armnetwork.VirtualNetworkGatewaysClientListResponse]) {
	var page armnetwork.VirtualNetworkGatewaysClientListResponse
	for _, g := range f.server.estate.networks {
		if isIn(*g.ID, f.subscription, group) {
			page.Value = append(page.Value, g)
		}
	}
	answer.AddPage(http.StatusOK, page, nil)
	return answer
}

func (f *fakes) putNetwork(_ context.Context, group, name string, g armnetwork.VirtualNetworkGateway, _ *armnetwork.VirtualNetworkGatewaysClientBeginCreateOrUpdateOptions) (answer azfake.PollerResponder[armnetwork.VirtualNetworkGatewaysClientCreateOrUpdateResponse], failed azfake.ErrorResponder) {
	id := f.networkID(group, name)
	if f.findNetwork(group, name) == nil {
		return answer, missing(id)
	}
	g.ID, g.Name = &id, &name
	f.server.putNetwork(&g)
	if live := f.server.options.Gateway; live != nil && live.Changed != nil && g.Properties.VPNClientConfiguration != nil {
		live.Changed(*g.Properties.VPNClientConfiguration)
	}
	return done(armnetwork.VirtualNetworkGatewaysClientCreateOrUpdateResponse{VirtualNetworkGateway: g}), failed
}

func (f *fakes) networkSecrets(_ context.Context, group, name string, _ *armnetwork.VirtualNetworkGatewaysClientListRadiusSecretsOptions) (answer azfake.Responder[armnetwork.VirtualNetworkGatewaysClientListRadiusSecretsResponse], failed azfake.ErrorResponder) {
	answer.SetResponse(http.StatusOK, armnetwork.VirtualNetworkGatewaysClientListRadiusSecretsResponse{
		RadiusAuthServerListResult: armnetwork.RadiusAuthServerListResult{Value: f.server.estate.secrets[strings.ToLower(f.networkID(group, name))]}}, nil)
	return answer, failed
}

func (f *fakes) generateNetwork(ctx context.Context, group, name string, wanted armnetwork.VPNClientParameters, _ *armnetwork.VirtualNetworkGatewaysClientBeginGenerateVPNProfileOptions) (answer azfake.PollerResponder[armnetwork.VirtualNetworkGatewaysClientGenerateVPNProfileResponse], failed azfake.ErrorResponder) {
	id := f.networkID(group, name)
	if f.findNetwork(group, name) == nil {
		return answer, missing(id)
	}
	address, err := f.publish(ctx, PackageRequest{Gateway: id, Method: methodOf(wanted.AuthenticationMethod)})
	if err != nil {
		failed.SetError(err)
		return answer, failed
	}
	f.server.estate.generated[strings.ToLower(id)] = *address
	return done(armnetwork.VirtualNetworkGatewaysClientGenerateVPNProfileResponse{Value: address}), failed
}

func methodOf(method *armnetwork.AuthenticationMethod) string {
	if method == nil {
		return ""
	}
	return string(*method)
}

func (f *fakes) lastPackage(_ context.Context, group, name string, _ *armnetwork.VirtualNetworkGatewaysClientBeginGetVPNProfilePackageURLOptions) (answer azfake.PollerResponder[armnetwork.VirtualNetworkGatewaysClientGetVPNProfilePackageURLResponse], failed azfake.ErrorResponder) {
	address := f.server.estate.generated[strings.ToLower(f.networkID(group, name))]
	return done(armnetwork.VirtualNetworkGatewaysClientGetVPNProfilePackageURLResponse{Value: &address}), failed
}

func (f *fakes) networkSessions(_ context.Context, group, name string, _ *armnetwork.VirtualNetworkGatewaysClientBeginGetVpnclientConnectionHealthOptions) (answer azfake.PollerResponder[armnetwork.VirtualNetworkGatewaysClientGetVpnclientConnectionHealthResponse], failed azfake.ErrorResponder) {
	var result armnetwork.VirtualNetworkGatewaysClientGetVpnclientConnectionHealthResponse
	for _, session := range f.sessions(f.networkID(group, name)) {
		result.Value = append(result.Value, &session)
	}
	return done(result), failed
}

func (f *fakes) disconnectNetwork(_ context.Context, group, name string, wanted armnetwork.P2SVPNConnectionRequest, _ *armnetwork.VirtualNetworkGatewaysClientBeginDisconnectVirtualNetworkGatewayVPNConnectionsOptions) (answer azfake.PollerResponder[armnetwork.VirtualNetworkGatewaysClientDisconnectVirtualNetworkGatewayVPNConnectionsResponse], failed azfake.ErrorResponder) {
	f.disconnect(f.networkID(group, name), wanted.VPNConnectionIDs)
	return done(armnetwork.VirtualNetworkGatewaysClientDisconnectVirtualNetworkGatewayVPNConnectionsResponse{}), failed
}
