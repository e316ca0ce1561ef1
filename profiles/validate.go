package profiles

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/footbridge-vpn/footbridge/profiles/certificate"
	"github.com/footbridge-vpn/footbridge/profiles/finding"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// Validate reports what is wrong with a profile, wherever it comes from. With a fault in it nobody can connect.
func Validate(p *Profile) []finding.Finding {
	v := validator{profile: p}
	v.servers()
	v.authentication()
	v.gateway()
	v.controlChannel()
	v.networks()
	return v.List
}

type validator struct {
	finding.List
	profile *Profile
}

func (v *validator) servers() {
	p := v.profile
	if strings.TrimSpace(p.Name) == "" {
		v.Warning("missing-name", 0, "The profile has no name.", "Give it one.")
	}
	if len(p.Servers) == 0 {
		v.Fault("missing-server", 0, "The profile names no server.", "Add the gateway's name.")
	}
	if !slices.Contains([]Transport{"", TCP, UDP}, p.Transport) {
		v.Fault("bad-transport", 0, "The transport is neither tcp nor udp.", "Choose one of them.")
	}
	for _, server := range p.Servers {
		switch {
		case server.Host == "" || strings.ContainsAny(server.Host, " /@\t\r\n"):
			v.Fault("bad-server", 0, "The name of a server is not a host name.", "Write only the gateway's name.")
		case server.Port == 0:
			v.Fault("bad-server", 0, "A server has no port.", fmt.Sprintf("Azure's gateways have %d.", azurePort))
		case !slices.Contains([]Transport{"", TCP, UDP}, server.Transport):
			v.Fault("bad-transport", 0, "The transport of a server is neither tcp nor udp.", "Choose one of them.")
		}
	}
	if p.Proxy != nil && p.Proxy.Type == HTTPProxy && p.Transport == UDP {
		v.Warning("proxy-transport", 0, "An HTTP proxy cannot carry UDP.", "Use TCP, or a SOCKS5 proxy.")
	}
}

func (v *validator) authentication() {
	auth := v.profile.Authentication
	switch auth.Type {
	case Certificate, "":
	case UsernamePassword:
	case EntraID:
		if auth.Entra == nil || auth.Entra.Audience == "" {
			v.Fault("missing-audience", 0, "The audience, the application that the gateway wants tokens for, is missing.", "Put the application id from the gateway's configuration there.")
		}
		if auth.Entra == nil || auth.Entra.Tenant == "" {
			v.Fault("missing-tenant", 0, "The tenant is missing.", "Put https://login.microsoftonline.com/<tenant id>/ there.")
		}
	default:
		v.Fault("unknown-type", 0, "The authentication type is not known.", "Choose certificate, Microsoft Entra ID or user name and password.")
	}
	if auth.Certificate != nil && auth.Certificate.Thumbprint != "" {
		if _, ok := certificate.ParseThumbprint(auth.Certificate.Thumbprint); !ok {
			v.Fault("bad-client-thumbprint", 0, "The hash of the client certificate is not a SHA-1 thumbprint.", "Correct it, or leave it empty.")
		}
	}
}

// retiredRoots are roots that Azure's gateways no longer have, by thumbprint: since 2026 their certificates end in others.
func retiredRoots() map[string]string {
	return map[string]string{"a8985d3a65e5e5c4b2d7d66d40c6dd2fb19c5436": "DigiCert Global Root CA"}
}

// retiredAlone is the name of a retired root where there are no others; empty: there are, or there is none.
func retiredAlone(thumbprints []string) string {
	name, retired := "", retiredRoots()
	for _, thumbprint := range thumbprints {
		if name = retired[thumbprint]; name == "" {
			return ""
		}
	}
	return name
}

