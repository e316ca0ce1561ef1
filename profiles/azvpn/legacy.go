package azvpn

import (
	"net/netip"
	"strings"
)

// Some hand-made profiles name the same things differently: gatewayfqdn, vpngateway/servers/server/FQDN, azuretenant, azureaudience,
// routes/includedRoutes/route/destinationaddress. They are read where the usual elements are missing.

func isLegacyName(name string) bool {
	for _, known := range []string{"gatewayfqdn", "vpngateway", "azuretenant", "azureaudience", "routes"} {
		if strings.EqualFold(known, name) {
			return true
		}
	}
	return false
}

func (p *parser) legacyServers() {
	var names []*element
	if e := p.root.find("gatewayfqdn"); e != nil {
		names = append(names, e)
	}
	for _, entry := range p.root.child("vpngateway").child("servers").all("server") {
		names = append(names, entry.all("fqdn")...)
	}
	for _, e := range names {
		if e.text != "" {
			p.server(Server{FQDN: e.text}, e)
		}
	}
}

func (p *parser) legacyRoutes() {
	routes := p.root.find("includedRoutes")
	for _, e := range routes.all("route") {
		destination := e.child("destinationaddress")
		if destination == nil {
			continue
		}
		prefix, err := netip.ParsePrefix(destination.text)
		if err != nil {
			p.Fault("bad-route", destination.line, "A route's destination is not a network such as 10.20.0.0/16.", "Correct it.")
			continue
		}
		p.profile.IncludeRoutes = appendUnique(p.profile.IncludeRoutes, p.masked(prefix, destination))
	}
}
