package tunnel

import (
	"net/netip"
	"time"
)

// Event is one thing that changed about a connection. Only the fields of its kind are set.
type Event struct {
	Time    time.Time `json:"time"`
	Kind    Kind      `json:"kind"`
	State   State     `json:"state"`
	Stage   Stage     `json:"stage,omitempty"`   // with KindStage
	Server  string    `json:"server,omitempty"`  // with KindStage: the server it is about
	Problem *Problem  `json:"problem,omitempty"` // with KindState, why; with KindRetry, what went wrong
	Session *Session  `json:"session,omitempty"` // with KindSession
	Wait    float64   `json:"wait,omitempty"`    // with KindRetry: seconds until the next attempt; 0: it begins now
	Message string    `json:"message,omitempty"` // with KindWarning and KindMessage: one sentence
}

// Kind says what an Event is about.
type Kind string

// The kinds of events.
const (
	KindState   Kind = "state"   // the state changed
	KindStage   Kind = "stage"   // an attempt got further
	KindSession Kind = "session" // the gateway's configuration is in place, or was renewed
	KindRetry   Kind = "retry"   // an attempt failed and another follows
	KindWarning Kind = "warning" // something the user should know; the connection goes on
	KindMessage Kind = "message" // a text from the gateway
)

// Stage is how far an attempt has got, in the order of a connection.
type Stage string

// The stages of an attempt.
const (
	Resolving      Stage = "resolving"
	Dialling       Stage = "connecting"
	Handshaking    Stage = "verifying-gateway"
	Authenticating Stage = "signing-in"
	Pending        Stage = "waiting-for-approval" // the gateway waits for someone to approve the sign-in
	Configuring    Stage = "configuring"
	Renegotiated   Stage = "keys-renewed"
)

// Session is what is known of a connection that is up.
type Session struct {
	Since          time.Time      `json:"since"`
	Server         string         `json:"server"`
	Remote         netip.AddrPort `json:"remote"`
	Local          netip.AddrPort `json:"local"`
	Transport      string         `json:"transport"` // "tcp", "udp"
	Interface      string         `json:"interface"`
	Addresses      []netip.Prefix `json:"addresses"`
	Routes         []netip.Prefix `json:"routes"`
	ExcludedRoutes []netip.Prefix `json:"excluded_routes,omitempty"`
	DNSServers     []netip.Addr   `json:"dns_servers,omitempty"`
	DNSSuffixes    []string       `json:"dns_suffixes,omitempty"`
	MTU            int            `json:"mtu"`
	Cipher         string         `json:"cipher"`
	TLSVersion     string         `json:"tls_version"`
	TLSCipherSuite string         `json:"tls_cipher_suite"`
	GatewayName    string         `json:"gateway_name"` // common name in the gateway's certificate
}

// Traffic is what went through a connection, in bytes and packets of inner IP.
type Traffic struct {
	BytesIn    uint64 `json:"bytes_in"`
	BytesOut   uint64 `json:"bytes_out"`
	PacketsIn  uint64 `json:"packets_in"`
	PacketsOut uint64 `json:"packets_out"`
}
