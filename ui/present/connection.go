// Package present says in words how a connection is, the same wherever it is shown.
package present

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/failure"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/tunnel"
	"github.com/footbridge-vpn/footbridge/ui/control"
)

// State is how a connection is, at a glance.
type State string

// The states at a glance. The zero value is Off.
const (
	Off     State = ""
	Busy    State = "busy"    // on its way up, or down
	On      State = "on"      // packets flow
	Waiting State = "waiting" // for the user
	Failed  State = "failed"
)

// Action is what the one button of a connection does.
type Action string

// The actions.
const (
	Connect    Action = "connect"
	Cancel     Action = "cancel"
	Disconnect Action = "disconnect"
	SignIn     Action = "sign-in"
	Wait       Action = "wait" // nothing can be done for a moment
)

// Trouble is something wrong, in words.
type Trouble struct {
	Sentence, Remedy, Detail string
}

// Connection is how a connection is, in words.
type Connection struct {
	ID, Name string
	State    State
	Word     string // the state
	Doing    string // what is happening now, or for how long it has been up; may be empty
	Action   Action
	Label    string // of the action
	Locked   string // why the action cannot be taken; empty: it can
	Method   string // how it signs in
	Managed  bool   // an administrator's
	Trouble  *Trouble
	Warnings []string
	SignIn   string // who is signed in and until when; may be empty
	NeedUser bool   // the user has to sign in, though it may still be up
}

// Source is where what is shown comes from: control.Controller.
type Source interface {
	View() client.View
	Doing(id string) control.Doing
	Failure(id string) error
	ExpiringIn(id string) (days int, soon bool)
}

// NewConnection says how a connection is.
func NewConnection(texts *language.Texts, now time.Time, source Source, c client.Connection) Connection {
	shown := Connection{ID: c.ID, Name: c.Name, Managed: c.Machine != nil, Method: Method(texts, c.Authentication)}
	doing := source.Doing(c.ID)
	if err := source.Failure(c.ID); err != nil {
		shown.Trouble = NewTrouble(texts, err)
	}
	if c.Session == nil {
		shown.idle(texts, doing)
	} else {
		shown.running(texts, now, c, doing)
	}
	if days, soon := source.ExpiringIn(c.ID); soon {
		shown.Warnings = append(shown.Warnings, texts.Text("connect.certificate-ends", language.Values{"Days": strconv.Itoa(days)}))
	}
	service := source.View().Service
	if service.Known && !service.Running && shown.Action == Connect {
		shown.Locked = texts.Text("ui.service.not-running", nil)
	}
	shown.Label = texts.Text("ui.action."+string(shown.Action), nil)
	return shown
}

// NewTrouble finds the words for an error.
func NewTrouble(texts *language.Texts, err error) *Trouble {
	f := failure.Explain(texts, err)
	return &Trouble{f.Sentence, f.Remedy, f.Detail}
}

// Method is how a profile signs in.
func Method(texts *language.Texts, t profiles.AuthenticationType) string {
	switch t {
	case profiles.EntraID:
		return texts.Text("sign-in.entra", nil)
	case profiles.UsernamePassword:
		return texts.Text("sign-in.password", nil)
	default:
		return texts.Text("sign-in.certificate", nil)
	}
}

func (s *Connection) idle(texts *language.Texts, doing control.Doing) {
	s.Word, s.Action = texts.Text("ui.state.off", nil), Connect
	switch doing {
	case control.Preparing:
		s.State, s.Word, s.Action = Busy, texts.Text("ui.state.connecting", nil), Cancel
		s.Doing = texts.Text("ui.doing.preparing", nil)
	case control.SigningIn:
		s.State, s.Word, s.Action = Waiting, texts.Text("ui.state.waiting", nil), Cancel
		s.Doing = texts.Text("ui.doing.signing-in", nil)
	default:
		if s.Trouble != nil {
			s.State, s.Word = Failed, texts.Text("ui.state.failed", nil)
		}
	}
}

func (s *Connection) running(texts *language.Texts, now time.Time, c client.Connection, doing control.Doing) {
	session := c.Session
	s.Action = Disconnect
	if c.AlwaysOn {
		s.Locked = texts.Text("ui.locked.always-on", nil)
	}
	switch session.State {
	case tunnel.Connected:
		s.State, s.Word = On, texts.Text("ui.state.connected", nil)
		s.Doing = texts.Text("ui.doing.up", language.Values{"Duration": texts.Duration(now.Sub(session.Since))})
	case tunnel.Connecting, tunnel.Reconnecting:
		s.State, s.Word = Busy, texts.Text("ui.state."+string(session.State), nil)
		s.Doing = stage(texts, now, *session)
		if session.State == tunnel.Connecting {
			s.Action = Cancel
		}
	case tunnel.Disconnecting:
		s.State, s.Word, s.Action = Busy, texts.Text("ui.state.disconnecting", nil), Wait
	case tunnel.Failed:
		s.State, s.Word = Failed, texts.Text("ui.state.failed", nil)
	default:
		s.Word = texts.Text("ui.state.off", nil)
	}
	s.troubled(texts, *session)
	s.signedIn(texts, *session)
	switch {
	case session.Suspended != "":
		s.State, s.Word = Off, texts.Text("ui.state.suspended", nil)
		s.Doing = texts.Text("ui.doing.suspended", language.Values{"Network": session.Suspended})
	case asks(*session) || session.WaitingForUser:
		s.State, s.Word = Waiting, texts.Text("ui.state.waiting", nil)
		s.Doing = texts.Text("ui.doing.signing-in", nil)
		if session.WaitingForUser {
			s.Action, s.NeedUser = SignIn, true
		}
	}
	if doing == control.Disconnecting {
		s.State, s.Word, s.Action = Busy, texts.Text("ui.state.disconnecting", nil), Wait
	}
}

