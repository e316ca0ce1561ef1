package openvpnd

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
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

	// Verify is a program that decides about logins (auth-user-pass-verify with via-env, since a file holds 511 characters and an access token
	// has more): its path and arguments, none of which may hold white space or quotes. It finds username, password and tls_serial_0 in its
	// environment, and what is in VerifyEnvironment.
	Verify            []string
	VerifyEnvironment map[string]string

	// RADIUS is asked through the plugin of Debian's openvpn-auth-radius.
	RADIUS *RADIUS

	// CertificateOptional lets clients in that have a certificate or what Verify wants; Verify then decides about both.
	CertificateOptional bool

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

// RADIUS is a server as the plugin needs it. Accounting goes to the port after it.
type RADIUS struct {
	Address netip.AddrPort
	Secret  string
	Wait    time.Duration // for an answer, whole seconds; 0: one
}

// signIn reports whether clients bring more than a certificate.
func (o *Options) signIn() bool { return len(o.Users) > 0 || len(o.Verify) > 0 || o.RADIUS != nil }

func (o *Options) check() error {
	ways := 0
	for _, there := range []bool{len(o.Users) > 0, len(o.Verify) > 0, o.RADIUS != nil} {
		if there {
			ways++
		}
	}
	switch {
	case ways > 1:
		return errors.New("more than one of Users, Verify and RADIUS") // OpenVPN wants all of them to accept
	case o.CertificateOptional && len(o.Verify) == 0:
		return errors.New("no Verify, which must see to it that somebody has a certificate")
	case slices.ContainsFunc(o.Verify, func(word string) bool { return word == "" || strings.ContainsAny(word, " \t\n\"'\\") }):
		return fmt.Errorf("program %q does not fit into a line of the configuration", o.Verify)
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
