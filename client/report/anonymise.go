package report

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// anonymiser replaces names and addresses, the same by the same. It first learns all text, so that nothing that it puts in the place of a
// name or address is itself one that was in the text: therefore applying it twice is applying it once. It is not safe for concurrent use.
type anonymiser struct {
	addresses addresses
	hosts     hosts
	words     words
	ids       map[string]string // GUIDs, hardware addresses, fingerprints: in lower case, by what replaces them
	issued    map[string]bool   // every replacement, in lower case
	original  map[string]bool   // everything that was to be replaced, in lower case
	counters  map[string]int
}

func newAnonymiser() *anonymiser {
	a := &anonymiser{ids: map[string]string{}, issued: map[string]bool{}, original: map[string]bool{}, counters: map[string]int{}}
	a.addresses = newAddresses(a)
	a.hosts = newHosts(a)
	a.words = words{known: map[string]string{}}
	return a
}

// The forms by which names and addresses are recognised, the first that fits at a place. (?i) is spelled out where it matters for speed.
const (
	emailForm    = `(?P<email>[A-Za-z0-9][A-Za-z0-9._+-]{0,63}(?:@|%40)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+)`
	hardwareForm = `(?P<hardware>\b[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}\b)`
	ipv6Form     = `(?P<ipv6>(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?:(?:\.[0-9]{1,3}){3})?(?:/[0-9]{1,3}\b)?)`
	ipv4Form     = `(?P<ipv4>\b[0-9]{1,3}(?:\.[0-9]{1,3}){3}\b(?:/[0-9]{1,2}\b)?)`
	hostForm     = `(?P<host>\b[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62})(?:\.[A-Za-z0-9_-]{1,63})+\b)`
	guidForm     = `(?P<guid>\b[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\b)`
	printForm    = `(?P<print>\b(?:[0-9A-Fa-f]{64}|[0-9A-Fa-f]{40})\b)`
	subjectForm  = `(?P<subject>\b(?:CN|OU|O|ST|L|DC|UID|GN|emailAddress|serialNumber|street|postalCode)=[^,+;"'=\n)/\\<>]{1,128})`
)

// forms is all of them in one expression. It is large, and few programs that could write a report do.
var forms = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(strings.Join([]string{emailForm, subjectForm, hardwareForm, ipv6Form, ipv4Form, hostForm, guidForm, printForm}, "|"))
})

// learn takes note of everything in a text that will be replaced.
func (a *anonymiser) learn(text string) {
	a.each(text, a.note)
}

// note learns one name or address.
func (a *anonymiser) note(kind, found string) string {
	switch kind {
	case "email":
		local, domain := splitEmail(found)
		a.learnWord(userWord, local)
		a.hosts.note(domain)
	case "ipv4", "ipv6":
		a.addresses.note(found)
	case "host":
		a.hosts.note(found)
	case "subject":
		_, value, _ := strings.Cut(found, "=")
		if value = strings.TrimSpace(value); strings.Contains(value, "@") || a.hosts.isHost(value) {
			a.learn(value)
		} else if !isPublicAuthority(value) && !isCountry(value) {
			a.learnWord(certificateWord, value)
			a.original[strings.ToLower(value)] = true
		}
	default:
		a.original[strings.ToLower(found)] = true
	}
	return found
}

// maxPasses bounds how often a text is gone through. The second pass finds nothing, unless a replacement made something of what stood beside it.
const maxPasses = 5

// apply replaces everything in a text.
func (a *anonymiser) apply(text string) string {
	for range maxPasses {
		a.learn(text)
		replaced := a.words.apply(a.each(text, a.replace), a)
		if replaced == text {
			break
		}
		text = replaced
	}
	return text
}

// each calls f for everything that has a form, and puts what it returns in its place.
func (a *anonymiser) each(text string, f func(kind, found string) string) string {
	var out strings.Builder
	names := forms().SubexpNames()
	last := 0
	for _, match := range forms().FindAllStringSubmatchIndex(text, -1) {
		for group := 1; group < len(names); group++ {
			if match[2*group] >= 0 {
				if names[group] == "ipv6" && match[1] < len(text) && isWordByte(text[match[1]]) {
					break // it goes on: a longer number, no address
				}
				out.WriteString(text[last:match[0]])
				out.WriteString(f(names[group], text[match[0]:match[1]]))
				last = match[1]
				break
			}
		}
	}
	out.WriteString(text[last:])
	return out.String()
}

