// Package control carries out what the user asks for, wherever in the window, and knows what is going on because of it.
package control

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/client/agent"
	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/tunnel"
)

// Connector is what connects: client.Connector.
type Connector interface {
	Connect(context.Context, client.Connection, client.Wish) (*client.Prepared, error)
	Disconnect(context.Context, client.Connection) error
	SignIn(ctx context.Context, connection client.Connection, deviceCode bool) (agent.Token, error)
	Traffic(context.Context) (map[string]tunnel.Traffic, error)
}

// Model is what is shown: client.Model.
type Model interface {
	Changed() <-chan struct{}
	View() client.View
	LastEnd(profile string) (client.End, bool)
}

// Options says what a controller works with. All fields are required.
type Options struct {
	Connector Connector
	Model     Model
	Logger    *slog.Logger
	Now       func() time.Time
	Post      func(func())                    // has something done on the goroutine that owns the controller
	Go        func(func(ctx context.Context)) // does work beside
	Notify    func(Notice)                    // tells the user, wherever they look
}

// Controller belongs to one goroutine: the one that Options.Post posts to. All methods are called there.
type Controller struct {
	options  Options
	view     client.View
	active   map[string]*activity // by the connection's id
	failures map[string]error     // why the last thing that was asked of a connection failed
	expiring map[string]int       // days until the certificate ends
	watchers map[int]func()
	next     int
	notices  notices
	meter    meter
}

// activity is what is being done for a connection besides its session.
type activity struct {
	doing  Doing
	cancel context.CancelFunc
}

// Doing says what is being done for a connection.
type Doing string

// What can be done for a connection. The zero value is nothing.
const (
	Preparing     Doing = "preparing"     // before there is a session: reading the certificate, asking for its passphrase
	SigningIn     Doing = "signing-in"    // while a session may be up
	Disconnecting Doing = "disconnecting" // until the service begins to
)

// New prepares a controller.
func New(options Options) *Controller {
	return &Controller{options: options, active: map[string]*activity{}, failures: map[string]error{}, expiring: map[string]int{},
		watchers: map[int]func(){}, notices: newNotices(), meter: newMeter()}
}

// settle is how long changes are collected before they are shown: a burst of events is one change to the eye.
const settle = 50 * time.Millisecond

// Start follows the model until the context of Options.Go ends.
func (c *Controller) Start() {
	c.options.Go(func(ctx context.Context) {
		for {
			select {
			case <-ctx.Done():
				return
			case <-c.options.Model.Changed():
			}
			view := c.options.Model.View()
			c.options.Post(func() { c.take(view) })
			select {
			case <-ctx.Done():
				return
			case <-time.After(settle):
			}
		}
	})
}

func (c *Controller) take(view client.View) {
	before := c.view
	c.view = view
	for _, connection := range view.Connections {
		if connection.Session == nil {
			continue
		}
		if a := c.active[connection.ID]; a != nil && a.doing == Preparing {
			c.done(connection.ID, a) // the session shows the rest
		}
		if connection.Session.State == tunnel.Connected {
			delete(c.failures, connection.ID)
		}
	}
	after := byID(view)
	for _, connection := range before.Connections {
		now, there := after[connection.ID]
		if !there || connection.Session != nil && now.Session == nil {
			c.sessionEnded(connection)
		}
	}
	c.notices.tell(before, view, c.options.Notify)
	c.meter.keep(view)
	c.tell()
}

// byID finds the connections of a view. A view may have hundreds, and comes many times a second.
func byID(view client.View) map[string]*client.Connection {
	all := make(map[string]*client.Connection, len(view.Connections))
	for i := range view.Connections {
		all[view.Connections[i].ID] = &view.Connections[i]
	}
	return all
}

// sessionEnded keeps why, where that is something to show.
func (c *Controller) sessionEnded(connection client.Connection) {
	if a := c.active[connection.ID]; a != nil && a.doing == Disconnecting {
		c.done(connection.ID, a)
	}
	end, known := c.options.Model.LastEnd(connection.Name)
	if !known {
		return
	}
	if err := end.Err(); err != nil && !errors.Is(err, signin.ErrCancelled) {
		c.failures[connection.ID] = err
		c.options.Notify(Notice{Kind: Lost, Connection: connection.ID, Name: connection.Name, Err: err})
	}
}

// View is what there is to show.
func (c *Controller) View() client.View { return c.view }

