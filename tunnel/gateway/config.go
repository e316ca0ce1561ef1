package gateway

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"golang.zx2c4.com/wireguard/tun"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/controlchannel"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/mssfix"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
	"github.com/footbridge-vpn/footbridge/tunnel/transport"
)

// Config describes a gateway. Options are named as in OpenVPN's man page where they are its.
type Config struct {
	Listeners []net.Listener              // for TCP clients; the server closes them
	Sockets   []*transport.PacketListener // for UDP clients; the server closes them

	// Device is where packets from clients come out and packets for them go in. It brings its own address and routes. nil: data goes nowhere.
	// It belongs to the caller, who must close it to end its pending Read; see Serve.
	Device tun.Device

	TLS  *tls.Config    // certificate, client verification, versions
	Wrap tlswrap.Config // tls-auth, tls-crypt, tls-crypt-v2; it is the server's side whatever Server says

	// Authenticate decides about each login. nil: whoever TLS accepts, which then must require certificates.
	Authenticate Authenticator

	IPv4 netip.Prefix // address pool, the first address is the gateway's own; zero: none
	IPv6 netip.Prefix // the same

	Routes  []netip.Prefix // pushed as route and route-ipv6
	DNS     []netip.Addr   // pushed as dhcp-option DNS
	Domains []string       // pushed as dhcp-option DOMAIN-SEARCH
	Push    []string       // further options to push, as they are

	ReplySize int // bytes of a PUSH_REPLY before it is continued in another; 0: push.DefaultReplySize

	Ciphers     []string         // data-ciphers, the preferred one first; empty: all
	Digest      string           // auth, for ciphers that are not AEAD; empty: SHA1
	Compression push.Compression // framing; nothing is ever compressed

	TunMTU int // bytes, of packets inside the tunnel; pushed unless 0, which is 1500

	MSSFix int // mssfix mtu: bytes of outer packets that TCP inside is made to fit, in both directions; 0: 1492; negative: off

	Ping        time.Duration // keepalive, first argument, pushed too; 0: none
	PingTimeout time.Duration // keepalive, second argument; the gateway waits twice as long; 0: none

	RenegotiateAfter time.Duration // reneg-sec; 0: 1 h; negative: only clients start
	TransitionWindow time.Duration // tran-window: how long a replaced key is accepted; 0: 1 h
	RetransmitAfter  time.Duration // tls-timeout; 0: 2 s
	HandshakeWindow  time.Duration // hand-window; 0: 60 s
	MaxControlPacket int           // max-packet-size, bytes; 0: 1250

	NotifyStop bool // explicit-exit-notify: tell clients with RESTART when the gateway stops

	MaxClients int // sessions at a time, those that are not signed in yet included; 0: 1024

	Faults Faults       // to begin with; see Server.SetFaults
	Logger *slog.Logger // nil: silent
}

// Defaults of OpenVPN (options.c, init_options).
const (
	defaultRenegotiateAfter = time.Hour
	defaultTransitionWindow = time.Hour
	defaultTunMTU           = 1500
	defaultMaxClients       = 1024
	defaultDigest           = "SHA1"
)

// allCiphers are the data channel ciphers of the engine.
func allCiphers() []string {
	return []string{"AES-256-GCM", "AES-128-GCM", "CHACHA20-POLY1305", "AES-256-CBC", "AES-192-CBC", "AES-128-CBC"}
}

// withDefaults checks the configuration and fills in what is zero.
func (c Config) withDefaults() (Config, error) {
	if err := c.check(); err != nil {
		return c, fmt.Errorf("set up gateway: %w", err)
	}
	if c.Authenticate == nil {
		c.Authenticate = AcceptCertificate
	}
	c.Wrap.Server = true
	if len(c.Ciphers) == 0 {
		c.Ciphers = allCiphers()
	}
	c.Ciphers = slices.Clone(c.Ciphers)
	for i := range c.Ciphers {
		c.Ciphers[i] = strings.ToUpper(c.Ciphers[i])
	}
	if c.Digest == "" {
		c.Digest = defaultDigest
	}
	if c.MSSFix == 0 {
		c.MSSFix = mssfix.DefaultMTU
	}
	if c.RenegotiateAfter == 0 {
		c.RenegotiateAfter = defaultRenegotiateAfter
	}
	if c.TransitionWindow <= 0 {
		c.TransitionWindow = defaultTransitionWindow
	}
	if c.RetransmitAfter <= 0 {
		c.RetransmitAfter = controlchannel.DefaultRetransmitAfter
	}
	if c.HandshakeWindow <= 0 {
		c.HandshakeWindow = controlchannel.DefaultWindow
	}
	if c.MaxClients <= 0 {
		c.MaxClients = defaultMaxClients
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

func (c *Config) check() error {
	switch {
	case len(c.Listeners)+len(c.Sockets) == 0:
		return errors.New("there is nothing to listen at")
	case c.TLS == nil:
		return errors.New("there is no TLS configuration")
	case c.Authenticate == nil && c.TLS.ClientAuth != tls.RequireAndVerifyClientCert:
		return errors.New("there is no Authenticate, and TLS does not require client certificates")
	case c.IPv4.IsValid() && (!c.IPv4.Addr().Is4() || c.IPv4.Bits() > 30):
		return fmt.Errorf("%v is no pool of IPv4 addresses", c.IPv4)
	case c.IPv6.IsValid() && (!c.IPv6.Addr().Is6() || c.IPv6.Addr().Is4In6() || c.IPv6.Bits() > 126):
		return fmt.Errorf("%v is no pool of IPv6 addresses", c.IPv6)
	case !c.IPv4.IsValid() && !c.IPv6.IsValid():
		return errors.New("there is no address pool")
	case c.TunMTU != 0 && (c.TunMTU < push.MinMTU || c.TunMTU > push.MaxMTU):
		return fmt.Errorf("tun-mtu %d is not between %d and %d", c.TunMTU, push.MinMTU, push.MaxMTU)
	case c.MaxClients > int(packet.NoPeer):
		return fmt.Errorf("%d clients are more than there are peer ids", c.MaxClients)
	}
	for _, cipher := range c.Ciphers {
		if !slices.Contains(allCiphers(), strings.ToUpper(cipher)) {
			return fmt.Errorf("cipher %q is not known", cipher)
		}
	}
	// A wrapper and a configuration to push are made for each session; what is wrong with them shows now.
	wrap := c.Wrap
	wrap.Server = true
	if _, err := tlswrap.New(wrap); err != nil {
		return err
	}
	if _, err := push.Replies(c.commonOptions(), c.ReplySize); err != nil {
		return err
	}
	return nil
}

// tunMTU is the size of packets inside the tunnel, in bytes.
func (c *Config) tunMTU() int {
	if c.TunMTU == 0 {
		return defaultTunMTU
	}
	return c.TunMTU
}
