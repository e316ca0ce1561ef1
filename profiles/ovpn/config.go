package ovpn

import (
	"crypto/x509"
	"net/netip"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// Never, as a duration of an option, means that it was switched off, where zero means that it was not set.
const Never = time.Duration(-1)

// Config is what an OpenVPN client configuration says (OpenVPN man page). The zero value of a field means that it did not say.
type Config struct {
	FriendlyName string // setenv FRIENDLY_NAME
	Remotes      []Remote
	RemoteRandom bool
	Transport    string // "udp" or "tcp", for remotes that say nothing
	Proxy        *Proxy

	CA               []*x509.Certificate // ca
	NameType         string              // verify-x509-name: "subject", "name" or "name-prefix"
	Name             string
	RequireServerEKU bool     // remote-cert-tls server, or remote-cert-eku with the same meaning
	PeerFingerprints []string // SHA-256, lower-case hex
	RevocationList   []byte   // crl-verify, PEM

	ControlMode  string      // "", "tls-auth", "tls-crypt" or "tls-crypt-v2"
	ControlKey   secret.Text // 512 hexadecimal digits; tls-crypt-v2: the PEM client key
	KeyDirection *int        // of tls-auth

	ClientCert   secret.Text // PEM
	ClientKey    secret.Text // PEM
	PKCS12       secret.Text // raw
	BringsOwn    bool        // the file leaves the certificate to be filled in, or to be found in a store
	AuthUserPass bool
	Username     string
	Password     secret.Text
	Challenge    *Challenge

	IncludeRoutes   []netip.Prefix
	ExcludeRoutes   []netip.Prefix // via net_gateway
	DNSServers      []netip.Addr
	DNSSuffixes     []string // dns server resolve-domains: only these names are asked of DNSServers
	SearchDomains   []string // dhcp-option DOMAIN and DOMAIN-SEARCH, dns search-domains
	BlockOutsideDNS bool

	Options Options
	Kept    [][]string // options that have no effect here, or need not be known, and are written again
}

// HasCertificate reports whether the user signs in with a certificate, from the file or elsewhere.
func (c *Config) HasCertificate() bool {
	return c.ClientCert != "" || c.PKCS12 != "" || c.BringsOwn
}

// Remote is one address of the gateway.
type Remote struct {
	Host      string
	Port      uint16
	Transport string // "" for Config.Transport
}

// Challenge is static-challenge.
type Challenge struct {
	Text   string
	Echo   bool
	Concat bool
}

// Proxy is http-proxy or socks-proxy.
type Proxy struct {
	Type     string // "http" or "socks5"
	Host     string
	Port     uint16
	Username string
	Password secret.Text
}

// Options are the options of the OpenVPN protocol that a profile can set, by their names on the man page.
type Options struct {
	DataCiphers        []string // data-ciphers
	FallbackCipher     string   // data-ciphers-fallback, or cipher
	Auth               string   // auth: digest of the data channel's HMAC and of tls-auth
	TLSVersionMin      uint16   // crypto/tls version
	TLSVersionMax      uint16
	TLSTimeout         time.Duration // first retransmission of a control packet
	HandshakeWindow    time.Duration // hand-window
	TransitionWindow   time.Duration // tran-window
	RenegotiateAfter   time.Duration // reneg-sec; Never for 0
	RenegotiateBytes   int64         // reneg-bytes
	RenegotiatePackets int64         // reneg-pkts
	TunMTU             int
	MSSFix             *int          // mssfix; nil: default; 0: off
	MSSFixMode         string        // what MSSFix counts: "" for the payload of the outer packet, "mtu" for all of it, "fixed" for the segment itself
	Ping               time.Duration // ping, keepalive
	PingRestart        time.Duration // Never for 0
	PingExit           time.Duration
	Inactive           time.Duration // inactive: leave after so long with less than InactiveBytes
	InactiveBytes      int64
	SessionTimeout     time.Duration // session-timeout
	ReplayWindow       int           // replay-window, packets
	MaxPacketSize      int           // max-packet-size: bytes of a control packet
	ExplicitExitNotify int           // number of notices
	Compression        string        // "", "comp-lzo", "stub", "stub-v2": framing only
	ConnectTimeout     time.Duration
	ConnectRetry       time.Duration
	ConnectRetryMax    int // attempts; 0: no end
	RouteNoPull        bool
	PullFilters        []PullFilter
	RedirectGateway    []string // flags of redirect-gateway, "private" for redirect-private; nil: absent
	PushPeerInfo       bool
	PeerInfo           map[string]string // setenv UV_* and IV_*
	NoBind             bool
	Float              bool
	AuthRetry          string // none, nointeract, interact
	AuthNoCache        bool
	DisableDCO         bool
}

// PullFilter is one pull-filter line.
type PullFilter struct {
	Action string // accept, ignore, reject
	Prefix string
}
