package openvpn

import (
	"fmt"
	"log/slog"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/keymethod"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
)

// Credential answers a CredentialNeeded event.
type Credential struct {
	Username string
	Password keymethod.Secret
	Response keymethod.Secret // to the event's Challenge
	Cancel   bool             // there will be no credential: the session ends
}

// String shows nothing of the credential.
func (c Credential) String() string { return "[redacted]" }

// GoString shows nothing of the credential.
func (c Credential) GoString() string { return "[redacted]" }

// LogValue shows nothing of the credential.
func (c Credential) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Token is what a gateway gave to sign in with again instead of the password (auth-token, auth-token-user). It is good
// until the gateway says otherwise: a session that is refused with it ends in AuthSessionExpired.
type Token struct {
	Username string
	Secret   keymethod.Secret
}

// String shows nothing of the token.
func (t Token) String() string { return "[redacted]" }

// GoString shows nothing of the token.
func (t Token) GoString() string { return "[redacted]" }

// LogValue shows nothing of the token.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// CredentialReason is why a credential is needed.
type CredentialReason int

// The reasons.
const (
	ForConnecting    CredentialReason = iota // nothing was sent yet
	ForRenegotiation                         // a running session makes a new key; the old one carries data meanwhile
	ForChallenge                             // the gateway asks one more question (CR_TEXT): only Response is wanted
)

// String names the reason.
func (r CredentialReason) String() string {
	switch r {
	case ForConnecting:
		return "connecting"
	case ForRenegotiation:
		return "renegotiation"
	case ForChallenge:
		return "challenge"
	}
	return fmt.Sprintf("reason %d", int(r))
}

// signIn is what goes into the key method message.
func signIn(c Credential, challenge *push.Challenge) (string, keymethod.Secret) {
	if challenge == nil {
		return c.Username, c.Password
	}
	username := c.Username
	if challenge.Kind == push.DynamicChallenge && username == "" {
		username = challenge.Username
	}
	return username, challenge.Answer(c.Password, c.Response)
}
