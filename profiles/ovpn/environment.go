package ovpn

import (
	"fmt"
	"regexp"
	"strings"
)

// environmentOptions are what is told to the gateway about this client, and setenv, which is used for many things.
func environmentOptions() map[string]option {
	return map[string]option{
		"setenv":                {1, maxArguments, false, (*mapper).setenv},
		"setenv-safe":           {1, 2, false, (*mapper).setenv},
		"push-peer-info":        {0, 0, false, func(m *mapper, _ *directive) { m.config.Options.PushPeerInfo = true }},
		"ignore-unknown-option": {1, maxArguments, false, nothing}, // was read before all others
	}
}

// peerInfoName is what may be announced (OpenVPN ssl.c, push_peer_info): anything else would break the list of lines.
var peerInfoName = regexp.MustCompile(`^(UV|IV)_[A-Za-z0-9_]+$`)

func (m *mapper) setenv(d *directive) {
	name, value := d.argument(0), d.argument(1)
	switch {
	case name == "opt" && len(d.arguments) > 1:
		m.optional(d)
	case peerInfoName.MatchString(name):
		if m.config.Options.PeerInfo == nil {
			m.config.Options.PeerInfo = map[string]string{}
		}
		m.config.Options.PeerInfo[name] = strings.Map(printableASCII, value)
	case name == "FRIENDLY_NAME":
		m.config.FriendlyName = value
	case name == "CLIENT_CERT":
		m.noCert = value == "0"
	default:
		m.Note("ignored-option", d.line, fmt.Sprintf("The option %s has no effect, and is ignored: no scripts are run that could read it.", d.name))
		m.config.Kept = append(m.config.Kept, append([]string{d.name}, d.arguments...))
	}
}

// optional is "setenv opt …": an option that clients may not know.
func (m *mapper) optional(d *directive) {
	inside := directive{name: strings.TrimPrefix(d.argument(1), "--"), arguments: d.arguments[2:], line: d.line}
	if _, known := m.table[inside.name]; known && inside.name != "setenv" {
		m.apply(&inside)
		return
	}
	if known := m.effects[inside.name]; known.ignored {
		m.other(&inside)
		return
	}
	m.Note("ignored-option", d.line, "An option that clients need not know is ignored.")
	m.keepOptional(&inside)
}

func printableASCII(r rune) rune {
	if r < ' ' || r > '~' {
		return -1
	}
	return r
}
