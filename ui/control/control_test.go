package control

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/client/agent"
	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/tunnel"
)

// desk is a controller whose goroutine is the test's.
type desk struct {
	*testing.T
	*Controller
	view    client.View
	ends    map[string]client.End
	changed chan struct{}
	posts   chan func()
	notices []Notice
	connect func(context.Context) error
	asked   chan string
	counter tunnel.Traffic
}

func newDesk(t *testing.T) *desk {
	d := &desk{T: t, ends: map[string]client.End{}, changed: make(chan struct{}, 1), posts: make(chan func(), 100), asked: make(chan string, 10)}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	d.Controller = New(Options{Connector: connector{d}, Model: model{d}, Logger: slog.New(slog.DiscardHandler), Now: time.Now, Post: func(do func()) { d.posts <- do },
		Go: func(do func(context.Context)) { go do(ctx) }, Notify: func(n Notice) { d.notices = append(d.notices, n) }})
	return d
}

// model is what the controller follows; tests give it its pictures themselves.
type model struct{ desk *desk }

func (m model) Changed() <-chan struct{} { return m.desk.changed }
func (m model) View() client.View        { return m.desk.view }

func (m model) LastEnd(profile string) (client.End, bool) {
	end, ok := m.desk.ends[profile]
	return end, ok
}

// connector is what the controller asks.
type connector struct{ *desk }

func (d connector) Connect(ctx context.Context, _ client.Connection, _ client.Wish) (*client.Prepared, error) {
	d.asked <- "connect"
	if d.connect != nil {
		return nil, d.connect(ctx)
	}
	return &client.Prepared{Expiry: &signin.ExpiringCertificate{Days: 12}}, nil
}

func (d connector) Disconnect(context.Context, client.Connection) error {
	d.asked <- "disconnect"
	return nil
}

func (d connector) SignIn(ctx context.Context, _ client.Connection, _ bool) (agent.Token, error) {
	d.asked <- "sign-in"
	<-ctx.Done()
	return agent.Token{}, ctx.Err()
}

func (d connector) Traffic(context.Context) (map[string]tunnel.Traffic, error) {
	return map[string]tunnel.Traffic{"s": d.counter}, nil
}

// shows takes a picture, as after an event of the service.
func (d *desk) shows(session *api.Session) {
	d.take(client.View{Service: client.ServiceState{Known: true, Running: true}, Connections: []client.Connection{{ID: "c", Name: "Contoso", Session: session}}})
}

// until does what was posted until something is so.
func (d *desk) until(what string, done func() bool) {
	d.Helper()
	limit := time.After(20 * time.Second)
	for !done() {
		select {
		case do := <-d.posts:
			do()
		case <-limit:
			d.Fatalf("%s: never so", what)
		}
	}
}

func TestLifeOfAConnection(t *testing.T) {
	d := newDesk(t)
	d.shows(nil)
	d.Controller.Connect("c")
	if d.Doing("c") != Preparing {
		t.Errorf("doing %q", d.Doing("c"))
	}
	d.Controller.Connect("c") // a second click does nothing
	d.until("the certificate's end", func() bool { _, soon := d.ExpiringIn("c"); return soon })
	d.shows(&api.Session{ID: "s", State: tunnel.Connecting})
	d.until("no longer preparing", func() bool { return d.Doing("c") == "" })
	d.shows(&api.Session{ID: "s", State: tunnel.Connected})
	d.shows(&api.Session{ID: "s", State: tunnel.Reconnecting})
	d.shows(&api.Session{ID: "s", State: tunnel.Connected, SignIn: &api.SignIn{Needed: true, Message: "Soon."}})
	d.ends["Contoso"] = client.End{Record: api.Record{Problem: &tunnel.Problem{Code: tunnel.PingTimeout, Sentence: "Silent."}}}
	d.shows(nil)
	if d.Failure("c") == nil {
		t.Error("it does not know why it ended")
	}
	var kinds []NoticeKind
	for _, n := range d.notices {
		kinds = append(kinds, n.Kind)
	}
	want := []NoticeKind{Connected, Reconnecting, Connected, SignInNeeded, Lost}
	if len(kinds) != len(want) {
		t.Fatalf("%v, want %v", kinds, want)
	}
	for i := range want {
		if kinds[i] != want[i] {
			t.Errorf("%v, want %v", kinds, want)
		}
	}
	if len(d.asked) != 1 {
		t.Errorf("asked %d times", len(d.asked))
	}
}

// A failure is kept until the user has seen it; what they cancelled themselves is none.
func TestFailures(t *testing.T) {
	d := newDesk(t)
	d.shows(nil)
	d.connect = func(context.Context) error { return errors.New("no certificate") }
	d.Controller.Connect("c")
	d.until("the failure", func() bool { return d.Failure("c") != nil })
	d.Dismiss("c")
	if d.Failure("c") != nil {
		t.Error("it cannot be dismissed")
	}
	d.connect = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	d.Controller.Connect("c")
	<-d.asked
	<-d.asked
	d.Controller.Disconnect("c")
	if d.Doing("c") != "" || d.Failure("c") != nil {
		t.Errorf("doing %q, failure %v", d.Doing("c"), d.Failure("c"))
	}
	d.shows(&api.Session{ID: "s", State: tunnel.Connected})
	d.Controller.SignIn("c", false)
	<-d.asked
	d.CancelSignIn("c")
	if d.Doing("c") != "" || d.Failure("c") != nil {
		t.Errorf("doing %q, failure %v", d.Doing("c"), d.Failure("c"))
	}
}

// What was there when the program started is no news, nor is a service that comes and goes.
func TestNoNews(t *testing.T) {
	d := newDesk(t)
	d.shows(&api.Session{ID: "s", State: tunnel.Connected})
	d.take(client.View{Service: client.ServiceState{Known: true, Err: errors.New("away")}})
	d.shows(&api.Session{ID: "s", State: tunnel.Connected})
	if len(d.notices) != 0 {
		t.Errorf("%+v", d.notices)
	}
}

func TestMeter(t *testing.T) {
	m := newMeter()
	start := time.Date(2026, 9, 1, 9, 0, 0, 0, time.UTC)
	for i := range 400 {
		m.add(start.Add(time.Duration(i)*time.Second), map[string]tunnel.Traffic{"s": {BytesIn: uint64(i * 1000), BytesOut: uint64(i * 10)}})
	}
	samples := m.by["s"].samples
	if len(samples) != 301 || samples[300].In != 1000 || samples[300].Out != 10 {
		t.Errorf("%d samples, last %+v", len(samples), samples[len(samples)-1])
	}
	m.add(start.Add(500*time.Second), map[string]tunnel.Traffic{"s": {}}) // counted anew
	m.keep(client.View{})
	if len(m.by) != 0 {
		t.Error("a session that is over is kept")
	}
}
