package gateway

import (
	"context"
	"crypto/x509"
	"net/netip"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/keymethod"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
)

// Login is who wants in. It is asked for the first key of a session and again for each renegotiated one.
type Login struct {
	Session           ID
	Remote            netip.AddrPort
	Username          string
	Password          keymethod.Secret  // the password, or the token of an earlier Decision
	ClientCertificate *x509.Certificate // verified as the TLS configuration says; nil: none
	PeerInfo          map[string]string
	Options           string // the client's options string
	Renegotiation     bool
}

// Outcome is what became of a Login.
type Outcome int

// The outcomes. The zero value lets nobody in.
const (
	Reject    Outcome = iota // AUTH_FAILED with Decision.Refusal
	Accept                   // with the settings in Decision
	Challenge                // AUTH_FAILED,CRV1: a question, answered by the next session's password
	Pending                  // AUTH_PENDING: something must happen first
)

// Decision is the answer to a Login.
type Decision struct {
	Outcome Outcome

	Refusal   push.AuthFailed // with Reject: the reason, whether it is temporary, whether the token has expired
	Challenge *push.Challenge // with Challenge
	Pending   *PendingLogin   // with Pending

	Name      string           // with Accept: whose session it is; empty: the user name, or the certificate's common name
	Token     keymethod.Secret // pushed as auth-token: the client's password from now on; empty: none
	TokenUser string           // pushed as auth-token-user
	Options   []string         // pushed to this client besides Config's
	Networks  []netip.Prefix   // behind the client, besides its own address
}

// PendingLogin is a login that cannot be decided yet.
type PendingLogin struct {
	Timeout time.Duration // how long the client should wait
	Info    *push.Info    // what the user has to do: a page to see, a question to answer; nil: nothing
	// Decide finds the outcome, which may be Pending again. If Info asks a question it is called with the client's CR_RESPONSE, else
	// at once. It may take its time and must return when ctx ends.
	Decide func(ctx context.Context, response []byte) (Decision, error)
}

// Authenticator decides about a Login. It may take its time and must return when ctx ends, which it does with the
// session. An error is logged, and shown to the client as a refusal without a reason.
type Authenticator func(ctx context.Context, login Login) (Decision, error)

// AcceptCertificate accepts every client that TLS accepted.
func AcceptCertificate(context.Context, Login) (Decision, error) {
	return Decision{Outcome: Accept}, nil
}

// name is whose session a login makes.
func (l *Login) name(d *Decision) string {
	switch {
	case d.Name != "":
		return d.Name
	case l.Username != "":
		return l.Username
	case l.ClientCertificate != nil:
		return l.ClientCertificate.Subject.CommonName
	}
	return ""
}
