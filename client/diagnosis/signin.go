package diagnosis

import (
	"context"
	"fmt"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/tunnel"
)

// checkSignIn says what the gateway made of the user.
func checkSignIn(_ context.Context, x *examination, f facts) ([]Check, learned) {
	p := f.probed
	switch {
	case x.profile == nil:
		return one(NoProfile)
	case f.connected() != nil:
		return one(SignInOK, "the running connection shows it")
	case p == nil:
		return one(SignInNotTried)
	case p.SignedIn:
		return one(SignInOK)
	case p.Problem == nil:
		return x.sessionSays(f)
	}
	id := signInFault(p)
	if id == SignInReset && x.profile.Authentication.Type == profiles.Certificate {
		id = SignInCertificateClosed
	}
	return one(id, detailOf(p.Problem))
}

// sessionSays is what the gateway told the service's own attempts, where this one had nothing to sign in with.
func (x *examination) sessionSays(f facts) ([]Check, learned) {
	if f.session != nil && f.session.Problem != nil {
		if id := signInCode(f.session.Problem.Code); id != SignInFailed {
			return one(id, f.session.Problem.Detail, "the service's last attempt")
		}
	}
	if x.profile.Authentication.Type == profiles.Certificate {
		return one(SignInNotTried)
	}
	return one(SignInCancelled)
}

func signInFault(p *tunnel.Probed) ID {
	// With TLS 1.3 a gateway judges a certificate when we think that the connection stands.
	if p.Problem.Code == tunnel.TLSReset && p.Verified {
		return SignInReset
	}
	return signInCode(p.Problem.Code)
}

func signInCode(code tunnel.Code) ID {
	switch code {
	case tunnel.CertificateRefused:
		return SignInRevoked
	case tunnel.CertificateExpired:
		return SignInExpired
	case tunnel.CertificateMissing:
		return SignInNoCert
	case tunnel.SignerFailed:
		return SignInKey
	case tunnel.ResetAfterKey:
		return SignInReset
	case tunnel.AuthFailed:
		return SignInRefused
	case tunnel.AuthSessionExpired:
		return SignInAgain
	case tunnel.AuthTemporary:
		return SignInTemporary
	case tunnel.AuthQuestion:
		return SignInQuestion
	case tunnel.CredentialCancelled:
		return SignInCancelled
	case tunnel.NoPushReply, tunnel.PushRejected, tunnel.Unsupported:
		return SignInOK // what follows is for the next stage
	default:
		return SignInFailed
	}
}

// checkPush looks at the gateway's configuration: of the running connection, else of the attempt.
func checkPush(_ context.Context, x *examination, f facts) ([]Check, learned) {
	if x.profile == nil {
		return one(NoProfile)
	}
	plan := planOf(x.profile, f)
	learn := func(f *facts) { f.plan = plan }
	switch p := f.probed; {
	case f.connected() == nil && (p == nil || !p.SignedIn):
		if p != nil && p.Problem != nil {
			switch p.Problem.Code {
			case tunnel.NoPushReply:
				return []Check{say(PushNone, detailOf(p.Problem))}, learn
			case tunnel.PushRejected, tunnel.Unsupported:
				return []Check{say(PushRejected, detailOf(p.Problem))}, learn
			}
		}
		return []Check{say(PushUnknown)}, learn
	case len(plan.addresses) == 0:
		return []Check{say(PushNoAddress)}, learn
	case len(plan.routes) == 0:
		return []Check{say(PushNoRoutes, plan.describe())}, learn
	default:
		return []Check{say(PushOK, plan.describe())}, learn
	}
}

// planOf is the tunnel as it is, or as it would be; nil: not known.
func planOf(profile *profiles.Profile, f facts) *plan {
	if c := f.connected(); c != nil {
		return &plan{live: true, device: c.Interface, addresses: c.Addresses, routes: c.Routes, excluded: c.ExcludedRoutes,
			nameServers: c.DNSServers, suffixes: c.DNSSuffixes}
	}
	if f.probed != nil && f.probed.SignedIn {
		config := f.probed.Config
		return &plan{addresses: config.Addresses, routes: config.Routes, excluded: config.ExcludedRoutes, nameServers: config.DNS.Servers,
			suffixes: config.DNS.Match}
	}
	if len(profile.IncludeRoutes)+len(profile.DNS.Servers) == 0 {
		return nil
	}
	return &plan{routes: profile.IncludeRoutes, excluded: profile.ExcludeRoutes, nameServers: profile.DNS.Servers, suffixes: profile.DNS.Suffixes}
}

// describe says what is in a plan. A gateway may push a thousand routes.
func (p *plan) describe() string {
	const shown = 12
	text := fmt.Sprintf("address %s; %d routes: %s", list(p.addresses), len(p.routes), list(p.routes[:min(len(p.routes), shown)]))
	if len(p.routes) > shown {
		text += " …"
	}
	if len(p.nameServers) > 0 {
		text += "; name servers " + list(p.nameServers)
	}
	return text
}
