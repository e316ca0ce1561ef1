package tunnel

import (
	"context"
	"crypto/tls"
	"log/slog"

	"golang.zx2c4.com/wireguard/tun"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
	"github.com/footbridge-vpn/footbridge/tunnel/host"
	"github.com/footbridge-vpn/footbridge/tunnel/host/netmon"
	"github.com/footbridge-vpn/footbridge/tunnel/transport"
)

// Options says what to connect to and how to reach everything a tunnel needs. Profile and Computer are required.
type Options struct {
	Profile *profiles.Profile

	// Certificate is the client certificate; its PrivateKey may be any crypto.Signer, one that asks the user included.
	Certificate *tls.Certificate
	// Ask gets a credential or the answer to a question from the user, or from what holds one for the user. It is called
	// anew at each reconnect and where a renegotiation needs it, so that a token is always fresh. nil: none can be had.
	Ask func(context.Context, Question) (Answer, error)
	// Proxy is used instead of the profile's.
	Proxy *profiles.Proxy
	// Dial replaces transport.Dial, in tests.
	Dial func(context.Context, transport.Options) (transport.Conn, error)
	// Computer opens this computer for the tunnel, before the first packet is sent.
	Computer func(context.Context) (Computer, error)
	// LeaveDNS leaves this computer's name resolution alone, whatever the profile and the gateway say.
	LeaveDNS bool
	// Network tells of changes of the network and of sleep; nil: nothing does.
	Network <-chan netmon.Change
	// Memory remembers what worked with a profile; nil: nothing does.
	Memory Memory
	// Observe is told every event, in order, from one goroutine at a time. It must not block.
	Observe func(Event)

	Backoff Backoff
	Version string // of this program, told to the gateway
	Logger  *slog.Logger
}

// Computer is this computer as one tunnel changes it, with the device that it opened.
type Computer interface {
	host.Host
	Device() tun.Device
	Name() string // of the device
	Warnings() []host.Warning
}

// Memory remembers which hello a gateway understood.
type Memory interface {
	Hello(profile string) (HelloVariant, bool)
	RememberHello(profile string, hello HelloVariant)
}

// Question is what the user is asked.
type Question struct {
	Reason   Reason
	Refused  *Problem // what the gateway said of the last answer; nil: nothing yet
	Username string   // as the profile or the gateway names it; empty: ask
	Text     string   // a further question of the gateway; empty: none
	Echo     bool     // show what is typed as the answer to Text
	Password bool     // user name and password, or a token, are wanted
	Response bool     // an answer to Text is wanted
}

// Reason is why a question is asked.
type Reason string

// The reasons to ask.
const (
	ForConnecting    Reason = "connecting"
	ForReconnecting  Reason = "reconnecting"
	ForRenegotiation Reason = "renegotiation" // the tunnel is up and stays up meanwhile
	ForChallenge     Reason = "challenge"     // only Response is wanted
)

// Answer is what the user answered.
type Answer struct {
	Username string
	Password secret.Text
	Response secret.Text
}
