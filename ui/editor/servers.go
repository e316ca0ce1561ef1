package editor

import (
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
)

// serversKey stands for the gateways beside the settings' keys.
const serversKey = "servers"

// mostServers bounds how many gateways a profile may have.
const mostServers = 64

// Ports where the profile has no gateway to take one from.
const (
	azurePort   = 443
	openVPNPort = 1194 // IANA's of OpenVPN
)

// Servers are the gateways as they are typed: one a line, in the order in which they are tried.
func (d *Draft) Servers() string { return d.servers }

// SetServers changes the gateways.
func (d *Draft) SetServers(text string) {
	d.servers = text
	delete(d.wrong, serversKey)
	if servers, wrong := d.parseServers(text); wrong != "" {
		d.wrong[serversKey] = wrong
	} else {
		d.newServers = servers
	}
	d.checkProfile()
}

// changesServers reports whether other gateways are wanted than the profile has.
func (d *Draft) changesServers() bool {
	return d.before.Entry != nil && d.wrong[serversKey] == "" && !slices.Equal(d.newServers, d.before.Entry.Profile.Servers)
}

// parseServers reads gateways. Those that were there keep their other properties, and those that take the place of one its transport.
func (d *Draft) parseServers(text string) (servers []profiles.Server, wrong string) {
	known, port := []profiles.Server{}, uint16(azurePort)
	if entry := d.before.Entry; entry != nil {
		known = entry.Profile.Servers
		if len(known) > 0 {
			port = known[0].Port
		} else if entry.Profile.Format == profiles.FormatOVPN {
			port = openVPNPort
		}
	}
	written := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(listDividers, r) })
	for i, one := range written {
		server, ok := parseServer(one, port)
		if !ok {
			return nil, d.texts.Text("ui.editor.server-wrong", language.Values{"Name": shortened(one)})
		}
		same := func(other profiles.Server) bool {
			return strings.EqualFold(other.Host, server.Host) && other.Port == server.Port
		}
		if slices.ContainsFunc(servers, same) {
			return nil, d.texts.Text("ui.editor.server-twice", language.Values{"Name": shortened(one)})
		}
		if at := slices.IndexFunc(known, same); at >= 0 {
			server = known[at]
		} else if len(written) == len(known) {
			server.Transport = known[i].Transport
		}
		servers = append(servers, server)
	}
	switch {
	case len(servers) == 0:
		return nil, d.texts.Text("ui.editor.server-none", nil)
	case len(servers) > mostServers:
		return nil, d.texts.Text("ui.editor.server-many", language.Values{"Most": strconv.Itoa(mostServers)})
	}
	return servers, ""
}

// parseServer reads "gateway.example", "gateway.example:443", "192.0.2.1:443" or "[2001:db8::1]:443".
func parseServer(text string, port uint16) (profiles.Server, bool) {
	host := text
	if address, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		host = address.String()
	} else if before, after, err := net.SplitHostPort(text); err == nil {
		number, err := strconv.ParseUint(after, 10, 16)
		if err != nil || number == 0 {
			return profiles.Server{}, false
		}
		host, port = before, uint16(number)
	}
	return profiles.Server{Host: strings.ToLower(host), Port: port}, settings.IsHost(host)
}

// shortened keeps a quotation of what was typed short.
func shortened(text string) string {
	const longest = 48
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return text
}
