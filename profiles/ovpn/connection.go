package ovpn

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/footbridge-vpn/footbridge/profiles/finding"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// defaultPort is OpenVPN's (IANA service names).
const defaultPort = 1194

// maxRemotes bounds the addresses of a gateway (OpenVPN options.h, CONNECTION_LIST_SIZE).
const maxRemotes = 64

// connectionOptions are how the gateway is reached.
func connectionOptions() map[string]option {
	return map[string]option{
		"client":               {0, 0, false, nothing},
		"tls-client":           {0, 0, false, nothing},
		"pull":                 {0, 0, false, nothing},
		"dev":                  {1, 1, false, (*mapper).device},
		"dev-type":             {1, 1, false, (*mapper).device},
		"remote":               {1, 3, false, (*mapper).remote},
		"connection":           {0, 0, true, (*mapper).connection},
		"remote-random":        {0, 0, false, func(m *mapper, _ *directive) { m.config.RemoteRandom = true }},
		"proto":                {1, 1, false, (*mapper).proto},
		"proto-force":          {1, 1, false, (*mapper).protoForce},
		"port":                 {1, 1, false, (*mapper).portOption},
		"rport":                {1, 1, false, (*mapper).portOption},
		"nobind":               {0, 0, false, func(m *mapper, _ *directive) { m.config.Options.NoBind = true }},
		"float":                {0, 0, false, func(m *mapper, _ *directive) { m.config.Options.Float = true }},
		"disable-dco":          {0, 0, false, func(m *mapper, _ *directive) { m.config.Options.DisableDCO = true }},
		"http-proxy":           {1, 4, false, (*mapper).httpProxy},
		"http-proxy-user-pass": {1, 1, true, (*mapper).proxyPassword},
		"http-proxy-option":    {1, 3, false, (*mapper).httpProxyOption},
		"socks-proxy":          {1, 3, false, (*mapper).socksProxy},
	}
}

func nothing(*mapper, *directive) {}

// device takes tun in any of its spellings: the device's own name is chosen when connecting.
func (m *mapper) device(d *directive) {
	name := d.argument(0)
	if !strings.HasPrefix(name, "tun") && !strings.HasPrefix(name, "utun") && !strings.HasPrefix(name, "ovpn") {
		if d.name == "dev" && !strings.HasPrefix(name, "tap") && name != "null" {
			return // a name of the user's own; dev-type says what it is
		}
		m.Fault("unsupported-option", d.line, fmt.Sprintf("The device %s is not supported: only tun, which carries IP packets, is.", printable(name)), "Ask for a configuration with dev tun.")
	}
}

func (m *mapper) remote(d *directive) {
	host := strings.TrimSuffix(d.argument(0), ".")
	if !isHost(host) {
		m.Fault("bad-remote", d.line, "The remote is not a host name or an IP address.", "Write only the gateway's name, then its port, without https://.")
		return
	}
	remote := Remote{Host: host}
	if text := d.argument(1); text != "" {
		port, ok := m.parsePort(d, text)
		if !ok {
			return
		}
		remote.Port = port
	}
	if text := d.argument(2); text != "" {
		transport, ok := m.parseTransport(d, text)
		if !ok {
			return
		}
		remote.Transport = transport
	}
	if len(m.config.Remotes) == maxRemotes {
		m.Fault("too-many-remotes", d.line, fmt.Sprintf("There are more than %d remotes.", maxRemotes), "Remove some.")
		return
	}
	m.config.Remotes = append(m.config.Remotes, remote)
}

// connection reads a block: its remotes have the protocol and port that the block says. Everything else holds for the whole
// profile, which is right where there is just one block.
func (m *mapper) connection(d *directive) {
	m.connections++
	first := len(m.config.Remotes)
	transport, port := m.transport, m.port
	m.transport, m.port = "", 0
	for i := range d.inside {
		inside := &d.inside[i]
		switch inside.name {
		case "remote", "proto", "port", "rport", "nobind", "float":
		case "http-proxy", "socks-proxy", "tun-mtu", "mssfix", "explicit-exit-notify", "connect-timeout", "server-poll-timeout", "connect-retry", "key-direction", "tls-auth", "tls-crypt", "tls-crypt-v2":
			if m.connections > 1 || first > 0 {
				m.Warning("shared-option", inside.line, fmt.Sprintf("The option %s of one connection holds for all of them.", inside.name), "Put it in front of the connections.")
			}
		}
		m.apply(inside)
	}
	for i := range m.config.Remotes[first:] {
		remote := &m.config.Remotes[first+i]
		if remote.Transport == "" {
			remote.Transport = m.transport
		}
		if remote.Port == 0 {
			remote.Port = m.port
		}
	}
	m.transport, m.port = transport, port
}

func (m *mapper) proto(d *directive) {
	if transport, ok := m.parseTransport(d, d.argument(0)); ok {
		m.transport = transport
	}
}

func (m *mapper) protoForce(d *directive) {
	if transport, ok := m.parseTransport(d, d.argument(0)); ok {
		m.force = transport
	}
}