// asks reports whether a session waits for something that the user types or approves.
func asks(session api.Session) bool {
	for _, question := range session.Questions {
		if question.Kind != api.AskSign && session.State != tunnel.Connected {
			return true
		}
	}
	return session.Stage == tunnel.Pending
}

// stage is what is happening now.
func stage(texts *language.Texts, now time.Time, session api.Session) string {
	if session.RetryAt != nil && session.RetryAt.After(now) {
		return texts.Text("ui.doing.retry", language.Values{"Wait": texts.Duration(session.RetryAt.Sub(now).Round(time.Second))})
	}
	if session.Stage == "" {
		return ""
	}
	return texts.Text("ui.stage."+string(session.Stage), nil)
}

func (s *Connection) troubled(texts *language.Texts, session api.Session) {
	if p := session.Problem; p != nil && session.State != tunnel.Connected {
		s.Trouble = NewTrouble(texts, p)
	}
	for _, warning := range session.Warnings {
		translated, _ := texts.Translate(warning)
		s.Warnings = append(s.Warnings, translated)
	}
	for _, overlap := range session.Overlaps {
		key, other := "status.overlap-loses", overlap.Profile
		if overlap.Wins {
			key = "status.overlap-wins"
		}
		if other == "" {
			other = texts.Text("status.somebody", nil)
		}
		s.Warnings = append(s.Warnings, texts.Text(key, language.Values{"Prefix": overlap.Prefix, "Other": other}))
	}
}

func (s *Connection) signedIn(texts *language.Texts, session api.Session) {
	signIn := session.SignIn
	if signIn == nil {
		return
	}
	s.NeedUser = signIn.Needed
	parts := []string{}
	if signIn.Account != "" {
		parts = append(parts, signIn.Account)
	}
	if signIn.Expires != nil {
		key := "status.renewed-by"
		if signIn.Needed {
			key = "status.sign-in-by"
		}
		parts = append(parts, texts.Text(key, language.Values{"Moment": texts.Moment(*signIn.Expires)}))
	}
	s.SignIn = strings.Join(parts, ", ")
	if signIn.Message != "" {
		message, _ := texts.Translate(signIn.Message)
		s.Warnings = append(s.Warnings, message)
	}
}

// Fact is one thing that is known of a connection that is up.
type Fact struct{ Label, Value string }

// Facts are what is known of a connection that is up; nil: it is not.
func Facts(texts *language.Texts, c client.Connection) []Fact {
	if c.Session == nil || c.Session.Connection == nil {
		return nil
	}
	s := c.Session.Connection
	facts := []Fact{
		{texts.Text("status.gateway", nil), s.Server + " (" + s.Remote.Addr().Unmap().String() + ", " + strings.ToUpper(s.Transport) + ")"},
		{texts.Text("status.gateway-name", nil), s.GatewayName},
		{texts.Text("status.address", nil), join(s.Addresses) + " (" + s.Interface + ", MTU " + strconv.Itoa(s.MTU) + ")"},
		{texts.Text("status.dns", nil), dns(texts, s)},
		{texts.Text("status.routes-in", nil), routes(texts, s.Routes)},
		{texts.Text("status.routes-out", nil), routes(texts, s.ExcludedRoutes)},
		{texts.Text("status.security", nil), s.TLSVersion + ", " + s.Cipher},
		{texts.Text("status.since", nil), texts.Moment(c.Session.Since)},
	}
	if c.Session.Reconnects > 0 {
		facts = append(facts, Fact{texts.Text("status.reconnects", nil), texts.Number(int64(c.Session.Reconnects))})
	}
	kept := facts[:0]
	for _, fact := range facts {
		if fact.Value != "" {
			kept = append(kept, fact)
		}
	}
	return kept
}

// mostShown is how many routes are listed: a gateway may push thousands.
const mostShown = 12

func routes(texts *language.Texts, prefixes []netip.Prefix) string {
	if len(prefixes) <= mostShown {
		return join(prefixes)
	}
	return texts.Count("session.more-routes", len(prefixes)-mostShown, language.Values{"Routes": join(prefixes[:mostShown])})
}

func dns(texts *language.Texts, s *tunnel.Session) string {
	switch {
	case len(s.DNSServers) == 0:
		return ""
	case len(s.DNSSuffixes) == 0:
		return texts.Text("session.dns-all", language.Values{"Servers": join(s.DNSServers)})
	default:
		return texts.Text("session.dns-some", language.Values{"Servers": join(s.DNSServers), "Suffixes": strings.Join(s.DNSSuffixes, ", ")})
	}
}

func join[T fmt.Stringer](list []T) string {
	texts := make([]string, len(list))
	for i, item := range list {
		texts[i] = item.String()
	}
	return strings.Join(texts, ", ")
}