// Watch has a function called after each change, until the returned one is called.
func (c *Controller) Watch(changed func()) (stop func()) {
	id := c.next
	c.next++
	c.watchers[id] = changed
	return func() { delete(c.watchers, id) }
}

func (c *Controller) tell() {
	for _, id := range slices.Sorted(maps.Keys(c.watchers)) {
		if changed := c.watchers[id]; changed != nil {
			changed()
		}
	}
}

// Doing is what is being done for a connection besides its session.
func (c *Controller) Doing(id string) Doing {
	if a := c.active[id]; a != nil {
		return a.doing
	}
	return ""
}

// Failure is why the last thing that was asked of a connection failed; nil: it did not.
func (c *Controller) Failure(id string) error { return c.failures[id] }

// Dismiss forgets a failure that the user has seen.
func (c *Controller) Dismiss(id string) {
	delete(c.failures, id)
	c.tell()
}

// ExpiringIn is in how many days the certificate of a connection ends; false: not soon, or it is not known.
func (c *Controller) ExpiringIn(id string) (days int, soon bool) {
	days, soon = c.expiring[id]
	return days, soon
}

// begin notes that something is done for a connection; false: something is already.
func (c *Controller) begin(id string, doing Doing, cancel context.CancelFunc) *activity {
	if c.active[id] != nil {
		return nil
	}
	a := &activity{doing, cancel}
	c.active[id] = a
	delete(c.failures, id)
	c.tell()
	return a
}

func (c *Controller) done(id string, a *activity) {
	if c.active[id] == a {
		delete(c.active, id)
	}
}

// run does something for a connection and keeps its error.
func (c *Controller) run(id string, doing Doing, do func(ctx context.Context, connection client.Connection) error) {
	connection, ok := c.view.Find(id)
	if !ok {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	a := c.begin(id, doing, cancel)
	if a == nil {
		cancel()
		return
	}
	c.options.Go(func(program context.Context) {
		defer cancel()
		stop := context.AfterFunc(program, cancel)
		defer stop()
		err := do(ctx, connection)
		unwanted := ctx.Err() != nil || errors.Is(err, signin.ErrCancelled)
		c.options.Post(func() {
			switch {
			case err == nil && doing != SigningIn:
				// The model takes over: it shows the session, or that it is gone.
				if doing == Disconnecting || c.hasSession(id) {
					c.done(id, a)
				}
			default:
				c.done(id, a)
			}
			if err != nil && !unwanted {
				c.failures[id] = err
			}
			c.tell()
		})
	})
}

func (c *Controller) hasSession(id string) bool {
	connection, ok := c.view.Find(id)
	return ok && connection.Session != nil
}

// Connect begins a connection, or answers for one that waits for its user.
func (c *Controller) Connect(id string) {
	c.run(id, Preparing, func(ctx context.Context, connection client.Connection) error {
		prepared, err := c.options.Connector.Connect(ctx, connection, client.Wish{})
		if err == nil && prepared != nil && prepared.Expiry != nil {
			c.options.Post(func() {
				c.expiring[id] = prepared.Expiry.Days
				c.tell()
			})
		}
		return err
	})
}

// Disconnect ends a connection, or what is done to begin it.
func (c *Controller) Disconnect(id string) {
	if a := c.active[id]; a != nil && a.doing != Disconnecting {
		a.cancel()
		delete(c.active, id)
		c.tell()
	}
	if !c.hasSession(id) {
		return
	}
	c.run(id, Disconnecting, c.options.Connector.Disconnect)
}

// DisconnectAll ends every connection that the user may end.
func (c *Controller) DisconnectAll() {
	for _, connection := range c.view.Connections {
		if connection.Session != nil && !connection.AlwaysOn {
			c.Disconnect(connection.ID)
		}
	}
}

// SignIn signs the user in for a connection, which stays as it is meanwhile.
func (c *Controller) SignIn(id string, deviceCode bool) {
	c.run(id, SigningIn, func(ctx context.Context, connection client.Connection) error {
		_, err := c.options.Connector.SignIn(ctx, connection, deviceCode)
		return err
	})
}

// CancelSignIn ends a sign-in that the user does not want to go on with.
func (c *Controller) CancelSignIn(id string) {
	if a := c.active[id]; a != nil && a.doing == SigningIn {
		a.cancel()
		delete(c.active, id)
		c.tell()
	}
}
