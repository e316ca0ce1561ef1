package openvpn

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/datachannel"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/keymethod"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

// Never, as a duration of a Config, means that the thing is switched off, where zero means the default.
const Never = push.Never

// Hello is how the client introduces itself inside TLS.
type Hello int

// The ways to introduce oneself.
const (
	StandardHello Hello = iota // as OpenVPN 2.6 does
	AzureHello                 // the exact options string and peer info of Microsoft's own client
)

// Config says how to hold a session. The zero value of an optional field means OpenVPN's default (man page).
type Config struct {
	Stream bool // the transport is a stream (TCP); otherwise datagrams (UDP)

	// TLS holds the certificates, the verification of the gateway and the versions of TLS. It is cloned. Neither server name nor
	// verification are added to it: without a VerifyConnection or ServerName of its own, the handshake fails.
	TLS *tls.Config
	// Wrap protects the control channel; it is the client's side whatever Server says.
	Wrap tlswrap.Config

	Hello         Hello
	SmallTLSHello bool // leave the post-quantum key share out, so that the TLS hello fits into one control packet

	// AsksCredential says that the gateway wants a user name and password besides, or instead of, a client certificate (auth-user-pass).
	AsksCredential  bool
	StaticChallenge *push.Challenge // asked with the credential (static-challenge)
	Challenge       *push.Challenge // Failure.Challenge of the session before: the gateway's question (CRV1)
	Token           *Token          // from the session before; used instead of asking

	TLSTimeout       time.Duration // before a control packet is sent again the first time (tls-timeout); 2 s
	HandshakeWindow  time.Duration // for the whole handshake, and for the configuration after it (hand-window); 60 s
	TransitionWindow time.Duration // how long an old key is accepted (tran-window); 1 h
	MaxPacket        int           // bytes of a control packet (max-packet-size); 1250

	RenegotiateAfter   time.Duration // reneg-sec; 1 h; Never: only the gateway starts
	RenegotiateBytes   int64         // reneg-bytes; 0: no limit
	RenegotiatePackets int64         // reneg-pkts; 0: no limit

	DataCiphers    []string // data-ciphers, the preferred one first
	FallbackCipher string   // data-ciphers-fallback; empty: none
	Digest         string   // auth: of the data channel's HMAC; SHA1
	Compression    push.Compression
	ReplayWindow   int // packets; 0: the data channel's default

	TunMTU             int           // bytes; 1500; a pushed value wins
	Ping               time.Duration // ping; pushed values win; 0: none
	PingRestart        time.Duration // ping-restart
	PingExit           time.Duration // ping-exit
	Inactive           time.Duration // inactive
	InactiveBytes      int64
	SessionTimeout     time.Duration // session-timeout
	ExplicitExitNotify int           // explicit-exit-notify: notices on leaving a datagram session

	PullFilters []push.Filter // pull-filter, in order
	RouteNoPull bool          // route-nopull

	Version  string            // of this program, for IV_GUI_VER; empty: not said
	Platform string            // IV_PLAT: "linux", "win" or "mac"; empty: not said
	PeerInfo map[string]string // UV_* and IV_* entries to add or replace

	Logger *slog.Logger // nil: no log
}

// Defaults of OpenVPN (options.c, init_options).
const (
	defaultTLSTimeout       = 2 * time.Second
	defaultHandshakeWindow  = 60 * time.Second
	defaultTransitionWindow = time.Hour
	defaultRenegotiateAfter = time.Hour
	defaultMaxPacket        = 1250
	defaultTunMTU           = 1500
	defaultDigest           = "SHA1"
)

// withDefaults returns the configuration with nothing left open, or says what cannot be.
func (c Config) withDefaults() (Config, error) {
	if c.TLS == nil {
		return c, errors.New("configure session: no TLS configuration")
	}
	c.TLS = adaptTLS(c.TLS, c.Hello, c.SmallTLSHello)
	c.Wrap.Server = false
	c.TLSTimeout = defaultDuration(c.TLSTimeout, defaultTLSTimeout)
	c.HandshakeWindow = defaultDuration(c.HandshakeWindow, defaultHandshakeWindow)
	c.TransitionWindow = defaultDuration(c.TransitionWindow, defaultTransitionWindow)
	c.RenegotiateAfter = defaultDuration(c.RenegotiateAfter, defaultRenegotiateAfter)
	if c.MaxPacket == 0 {
		c.MaxPacket = defaultMaxPacket
	}
	if err := c.checkCiphers(); err != nil {
		return c, err
	}
	if c.Digest == "" {
		c.Digest = defaultDigest
	}
	if c.TunMTU == 0 {
		c.TunMTU = defaultTunMTU
	}
	if c.TunMTU < push.MinMTU || c.TunMTU > push.MaxMTU {
		return c, fmt.Errorf("configure session: tun-mtu %d is not between %d and %d", c.TunMTU, push.MinMTU, push.MaxMTU)
	}
	if c.Challenge != nil && c.Challenge.Kind != push.DynamicChallenge {
		return c, errors.New("configure session: the challenge to answer is not one that a gateway asked with a refusal")
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// checkCiphers leaves only ciphers that can be spoken: the gateway chooses among those that are offered.
func (c *Config) checkCiphers() error {
	if len(c.DataCiphers) == 0 {
		c.DataCiphers = keymethod.DefaultCiphers()
	}
	var offered []string
	for _, name := range c.DataCiphers {
		name = strings.ToUpper(strings.TrimPrefix(name, "?")) // "?" marks those that may be missing
		if datachannel.Supported(name) {
			offered = append(offered, name)
		}
	}
	if len(offered) == 0 {
		return fmt.Errorf("configure session: none of the data ciphers %s is supported", strings.Join(c.DataCiphers, ", "))
	}
	c.DataCiphers = offered
	c.FallbackCipher = strings.ToUpper(c.FallbackCipher)
	if c.FallbackCipher != "" && !datachannel.Supported(c.FallbackCipher) {
		return fmt.Errorf("configure session: cipher %s is not supported", c.FallbackCipher)
	}
	return nil
}

func defaultDuration(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}
