package azvpn

import (
	"bytes"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Namespaces of a generated profile.
const (
	instanceNamespace = "http://www.w3.org/2001/XMLSchema-instance"
	contractNamespace = "http://schemas.datacontract.org/2004/07/"
	anyNamespace      = "http://schemas.datacontract.org/2004/07/System.Xml"
)

// Write writes a profile as Azure generates it: alphabetical order and i:nil for what is missing, as the official client's
// DataContractSerializer wants them. From source, the file that the profile was read from or nil, it takes over what a Profile does
// not hold: unknown elements, and known ones that have no effect here.
func Write(p *Profile, source []byte) []byte {
	root := build(p)
	if source != nil {
		if old, f := readTree(source); f == nil {
			graft(root, old, profileShape(), namespacesOf(root, old))
		}
	}
	var out bytes.Buffer
	root.write(&out, "")
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

func build(p *Profile) *element {
	root := &element{name: "AzVpnProfile", attributes: []attribute{{"xmlns:i", instanceNamespace}, {"xmlns", contractNamespace}}}
	root.children = append(root.children, &element{name: "any", attributes: []attribute{{"xmlns:d2p1", anyNamespace}, {"i:nil", "true"}}})
	buildAuthentication(root.add("clientauth", ""), p)
	buildClientConfig(root, p)
	root.addOptional("name", p.Name)
	transport := p.Transport
	if transport == "" {
		transport = "tcp"
	}
	root.add("protocolconfig", "").add("sslprotocolConfig", "").add("transportprotocol", transport)
	if p.SecondaryProfile != "" {
		root.add("secondaryProfileName", p.SecondaryProfile)
	}
	list := root.add("serverlist", "")
	for _, server := range p.Servers {
		entry := list.add("ServerEntry", "")
		entry.addOptional("displayname", server.DisplayName)
		entry.add("fqdn", server.FQDN)
	}
	buildValidation(root.add("servervalidation", ""), p)
	root.add("version", strconv.Itoa(versionFor(p)))
	return root
}

// versionFor raises the version where the profile needs it.
func versionFor(p *Profile) int {
	if slices.Contains(p.IncludeRoutes, netip.PrefixFrom(netip.IPv4Unspecified(), 0)) {
		return max(p.Version, 2)
	}
	return max(p.Version, 1)
}

func buildAuthentication(auth *element, p *Profile) {
	if entra := p.Entra; entra != nil && p.Type == AAD {
		aad := auth.add("aad", "")
		if entra.ApplicationID != "" {
			aad.add("applicationid", entra.ApplicationID)
		}
		aad.addOptional("audience", entra.Audience)
		aad.add("cachesigninuser", strconv.FormatBool(entra.CacheSignInUser))
		if entra.DisableSSO {
			aad.add("disableSso", "true")
		}
		if entra.EnableDeviceSSO {
			aad.add("enabledevicesso", "true")
		}
		aad.add("enablegrouptoken", strconv.FormatBool(entra.EnableGroupToken))
		aad.addOptional("issuer", entra.Issuer)
		aad.addOptional("tenant", entra.Tenant)
	} else {
		auth.addNil("aad")
	}
	if p.Type == Certificate {
		cert, selector := auth.add("cert", ""), p.Certificate
		if selector == nil {
			selector = &CertificateSelector{}
		}
		cert.addOptional("hash", strings.ToUpper(selector.Thumbprint))
		cert.addOptional("issuer", selector.Issuer)
	} else {
		auth.addNil("cert")
	}
	auth.add("type", string(p.Type))
	if p.Type == UsernamePass {
		user := auth.add("usernamepass", "")
		user.addOptional("password", p.Password.Reveal())
		user.addOptional("username", p.Username)
	} else {
		auth.addNil("usernamepass")
	}
}

func buildClientConfig(root *element, p *Profile) {
	if len(p.DNSServers)+len(p.DNSSuffixes)+len(p.IncludeRoutes)+len(p.ExcludeRoutes) == 0 {
		root.addNil("clientconfig")
		return
	}
	config := root.add("clientconfig", "")
	if len(p.DNSServers) > 0 {
		list := config.add("dnsservers", "")
		for _, address := range p.DNSServers {
			list.add("DnsServerEntry", "").add("dnsserver", address.String())
		}
	} else {
		config.addNil("dnsservers")
	}
	if len(p.DNSSuffixes) > 0 {
		list := config.add("dnssuffixes", "")
		for _, suffix := range p.DNSSuffixes {
			list.add("dnssuffix", "."+suffix)
		}
	}
	buildRoutes(config, "excluderoutes", p.ExcludeRoutes)
	buildRoutes(config, "includeroutes", p.IncludeRoutes)
}

func buildRoutes(config *element, name string, routes []netip.Prefix) {
	if len(routes) == 0 {
		config.addNil(name)
		return
	}
	list := config.add(name, "")
	for _, prefix := range routes {
		route := list.add("route", "")
		route.add("destination", prefix.Addr().String())
		route.add("mask", strconv.Itoa(prefix.Bits()))
	}
}

func buildValidation(validation *element, p *Profile) {
	for _, hash := range p.RootThumbprints {
		cert := validation.add("Cert", "")
		cert.add("hash", strings.ToUpper(hash))
		cert.addNil("issuer")
	}
	validation.add("serversecret", p.ServerSecret.Reveal())
	validation.add("type", "cert")
	if p.UsePinnedRoot != nil {
		validation.add("usepinnedroot", strconv.FormatBool(*p.UsePinnedRoot))
	}
}
