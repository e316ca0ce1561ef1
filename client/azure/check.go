package azure

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
)

// Check is how a profile stands beside what Azure would generate now.
type Check struct {
	Gateway     Gateway
	Differences []Difference      // Before is in the profile, After is what Azure would give
	ByHand      []Difference      // only in the profile: someone added it, and Azure knows nothing of it
	Notices     []Notice          // of what will matter
	Fresh       *profiles.Profile // as Azure would give it
}

// Check compares a profile with what its gateway would give.
func (c *Client) Check(ctx context.Context, p *profiles.Profile, g Gateway, now time.Time) (Check, error) {
	fresh, err := c.Profile(ctx, ProfileRequest{Gateway: g, Authentication: authenticationOf(p), Global: isGlobal(p)})
	if err != nil {
		return Check{}, err
	}
	check := Check{Gateway: g, Fresh: fresh.Profile, Notices: Notices(p, g, now)}
	check.Differences, check.ByHand = Compare(p, fresh.Profile)
	return check, nil
}

// isGlobal reports whether a profile is for all hubs of a Virtual WAN (https://learn.microsoft.com/azure/virtual-wan/global-hub-profile).
func isGlobal(p *profiles.Profile) bool {
	return slices.ContainsFunc(p.Servers, func(s profiles.Server) bool { return strings.HasPrefix(strings.ToLower(s.Host), "wan.") })
}

// Compare finds out where a profile is not what Azure generates now. What Azure does not write into profiles by itself, name servers, suffixes and
// routes, counts as added by hand where only the profile has it.
func Compare(have, fresh *profiles.Profile) (changed, byHand []Difference) {
	var d, hand differences
	d.compare(FieldServers, servers(have), servers(fresh))
	d.one(FieldTransport, string(have.Transport), string(fresh.Transport))
	d.compare(FieldGatewayRoots, gatewayRoots(have), gatewayRoots(fresh))
	d.one(FieldAuthentication, string(authenticationOf(have)), string(authenticationOf(fresh)))
	old, now := value(have.Authentication.Entra), value(fresh.Authentication.Entra)
	d.one(FieldTenant, withoutSlash(old.Tenant), withoutSlash(now.Tenant))
	d.one(FieldAudience, strings.ToLower(old.Audience), strings.ToLower(now.Audience))
	d.one(FieldIssuer, withoutSlash(old.Issuer), withoutSlash(now.Issuer))
	if have.ControlChannel.Mode != fresh.ControlChannel.Mode || normalKey(have) != normalKey(fresh) {
		d = append(d, Difference{FieldSecret, oneOf(have.ControlChannel.Key.String()), oneOf(fresh.ControlChannel.Key.String())})
	}
	for _, pair := range []struct {
		field         Field
		before, after []string
	}{
		{FieldApplication, oneOf(old.ApplicationID), oneOf(now.ApplicationID)},
		{FieldDNSServers, texts(have.DNS.Servers), texts(fresh.DNS.Servers)},
		{FieldDNSSuffixes, have.DNS.Suffixes, fresh.DNS.Suffixes},
		{FieldIncludeRoutes, sorted(texts(have.IncludeRoutes)), sorted(texts(fresh.IncludeRoutes))},
		{FieldExcludeRoutes, sorted(texts(have.ExcludeRoutes)), sorted(texts(fresh.ExcludeRoutes))},
	} {
		if len(pair.after) == 0 {
			hand.compare(pair.field, pair.before, pair.after)
		} else {
			d.compare(pair.field, pair.before, pair.after)
		}
	}
	return d, hand
}

func servers(p *profiles.Profile) []string {
	var all []string
	for _, s := range p.Servers {
		all = append(all, fmt.Sprintf("%s:%d", strings.ToLower(s.Host), s.Port))
	}
	return all
}

// gatewayRoots are the thumbprints of the roots that the gateway's certificate may end in, whether the profile has them or just names them.
func gatewayRoots(p *profiles.Profile) []string {
	all := slices.Clone(p.Gateway.RootThumbprints)
	if len(all) == 0 {
		for _, root := range p.Gateway.Roots {
			if root.Subject.String() == root.Issuer.String() {
				sum := sha1.Sum(root.Raw)
				all = append(all, hex.EncodeToString(sum[:]))
			}
		}
	}
	for i := range all {
		all[i] = strings.ToLower(all[i])
	}
	return sorted(all)
}

func withoutSlash(address string) string { return strings.ToLower(strings.TrimSuffix(address, "/")) }

// normalKey is the server secret without the white space that differs between files.
func normalKey(p *profiles.Profile) string {
	return strings.ToLower(strings.Join(strings.Fields(p.ControlChannel.Key.Reveal()), ""))
}

// KeepByHand puts what was added to a profile by hand into settings beside it, so that it holds for the fresh profile too. Settings that
// are there already stay as they are.
func KeepByHand(have, fresh *profiles.Profile, beside settings.Settings) settings.Settings {
	kept := beside.Clone()
	if len(kept.DNSServers) == 0 && len(fresh.DNS.Servers) == 0 {
		kept.DNSServers = slices.Clone(have.DNS.Servers)
	}
	if len(kept.DNSSuffixes) == 0 && len(fresh.DNS.Suffixes) == 0 {
		kept.DNSSuffixes = slices.Clone(have.DNS.Suffixes)
	}
	for _, route := range have.IncludeRoutes {
		if !slices.Contains(fresh.IncludeRoutes, route) && !slices.Contains(kept.IncludeRoutes, route) {
			kept.IncludeRoutes = append(kept.IncludeRoutes, route)
		}
	}
	for _, route := range have.ExcludeRoutes {
		if !slices.Contains(fresh.ExcludeRoutes, route) && !slices.Contains(kept.ExcludeRoutes, route) {
			kept.ExcludeRoutes = append(kept.ExcludeRoutes, route)
		}
	}
	return kept
}
