package azure

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/footbridge-vpn/footbridge/profiles/certificate"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// Change is what is to be different about a gateway's settings for clients. What is nil or empty stays.
type Change struct {
	Enable         bool // it is not set up yet
	AddressPools   []netip.Prefix
	Protocols      []Protocol
	Authentication []Authentication
	Entra          *Entra
	RADIUS         []RADIUSServer
	RADIUSSecret   secret.Text // of all of RADIUS
	AddRoots       []Root      // Data and Name
	RemoveRoots    []string    // by name or thumbprint
	Revoke         []Revoked
	Unrevoke       []string        // by name or thumbprint
	CustomRoutes   *[]netip.Prefix // of a virtual network; an empty list takes them away
	DNSServers     *[]netip.Addr   // of Virtual WAN; an empty list takes them away
}

// apply is what the settings are after a change. Every error is a *Problem.
func (change Change) apply(g Gateway) (PointToSite, error) {
	var after PointToSite
	switch {
	case g.PointToSite == nil && !change.Enable:
		return after, &Problem{Code: NotSetUp, Subject: g.Name}
	case g.PointToSite != nil && change.Enable && len(g.PointToSite.Protocols) > 0:
		return after, &Problem{Code: SetUpAlready, Subject: g.Name}
	case g.PointToSite != nil:
		after = g.PointToSite.clone()
	}
	replaceList(&after.AddressPools, change.AddressPools)
	replaceList(&after.Protocols, change.Protocols)
	replaceList(&after.Authentication, change.Authentication)
	replaceList(&after.RADIUS, change.RADIUS)
	if change.Entra != nil {
		after.Entra = pointer(*change.Entra)
	}
	if change.CustomRoutes != nil {
		after.CustomRoutes = slices.Clone(*change.CustomRoutes)
	}
	if change.DNSServers != nil {
		after.DNSServers = slices.Clone(*change.DNSServers)
	}
	if err := change.roots(&after); err != nil {
		return after, err
	}
	if err := change.revoked(&after); err != nil {
		return after, err
	}
	return after, change.validate(g, after)
}

func replaceList[T any](list *[]T, wanted []T) {
	if len(wanted) > 0 {
		*list = slices.Clone(wanted)
	}
}

func (p PointToSite) clone() PointToSite {
	p.AddressPools, p.Protocols, p.Authentication = slices.Clone(p.AddressPools), slices.Clone(p.Protocols), slices.Clone(p.Authentication)
	p.RADIUS, p.Roots, p.Revoked = slices.Clone(p.RADIUS), slices.Clone(p.Roots), slices.Clone(p.Revoked)
	p.CustomRoutes, p.DNSServers = slices.Clone(p.CustomRoutes), slices.Clone(p.DNSServers)
	if p.Entra != nil {
		p.Entra = pointer(*p.Entra)
	}
	return p
}

// roots takes root certificates away and adds some. One that is there already, under any name, is not added again.
func (change Change) roots(after *PointToSite) error {
	for _, wanted := range change.RemoveRoots {
		left := slices.DeleteFunc(slices.Clone(after.Roots), func(r Root) bool { return isCalled(wanted, r.Name, r.Thumbprint) })
		if len(left) == len(after.Roots) {
			problem := &Problem{Code: RootNotThere, Subject: wanted}
			for _, root := range after.Roots {
				problem.Names = append(problem.Names, root.Name)
			}
			return problem
		}
		after.Roots = left
	}
	for _, added := range change.AddRoots {
		root := readRoot(added.Name, added.Data)
		switch {
		case root.Thumbprint == "":
			return &Problem{Code: NotARoot, Subject: added.Name}
		case slices.ContainsFunc(after.Roots, func(r Root) bool { return r.Thumbprint == root.Thumbprint }):
			continue
		case slices.ContainsFunc(after.Roots, func(r Root) bool { return strings.EqualFold(r.Name, root.Name) }):
			return &Problem{Code: RootNameTaken, Subject: added.Name}
		}
		after.Roots = append(after.Roots, root)
	}
	return nil
}

