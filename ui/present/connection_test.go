package present

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/tunnel"
	"github.com/footbridge-vpn/footbridge/ui/control"
)

// source is what a test says goes on.
type source struct {
	view    client.View
	doing   control.Doing
	failure error
	days    int
}

func (s source) View() client.View             { return s.view }
func (s source) Doing(string) control.Doing    { return s.doing }
func (s source) Failure(string) error          { return s.failure }
func (s source) ExpiringIn(string) (int, bool) { return s.days, s.days > 0 }
func (s source) service(running bool) source {
	s.view.Service = client.ServiceState{Known: true, Running: running}
	return s
}

func texts(t *testing.T) *language.Texts {
	t.Helper()
	opened, err := language.Open("en")
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

var now = time.Date(2026, 9, 1, 9, 30, 0, 0, time.UTC)

// Whatever goes on, the list and the page say the same of it, and the one button does what helps.
func TestStates(t *testing.T) {
	session := func(change func(*api.Session)) *api.Session {
		s := &api.Session{ID: "s", State: tunnel.Connecting, Since: now.Add(-65 * time.Minute)}
		change(s)
		return s
	}
	soon := now.Add(90 * time.Second)
	for _, test := range []struct {
		name    string
		source  source
		session *api.Session
		always  bool
		state   State
		says    string // the word, and what is happening
		action  Action
		locked  bool
	}{
		{"nothing", source{}, nil, false, Off, "Not connected", Connect, false},
		{"no service", source{}.service(false), nil, false, Off, "Not connected", Connect, true},
		{"certificate is read", source{doing: control.Preparing}, nil, false, Busy, "Connecting Getting ready to sign in…", Cancel, false},
		{"sign-in without a tunnel", source{doing: control.SigningIn}, nil, false, Waiting, "Waiting for you Waiting for you to sign in…", Cancel, false},
		{"it failed", source{failure: errors.New("no certificate")}, nil, false, Failed, "Failed", Connect, false},
		{"resolving", source{}, session(func(s *api.Session) { s.Stage = tunnel.Resolving }), false, Busy, "Connecting Looking for the gateway…", Cancel, false},
		{"dialling", source{}, session(func(s *api.Session) { s.Stage = tunnel.Dialling }), false, Busy, "Connecting Connecting to the gateway…", Cancel, false},
		{"handshake", source{}, session(func(s *api.Session) { s.Stage = tunnel.Handshaking }), false, Busy, "Connecting Verifying the gateway…", Cancel, false},
		{"approval", source{}, session(func(s *api.Session) { s.Stage = tunnel.Pending }), false, Waiting, "Waiting for you Waiting for you to sign in…", Cancel, false},
		{"a question", source{}, session(func(s *api.Session) { s.Questions = []api.Question{{Kind: api.AskCredential}} }), false, Waiting, "Waiting for you Waiting for you to sign in…", Cancel, false},
		{"a signature, which asks nobody", source{}, session(func(s *api.Session) { s.Questions = []api.Question{{Kind: api.AskSign}}; s.Stage = tunnel.Handshaking }), false, Busy, "Connecting Verifying the gateway…", Cancel, false},
		{"later", source{}, session(func(s *api.Session) { s.RetryAt = &soon }), false, Busy, "Connecting Trying again in 1 min 30 s…", Cancel, false},
		{"up", source{}, session(func(s *api.Session) { s.State = tunnel.Connected }), false, On, "Connected For 1 h 5 min", Disconnect, false},
		{"kept up by an administrator", source{}, session(func(s *api.Session) { s.State = tunnel.Connected }), true, On, "Connected For 1 h 5 min", Disconnect, true},
		{"interrupted", source{}, session(func(s *api.Session) { s.State = tunnel.Reconnecting; s.Stage = tunnel.Dialling }), false, Busy, "Reconnecting Connecting to the gateway…", Disconnect, false},
		{"waits for its user", source{}, session(func(s *api.Session) { s.State = tunnel.Reconnecting; s.WaitingForUser = true }), false, Waiting, "Waiting for you Waiting for you to sign in…", SignIn, false},
		{"trusted network", source{}, session(func(s *api.Session) { s.Suspended = "corp.contoso.com" }), true, Off, "Not needed here This network is trusted: corp.contoso.com.", Cancel, true},
		{"on its way down", source{doing: control.Disconnecting}, session(func(s *api.Session) { s.State = tunnel.Connected }), false, Busy, "Disconnecting", Wait, false},
	} {
		c := client.Connection{ID: "c", Name: "Contoso", Authentication: profiles.EntraID, Session: test.session, AlwaysOn: test.always}
		got := NewConnection(texts(t), now, test.source, c)
		if got.State != test.state || !strings.HasPrefix(got.Word+" "+got.Doing, test.says) || got.Action != test.action || (got.Locked != "") != test.locked || got.Label == "" {
			t.Errorf("%s: %+v", test.name, got)
		}
	}
}

// What the user should know besides: when a certificate or a sign-in ends, and what a tunnel does to another one.
func TestWarnings(t *testing.T) {
	expires := now.Add(time.Hour)
	c := client.Connection{ID: "c", Name: "Contoso", Machine: &api.MachineProfile{ID: "c"}, Session: &api.Session{ID: "s", State: tunnel.Connected, Since: now,
		SignIn:   &api.SignIn{Account: "alice@contoso.com", Expires: &expires, Needed: true},
		Overlaps: []api.Overlap{{Prefix: "10.0.0.0/8", Profile: "Fabrikam", Wins: true}, {Prefix: "10.1.0.0/16"}}}}
	got := NewConnection(texts(t), now, source{days: 9}, c)
	if !got.Managed || !got.NeedUser || !strings.HasPrefix(got.SignIn, "alice@contoso.com, ") || len(got.Warnings) != 3 {
		t.Errorf("%+v", got)
	}
	for i, word := range []string{"Fabrikam", "10.1.0.0/16", "9"} {
		if !strings.Contains(got.Warnings[i], word) {
			t.Errorf("%q says nothing of %s", got.Warnings[i], word)
		}
	}
}

// A gateway may push thousands of routes; a page lists some and counts the others. What is not known has no line.
func TestFacts(t *testing.T) {
	if Facts(texts(t), client.Connection{Session: &api.Session{}}) != nil {
		t.Error("there are facts of a connection that is not up")
	}
	s := &tunnel.Session{Server: "gateway.example", Remote: netip.MustParseAddrPort("[::ffff:203.0.113.1]:443"), Transport: "tcp", Interface: "footbridge0", MTU: 1400,
		Addresses: []netip.Prefix{netip.MustParsePrefix("172.16.201.2/24")}, Cipher: "AES-256-GCM", TLSVersion: "TLS 1.3"}
	for i := range 1000 {
		s.Routes = append(s.Routes, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 0}), 24))
	}
	got := map[string]string{}
	for _, fact := range Facts(texts(t), client.Connection{Session: &api.Session{Connection: s, Since: now, Reconnects: 1234}}) {
		got[fact.Label] = fact.Value
	}
	for label, want := range map[string]string{"Gateway": "gateway.example (203.0.113.1, TCP)", "Address": "172.16.201.2/24 (footbridge0, MTU 1400)", "Security": "TLS 1.3, AES-256-GCM"} {
		if got[label] != want {
			t.Errorf("%s: %q", label, got[label])
		}
	}
	if in := got["Routes in"]; !strings.Contains(in, "988") || len(in) > 400 {
		t.Errorf("%q", in)
	}
	for _, label := range []string{"DNS", "Its name", "Routes out"} {
		if _, there := got[label]; there {
			t.Errorf("it shows %q of which nothing is known", label)
		}
	}
}
