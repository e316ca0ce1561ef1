package push

import (
	"net/netip"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/keymethod"
)

// Options is the configuration a gateway pushes, checked (OpenVPN man page, "Client options" and "VPN network options", by
// their names there). The zero value of a field means that the gateway did not say.
type Options struct {
	Topology     Topology
	Ifconfig     Ifconfig
	IfconfigIPv6 IfconfigIPv6

	Routes           []Route // IPv4 and IPv6, in the order they came
	RouteGateway     netip.Addr
	RouteGatewayDHCP bool
	RouteMetric      int // of routes without their own
	RedirectGateway  *RedirectGateway
	BlockIPv6        bool // IPv6 must not leave this computer beside the tunnel
	BlockOutsideDNS  bool // DNS must not leave this computer beside the tunnel

	DHCP DHCP
	DNS  DNS // takes precedence over DHCP where it is not empty

	TunMTU             int           // bytes
	Ping               time.Duration // how long to be silent before a ping
	PingRestart        time.Duration // how long the gateway may be silent; Never: no limit
	PingExit           time.Duration // the same, but the end; Never: no limit
	Inactive           time.Duration // how long nothing but InactiveBytes may flow
	InactiveBytes      int64
	SessionTimeout     time.Duration
	ExplicitExitNotify int // number of notices; 0: not pushed

	PeerID        uint32 // packet.NoPeer: none
	Cipher        string // of the data channel
	Compression   Compression
	ProtocolFlags ProtocolFlags

	AuthToken     keymethod.Secret // replaces the password from now on
	AuthTokenUser string           // replaces the user name with it

	SendBuffer    int // bytes, of the socket
	ReceiveBuffer int

	Ignored []string // options that are not for us, as they came; without secrets
	Refused []Refusal
}

// Never, as a duration of an option, means that it was switched off, where zero means that it was not set.
const Never = time.Duration(-1)

// Refusal is an option that is understood and not followed.
type Refusal struct {
	Option string // as it came; without secrets
	Reason string
}

// Topology is how addresses are laid out inside the tunnel.
type Topology string

// The topologies. A gateway that says nothing means net30.
const (
	Subnet Topology = "subnet"
	Net30  Topology = "net30"
	P2P    Topology = "p2p"
)

// Ifconfig is this end's IPv4 address inside the tunnel.
type Ifconfig struct {
	Address netip.Addr   // not valid: none
	Prefix  netip.Prefix // topology subnet: Address with the length of the subnet; else Address/32
	Peer    netip.Addr   // topology net30 and p2p: the other end
}

// IfconfigIPv6 is this end's IPv6 address inside the tunnel.
type IfconfigIPv6 struct {
	Prefix netip.Prefix // the address, not masked, with the length of the subnet; not valid: none
	Peer   netip.Addr
}

// Route is a destination that goes through, or past, the tunnel.
type Route struct {
	Prefix  netip.Prefix
	Via     Via
	Gateway netip.Addr // with ViaAddress
	Metric  int        // 0: RouteMetric
}

// Via says where a route leads.
type Via int

// Where a route leads.
const (
	ViaTunnel  Via = iota // the default, and vpn_gateway
	ViaNet                // net_gateway: past the tunnel, by the default route of before
	ViaAddress            // by a gateway inside the tunnel
)

// RedirectGateway is the redirect-gateway option, or redirect-private.
type RedirectGateway struct {
	Private    bool // redirect-private: everything but the default route
	Local      bool // the gateway is on this network: no route to it is needed
	AutoLocal  bool
	Def1       bool // 0.0.0.0/1 and 128.0.0.0/1 instead of 0.0.0.0/0
	BypassDHCP bool
	BypassDNS  bool
	BlockLocal bool // the local network must not be used
	IPv6       bool // the IPv6 default route too
	NoIPv4     bool // not the IPv4 default route ("!ipv4")
}

// DHCP holds the dhcp-option settings.
type DHCP struct {
	DNS                 []netip.Addr // DNS and DNS6
	Domain              string       // DOMAIN
	SearchDomains       []string     // DOMAIN-SEARCH
	AdapterDomainSuffix string
	WINS                []netip.Addr
	NTP                 []netip.Addr
	NBDD                []netip.Addr
	NetBIOSNodeType     int
	NetBIOSScope        string
	DisableNetBIOS      bool
	ProxyAutoConfigURL  string
	ProxyHTTP           string // host:port
	ProxyHTTPS          string // host:port
	ProxyBypass         []string
}

// DNS holds the dns settings of OpenVPN 2.6 and later.
type DNS struct {
	Servers       []DNSServer // by priority, the first counts
	SearchDomains []string
}

// DNSServer is a group of addresses that are asked for the same names.
type DNSServer struct {
	Priority       int
	Addresses      []netip.AddrPort // port 0: the transport's own
	ResolveDomains []string         // only names below these; empty: all names
	DNSSEC         string           // "yes", "optional", "no" or empty
	Transport      string           // "plain", "DoT", "DoH" or empty
	SNI            string
}

// Compression is the framing of the compression layer. Nothing is ever compressed.
type Compression string

// The framings (OpenVPN comp.h, compstub.c).
const (
	NoCompression Compression = ""
	CompLZO       Compression = "comp-lzo" // comp-lzo no: one byte in front
	Stub          Compression = "stub"     // compress, compress stub: one byte in front, swapped
	StubV2        Compression = "stub-v2"  // compress stub-v2
)

// ProtocolFlags is what both ends can do and the gateway chose to do.
type ProtocolFlags struct {
	Known       bool // protocol-flags was pushed
	TLSEKM      bool // data keys are exported from TLS; also set by key-derivation tls-ekm
	CCExit      bool // an end says that it leaves by EXIT on the control channel
	DynTLSCrypt bool
	AEADEpoch   bool
}
