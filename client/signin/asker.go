package signin

import (
	"context"
	"errors"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles/secret"
	"github.com/footbridge-vpn/footbridge/tunnel"
)

// Asker is how a face asks its user: a terminal or a window. Every method returns when its context ends, and ErrCancelled when the user
// does not want to answer. Methods may be called from any goroutine, several at once.
type Asker interface {
	// Password asks for a user name and password, and for the answer to a further question of the gateway where there is one.
	Password(context.Context, PasswordRequest) (PasswordAnswer, error)
	// Challenge asks one question of the gateway.
	Challenge(context.Context, ChallengeRequest) (secret.Text, error)
	// KeyPassphrase asks for what unlocks a private key: the passphrase of a file or the PIN of a token.
	KeyPassphrase(context.Context, PassphraseRequest) (secret.Text, error)
	// Browser says that a sign-in waits in the browser, until the context ends.
	Browser(context.Context, BrowserRequest)
	// DeviceCode says that a sign-in waits for a code to be typed on another screen, until the context ends.
	DeviceCode(context.Context, DeviceCode)
}

// The reasons why there is no answer.
var (
	ErrCancelled   = errors.New("the user did not answer")
	ErrNobodyToAsk = errors.New("there is nobody to ask")
)

// PasswordRequest asks for a user name and a password.
type PasswordRequest struct {
	Profile     string          // its name
	Username    string          // to begin with; empty: ask
	Refused     *tunnel.Problem // what the gateway said of the last answer; nil: nothing yet
	MayRemember bool            // offer to keep the password
	Text        string          // a further question, such as for a one-time code; empty: none
	Echo        bool            // show what is typed as the answer to Text
}

// PasswordAnswer is what the user typed.
type PasswordAnswer struct {
	Username string
	Password secret.Text
	Response secret.Text // to Text
	Remember bool
}

// ChallengeRequest asks what the gateway asked.
type ChallengeRequest struct {
	Profile string
	Text    string
	Echo    bool // show what is typed
}

// PassphraseRequest asks for what unlocks a private key.
type PassphraseRequest struct {
	Profile string
	File    string // the key's file, or the token's label
	PIN     bool   // of a token, whose wrong tries are counted
	Wrong   bool   // the last answer was
}

// BrowserRequest says where the user signs in.
type BrowserRequest struct {
	Profile string
	URL     string
	Opened  bool // false: no browser could be started, the user has to open the address
}

// DeviceCode says what to type where, on any screen (RFC 8628).
type DeviceCode struct {
	Profile         string
	UserCode        string
	VerificationURL string
	Message         string // the provider's own words
	Expires         time.Time
}
