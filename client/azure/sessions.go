package azure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"
)

// Session is a client that is connected. Azure's figures are some minutes old.
type Session struct {
	ID             string     `json:"id"`
	User           string     `json:"user"`
	PublicAddress  string     `json:"public_address"`  // with the port where Azure says it
	PrivateAddress netip.Addr `json:"private_address"` // in the tunnel; not valid: Azure does not say
	Since          time.Time  `json:"since,omitzero"`
	Seconds        int64      `json:"seconds"`       // how long it has been
	BytesIn        int64      `json:"bytes_in"`      // to the gateway
	BytesOut       int64      `json:"bytes_out"`     // to the client
	MaxBandwidth   int64      `json:"max_bandwidth"` // as Azure says it
}

// Totals are what Virtual WAN says of its sessions without writing them to a blob.
type Totals struct {
	Sessions  int          `json:"sessions"`
	BytesIn   int64        `json:"bytes_in"`
	BytesOut  int64        `json:"bytes_out"`
	Addresses []netip.Addr `json:"addresses"` // that are given out
}

// Sessions are who is connected to a gateway. Virtual WAN writes them to a blob in a storage account: blob is its address with a signature that
// allows to create, write and read it; the error is a Problem with NoDetails where it is empty.
func (c *Client) Sessions(ctx context.Context, g Gateway, blob string) ([]Session, error) {
	if g.Kind == VirtualWAN {
		return c.virtualWANSessions(ctx, g, blob)
	}
	client, err := armnetwork.NewVirtualNetworkGatewaysClient(g.Subscription, c.credential, c.options)
	if err != nil {
		return nil, err
	}
	poller, err := client.BeginGetVpnclientConnectionHealth(ctx, g.ResourceGroup, g.Name, nil)
	answer, err := await(ctx, c, Asking, g.Name, poller, err)
	if err != nil {
		return nil, err
	}
	all := []Session{}
	for _, detail := range answer.Value {
		if detail != nil {
			all = append(all, readSession(*detail))
		}
	}
	return all, nil
}

// Totals are the sums over all sessions of a gateway of Virtual WAN.
func (c *Client) Totals(ctx context.Context, g Gateway) (Totals, error) {
	client, err := armnetwork.NewP2SVPNGatewaysClient(g.Subscription, c.credential, c.options)
	if err != nil {
		return Totals{}, err
	}
	poller, err := client.BeginGetP2SVPNConnectionHealth(ctx, g.ResourceGroup, g.Name, nil)
	answer, err := await(ctx, c, Asking, g.Name, poller, err)
	if err != nil {
		return Totals{}, err
	}
	if answer.Properties == nil || answer.Properties.VPNClientConnectionHealth == nil {
		return Totals{}, nil
	}
	health := answer.Properties.VPNClientConnectionHealth
	totals := Totals{Sessions: int(value(health.VPNClientConnectionsCount)), BytesIn: value(health.TotalIngressBytesTransferred), BytesOut: value(health.TotalEgressBytesTransferred)}
	for _, text := range health.AllocatedIPAddresses {
		if address, err := netip.ParseAddr(value(text)); err == nil {
			totals.Addresses = append(totals.Addresses, address)
		}
	}
	return totals, nil
}

func (c *Client) virtualWANSessions(ctx context.Context, g Gateway, blob string) ([]Session, error) {
	if blob == "" {
		return nil, &Problem{Code: NoDetails, Subject: g.Name}
	}
	address, err := url.Parse(blob)
	if err != nil || address.Scheme != "https" || address.Host == "" || address.RawQuery == "" {
		return nil, &Problem{Code: BadBlob, Subject: g.Name, Detail: "It is no https address with a signature."}
	}
	client, err := armnetwork.NewP2SVPNGatewaysClient(g.Subscription, c.credential, c.options)
	if err != nil {
		return nil, err
	}
	poller, err := client.BeginGetP2SVPNConnectionHealthDetailed(ctx, g.ResourceGroup, g.Name, armnetwork.P2SVPNConnectionHealthRequest{OutputBlobSasURL: &blob}, nil)
	if _, err = await(ctx, c, Asking, g.Name, poller, err); err != nil {
		return nil, err
	}
	data, err := c.download(ctx, blob, g.Name)
	if err != nil {
		var problem *Problem
		if errors.As(err, &problem) {
			problem.Code = BadBlob
		}
		return nil, err
	}
	all, err := parseSessions(data)
	if err != nil {
		return nil, &Problem{Code: BadBlob, Subject: g.Name, Detail: err.Error(), Err: err}
	}
	return all, nil
}

