package azure

import (
	"bytes"
	"context"
	"slices"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/finding"
)

// ProfileRequest asks for what clients need to connect to a gateway.
type ProfileRequest struct {
	Gateway        Gateway
	Authentication Authentication // empty: the only one that the gateway offers
	Global         bool           // of Virtual WAN: for all its hubs, the nearest is taken (https://learn.microsoft.com/azure/virtual-wan/global-hub-profile)
	Reuse          bool           // the package that was generated last, where Azure keeps it; of virtual networks only
}

// Package is what Azure generated: a ZIP with profiles in several forms.
type Package struct {
	Data           []byte // the ZIP
	Gateway        Gateway
	Authentication Authentication
	Profile        *profiles.Profile // the one in it with the authentication
	Findings       []finding.Finding // what was noticed about it
}

// Profile has Azure generate a package and downloads it. Generating one changes nothing for packages that were handed out before.
func (c *Client) Profile(ctx context.Context, request ProfileRequest) (Package, error) {
	wanted, err := chooseAuthentication(request.Gateway, request.Authentication)
	if err != nil {
		return Package{}, err
	}
	address, err := c.generate(ctx, request, wanted)
	if err != nil {
		return Package{}, err
	}
	data, err := c.download(ctx, address, request.Gateway.Name)
	if err != nil {
		return Package{}, err
	}
	imported, err := profiles.Import(bytes.NewReader(data), profiles.ImportOptions{Name: request.Gateway.Name + ".zip"})
	if err != nil {
		return Package{}, &Problem{Code: BadPackage, Subject: request.Gateway.Name, Detail: err.Error(), Err: err}
	}
	at := slices.IndexFunc(imported.Profiles, func(p *profiles.Profile) bool { return authenticationOf(p) == wanted })
	if at < 0 {
		problem := &Problem{Code: BadPackage, Subject: request.Gateway.Name}
		for _, p := range imported.Profiles {
			problem.Names = append(problem.Names, string(authenticationOf(p)))
		}
		return Package{}, problem
	}
	return Package{data, request.Gateway, wanted, imported.Profiles[at], imported.Findings}, nil
}

// authenticationOf is how the users of a profile prove who they are.
func authenticationOf(p *profiles.Profile) Authentication {
	switch p.Authentication.Type {
	case profiles.EntraID:
		return EntraAuthentication
	case profiles.UsernamePassword:
		return RADIUSAuthentication
	default:
		return CertificateAuthentication
	}
}

// chooseAuthentication checks that a gateway can be connected to, and in the wanted way.
func chooseAuthentication(g Gateway, wanted Authentication) (Authentication, error) {
	if err := g.Usable(); err != nil {
		return "", err
	}
	p := g.PointToSite
	var offered []string
	for _, a := range p.Authentication {
		offered = append(offered, string(a))
	}
	switch {
	case wanted == "" && len(p.Authentication) == 1:
		return p.Authentication[0], nil
	case wanted == "" && len(p.Authentication) > 1:
		return "", &Problem{Code: SeveralWays, Subject: g.Name, Names: offered}
	case !slices.Contains(p.Authentication, wanted):
		return "", &Problem{Code: NoAuthentication, Subject: g.Name, Names: offered}
	}
	return wanted, nil
}

// method is how the interface calls a way to authenticate: Entra ID goes with certificates.
func (a Authentication) method() *armnetwork.AuthenticationMethod {
	if a == RADIUSAuthentication {
		return pointer(armnetwork.AuthenticationMethodEAPMSCHAPv2)
	}
	return pointer(armnetwork.AuthenticationMethodEAPTLS)
}

// generate returns where the package lies for a while. The address is as good as the package: whoever has it can download it.
func (c *Client) generate(ctx context.Context, request ProfileRequest, wanted Authentication) (string, error) {
	g := request.Gateway
	if g.Kind == VirtualWAN {
		return c.generateVirtualWAN(ctx, g, wanted, request.Global)
	}
	client, err := armnetwork.NewVirtualNetworkGatewaysClient(g.Subscription, c.credential, c.options)
	if err != nil {
		return "", err
	}
	if request.Reuse {
		poller, err := client.BeginGetVPNProfilePackageURL(ctx, g.ResourceGroup, g.Name, nil)
		answer, err := await(ctx, c, Generating, g.Name, poller, err)
		if err != nil {
			return "", err
		}
		if value(answer.Value) == "" {
			return "", &Problem{Code: NoPackage, Subject: g.Name}
		}
		return *answer.Value, nil
	}
	poller, err := client.BeginGenerateVPNProfile(ctx, g.ResourceGroup, g.Name, armnetwork.VPNClientParameters{AuthenticationMethod: wanted.method()}, nil)
	answer, err := await(ctx, c, Generating, g.Name, poller, err)
	if err != nil {
		return "", err
	}
	return value(answer.Value), nil
}

func (c *Client) generateVirtualWAN(ctx context.Context, g Gateway, wanted Authentication, global bool) (string, error) {
	if !global {
		client, err := armnetwork.NewP2SVPNGatewaysClient(g.Subscription, c.credential, c.options)
		if err != nil {
			return "", err
		}
		poller, err := client.BeginGenerateVPNProfile(ctx, g.ResourceGroup, g.Name, armnetwork.P2SVPNProfileParameters{AuthenticationMethod: wanted.method()}, nil)
		answer, err := await(ctx, c, Generating, g.Name, poller, err)
		if err != nil {
			return "", err
		}
		return value(answer.ProfileURL), nil
	}
	wan, _, ok := placeOf(g.VirtualWAN)
	if !ok {
		return "", &Problem{Code: Failed, Subject: g.Name, Detail: "The hub of the gateway belongs to no Virtual WAN."}
	}
	client, err := armnetwork.NewManagementClient(wan.subscription, c.credential, c.options)
	if err != nil {
		return "", err
	}
	poller, err := client.BeginGeneratevirtualwanvpnserverconfigurationvpnprofile(ctx, wan.group, wan.name,
		armnetwork.VirtualWanVPNProfileParameters{AuthenticationMethod: wanted.method(), VPNServerConfigurationResourceID: &g.ServerConfiguration}, nil)
	answer, err := await(ctx, c, Generating, wan.name, poller, err)
	if err != nil {
		return "", err
	}
	return value(answer.ProfileURL), nil
}