// revoked changes which client certificates are refused.
func (change Change) revoked(after *PointToSite) error {
	for _, wanted := range change.Unrevoke {
		left := slices.DeleteFunc(slices.Clone(after.Revoked), func(r Revoked) bool { return isCalled(wanted, r.Name, r.Thumbprint) })
		if len(left) == len(after.Revoked) {
			return &Problem{Code: NotRevoked, Subject: wanted}
		}
		after.Revoked = left
	}
	for _, added := range change.Revoke {
		thumbprint, ok := certificate.ParseThumbprint(added.Thumbprint)
		if !ok {
			return &Problem{Code: NotAThumbprint, Subject: added.Thumbprint}
		}
		if slices.ContainsFunc(after.Revoked, func(r Revoked) bool { return strings.EqualFold(r.Thumbprint, thumbprint) }) {
			continue
		}
		name := added.Name
		if name == "" || slices.ContainsFunc(after.Revoked, func(r Revoked) bool { return strings.EqualFold(r.Name, name) }) {
			name = strings.Trim(added.Name+"-"+thumbprint, "-")
		}
		after.Revoked = append(after.Revoked, Revoked{name, thumbprint})
	}
	return nil
}

// isCalled reports whether a thing with a name and a thumbprint goes by what someone typed.
func isCalled(wanted, name, thumbprint string) bool {
	normal, ok := certificate.ParseThumbprint(wanted)
	return strings.EqualFold(wanted, name) || ok && strings.EqualFold(normal, thumbprint)
}

// validate says before Azure does what cannot be: its answers come after minutes and in other words
// (https://learn.microsoft.com/azure/vpn-gateway/point-to-site-about).
func (change Change) validate(g Gateway, after PointToSite) error {
	has := func(a Authentication) bool { return slices.Contains(after.Authentication, a) }
	switch {
	case g.Kind == VirtualWAN && change.CustomRoutes != nil:
		return &Problem{Code: OnlyVirtualNetwork, Subject: "--custom-routes"}
	case g.Kind == VirtualNetwork && change.DNSServers != nil:
		return &Problem{Code: OnlyVirtualWAN, Subject: "--dns-servers"}
	case g.Kind == VirtualWAN && slices.Contains(change.Protocols, SSTP):
		return &Problem{Code: OnlyVirtualNetwork, Subject: string(SSTP)}
	case len(after.AddressPools) == 0:
		return &Problem{Code: NoPool}
	case len(after.Protocols) == 0:
		return &Problem{Code: NoProtocol}
	case len(after.Authentication) == 0:
		return &Problem{Code: NoWayIn}
	case has(EntraAuthentication) && after.Entra == nil:
		return &Problem{Code: NoEntra}
	case has(EntraAuthentication) && !slices.Contains(after.Protocols, OpenVPN):
		return &Problem{Code: EntraNeedsOpenVPN}
	case has(RADIUSAuthentication) && len(after.RADIUS) == 0:
		return &Problem{Code: NoRADIUS}
	case len(change.RADIUS) > 0 && change.RADIUSSecret == "":
		return &Problem{Code: NoRADIUSSecret}
	case has(CertificateAuthentication) && len(after.Roots) == 0:
		return &Problem{Code: NoRoot}
	case strings.EqualFold(g.SKU, "Basic") && (slices.Contains(after.Protocols, OpenVPN) || has(RADIUSAuthentication) || has(EntraAuthentication)):
		return &Problem{Code: BasicSKU, Subject: g.Name}
	}
	for i, pool := range after.AddressPools {
		for _, other := range after.AddressPools[:i] {
			if pool.Overlaps(other) {
				return &Problem{Code: PoolsOverlap, Subject: other.String() + ", " + pool.String()}
			}
		}
	}
	return nil
}