// parseSessions reads what Virtual WAN wrote: a list of details, alone or as the value of an object's only list. Keys are of any case.
func parseSessions(data []byte) ([]Session, error) {
	var details []armnetwork.VPNClientConnectionHealthDetail
	text := strings.TrimPrefix(strings.TrimSpace(string(data)), "\ufeff")
	if strings.HasPrefix(text, "{") {
		var object map[string]json.RawMessage
		if err := json.Unmarshal([]byte(text), &object); err != nil {
			return nil, fmt.Errorf("read sessions: %w", err)
		}
		text = "[]"
		for _, key := range slices.Sorted(maps.Keys(object)) {
			if strings.HasPrefix(strings.TrimSpace(string(object[key])), "[") {
				text = string(object[key])
			}
		}
	}
	var rows []map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &rows); err != nil {
		return nil, fmt.Errorf("read sessions: %w", err)
	}
	for _, row := range rows {
		detail, err := readDetail(row)
		if err != nil {
			return nil, err
		}
		details = append(details, detail)
	}
	all := []Session{}
	for _, detail := range details {
		all = append(all, readSession(detail))
	}
	return all, nil
}

// readDetail takes the keys in the case that the SDK wants them in.
func readDetail(row map[string]json.RawMessage) (armnetwork.VPNClientConnectionHealthDetail, error) {
	usual := map[string]json.RawMessage{}
	for key, member := range row {
		if key != "" {
			usual[strings.ToLower(key[:1])+key[1:]] = member
		}
	}
	var detail armnetwork.VPNClientConnectionHealthDetail
	data, err := json.Marshal(usual)
	if err == nil {
		err = json.Unmarshal(data, &detail)
	}
	if err != nil {
		return detail, fmt.Errorf("read session: %w", err)
	}
	return detail, nil
}

func readSession(from armnetwork.VPNClientConnectionHealthDetail) Session {
	s := Session{
		ID: value(from.VPNConnectionID), User: value(from.VPNUserName), PublicAddress: value(from.PublicIPAddress), Seconds: value(from.VPNConnectionDuration),
		BytesIn: value(from.IngressBytesTransferred), BytesOut: value(from.EgressBytesTransferred), MaxBandwidth: value(from.MaxBandwidth),
	}
	inside, _, _ := strings.Cut(value(from.PrivateIPAddress), "/") // with or without the length of its prefix
	s.PrivateAddress, _ = netip.ParseAddr(strings.TrimSpace(inside))
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "01/02/2006 15:04:05", "1/2/2006 3:04:05 PM"} {
		if since, err := time.Parse(layout, value(from.VPNConnectionTime)); err == nil {
			s.Since = since.UTC()
			break
		}
	}
	return s
}

// Disconnect cuts sessions by their ids. Nothing is cut where one of them is not there: the error is a Problem with NoSession that names those.
// Virtual WAN does not say without a blob (see Sessions) who is connected: where blob is empty its sessions are cut unseen.
func (c *Client) Disconnect(ctx context.Context, g Gateway, ids []string, blob string) error {
	if g.Kind != VirtualWAN || blob != "" {
		if err := c.areThere(ctx, g, ids, blob); err != nil {
			return err
		}
	}
	request := armnetwork.P2SVPNConnectionRequest{VPNConnectionIDs: pointers(slices.Clone(ids))}
	if g.Kind == VirtualWAN {
		client, err := armnetwork.NewP2SVPNGatewaysClient(g.Subscription, c.credential, c.options)
		if err != nil {
			return err
		}
		poller, err := client.BeginDisconnectP2SVPNConnections(ctx, g.ResourceGroup, g.Name, request, nil)
		_, err = await(ctx, c, Disconnecting, g.Name, poller, err)
		return err
	}
	client, err := armnetwork.NewVirtualNetworkGatewaysClient(g.Subscription, c.credential, c.options)
	if err != nil {
		return err
	}
	poller, err := client.BeginDisconnectVirtualNetworkGatewayVPNConnections(ctx, g.ResourceGroup, g.Name, request, nil)
	_, err = await(ctx, c, Disconnecting, g.Name, poller, err)
	return err
}

// areThere makes sure that there are sessions with ids.
func (c *Client) areThere(ctx context.Context, g Gateway, ids []string, blob string) error {
	sessions, err := c.Sessions(ctx, g, blob)
	if err != nil {
		return err
	}
	var missing []string
	for _, id := range ids {
		if !slices.ContainsFunc(sessions, func(s Session) bool { return s.ID == id }) {
			missing = append(missing, id)
		}
	}
	if len(missing) > 0 {
		return &Problem{Code: NoSession, Subject: g.Name, Names: missing}
	}
	return nil
}
