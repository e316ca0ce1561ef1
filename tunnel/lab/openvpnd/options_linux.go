package openvpnd

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/pki"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

// Options describes a gateway. Fields are named after OpenVPN's options where they are one; zero leaves OpenVPN's default.
type Options struct {
	Namespace *netns.Namespace
	Listen    netip.AddrPort // where clients connect to
	Proto     string         // "tcp" or "udp"

	Wrap        tlswrap.Mode       // tls-auth, tls-crypt, tls-crypt-v2 or none
	StaticKey   *tlswrap.StaticKey // for tls-auth and tls-crypt
	NoDirection bool               // tls-auth without key-direction; else the gateway's is 0
	ServerKey   *tlswrap.ServerKey // for tls-crypt-v2

	Auth    string   // auth: the digest of tls-auth and of CBC packets, such as "SHA256"
	TLSMin  string   // tls-version-min, "1.2" or "1.3"
	TLSMax  string   // tls-version-max
	Ciphers []string // data-ciphers

	Identity *pki.Identity    // the gateway's certificate
	Roots    []*pki.Authority // whose client certificates are accepted
	Revoked  []byte           // crl-verify, PEM

	// Users are names and passwords. With them a client needs no certificate, unless CertificateToo is set.
	Users          map[string]string
	CertificateToo bool

	IPv4 netip.Prefix // pool; the gateway has its first address
	IPv6 netip.Prefix // pool, a /112 or larger; zero: none

	Routes []netip.Prefix // pushed
	Push   []string       // further options to push, as they are

	Renegotiate time.Duration // reneg-sec; negative: never
	Ping        time.Duration // keepalive, first argument
	PingTimeout time.Duration // keepalive, second argument
	TunMTU      int           // tun-mtu, bytes
	Verbosity   int           // verb; 0: 3
	Further     []string      // further lines of the configuration

	Directory string // for its files, which then stay; empty: a temporary one
}

func (o *Options) check() error {
	switch {
	case o.Namespace == nil:
		return errors.New("no namespace")
	case o.Proto != "tcp" && o.Proto != "udp":
		return fmt.Errorf("protocol %q is neither tcp nor udp", o.Proto)
	case !o.Listen.IsValid():
		return errors.New("no address to listen on")
	case o.Identity == nil:
		return errors.New("no gateway certificate")
	case len(o.Roots) == 0:
		return errors.New("no client root") // OpenVPN wants one even where it asks for no client certificate
	case !o.IPv4.Addr().Is4():
		return errors.New("no IPv4 pool")
	case (o.Wrap == tlswrap.Auth || o.Wrap == tlswrap.Crypt) && o.StaticKey == nil:
		return fmt.Errorf("no static key for %s", o.Wrap)
	case o.Wrap == tlswrap.CryptV2 && o.ServerKey == nil:
		return errors.New("no server key for tls-crypt-v2")
	}
	return nil
}
