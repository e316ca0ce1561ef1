package azvpn

import (
	"slices"
	"strings"
)

// graft adds to a newly written element what the old one has besides: elements that are unknown, and known ones that hold something
// which a Profile does not. declared are the namespace prefixes that hold at this place.
func graft(to, from *element, s shape, declared map[string]bool) {
	for _, old := range from.children {
		inside, known := s.child(old.name)
		switch {
		case !known:
			to.insert(portable(old, declared))
		case len(inside.inside) > 0:
			if counterpart := matching(to, old, inside); counterpart != nil {
				graft(counterpart, old, inside, declared)
			}
		case isKept(s, inside):
			to.replaceOrInsert(portable(old, declared), inside.name)
		}
	}
}

// isKept lists the known elements that have no field in Profile.
func isKept(parent, s shape) bool {
	switch s.name {
	case "any", "highavailability", "ekulist":
		return true
	case "certificatedata", "issuer":
		return parent.name == "Cert" || parent.name == "cert" && s.name == "certificatedata"
	default:
		return false
	}
}

// matching finds the newly written element that an old one became. Those of a list are recognised by what they are about.
func matching(to, old *element, s shape) *element {
	if old.isNil() {
		return nil
	}
	candidates := to.all(s.name)
	key := identifyingChild(s)
	if key == "" {
		if len(candidates) == 0 {
			return nil
		}
		return candidates[0]
	}
	for _, candidate := range candidates {
		if strings.EqualFold(candidate.value(key), compactValue(old.value(key))) {
			return candidate
		}
	}
	return nil
}

// identifyingChild is what tells the elements of a list apart; "" for an element that stands alone.
func identifyingChild(s shape) string {
	switch s.name {
	case "Cert":
		return "hash"
	case "ServerEntry":
		return "fqdn"
	case "route":
		return "destination"
	case "DnsServerEntry":
		return "dnsserver"
	default:
		return ""
	}
}

func compactValue(text string) string {
	return strings.TrimSuffix(strings.Join(strings.Fields(text), ""), ".")
}

// insert puts a child where alphabetical order wants it.
func (e *element) insert(child *element) {
	at := len(e.children)
	for i, existing := range e.children {
		if strings.ToLower(existing.name) > strings.ToLower(child.name) {
			at = i
			break
		}
	}
	e.children = slices.Insert(e.children, at, child)
}

func (e *element) replaceOrInsert(child *element, name string) {
	child.prefix, child.name = "", name
	for i, existing := range e.children {
		if existing.is(name) {
			if !child.isEmpty() || existing.isEmpty() && len(child.attributes) >= len(existing.attributes) {
				e.children[i] = child
			}
			return
		}
	}
	e.insert(child)
}

// namespacesOf copies the declarations of the old root to the new one, and returns the prefixes that are declared then.
func namespacesOf(to, from *element) map[string]bool {
	declared := map[string]bool{"xml": true}
	for _, a := range from.attributes {
		if strings.HasPrefix(a.name, "xmlns:") && !slices.ContainsFunc(to.attributes, func(b attribute) bool { return b.name == a.name }) {
			to.attributes = append(to.attributes, a)
		}
	}
	for _, a := range to.attributes {
		if prefix, found := strings.CutPrefix(a.name, "xmlns:"); found {
			declared[prefix] = true
		}
	}
	return declared
}

// portable copies an element and drops prefixes that nobody declares: a strict reader refuses the whole file for one.
func portable(e *element, declared map[string]bool) *element {
	inner := declared
	for _, a := range e.attributes {
		if prefix, found := strings.CutPrefix(a.name, "xmlns:"); found && !inner[prefix] {
			inner = clonePrefixes(inner)
			inner[prefix] = true
		}
	}
	copied := &element{prefix: e.prefix, name: e.name, text: e.text}
	if !inner[copied.prefix] {
		copied.prefix = ""
	}
	for _, a := range e.attributes {
		prefix, local, found := strings.Cut(a.name, ":")
		switch {
		case !found || prefix == "xmlns" || inner[prefix]:
			copied.setAttribute(a)
		case local == "nil":
			copied.setAttribute(attribute{"i:nil", a.value})
		}
	}
	for _, child := range e.children {
		copied.children = append(copied.children, portable(child, inner))
	}
	return copied
}

// setAttribute adds an attribute unless there is one of that name, which XML forbids.
func (e *element) setAttribute(a attribute) {
	if !slices.ContainsFunc(e.attributes, func(b attribute) bool { return b.name == a.name }) {
		e.attributes = append(e.attributes, a)
	}
}

func clonePrefixes(from map[string]bool) map[string]bool {
	to := make(map[string]bool, len(from)+1)
	for prefix := range from {
		to[prefix] = true
	}
	return to
}
