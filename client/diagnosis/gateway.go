package diagnosis

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/tunnel"
	"github.com/footbridge-vpn/footbridge/tunnel/identity"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/controlchannel"
	"github.com/footbridge-vpn/footbridge/tunnel/transport"
)

// gatewayPatience is how long a gateway is waited for at each step.
const gatewayPatience = 4 * time.Second

// checkOpenVPN talks to the gateway as a connection does, as far as that goes without changing anything here. The stages after this one
// only say what came of it.
func checkOpenVPN(ctx context.Context, x *examination, f facts) ([]Check, learned) {
	switch {
	case x.profile == nil:
		return one(NoProfile)
	case f.connected() != nil:
		return one(GatewayByTunnel)
	case f.session != nil && f.session.Problem == nil && f.session.Stage != "":
		return one(GatewayNotAsked, "a connection is being made")
	}
	probed := x.probe(ctx, f)
	learn := func(f *facts) { f.probed = &probed }
	where := net.JoinHostPort(probed.Server.Host, strconv.Itoa(int(probed.Server.Port)))
	if probed.Stage >= openvpn.StageTLS {
		return []Check{say(OpenVPNOK, where)}, learn
	}
	return []Check{say(x.unanswered(ctx, &probed), where, detailOf(probed.Problem))}, learn
}

// probe tries the servers that can be reached until one proves to be a gateway.
func (x *examination) probe(ctx context.Context, f facts) tunnel.Probed {
	var best tunnel.Probed
	for i, server := range x.candidates(f) {
		options := tunnel.ProbeOptions{Profile: x.profile, Server: server, Certificate: x.usableCertificate(), Wait: cmp.Or(x.gatewayWait, gatewayPatience), Proxy: f.proxy,
			Resolver: x.Resolver, Now: x.Now, SystemRoots: x.SystemRoots, Version: x.Version, Logger: x.Logger}
		if x.Credential != nil {
			if credential, err := x.Options.Credential(ctx); err == nil {
				options.Credential = credential.answer()
			}
		}
		probed := tunnel.Probe(ctx, options)
		if i == 0 || probed.Stage > best.Stage {
			best = probed
		}
		if best.Stage >= openvpn.StageTLS || ctx.Err() != nil {
			break
		}
	}
	return best
}

// candidates are the servers to talk to, those first that take connections.
func (x *examination) candidates(f facts) []profiles.Server {
	if len(f.gateways) == 0 {
		return x.profile.Servers[:min(len(x.profile.Servers), maxGateways)]
	}
	var servers []profiles.Server
	for _, g := range f.gateways {
		if g.reached.IsValid() || x.transport(g.server) == profiles.UDP {
			servers = append(servers, g.server)
		}
	}
	return servers
}

// unanswered says what it means that the gateway did not answer the first packet. On the port of HTTPS a web server may be there instead;
// an Azure gateway speaks TLS there too, for another kind of tunnel, but then proves who it is.
func (x *examination) unanswered(ctx context.Context, probed *tunnel.Probed) ID {
	var foreign *transport.ProtocolError
	if errors.As(probed.Problem, &foreign) {
		if foreign.Speaks == "HTTP" || foreign.Speaks == "HTML" || foreign.Speaks == "TLS" {
			return OpenVPNWebServer
		}
		return OpenVPNOther
	}
	if x.profile.Proxy == nil && x.transport(probed.Server) == profiles.TCP && x.isWebServer(ctx, probed) {
		return OpenVPNWebServer
	}
	switch {
	case probed.Problem == nil:
		return OpenVPNUndecided
	case probed.Problem.Code == tunnel.NotOpenVPN:
		return OpenVPNOther
	case x.profile.ControlChannel.Mode != profiles.NoControlProtection && (probed.Problem.Code == tunnel.SecretRefused || probed.Problem.Code == tunnel.NoAnswer):
		return OpenVPNUndecided // the next stage says more
	case probed.Problem.Code == tunnel.SecretRefused:
		return OpenVPNClosed
	case probed.Problem.Code == tunnel.Internal:
		return OpenVPNUndecided
	default:
		return OpenVPNSilent
	}
}

// isWebServer reports whether the server speaks TLS at once, and not with the gateway's certificate.
func (x *examination) isWebServer(ctx context.Context, probed *tunnel.Probed) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	conn, err := x.dialHost(ctx, probed.Server.Host, strconv.Itoa(int(probed.Server.Port)))
	if err != nil {
		return false
	}
	defer conn.Close()
	var offered []*x509.Certificate
	secure := tls.Client(conn, &tls.Config{ServerName: probed.Server.Host, InsecureSkipVerify: true, // only who answers is to be found out
		VerifyConnection: func(state tls.ConnectionState) error { offered = state.PeerCertificates; return nil }})
	if secure.HandshakeContext(ctx) != nil || len(offered) == 0 {
		return false
	}
	verifier, err := identity.NewVerifier(x.profile.Gateway, probed.Server.Host)
	if err != nil {
		return false
	}
	verifier.Now, verifier.SystemRoots = x.Now, x.SystemRoots
	return verifier.Verify(offered) != nil
}