// parseTransport reads a protocol. The address family in it is not enforced: whichever answers is taken.
func (m *mapper) parseTransport(d *directive, text string) (string, bool) {
	switch strings.ToLower(text) {
	case "udp", "udp4", "udp6":
		return "udp", true
	case "tcp", "tcp4", "tcp6", "tcp-client", "tcp4-client", "tcp6-client":
		return "tcp", true
	}
	m.Fault("bad-proto", d.line, "The protocol is not one of a client's.", "Write udp or tcp-client.")
	return "", false
}

func (m *mapper) portOption(d *directive) {
	if port, ok := m.parsePort(d, d.argument(0)); ok {
		m.port = port
	}
}

func (m *mapper) parsePort(d *directive, text string) (uint16, bool) {
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 {
		m.Fault("bad-port", d.line, "The port is not a number from 1 to 65535.", "Correct it.")
		return 0, false
	}
	return uint16(port), true
}

func (m *mapper) httpProxy(d *directive) {
	port, ok := m.parsePort(d, cmp.Or(d.argument(1), "80"))
	if !ok || !m.setProxy(d, "http", port) {
		return
	}
	for _, argument := range d.arguments[min(2, len(d.arguments)):] {
		switch strings.ToLower(argument) {
		case "auto", "auto-nct", "basic", "digest", "none":
		case "ntlm", "ntlm2":
			m.Warning("unsupported-option", d.line, "The proxy's authentication NTLM is not supported; Basic and Digest are.", "Ask for another proxy if it refuses the connection.")
		default:
			m.proxyFile(d, argument)
		}
	}
}

// httpProxyOption leaves out how the request is dressed: no proxy is known to look at it.
func (m *mapper) httpProxyOption(d *directive) {
	switch strings.ToUpper(d.argument(0)) {
	case "VERSION", "AGENT":
		m.Note("ignored-option", d.line, "How this client introduces itself to the proxy cannot be chosen; the option is ignored.")
	default:
		m.Warning("unsupported-option", d.line, "Headers of the request to the proxy cannot be chosen; the option is ignored.", "Remove the line if the proxy does not need it.")
	}
}

func (m *mapper) socksProxy(d *directive) {
	port, ok := m.parsePort(d, cmp.Or(d.argument(1), "1080"))
	if ok && m.setProxy(d, "socks5", port) && d.argument(2) != "" {
		m.proxyFile(d, d.argument(2))
	}
}

func (m *mapper) setProxy(d *directive, kind string, port uint16) bool {
	if !isHost(d.argument(0)) {
		m.Fault("bad-proxy", d.line, "The proxy is not a host name or an IP address.", "Write only the proxy's name, then its port.")
		return false
	}
	var before Proxy
	if m.config.Proxy != nil {
		before = *m.config.Proxy
	}
	m.config.Proxy = &Proxy{Type: kind, Host: d.argument(0), Port: port, Username: before.Username, Password: before.Password}
	return true
}

// proxyFile reads a user name and password from the file that the line names.
func (m *mapper) proxyFile(d *directive, name string) {
	if name == "stdin" {
		return
	}
	text, ok := m.content(&directive{name: "http-proxy-user-pass", arguments: []string{name}, line: d.line}, finding.Warning)
	if ok {
		m.proxyCredentials(text)
	}
}

func (m *mapper) proxyPassword(d *directive) {
	if text, ok := m.content(d, finding.Warning); ok {
		m.proxyCredentials(text)
	}
}

func (m *mapper) proxyCredentials(text string) {
	if m.config.Proxy == nil {
		m.config.Proxy = &Proxy{}
	}
	username, password := twoLines(text)
	m.config.Proxy.Username, m.config.Proxy.Password = username, secret.Text(password)
}

// twoLines are the user name and the password of a credentials file.
func twoLines(text string) (first, second string) {
	first, rest, _ := strings.Cut(text, "\n")
	second, _, _ = strings.Cut(rest, "\n")
	return strings.TrimRight(first, "\r"), strings.TrimRight(second, "\r")
}

// finishRemotes fills in what remotes do not say themselves.
func (m *mapper) finishRemotes() {
	if m.config.Proxy != nil && m.config.Proxy.Host == "" {
		m.config.Proxy = nil // a password for no proxy
	}
	m.config.Transport = cmp.Or(m.transport, "udp")
	for i := range m.config.Remotes {
		if m.config.Remotes[i].Port == 0 {
			m.config.Remotes[i].Port = m.port
		}
		if m.config.Remotes[i].Port == 0 {
			m.config.Remotes[i].Port = defaultPort
		}
	}
	if m.force != "" {
		m.config.Remotes = slices.DeleteFunc(m.config.Remotes, func(r Remote) bool { return cmp.Or(r.Transport, m.config.Transport) != m.force })
		m.config.Transport = m.force
	}
	if len(m.config.Remotes) == 0 {
		m.Fault("missing-remote", 0, "The configuration names no gateway.", "Add a line: remote, the gateway's name, its port.")
	}
}

// isHost reports whether text is a DNS name or an IP address.
func isHost(text string) bool {
	if _, err := netip.ParseAddr(text); err == nil {
		return true
	}
	if text == "" || len(text) > 253 || strings.HasPrefix(text, "-") {
		return false
	}
	for label := range strings.SplitSeq(text, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
		for _, r := range label {
			if !(r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r > 0x7f) {
				return false
			}
		}
	}
	return true
}