func (v *validator) gateway() {
	gateway := v.profile.Gateway
	var accepted []string // thumbprints of roots
	for _, hash := range gateway.RootThumbprints {
		normal, ok := certificate.ParseThumbprint(hash)
		if !ok {
			v.Fault("bad-thumbprint", 0, "The hash of the gateway's root certificate is not a SHA-1 thumbprint.", "Download the profile from Azure again.")
		}
		accepted = append(accepted, normal)
	}
	if len(accepted) == 0 && !gateway.TrustSystemRoots {
		for _, root := range gateway.Roots {
			if bytes.Equal(root.RawSubject, root.RawIssuer) {
				accepted = append(accepted, certificate.Thumbprint(root))
			}
		}
	}
	if old := retiredAlone(accepted); old != "" {
		v.Warning("retired-root", 0, fmt.Sprintf("The profile accepts only the root %s, which Azure's gateways are giving up.", old), "Download the profile from Azure again if connecting fails.")
	}
	if gateway.Name.Value != "" && !slices.Contains([]NameRuleType{NameSubject, NameExact, NamePrefix}, gateway.Name.Type) {
		v.Fault("bad-name-rule", 0, "The kind of name that the gateway's certificate must have is not known.", "Choose subject, name or name-prefix.")
	}
}

func (v *validator) controlChannel() {
	control := v.profile.ControlChannel
	switch control.Mode {
	case NoControlProtection:
	case TLSAuth, TLSCrypt:
		if control.Key == "" {
			v.Warning("missing-secret", 0, "The profile does not have the server secret, without which the gateway does not answer.", "Import the whole ZIP, or azurevpnconfig.xml or vpnconfig.ovpn from it.")
		} else if _, err := secret.ParseStaticKey(control.Key.Reveal()); err != nil {
			v.Fault("bad-secret", 0, fmt.Sprintf("The server secret is not %d hexadecimal digits.", 2*secret.StaticKeySize), "Copy all of it, or download the profile again.")
		}
	case TLSCryptV2:
		if block, _ := pem.Decode([]byte(control.Key.Reveal())); block == nil {
			v.Fault("bad-secret", 0, "The tls-crypt-v2 key is not a client key.", "Copy all of it, with the lines around it.")
		}
	default:
		v.Fault("unknown-control-mode", 0, "The protection of the control channel is not known.", "Choose tls-auth, tls-crypt or tls-crypt-v2.")
	}
	if d := control.KeyDirection; d != nil && *d != 0 && *d != 1 {
		v.Fault("bad-key-direction", 0, "The key direction is neither 0 nor 1.", "A client's is 1 where the gateway has 0.")
	}
}

func (v *validator) networks() {
	p := v.profile
	for _, prefix := range slices.Concat(p.IncludeRoutes, p.ExcludeRoutes) {
		if !prefix.IsValid() {
			v.Fault("bad-route", 0, "A route is not a network.", "Write it like 10.20.0.0/16.")
		} else if isNeverRouted(prefix) {
			v.Warning("useless-route", 0, fmt.Sprintf("The route %s is about addresses that never leave this computer or its link.", prefix), "Remove it.")
		}
	}
	for _, prefix := range p.IncludeRoutes {
		if slices.Contains(p.ExcludeRoutes, prefix) {
			v.Warning("conflicting-routes", 0, fmt.Sprintf("The route %s is both included and excluded.", prefix), "Remove one of them.")
		}
	}
	if len(p.DNS.Suffixes) > 0 && len(p.DNS.Servers) == 0 {
		v.Note("suffixes-without-servers", 0, "The profile has DNS suffixes, but no DNS server; they are asked of the gateway's.")
	}
}

// isNeverRouted reports whether a network is loopback, link-local or multicast as a whole.
func isNeverRouted(prefix netip.Prefix) bool {
	address := prefix.Addr()
	switch {
	case prefix.Bits() == 0:
		return false
	case address.IsLoopback(), address.IsMulticast():
		return true
	default:
		return address.IsLinkLocalUnicast() && prefix.Bits() >= 10
	}
}
