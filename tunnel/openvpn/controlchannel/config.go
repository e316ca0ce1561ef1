package controlchannel

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

// Defaults of Config (OpenVPN options.c).
const (
	DefaultRetransmitAfter = 2 * time.Second
	DefaultWindow          = 60 * time.Second
	DefaultMaxPacket       = 1250
)

// networkHeaders is what IPv6 and UDP put before a packet, in bytes.
const networkHeaders = 48

// minPayload is what a message packet carries at least, in bytes, however small MaxPacket is (OpenVPN ssl.c,
// write_outgoing_tls_ciphertext).
const minPayload = 16

// Role is which end of the session this is. The client is the TLS client and sends the first packet of a session.
type Role uint8

// The roles.
const (
	Client Role = iota
	Server
)

// Config describes one key of a session.
type Config struct {
	Role Role

	// KeyID is 0 for the first key of a session, which begins with hard resets, and 1 to 7 for a renegotiated one,
	// which begins with soft resets from both sides, whichever side wanted it.
	KeyID uint8

	LocalSession packet.SessionID

	// RemoteSession may be zero only for KeyID 0; it is then learnt from the peer's reset.
	RemoteSession packet.SessionID

	// ResetsDone says that both hard resets have passed already, and LocalSession was proved to the client by a
	// server that keeps no state before (OpenVPN ssl.c, session_skip_to_pre_start). Messages then count from 1. Only
	// for a Server with RemoteSession.
	ResetsDone bool

	// Wrap is shared by the keys of a session, except that keys other than 0 may have its dynamic form. nil means none.
	Wrap *tlswrap.Wrapper

	// TLS is the configuration of the TLS client or server. Its Time is replaced by the channel's clock unless
	// set. Keys that are not of the standard library's types, and GetClientCertificate, may take as long as they
	// like: see Wake. Its other callbacks must return quickly.
	TLS *tls.Config

	Stream          bool          // the transport loses and reorders nothing, so acknowledgements are given once, in small numbers
	RetransmitAfter time.Duration // option tls-timeout; 0: DefaultRetransmitAfter
	Window          time.Duration // option hand-window, from New until TLS is established; 0: DefaultWindow
	MaxPacket       int           // option max-packet-size, in bytes with IP and UDP headers; 0: DefaultMaxPacket

	// Wake is called, from another goroutine, when a slow signature or GetClientCertificate has finished and
	// Advance should be called. It must not call the channel itself.
	Wake func()

	Logger *slog.Logger // nil: silent
}

// withDefaults checks the configuration and fills in what is zero.
func (c Config) withDefaults() (Config, error) {
	if c.TLS == nil {
		return c, errors.New("there is no TLS configuration")
	}
	if c.LocalSession.IsZero() {
		return c, errors.New("there is no local session id")
	}
	if c.KeyID > packet.MaxKeyID {
		return c, fmt.Errorf("key id %d is impossible", c.KeyID)
	}
	if c.KeyID != 0 && c.RemoteSession.IsZero() {
		return c, errors.New("a renegotiated key needs the remote session id")
	}
	if c.ResetsDone && (c.Role != Server || c.KeyID != 0 || c.RemoteSession.IsZero()) {
		return c, errors.New("only a server's first key of a known session can begin after the resets")
	}
	if c.Wrap == nil {
		wrap, err := tlswrap.New(tlswrap.Config{Server: c.Role == Server})
		if err != nil {
			return c, err
		}
		c.Wrap = wrap
	}
	if c.RetransmitAfter <= 0 {
		c.RetransmitAfter = DefaultRetransmitAfter
	}
	if c.Window <= 0 {
		c.Window = DefaultWindow
	}
	if c.MaxPacket <= 0 {
		c.MaxPacket = DefaultMaxPacket
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}
