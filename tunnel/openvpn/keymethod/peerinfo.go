package keymethod

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// AzurePeerInfo is the peer info of Microsoft's own Azure VPN client. It is one line with blanks, where OpenVPN has lines.
const AzurePeerInfo = "IV_VER=AzMac IV_PLAT=0.1 IV_PROTO=1 IV_PLAT_VER= IV_PLAT_DEVICE_ID=x64"

// Protocol is IV_PROTO: what an end can do (OpenVPN ssl.h).
type Protocol int

// The bits of IV_PROTO.
const (
	DataV2        Protocol = 1 << 1  // data packets with a peer id
	RequestPush   Protocol = 1 << 2  // may push before being asked
	TLSKeyExport  Protocol = 1 << 3  // data keys by TLS exporter
	AuthPendingKW Protocol = 1 << 4  // keywords in AUTH_PENDING
	NCPP2P        Protocol = 1 << 5  // cipher negotiation without a server
	CCExitNotify  Protocol = 1 << 7  // EXIT on the control channel
	AuthFailTemp  Protocol = 1 << 8  // AUTH_FAILED,TEMP
	DynTLSCrypt   Protocol = 1 << 9  // dynamic tls-crypt for renegotiation
	DataEpoch     Protocol = 1 << 10 // epoch data keys
	DNSOptionV2   Protocol = 1 << 11 // the dns option as of 2.6
	PushUpdate    Protocol = 1 << 12 // PUSH_UPDATE
)

// DefaultCiphers are the data channel ciphers that are offered where the profile names none, the preferred one first.
func DefaultCiphers() []string {
	return []string{"AES-256-GCM", "AES-128-GCM", "CHACHA20-POLY1305"}
}

// PeerInfo is what an end says about itself (OpenVPN ssl.c, push_peer_info).
type PeerInfo struct {
	Version    string // IV_VER
	Platform   string // IV_PLAT
	GUIVersion string // IV_GUI_VER
	Protocol   Protocol
	Ciphers    []string          // IV_CIPHERS
	SSO        string            // IV_SSO
	Extra      map[string]string // added, or in place of the above; an empty value leaves the entry out
}

// String is the peer info as it goes into a Message: one entry a line. IV_MTU is not among the entries: gateways push
// their MTU without it where they must, and some Azure gateways close the connection on it.
func (p PeerInfo) String() string {
	entries := []struct{ name, value string }{
		{"IV_VER", p.Version},
		{"IV_PLAT", p.Platform},
		{"IV_TCPNL", "1"},
		{"IV_NCP", p.ncp()},
		{"IV_CIPHERS", strings.Join(p.Ciphers, ":")},
		{"IV_PROTO", strconv.Itoa(int(p.Protocol))},
		{"IV_LZO_STUB", "1"},
		{"IV_COMP_STUB", "1"},
		{"IV_COMP_STUBv2", "1"},
		{"IV_GUI_VER", p.GUIVersion},
		{"IV_SSO", p.SSO},
	}
	var b strings.Builder
	extra := maps.Clone(p.Extra)
	for _, entry := range entries {
		if value, found := extra[entry.name]; found {
			entry.value = value
			delete(extra, entry.name)
		}
		if entry.value != "" {
			fmt.Fprintf(&b, "%s=%s\n", entry.name, entry.value)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(extra)) {
		if extra[name] != "" {
			fmt.Fprintf(&b, "%s=%s\n", name, extra[name])
		}
	}
	return b.String()
}

// ncp is 2 for an end that can do both AES-GCM ciphers, which is what it means to servers of before IV_CIPHERS.
func (p PeerInfo) ncp() string {
	if slices.Contains(p.Ciphers, "AES-256-GCM") && slices.Contains(p.Ciphers, "AES-128-GCM") {
		return "2"
	}
	return ""
}

// CheckExtra says whether an entry may be added: a name of IV_ or UV_, letters, digits and underscores; a value without line breaks.
func CheckExtra(name, value string) error {
	if !strings.HasPrefix(name, "IV_") && !strings.HasPrefix(name, "UV_") {
		return fmt.Errorf("add peer info %q: it begins with neither IV_ nor UV_", name)
	}
	for _, r := range name {
		if r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return fmt.Errorf("add peer info %q: the name has a character that it cannot have", name)
		}
	}
	if strings.ContainsAny(value, "\x00\r\n") {
		return errors.New("add peer info " + name + ": the value has a line break")
	}
	return nil
}

// ParsePeerInfo reads the other end's peer info, lines of name and value. What is no such line is left out. The official client's
// single line comes out as one entry, IV_VER; see IsAzure.
func ParsePeerInfo(text string) map[string]string {
	entries := make(map[string]string)
	for line := range strings.SplitSeq(text, "\n") {
		name, value, found := strings.Cut(strings.TrimSuffix(line, "\r"), "=")
		if found && len(entries) < maxEntries {
			entries[name] = value
		}
	}
	return entries
}

// maxEntries bounds how many entries a peer may send.
const maxEntries = 128

// IsAzure reports whether the other end introduced itself as Microsoft's own client does.
func IsAzure(peerInfo string) bool { return strings.HasPrefix(peerInfo, "IV_VER=AzMac ") }

// ProtocolOf is the IV_PROTO of a peer info, 0 where it has none.
func ProtocolOf(peerInfo map[string]string) Protocol {
	n, err := strconv.Atoi(peerInfo["IV_PROTO"])
	if err != nil || n < 0 {
		return 0
	}
	return Protocol(n)
}

// CiphersOf is the data channel ciphers that a peer offers (OpenVPN ssl_ncp.c, tls_peer_ncp_list).
func CiphersOf(peerInfo map[string]string) []string {
	if list := peerInfo["IV_CIPHERS"]; list != "" {
		return strings.Split(list, ":")
	}
	if n, err := strconv.Atoi(peerInfo["IV_NCP"]); err == nil && n >= 2 {
		return []string{"AES-256-GCM", "AES-128-GCM"}
	}
	return nil
}