// checkSecret says whether the gateway knows the profile's secret, which it proves with its first answer.
func checkSecret(_ context.Context, x *examination, f facts) ([]Check, learned) {
	switch p := f.probed; {
	case f.connected() != nil:
		return one(GatewayByTunnel)
	case p == nil:
		return one(GatewayNotAsked)
	case x.profile.ControlChannel.Mode == profiles.NoControlProtection:
		return one(SecretNone)
	case p.Stage >= openvpn.StageTLS:
		return one(SecretOK, string(x.profile.ControlChannel.Mode))
	case p.Problem != nil && p.Problem.Code == tunnel.SecretRefused:
		return one(SecretRefused, detailOf(p.Problem))
	case p.Stage == openvpn.StageIdle:
		return one(SecretBroken, detailOf(p.Problem))
	default:
		return one(SecretSilence, detailOf(p.Problem))
	}
}

// checkTLS says whether a secure connection came about.
func checkTLS(_ context.Context, _ *examination, f facts) ([]Check, learned) {
	p := f.probed
	if f.connected() != nil {
		return one(GatewayByTunnel, f.connected().TLSVersion+" "+f.connected().TLSCipherSuite)
	}
	if p == nil {
		return one(GatewayNotAsked)
	}
	if len(p.Offered) > 0 {
		how := ""
		if p.Hello.Small {
			how = "with a short first message only"
		}
		return one(TLSOK, tls.VersionName(p.TLSVersion)+" "+tls.CipherSuiteName(p.TLSCipher), how)
	}
	return one(tlsFault(p.Problem), detailOf(p.Problem))
}

func tlsFault(problem *tunnel.Problem) ID {
	const protocolVersion = 70 // RFC 8446 section 6
	var failure *controlchannel.TLSError
	switch {
	case problem == nil:
		return TLSFailed
	case errors.As(problem, &failure) && (failure.Remote && failure.Alert == protocolVersion || !failure.Remote && strings.Contains(failure.Err.Error(), "protocol version")):
		return TLSVersion
	case problem.Code == tunnel.TLSStalled, problem.Code == tunnel.TimedOut:
		return TLSStalled
	case problem.Code == tunnel.TLSReset:
		return TLSReset
	default:
		return TLSFailed
	}
}

// endsSoon is when a gateway's certificate is worth a warning.
const endsSoon = 7 * 24 * time.Hour

// checkGateway says whether it is the profile's gateway, and whether it will go on to be.
func checkGateway(_ context.Context, x *examination, f facts) ([]Check, learned) {
	var checks []Check
	if x.profile != nil && retiringRootsOnly(x.profile.Gateway) {
		checks = append(checks, say(ProfileOldRoot, rootName(oldRoot)))
	}
	switch p := f.probed; {
	case f.connected() != nil:
		return append(checks, say(GatewayByTunnel, f.connected().GatewayName)), nil
	case p == nil || len(p.Offered) == 0:
		return append(checks, say(GatewayNotAsked)), nil
	case !p.Verified:
		return []Check{say(gatewayFault(x.profile.Gateway, p), detailOfErr(p.Identity))}, nil
	default:
		leaf := p.Offered[0]
		until := "valid until " + leaf.NotAfter.UTC().Format(time.DateOnly)
		if left := leaf.NotAfter.Sub(x.now()); left < endsSoon {
			checks = append(checks, say(GatewayEndsSoon, until))
		}
		return append(checks, say(GatewayOK, identity.Subject(leaf), until)), nil
	}
}

func gatewayFault(gateway profiles.GatewayIdentity, p *tunnel.Probed) ID {
	var refused *identity.Error
	if !errors.As(p.Identity, &refused) {
		return GatewayUntrusted
	}
	switch refused.Code {
	case identity.UntrustedRoot, identity.RootUnavailable, identity.InvalidChain:
		if retiringRootsOnly(gateway) && leadsToNewRoot(p.Offered) {
			return GatewayOldRoot
		}
		if refused.Code == identity.RootUnavailable {
			return GatewayRootMissing
		}
		return GatewayUntrusted
	case identity.WrongName, identity.WrongFingerprint:
		return GatewayWrongName
	case identity.WrongUsage:
		return GatewayWrongUsage
	case identity.Expired:
		return GatewayExpired
	case identity.NotYetValid:
		return GatewayNotYet
	case identity.Revoked, identity.RevocationListExpired:
		return GatewayRevoked
	default:
		return GatewayUntrusted
	}
}

// The roots of Azure's gateways before and after the migration of 2026 ("Gateway certificate migration" in point-to-site-about), SHA-1.
const (
	oldRoot     = "a8985d3a65e5e5c4b2d7d66d40c6dd2fb19c5436"
	newRoot     = "df3c24f9bfd666761b268073fe06d1cc8d4f82a4"
	newRootName = "DigiCert Global Root G2"
)

func rootName(thumbprint string) string {
	if thumbprint == oldRoot {
		return "DigiCert Global Root CA (" + thumbprint + ")"
	}
	return thumbprint
}

// retiringRootsOnly reports whether a profile accepts no other root than the old one.
func retiringRootsOnly(gateway profiles.GatewayIdentity) bool {
	return len(gateway.RootThumbprints) > 0 && !slices.ContainsFunc(gateway.RootThumbprints, func(t string) bool { return t != oldRoot })
}

// leadsToNewRoot reports whether what a gateway offered is, or was issued by, the new root.
func leadsToNewRoot(offered []*x509.Certificate) bool {
	return slices.ContainsFunc(offered, func(c *x509.Certificate) bool {
		return c.Issuer.CommonName == newRootName || identity.Thumbprint(c) == newRoot
	})
}

func detailOf(problem *tunnel.Problem) string {
	if problem == nil {
		return ""
	}
	if problem.Detail != "" {
		return problem.Detail
	}
	return fmt.Sprint(problem.Err)
}

func detailOfErr(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
