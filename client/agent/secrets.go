package agent

import (
	"context"
	"crypto/tls"
	"log/slog"
	"sync"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/shell"
	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// Secrets are what answers a session's questions. They are kept in memory only.
type Secrets struct {
	Profile        string                      // its name
	Type           profiles.AuthenticationType // how it signs in
	Certificate    *tls.Certificate            // with its private key; nil: nobody can sign here
	Username       string
	Password       secret.Text // used until the gateway refuses it
	Entra          *profiles.Entra
	LoginHint      string
	DeviceCode     bool // sign in with a code on another screen
	TrustAuthority bool // the profile is an administrator's, or the user said so
	MayRemember    bool

	// Remember keeps a password that the gateway took and that the user wants kept; nil: nothing does.
	Remember func(username string, password secret.Text)
	// Forget drops a kept password that the gateway refused; nil: none is kept.
	Forget func(username string)
}

// Lasting reports whether the gateway may ask something later that only a program of the user can answer.
func (s Secrets) Lasting() bool {
	return s.Certificate != nil || s.Password != "" || s.Entra != nil || s.Username != ""
}

// String keeps the secrets out of logs.
func (Secrets) String() string { return "secrets of a session [secret]" }

// GoString is String.
func (s Secrets) GoString() string { return s.String() }

// LogValue implements slog.LogValuer.
func (s Secrets) LogValue() slog.Value { return slog.StringValue(s.String()) }

// release ends what a certificate may hold open: a token.
func (s Secrets) release(logger *slog.Logger) {
	if s.Certificate == nil {
		return
	}
	if err := signin.Release(s.Certificate); err != nil {
		logger.Info("token not closed", "error", err)
	}
}

// TokenSource gets access tokens of Entra ID.
type TokenSource interface {
	// Token returns a token that is good for a while. It asks the user only where asker is not nil and nothing else helps.
	Token(ctx context.Context, asker signin.Asker, request TokenRequest) (Token, error)
	// Memory is the sign-in of a connection whose profile wants none kept, for another process of the user that goes on with the
	// connection; empty: there is none.
	Memory(connection string) secret.Text
	// Recall takes over what Memory gave another process.
	Recall(ctx context.Context, connection string, memory secret.Text) error
	// Forget drops what is in memory only for a connection that is over. It does not wait for anybody.
	Forget(connection string)
}

// TokenRequest says for what a token is.
type TokenRequest struct {
	Profile        string // its name, for what the user is shown
	Connection     string // whose memory the sign-in is, where the profile wants none kept
	Entra          profiles.Entra
	LoginHint      string
	DeviceCode     bool
	TrustAuthority bool
	Fresh          bool          // not the last one: the gateway refused it
	MinValidity    time.Duration // that is left of it
}

// Token is an access token.
type Token struct {
	AccessToken secret.Text
	Account     string // "alice@contoso.com"
	Expires     time.Time
}

// keptSession is a session that the agent has secrets for.
type keptSession struct {
	id        string
	secrets   Secrets
	questions []string // that are being answered; the agent's mutex guards it

	mu       sync.Mutex
	tries    int // passwords that the gateway refused
	token    Token
	renewed  time.Time // when the token was got
	vain     int       // renewals since then that brought none
	tried    time.Time // when the last of them ended
	problem  error     // why it brought none
	told     bool      // the user knows
	err      error
	remember func() // once the gateway took the password
}

// command is what the user can answer the session's question with.
func (k *keptSession) command(session api.Session) string {
	if k.secrets.Type == profiles.EntraID {
		return shell.Command("footbridge", "sign-in", session.Profile)
	}
	return shell.Command("footbridge", "connect", session.Profile)
}

func (k *keptSession) setFailure(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.err = err
}

func (k *keptSession) failure() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.err
}
