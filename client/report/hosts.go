package report

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// hosts replaces host names label by label, so that two names of one domain still are. What belongs to Azure itself stays.
type hosts struct {
	a       *anonymiser
	learned map[string]bool   // domains that are ones although they do not look so
	domains map[string]string // registered domain to replacement
	labels  map[string]string
}

func newHosts(a *anonymiser) hosts {
	return hosts{a: a, learned: map[string]bool{}, domains: map[string]string{}, labels: map[string]string{}}
}

// learnHost says that a name is a host's or a domain's.
func (a *anonymiser) learnHost(name string) {
	name = fold(name)
	if strings.Contains(name, ".") && !a.addresses.looksLike(name) {
		a.hosts.learned[name] = true
		a.hosts.note(name)
	} else if name != "" && !a.addresses.looksLike(name) {
		a.learnWord(computerWord, name)
	}
}

func (s *addresses) looksLike(text string) bool {
	_, _, _, ok := parseAddress(text)
	return ok
}

func fold(name string) string { return strings.ToLower(strings.Trim(name, ".")) }

// knownHosts are the same for everybody.
func knownHosts() []string {
	return []string{"microsoftonline.com", "microsoftonline.us", "microsoftonline.cn", "microsoftonline.de", "chinacloudapi.cn", "sts.windows.net",
		"graph.microsoft.com", "graph.windows.net", "management.azure.com", "portal.azure.com", "msftconnecttest.com", "learn.microsoft.com", "microsoft.com",
		"digicert.com", "debian.org", "ubuntu.com", "golang.org", "github.com", "freedesktop.org"}
}

// azureEndings end names whose beginnings are a customer's.
func azureEndings() []string {
	return []string{"vpn.azure.com", "vpn.azure.us", "vpn.azure.cn", "blob.core.windows.net", "file.core.windows.net", "queue.core.windows.net", "table.core.windows.net",
		"dfs.core.windows.net", "core.windows.net", "database.windows.net", "vault.azure.net", "azurewebsites.net", "azurecr.io", "servicebus.windows.net",
		"documents.azure.com", "openai.azure.com", "search.windows.net", "azmk8s.io", "database.azure.com", "redis.cache.windows.net", "cloudapp.azure.com",
		"onmicrosoft.com", "windows.net", "azure.com", "azure.net"}
}

// generic labels say what a name is for and not whose.
func isGenericLabel(label string) bool {
	return slices.Contains([]string{"wan", "www", "privatelink", "blob", "file", "queue", "table", "dfs", "database", "vault"}, label)
}

// ownEndings are those of names that exist in no public DNS.
func ownEndings() []string {
	return []string{"local", "lan", "internal", "corp", "home", "intranet", "localdomain", "private", "office", "arpa", "example", "test", "invalid", "ad", "dmz", "site"}
}

// isFileName reports whether a name ends like a file although its ending is a country's or a trade's too.
func isFileName(name string) bool {
	return strings.Count(name, ".") == 1 && slices.ContainsFunc([]string{".md", ".zip", ".sh", ".py", ".so", ".pl", ".rs", ".ps", ".mov"}, func(e string) bool { return strings.HasSuffix(name, e) })
}

// isHost reports whether what has the form of a host name is one.
func (h *hosts) isHost(name string) bool {
	name = fold(name)
	if !strings.Contains(name, ".") || h.a.addresses.looksLike(name) {
		return false
	}
	for domain := name; domain != ""; {
		if h.learned[domain] {
			return true
		}
		_, rest, found := strings.Cut(domain, ".")
		if !found {
			break
		}
		domain = rest
	}
	if isFileName(name) {
		return false
	}
	last := name[strings.LastIndexByte(name, '.')+1:]
	if slices.Contains(ownEndings(), last) {
		return true
	}
	suffix, icann := publicsuffix.PublicSuffix(name)
	return icann && suffix != name || !icann && strings.Contains(suffix, ".") && suffix != name
}

func under(name, domain string) bool {
	return name == domain || strings.HasSuffix(name, "."+domain)
}

func isKnownHost(name string) bool {
	return slices.ContainsFunc(knownHosts(), func(known string) bool { return under(name, known) }) || name == "168.63.129.16" || strings.HasSuffix(name, ".arpa")
}

// note takes note of a name, its domains and its labels, none of which a replacement may be.
func (h *hosts) note(name string) {
	name = fold(name)
	if isKnownHost(name) || h.a.issued[name] {
		return
	}
	for rest := name; rest != ""; {
		h.a.original[rest] = true
		label, after, _ := strings.Cut(rest, ".")
		h.a.original[label] = true
		rest = after
	}
}

// replace gives what stands in the place of a name that has the form of a host's.
func (h *hosts) replace(found string) string {
	if !h.isHost(found) {
		return found
	}
	return h.substitute(found)
}

// substitute replaces a name that is a host's.
func (h *hosts) substitute(found string) string {
	name := fold(found)
	if isKnownHost(name) || h.a.issued[name] {
		return found
	}
	before, ending := h.divide(name)
	labels := []string{}
	for label := range strings.SplitSeq(before, ".") {
		if label != "" {
			labels = append(labels, h.label(label))
		}
	}
	result := strings.Join(append(labels, ending), ".")
	h.a.issued[result] = true
	return result
}

// divide cuts a name in what is replaced label by label and an ending that is Azure's, or a replaced domain.
func (h *hosts) divide(name string) (before, ending string) {
	for _, azure := range azureEndings() {
		if under(name, azure) {
			return strings.TrimSuffix(strings.TrimSuffix(name, azure), "."), azure
		}
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(name)
	if err != nil {
		domain = name
	}
	replacement, known := h.domains[domain]
	if !known {
		replacement = h.a.fresh("domain", func(n int) string { return fmt.Sprintf("domain%d.example", n) })
		h.domains[domain] = replacement
	}
	return strings.TrimSuffix(strings.TrimSuffix(name, domain), "."), replacement
}

var gatewayLabel = regexp.MustCompile(`^azuregateway-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-([0-9a-f]{12})$`)

func (h *hosts) label(label string) string {
	if isGenericLabel(label) {
		return label
	}
	if parts := gatewayLabel.FindStringSubmatch(label); parts != nil {
		return "azuregateway-" + h.a.guid(parts[1]) + "-" + h.a.id(parts[2], "gateway", func(n int) string { return fmt.Sprintf("%012x", n) })
	}
	if len(label) == 36 && strings.Count(label, "-") == 4 && onlyGUID.MatchString(label) {
		return h.a.guid(label)
	}
	replacement, known := h.labels[label]
	if !known {
		replacement = h.a.fresh("host", func(n int) string { return fmt.Sprintf("host%d", n) })
		h.labels[label] = replacement
	}
	return replacement
}

var onlyGUID = regexp.MustCompile(`^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
