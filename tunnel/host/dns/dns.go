// Package dns makes this computer resolve a tunnel's names through the tunnel, by whatever resolves names on it.
package dns

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/net/idna"
)

// Config is the wanted name resolution of one tunnel. The zero value leaves the computer's alone.
type Config struct {
	Servers     []netip.Addr `json:"servers,omitempty"`
	Search      []string     `json:"search,omitempty"` // appended to names without a dot, and routed to Servers
	Match       []string     `json:"match,omitempty"`  // names under these go to Servers
	AllNames    bool         `json:"all,omitempty"`    // every name goes to Servers
	BlockOthers bool         `json:"block,omitempty"`  // other servers must not be asked; implies AllNames
}

// Link is the tunnel's device.
type Link struct {
	Index int
	Name  string
}

// Limits of what is taken from a gateway, which are far above what any sends.
const (
	maxServers = 16
	maxDomains = 256
	maxDomain  = 253 // RFC 1035 section 2.3.4, less the two ends
	maxLabel   = 63
)

// normalize gives the config with what can be used: at most so many servers without zones, domains in lower case without
// dots at the ends. What was left out is reported.
//
// A domain that begins with "privatelink." brings its parent: programs ask for account.blob.core.windows.net, and only the
// answer says that the name is in privatelink.blob.core.windows.net. Were the parent not routed to the tunnel, the question
// would go to a server that answers with a public address.
func normalize(config Config) (Config, []Limitation) {
	var refused []string
	domains := func(list []string) []string {
		var kept []string
		for _, name := range list {
			domain, ok := domainName(name)
			switch {
			case !ok || len(kept) >= maxDomains:
				refused = append(refused, name)
			case domain != "" && !slices.Contains(kept, domain):
				kept = append(kept, domain)
			}
		}
		return kept
	}
	clean := Config{AllNames: config.AllNames || config.BlockOthers, BlockOthers: config.BlockOthers}
	clean.Search = domains(config.Search)
	clean.Match = withPrivateLinkParents(domains(config.Match), clean.Search)
	for _, server := range config.Servers {
		server = server.Unmap().WithZone("")
		if server.IsValid() && !server.IsUnspecified() && !server.IsMulticast() && !slices.Contains(clean.Servers, server) && len(clean.Servers) < maxServers {
			clean.Servers = append(clean.Servers, server)
		}
	}
	if len(refused) == 0 {
		return clean, nil
	}
	return clean, []Limitation{{Kind: Refused, Names: quoted(refused)}}
}

func withPrivateLinkParents(match, search []string) []string {
	for _, domain := range slices.Concat(match, search) {
		parent, private := strings.CutPrefix(domain, "privatelink.")
		if private && strings.Contains(parent, ".") && !slices.Contains(match, parent) {
			match = append(match, parent)
		}
	}
	return match
}

// domainName brings a domain into the form in which resolvers hold it. What could break out of a line of a configuration
// file is no domain.
func domainName(name string) (string, bool) {
	name = strings.TrimPrefix(strings.TrimSpace(name), "~")
	name = strings.ToLower(strings.Trim(name, "."))
	if name == "" {
		return "", true
	}
	ascii, err := idna.Punycode.ToASCII(name)
	if err != nil || len(ascii) > maxDomain {
		return "", false
	}
	for label := range strings.SplitSeq(ascii, ".") {
		if label == "" || len(label) > maxLabel || strings.HasPrefix(label, "-") {
			return "", false
		}
		for _, c := range []byte(label) {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return "", false
			}
		}
	}
	return ascii, true
}

// quoted makes names from outside safe to show.
func quoted(names []string) []string {
	list := make([]string, 0, len(names))
	for _, name := range names {
		list = append(list, fmt.Sprintf("%.80q", name))
	}
	return list
}

// wantsNothing reports whether nothing needs to be changed on the computer.
func (c Config) wantsNothing() bool {
	return len(c.Servers) == 0 && len(c.Search) == 0
}

// takesNames reports whether any name goes to the servers.
func (c Config) takesNames() bool {
	return len(c.Servers) > 0 && (c.AllNames || len(c.Search) > 0 || len(c.Match) > 0)
}

// split reports whether some names go to the servers and others do not.
func (c Config) split() bool { return c.takesNames() && !c.AllNames }