func isWordByte(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b == '_' || b >= 0x80
}

// replace gives what stands in the place of a name or address.
func (a *anonymiser) replace(kind, found string) string {
	switch kind {
	case "email":
		local, domain := splitEmail(found)
		at := found[len(local) : len(found)-len(domain)]
		return a.words.of(a, userWord, local) + at + a.hosts.substitute(domain)
	case "ipv4", "ipv6":
		return a.addresses.replace(found)
	case "host":
		return a.hosts.replace(found)
	case "guid":
		return a.guid(found)
	case "hardware":
		return a.id(found, "hardware", func(n int) string {
			separator := found[2:3]
			return strings.ReplaceAll(fmt.Sprintf("02:00:00:00:%02x:%02x", n>>8&0xff, n&0xff), ":", separator)
		})
	case "print":
		if isPublicRoot(found) {
			return found
		}
		return a.id(found, "print", func(n int) string { return fmt.Sprintf("%0*x", len(found), n) })
	default: // a subject
		name, value, _ := strings.Cut(found, "=")
		trimmed := strings.TrimSpace(value)
		after := value[len(strings.TrimRight(value, " ")):]
		before := value[:len(value)-len(strings.TrimLeft(value, " "))]
		if trimmed == "" {
			return found
		}
		return name + "=" + before + a.subject(trimmed) + after
	}
}

// subject replaces a value of a certificate's name.
func (a *anonymiser) subject(value string) string {
	switch {
	case isPublicAuthority(value), isCountry(value):
		return value
	case strings.Contains(value, "@"), a.hosts.isHost(value):
		return a.each(value, a.replace)
	default:
		return a.words.of(a, certificateWord, value)
	}
}

// guid replaces a GUID. Those that are the same for everybody stay.
func (a *anonymiser) guid(found string) string {
	if isPublicID(found) {
		return found
	}
	return a.id(found, "guid", func(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012x", n) })
}

// id replaces what has no structure by a number.
func (a *anonymiser) id(found, kind string, write func(int) string) string {
	key := strings.ToLower(found)
	if a.issued[key] {
		return found
	}
	if replacement, known := a.ids[key]; known {
		return replacement
	}
	replacement := a.fresh(kind, write)
	a.ids[key] = replacement
	return replacement
}

// fresh is a replacement that was neither used nor in the text.
func (a *anonymiser) fresh(kind string, write func(int) string) string {
	for {
		a.counters[kind]++
		replacement := write(a.counters[kind])
		key := strings.ToLower(replacement)
		if !a.issued[key] && !a.original[key] {
			a.issued[key] = true
			return replacement
		}
	}
}

// count is how many different names and addresses were replaced.
func (a *anonymiser) count() int { return len(a.issued) }

func splitEmail(found string) (local, domain string) {
	for _, at := range []string{"@", "%40"} {
		if i := strings.LastIndex(found, at); i >= 0 {
			return found[:i], found[i+len(at):]
		}
	}
	return found, ""
}

// isPublicID reports whether a GUID is one of Microsoft's own applications of the VPN, which everybody's profile has.
func isPublicID(id string) bool {
	switch strings.ToLower(id) {
	case "c632b3df-fb67-4d84-bdcf-b95ad541b5c8", "41b23e61-6c1e-4545-b367-cd054e0ed4b4", "51bb15d4-3a4f-4ebf-9dca-40096fe32426",
		"538ee9e6-310a-468d-afef-ea97365856a9", "49f817b6-84ae-4cc0-928c-73f27289b3aa", "00000000-0000-0000-0000-000000000000":
		return true
	}
	return false
}

// isPublicRoot reports whether a thumbprint is that of a root of Azure's gateways.
func isPublicRoot(thumbprint string) bool {
	switch strings.ToLower(thumbprint) {
	case "df3c24f9bfd666761b268073fe06d1cc8d4f82a4", "a8985d3a65e5e5c4b2d7d66d40c6dd2fb19c5436":
		return true
	}
	return false
}

var publicAuthority = regexp.MustCompile(`^(?:DigiCert|Microsoft|Baltimore CyberTrust|www\.digicert\.com)\b[A-Za-z0-9 .-]*$`)

func isPublicAuthority(name string) bool { return publicAuthority.MatchString(name) }

func isCountry(value string) bool { return len(value) == 2 && strings.ToUpper(value) == value }
