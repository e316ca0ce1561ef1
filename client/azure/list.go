package azure

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources/v3"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armsubscriptions"
	"golang.org/x/sync/errgroup"
)

// Found is what a search over subscriptions came to.
type Found struct {
	Gateways []Gateway // by name
	Refused  []Refused // where it could not be looked
}

// Refused is a subscription that could not be searched.
type Refused struct {
	Subscription string // its name
	Err          error
}

// atOnce is how many questions are asked at a time: Azure counts them (https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling).
const atOnce = 6

// Gateways are all gateways that clients can connect to, in all subscriptions. The error is a refusal's where none was
// found because of it.
func (c *Client) Gateways(ctx context.Context) (Found, error) {
	began := time.Now()
	subscriptions, err := c.subscriptions(ctx)
	if err != nil {
		return Found{}, err
	}
	var (
		mu    sync.Mutex
		found Found
		group errgroup.Group
	)
	group.SetLimit(atOnce)
	for _, s := range subscriptions {
		group.Go(func() error {
			c.progress(Progress{Listing, s.name, time.Since(began)})
			gateways, err := c.gatewaysOf(ctx, s)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				found.Refused = append(found.Refused, Refused{s.name, err})
			}
			found.Gateways = append(found.Gateways, gateways...)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return Found{}, err
	}
	if ctx.Err() != nil {
		return Found{}, context.Cause(ctx)
	}
	if len(found.Gateways) == 0 && len(found.Refused) > 0 {
		return Found{}, found.Refused[0].Err
	}
	slices.SortFunc(found.Gateways, func(a, b Gateway) int {
		return strings.Compare(strings.ToLower(a.Name+"\x00"+a.ID), strings.ToLower(b.Name+"\x00"+b.ID))
	})
	slices.SortFunc(found.Refused, func(a, b Refused) int { return strings.Compare(a.Subscription, b.Subscription) })
	return found, nil
}

type subscription struct{ id, name string }

// subscriptions are those that were asked for, or all that the administrator sees and that are not switched off.
func (c *Client) subscriptions(ctx context.Context) ([]subscription, error) {
	client, err := armsubscriptions.NewClient(c.credential, c.options)
	if err != nil {
		return nil, err
	}
	all, err := pages(ctx, client.NewListPager(nil), func(page armsubscriptions.ClientListResponse) []*armsubscriptions.Subscription { return page.Value })
	if err != nil {
		return nil, problemOf(err, "")
	}
	var usable []subscription
	for _, s := range all {
		if state := value(s.State); state != armsubscriptions.SubscriptionStateDeleted && state != armsubscriptions.SubscriptionStateDisabled {
			usable = append(usable, subscription{value(s.SubscriptionID), value(s.DisplayName)})
		}
	}
	if len(c.wanted) == 0 {
		if len(usable) == 0 {
			return nil, &Problem{Code: NoSubscription}
		}
		return usable, nil
	}
	var chosen []subscription
	for _, wanted := range c.wanted {
		at := slices.IndexFunc(usable, func(s subscription) bool { return strings.EqualFold(s.id, wanted) || strings.EqualFold(s.name, wanted) })
		if at < 0 {
			return nil, &Problem{Code: NoSubscription, Subject: wanted}
		}
		if !slices.Contains(chosen, usable[at]) {
			chosen = append(chosen, usable[at])
		}
	}
	return chosen, nil
}

// gatewaysOf searches one subscription. With an error there may be some gateways all the same.
func (c *Client) gatewaysOf(ctx context.Context, s subscription) ([]Gateway, error) {
	networks, first := c.virtualNetworkGateways(ctx, s)
	wans, second := c.virtualWANGateways(ctx, s)
	all := append(networks, wans...)
	for i := range all {
		all[i].SubscriptionName = s.name
	}
	return all, errors.Join(problemOf(first, s.name), problemOf(second, s.name))
}

// virtualNetworkGateways lists them a resource group at a time: there is no list over a subscription, so the groups that have any come first.
func (c *Client) virtualNetworkGateways(ctx context.Context, s subscription) ([]Gateway, error) {
	resources, err := armresources.NewClient(s.id, c.credential, c.options)
	if err != nil {
		return nil, err
	}
	filter := "resourceType eq '" + typeVirtualNetworkGateway + "'"
	listed, err := pages(ctx, resources.NewListPager(&armresources.ClientListOptions{Filter: &filter}),
		func(page armresources.ClientListResponse) []*armresources.GenericResourceExpanded { return page.Value })
	if err != nil {
		return nil, err
	}
	groups := map[string]string{}
	for _, resource := range listed {
		if where, _, ok := placeOf(value(resource.ID)); ok {
			groups[strings.ToLower(where.group)] = where.group
		}
	}
	client, err := armnetwork.NewVirtualNetworkGatewaysClient(s.id, c.credential, c.options)
	if err != nil {
		return nil, err
	}
	var (
		mu    sync.Mutex
		all   []Gateway
		group errgroup.Group
	)
	group.SetLimit(atOnce)
	for _, name := range groups {
		group.Go(func() error {
			gateways, err := pages(ctx, client.NewListPager(name, nil),
				func(page armnetwork.VirtualNetworkGatewaysClientListResponse) []*armnetwork.VirtualNetworkGateway {
					return page.Value
				})
			mu.Lock()
			defer mu.Unlock()
			for _, gateway := range gateways {
				if g := readGateway(gateway); g.PointToSite != nil || canBePointToSite(gateway) {
					all = append(all, g)
				}
			}
			return err
		})
	}
	return all, group.Wait()
}

// canBePointToSite reports whether clients could connect to a gateway if it was set up: not to those of ExpressRoute and policy-based ones
// (https://learn.microsoft.com/azure/vpn-gateway/point-to-site-about).
func canBePointToSite(gateway *armnetwork.VirtualNetworkGateway) bool {
	p := gateway.Properties
	return p != nil && value(p.GatewayType) == armnetwork.VirtualNetworkGatewayTypeVPN && value(p.VPNType) != armnetwork.VPNTypePolicyBased
}

func (c *Client) virtualWANGateways(ctx context.Context, s subscription) ([]Gateway, error) {
	client, err := armnetwork.NewP2SVPNGatewaysClient(s.id, c.credential, c.options)
	if err != nil {
		return nil, err
	}
	listed, err := pages(ctx, client.NewListPager(nil),
		func(page armnetwork.P2SVPNGatewaysClientListResponse) []*armnetwork.P2SVPNGateway { return page.Value })
	if err != nil || len(listed) == 0 {
		return nil, err
	}
	configurations, err := armnetwork.NewVPNServerConfigurationsClient(s.id, c.credential, c.options)
	if err != nil {
		return nil, err
	}
	configured, err := pages(ctx, configurations.NewListPager(nil),
		func(page armnetwork.VPNServerConfigurationsClientListResponse) []*armnetwork.VPNServerConfiguration {
			return page.Value
		})
	if err != nil {
		return nil, err
	}
	hubs, err := armnetwork.NewVirtualHubsClient(s.id, c.credential, c.options)
	if err != nil {
		return nil, err
	}
	connected, err := pages(ctx, hubs.NewListPager(nil), func(page armnetwork.VirtualHubsClientListResponse) []*armnetwork.VirtualHub { return page.Value })
	if err != nil {
		return nil, err
	}
	var all []Gateway
	for _, gateway := range listed {
		g := readP2SGateway(gateway)
		for _, configuration := range configured {
			if strings.EqualFold(value(configuration.ID), g.ServerConfiguration) && g.PointToSite != nil {
				readConfiguration(g.PointToSite, configuration)
			}
		}
		for _, hub := range connected {
			if strings.EqualFold(value(hub.ID), g.VirtualHub) && hub.Properties != nil && hub.Properties.VirtualWan != nil {
				g.VirtualWAN = value(hub.Properties.VirtualWan.ID)
			}
		}
		all = append(all, g)
	}
	for i := range all {
		for j := range all {
			if i != j && all[i].ServerConfiguration != "" && strings.EqualFold(all[i].ServerConfiguration, all[j].ServerConfiguration) {
				all[i].SharedWith = append(all[i].SharedWith, all[j].Name)
			}
		}
	}
	return all, nil
}

// maxPages bounds a list that never ends.
const maxPages = 10_000

// pages collects what a list has on all its pages.
func pages[Page, Item any](ctx context.Context, pager *runtime.Pager[Page], items func(Page) []*Item) ([]*Item, error) {
	var all []*Item
	for range maxPages {
		if !pager.More() {
			return all, nil
		}
		page, err := pager.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, item := range items(page) {
			if item != nil {
				all = append(all, item)
			}
		}
	}
	return nil, errors.New("list: it has too many pages")
}
