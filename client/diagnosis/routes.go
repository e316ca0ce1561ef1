package diagnosis

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
)

// clash is a prefix of the tunnel that something else on this computer has too.
type clash struct {
	prefix netip.Prefix // of the tunnel
	other  netip.Prefix
	link   Link
}

func (c clash) String() string {
	return fmt.Sprintf("%s is in the tunnel, and %s is on %s", c.prefix, c.other, c.link.Name)
}

// checkRoutes looks for what takes the tunnel's traffic away, and for routes that should be there and are not.
func checkRoutes(_ context.Context, x *examination, f facts) ([]Check, learned) {
	p := f.plan
	if p == nil || f.computer == nil {
		return one(RoutesUnknown)
	}
	computer := f.computer
	var checks []Check
	part := map[bool][]clash{}
	byUse := map[Use][]clash{}
	for _, c := range clashes(p, computer) {
		switch {
		case c.link.Use() != UseNetwork:
			byUse[c.link.Use()] = append(byUse[c.link.Use()], c)
		default:
			whole := c.other.Bits() <= c.prefix.Bits()
			part[!whole] = append(part[!whole], c)
		}
	}
	for _, found := range []struct {
		id      ID
		clashes []clash
	}{{RoutesLAN, part[false]}, {RoutesContainers, byUse[UseContainers]}, {RoutesTunnel, byUse[UseTunnel]}, {RoutesLANPart, part[true]}} {
		if len(found.clashes) > 0 {
			checks = append(checks, say(found.id, list(found.clashes[:min(len(found.clashes), 8)])))
		}
	}
	if missing := missingRoutes(p, computer); len(missing) > 0 {
		checks = append(checks, say(RoutesGone, list(missing)))
	}
	if forced(p) && x.profile != nil && len(x.profile.Servers) > 0 && isAzureName(x.profile.Servers[0].Host) {
		checks = append(checks, say(RoutesForced))
	}
	if len(checks) == 0 {
		return one(RoutesOK)
	}
	return checks, nil
}

// clashes compares the tunnel's routes with the networks that this computer is in and with other tunnels' routes. Of forced tunnelling
// everything is a part, on purpose.
func clashes(p *plan, computer *Computer) []clash {
	var found []clash
	add := func(prefix, other netip.Prefix, link Link) {
		c := clash{prefix, other.Masked(), link}
		if !slices.Contains(keys(found), c.String()) {
			found = append(found, c)
		}
	}
	for _, prefix := range p.routes {
		if prefix.Bits() <= 1 {
			continue
		}
		for _, link := range computer.Links {
			if use := link.Use(); use == UseLoopback || use == UseNetwork && !link.Up || p.live && link.Name == p.device {
				continue
			}
			for _, address := range link.Addresses {
				if !address.IsSingleIP() && address.Masked().Overlaps(prefix) && !address.Addr().IsLinkLocalUnicast() {
					add(prefix, address, link)
				}
			}
		}
		for _, route := range computer.Routes {
			link, known := computer.byIndex(route.Link)
			if !known || link.Use() != UseTunnel || p.live && link.Name == p.device || route.Prefix.Bits() <= 1 {
				continue
			}
			if route.Prefix.Overlaps(prefix) && route.Prefix.Bits() >= prefix.Bits() {
				add(prefix, route.Prefix, link)
			}
		}
	}
	return found
}

func keys(found []clash) []string {
	var texts []string
	for _, c := range found {
		texts = append(texts, c.String())
	}
	return texts
}

// missingRoutes are those of a running connection that are not in this computer's tables. A default route may have been written in two halves.
func missingRoutes(p *plan, computer *Computer) []netip.Prefix {
	if !p.live || computer.NoRoutes {
		return nil
	}
	has := func(prefix netip.Prefix) bool {
		return slices.ContainsFunc(computer.Routes, func(r Route) bool {
			link, _ := computer.byIndex(r.Link)
			return link.Name == p.device && (r.Prefix == prefix || prefix.Bits() == 0 && r.Prefix.Bits() == 1)
		})
	}
	var missing []netip.Prefix
	for _, prefix := range p.routes {
		isLeftOut := slices.ContainsFunc(p.excluded, func(e netip.Prefix) bool { return e == prefix })
		onDevice := slices.ContainsFunc(p.addresses, func(a netip.Prefix) bool { return a.Masked() == prefix })
		if !isLeftOut && !onDevice && !has(prefix) {
			missing = append(missing, prefix)
		}
	}
	return missing
}

// forced reports whether everything goes into the tunnel.
func forced(p *plan) bool {
	return slices.ContainsFunc(p.routes, func(r netip.Prefix) bool { return r.Bits() == 0 && r.Addr().Is4() }) ||
		slices.Contains(p.routes, netip.MustParsePrefix("0.0.0.0/1")) && slices.Contains(p.routes, netip.MustParsePrefix("128.0.0.0/1"))
}
