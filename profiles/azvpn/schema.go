package azvpn

import "strings"

// shape is an element of AzVpnProfile with the ones that may be in it.
type shape struct {
	name    string   // as Azure generates it
	aliases []string // other names that were seen
	inside  []shape
}

func leaves(names ...string) []shape {
	var all []shape
	for _, name := range names {
		all = append(all, shape{name: name})
	}
	return all
}

func routesShape(name string) shape {
	return shape{name: name, inside: append(leaves("destination", "mask"), // these two in the wrong place, which is a fault of its own
		shape{name: "route", inside: leaves("destination", "mask")})}
}

// profileShape is all of AzVpnProfile that Azure, its clients and their documentation use. A document is written in alphabetical
// order, since the DataContractSerializer that reads it skips elements that are out of order.
func profileShape() shape {
	certificate := leaves("certificatedata", "ekulist", "hash", "issuer")
	return shape{name: "AzVpnProfile", inside: []shape{
		{name: "any"},
		{name: "clientauth", inside: []shape{
			{name: "aad", inside: append(leaves("audience", "cachesigninuser", "enabledevicesso", "enablegrouptoken", "issuer", "tenant"),
				shape{name: "applicationid", aliases: []string{"appid", "clientid"}}, shape{name: "disableSso"})},
			{name: "cert", inside: certificate},
			{name: "type"},
			{name: "usernamepass", inside: leaves("password", "username")},
		}},
		{name: "clientconfig", inside: []shape{
			{name: "dnsservers", inside: append(leaves("dnsserver"), shape{name: "DnsServerEntry", inside: leaves("dnsserver")})},
			{name: "dnssuffixes", aliases: []string{"dnsssuffixes"}, inside: []shape{{name: "dnssuffix", aliases: []string{"dnsssuffix"}}}},
			routesShape("excluderoutes"),
			routesShape("includeroutes"),
		}},
		{name: "highavailability"},
		{name: "name"},
		{name: "protocolconfig", aliases: []string{"protoconfig"}, inside: []shape{
			{name: "sslprotocolConfig", aliases: []string{"sslprotoconfig"}, inside: leaves("transportprotocol")},
		}},
		{name: "secondaryProfileName"},
		{name: "serverlist", inside: []shape{{name: "ServerEntry", inside: leaves("displayname", "fqdn")}}},
		{name: "servervalidation", inside: append([]shape{{name: "Cert", inside: certificate}},
			leaves("serversecret", "type", "usepinnedroot")...)},
		{name: "version"},
	}}
}

func (s shape) names() []string { return append([]string{s.name}, s.aliases...) }

// child finds the shape of a child element.
func (s shape) child(name string) (shape, bool) {
	for _, inside := range s.inside {
		for _, known := range inside.names() {
			if strings.EqualFold(known, name) {
				return inside, true
			}
		}
	}
	return shape{}, false
}

// parentOf returns the name of the element that a known element belongs into.
func (s shape) parentOf(name string) (string, bool) {
	if _, found := s.child(name); found {
		return s.name, true
	}
	for _, inside := range s.inside {
		if parent, found := inside.parentOf(name); found {
			return parent, true
		}
	}
	return "", false
}

func isKnownName(name string) bool {
	if strings.EqualFold(name, profileShape().name) {
		return true
	}
	_, known := profileShape().parentOf(name)
	return known
}
