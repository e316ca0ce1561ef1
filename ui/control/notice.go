package control

import (
	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/tunnel"
)

// Notice is something that the user should hear of though they look elsewhere.
type Notice struct {
	Kind       NoticeKind
	Connection string // its id
	Name       string
	Message    string // with SignInNeeded: why
	Err        error  // with Lost
}

// NoticeKind says what a notice is about.
type NoticeKind string

// The kinds of notices.
const (
	Connected      NoticeKind = "connected"
	Lost           NoticeKind = "lost"         // it ended, and not because the user wanted that
	Reconnecting   NoticeKind = "reconnecting" // it will be back by itself
	SignInNeeded   NoticeKind = "sign-in-needed"
	ProfileChanged NoticeKind = "profile-changed" // an administrator changed a profile
)

// notices finds what is new between two views.
type notices struct {
	begun bool
}

func newNotices() notices { return notices{} }

// tell compares two views. What was there already when the program started is no news.
func (n *notices) tell(before, after client.View, notify func(Notice)) {
	if !n.begun {
		n.begun = after.Service.Known
		return
	}
	if !before.Service.Running || !after.Service.Running {
		return // sessions and machine profiles come and go with the service
	}
	was := byID(before)
	for _, now := range after.Connections {
		var then client.Connection
		found, known := was[now.ID]
		if known {
			then = *found
		}
		if known && now.Machine != nil && then.Machine != nil && then.Machine.SHA256 != now.Machine.SHA256 {
			notify(Notice{Kind: ProfileChanged, Connection: now.ID, Name: now.Name})
		}
		if kind, ok := stateNotice(then, now); ok {
			notify(Notice{Kind: kind, Connection: now.ID, Name: now.Name})
		}
		if message, needed := needsSignIn(now); needed {
			if _, already := needsSignIn(then); !already {
				notify(Notice{Kind: SignInNeeded, Connection: now.ID, Name: now.Name, Message: message})
			}
		}
	}
}

func stateNotice(then, now client.Connection) (NoticeKind, bool) {
	if now.Session == nil {
		return "", false
	}
	before := tunnel.Disconnected
	if then.Session != nil {
		before = then.Session.State
	}
	switch {
	case now.Session.State == before:
		return "", false
	case now.Session.State == tunnel.Connected:
		return Connected, true
	case now.Session.State == tunnel.Reconnecting && before == tunnel.Connected:
		return Reconnecting, true
	default:
		return "", false
	}
}

// needsSignIn reports whether a connection's user has to sign in.
func needsSignIn(c client.Connection) (message string, needed bool) {
	switch {
	case c.Session == nil:
		return "", false
	case c.Session.SignIn != nil && c.Session.SignIn.Needed:
		return c.Session.SignIn.Message, true
	default:
		return "", c.Session.WaitingForUser
	}
}
