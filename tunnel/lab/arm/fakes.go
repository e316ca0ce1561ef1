package arm

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	azfake "github.com/Azure/azure-sdk-for-go/sdk/azcore/fake"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9/fake"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources/v3"
	resourcesfake "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources/v3/fake"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armsubscriptions"
	subscriptionsfake "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armsubscriptions/fake"
)

// fakes are the SDK's fakes of one subscription: their functions are not told which one they are asked for. They run while Server.mu is held.
type fakes struct {
	server       *Server
	subscription string
	network      *fake.ServerFactoryTransport
}

func (s *Server) networkFake(subscription string) transporter {
	key := strings.ToLower(subscription)
	if s.fakes[key] == nil {
		f := &fakes{server: s, subscription: subscription}
		f.network = fake.NewServerFactoryTransport(&fake.ServerFactory{
			VirtualNetworkGatewaysServer: fake.VirtualNetworkGatewaysServer{
				Get: f.getNetwork, NewListPager: f.listNetworks, BeginCreateOrUpdate: f.putNetwork, ListRadiusSecrets: f.networkSecrets,
				BeginGenerateVPNProfile: f.generateNetwork, BeginGetVPNProfilePackageURL: f.lastPackage,
				BeginGetVpnclientConnectionHealth:                  f.networkSessions,
				BeginDisconnectVirtualNetworkGatewayVPNConnections: f.disconnectNetwork,
			},
			P2SVPNGatewaysServer: fake.P2SVPNGatewaysServer{
				Get: f.getGateway, NewListPager: f.listGateways, BeginCreateOrUpdate: f.putGateway, BeginGenerateVPNProfile: f.generateHub,
				BeginGetP2SVPNConnectionHealth: f.totals, BeginGetP2SVPNConnectionHealthDetailed: f.details, BeginDisconnectP2SVPNConnections: f.disconnectGateway,
			},
			VPNServerConfigurationsServer: fake.VPNServerConfigurationsServer{
				Get: f.getConfiguration, NewListPager: f.listConfigurations, BeginCreateOrUpdate: f.putConfiguration, ListRadiusSecrets: f.configurationSecrets,
			},
			VirtualHubsServer: fake.VirtualHubsServer{Get: f.getHub, NewListPager: f.listHubs},
			ManagementServer:  fake.ManagementServer{BeginGeneratevirtualwanvpnserverconfigurationvpnprofile: f.generateGlobal},
		})
		s.fakes[key] = f
	}
	return s.fakes[key].network
}

func (s *Server) subscriptionsFake() transporter {
	return subscriptionsfake.NewServerTransport(&subscriptionsfake.Server{
		NewListPager: func(*armsubscriptions.ClientListOptions) (answer azfake.PagerResponder[armsubscriptions.ClientListResponse]) {
			var page armsubscriptions.ClientListResponse
			for _, one := range s.estate.subscriptions {
				page.Value = append(page.Value, &armsubscriptions.Subscription{ID: ptr("/subscriptions/" + one.ID), SubscriptionID: &one.ID, DisplayName: &one.Name,
					State: ptr(armsubscriptions.SubscriptionStateEnabled)})
			}
			answer.AddPage(http.StatusOK, page, nil)
			return answer
		},
	})
}

// resourcesFake knows the filter for a type of resource only.
func (s *Server) resourcesFake(subscription string) transporter {
	return resourcesfake.NewServerTransport(&resourcesfake.Server{
		NewListPager: func(options *armresources.ClientListOptions) (answer azfake.PagerResponder[armresources.ClientListResponse]) {
			var page armresources.ClientListResponse
			if options != nil && options.Filter != nil && strings.Contains(*options.Filter, "Microsoft.Network/virtualNetworkGateways") {
				for _, g := range s.estate.networks {
					if isIn(*g.ID, subscription, "") {
						page.Value = append(page.Value, &armresources.GenericResourceExpanded{ID: g.ID, Name: g.Name, Type: g.Type})
					}
				}
			}
			answer.AddPage(http.StatusOK, page, nil)
			return answer
		},
	})
}

// isIn reports whether a resource is in a subscription and, where one is named, a resource group.
func isIn(id, subscription, group string) bool {
	prefix := "/subscriptions/" + subscription + "/"
	if group != "" {
		prefix += "resourceGroups/" + group + "/"
	}
	return len(id) > len(prefix) && strings.EqualFold(id[:len(prefix)], prefix)
}

func find[T any](list []*T, id string, idOf func(*T) *string) *T {
	at := slices.IndexFunc(list, func(one *T) bool { return strings.EqualFold(*idOf(one), id) })
	if at < 0 {
		return nil
	}
	return list[at]
}

// done is an operation with its result.
func done[T any](result T) (answer azfake.PollerResponder[T]) {
	answer.SetTerminalResponse(http.StatusOK, result, nil)
	return answer
}

func missing(id string) (failed azfake.ErrorResponder) {
	failed.SetError(notFound(id))
	return failed
}

// publish makes a package and the address that it is downloaded from.
func (f *fakes) publish(ctx context.Context, request PackageRequest) (*string, error) {
	s := f.server
	if s.options.Package == nil {
		return nil, &refusal{status: http.StatusBadRequest, code: "VpnProfileGenerationFailed", message: "The profile could not be generated."}
	}
	data, err := s.options.Package(ctx, request)
	if err != nil {
		return nil, &refusal{status: http.StatusBadRequest, code: "VpnProfileGenerationFailed", message: err.Error()}
	}
	name, signature := s.next("package")+".zip", rand.Text()
	s.packages[name] = stored{signature, data}
	return ptr(s.address + "/packages/" + name + "?sv=2024-11-04&sig=" + signature), nil
}

// sessions are those of a gateway.
func (f *fakes) sessions(gateway string) []armnetwork.VPNClientConnectionHealthDetail {
	if live := f.server.options.Gateway; live != nil {
		return live.Sessions()
	}
	return f.server.estate.sessions[strings.ToLower(gateway)]
}

// disconnect ends sessions.
func (f *fakes) disconnect(gateway string, ids []*string) {
	if live := f.server.options.Gateway; live != nil {
		var named []string
		for _, id := range ids {
			if id != nil {
				named = append(named, *id)
			}
		}
		live.Disconnect(named)
		return
	}
	key := strings.ToLower(gateway)
	sessions := f.server.estate.sessions
	sessions[key] = slices.DeleteFunc(slices.Clone(sessions[key]), func(one armnetwork.VPNClientConnectionHealthDetail) bool {
		return slices.ContainsFunc(ids, func(id *string) bool { return id != nil && *id == *one.VPNConnectionID })
	})
}

// writeBlob writes a gateway's sessions to an address that Blob made.
func (f *fakes) writeBlob(address, gateway string) error {
	s := f.server
	name, query, _ := strings.Cut(strings.TrimPrefix(address, s.address+"/blobs/"), "?")
	file, there := s.blobs[name]
	if !there || !strings.HasSuffix(query, "sig="+file.signature) {
		return &refusal{status: http.StatusBadRequest, code: "InvalidSasUrl", message: "The SAS URL is invalid."}
	}
	data, err := json.Marshal(append([]armnetwork.VPNClientConnectionHealthDetail{}, f.sessions(gateway)...))
	if err != nil {
		return err
	}
	s.blobs[name] = stored{file.signature, data}
	return nil
}
