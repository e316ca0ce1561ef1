package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/footbridge-vpn/footbridge/client/agent"
	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/client/signin/entra"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
	"github.com/footbridge-vpn/footbridge/profiles/store"
	"github.com/footbridge-vpn/footbridge/tunnel"
)

// Options says for whom a Connector connects. Service, Profiles and Asker are required.
type Options struct {
	Service   *api.Client
	Profiles  *store.Store
	Asker     signin.Asker
	Notifier  agent.Notifier
	Entra     func(context.Context) (*entra.Provider, error) // signs users in; nil: nothing does
	Passwords Passwords
	// Background is the command line, with its arguments, that answers for sessions when this program ends; empty: nothing does.
	Background []string
	Logger     *slog.Logger
}

// Connector connects and disconnects for a face that stays, such as a window, and answers for the sessions that it began.
type Connector struct {
	options Options
	model   *Model
	agent   *agent.Agent
	logger  *slog.Logger

	tokens *tokens // nil: there are none of Entra ID

	mu    sync.Mutex
	began map[string]*begun // by session id
}

// begun is a session that this program asked for.
type begun struct {
	connection Connection
	prepared   *Prepared
	missed     int // attempts in a row that did not reach the gateway
	accepted   bool
}

// NewConnector prepares a connector.
func NewConnector(options Options) *Connector {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	c := &Connector{options: options, logger: options.Logger, began: map[string]*begun{}}
	c.model = NewModel(options.Service, options.Profiles, options.Logger)
	a := agent.Options{Service: options.Service, Asker: options.Asker, Notifier: options.Notifier, Logger: options.Logger, Observe: c.observe, Lost: c.lost}
	if options.Entra != nil {
		c.tokens = &tokens{open: options.Entra}
		a.Tokens = c.tokens
	}
	c.agent = agent.New(a)
	return c
}

// Model is what there is to show.
func (c *Connector) Model() *Model { return c.model }

// restartWait is the wait before a service that went away is looked for again.
const restartWait = 500 * time.Millisecond

// Run follows the service and the profiles until ctx ends.
func (c *Connector) Run(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	running.Go(func() { c.model.Run(ctx) })
	for ctx.Err() == nil {
		if err := c.agent.Run(ctx, nil); ctx.Err() == nil {
			c.model.Lost(err)
			sleep(ctx, restartWait)
		}
	}
}

// Prepare makes a connection ready to be asked for. The user may be asked for what unlocks a key.
func (c *Connector) Prepare(ctx context.Context, connection Connection, wish Wish) (*Prepared, error) {
	var prepared *Prepared
	var err error
	if connection.Machine != nil {
		prepared, err = PrepareMachine(ctx, *connection.Machine, wish, c.options.Asker)
	} else {
		prepared, err = Prepare(ctx, *connection.Entry, wish, c.options.Asker)
	}
	if err != nil {
		return nil, err
	}
	c.options.Passwords.Use(ctx, prepared, connection.ID, c.model.View().MaySavePasswords())
	return prepared, nil
}

// Connect asks the service for a connection and returns once that has begun; the model shows how it goes. A session that the
// connection has already is answered for.
func (c *Connector) Connect(ctx context.Context, connection Connection, wish Wish) (*Prepared, error) {
	prepared, err := c.Prepare(ctx, connection, wish)
	if err != nil {
		return nil, err
	}
	id := ""
	if connection.Session != nil {
		id = connection.Session.ID
	} else {
		session, err := c.options.Service.Connect(ctx, prepared.Request)
		if err != nil {
			return nil, err
		}
		id = session.ID
	}
	c.mu.Lock()
	c.began[id] = &begun{connection: connection, prepared: prepared}
	c.mu.Unlock()
	c.agent.Keep(context.WithoutCancel(ctx), id, prepared.Secrets)
	return prepared, nil
}

// Disconnect begins to end a connection's session. One that is over already is no error.
func (c *Connector) Disconnect(ctx context.Context, connection Connection) error {
	if connection.Session == nil {
		return nil
	}
	err := c.options.Service.Disconnect(ctx, connection.Session.ID)
	var refusal *api.Error
	if errors.As(err, &refusal) && refusal.Code == api.NotFound {
		return nil
	}
	return err
}

// ErrNotEntra says that a profile does not sign in with Microsoft Entra ID.
var ErrNotEntra = errors.New("the profile does not sign in with Microsoft Entra ID")

// SignIn signs the user in with Microsoft Entra ID, though a session may be up, and gives the token to a session that waits for it.
func (c *Connector) SignIn(ctx context.Context, connection Connection, deviceCode bool) (agent.Token, error) {
	request, err := entraRequest(connection)
	if err != nil {
		return agent.Token{}, err
	}
	if c.tokens == nil {
		return agent.Token{}, ErrNotEntra
	}
	if connection.Session != nil {
		request.Connection = connection.Session.ID
	}
	provider, err := c.tokens.opened(ctx)
	if err != nil {
		return agent.Token{}, err
	}
	request.Asker, request.Interactive = c.options.Asker, true
	request.DeviceCode = deviceCode || connection.Settings.SignIn == settings.SignInDeviceCode
	got, err := provider.Token(ctx, request)
	if err != nil {
		return agent.Token{}, err
	}
	token := agent.Token{AccessToken: got.AccessToken, Account: got.Account, Expires: got.Expires}
	return token, c.give(ctx, connection, token)
}

// give answers what a connection's session waits for.
func (c *Connector) give(ctx context.Context, connection Connection, token agent.Token) error {
	current, ok := c.model.View().Find(connection.ID)
	if !ok || current.Session == nil {
		return nil
	}
	for _, question := range current.Session.Questions {
		if question.Kind != api.AskCredential {
			continue
		}
		err := c.options.Service.Answer(ctx, question.ID, api.Answer{Username: entraUser, Password: token.AccessToken.Reveal()})
		var refusal *api.Error
		if err != nil && !(errors.As(err, &refusal) && refusal.Code == api.NotFound) {
			return err
		}
	}
	return c.options.Service.SetSignIn(ctx, current.Session.ID, api.SignIn{Account: token.Account, Expires: &token.Expires})
}

// entraUser is the user name that an Azure gateway expects with an access token.
const entraUser = "AzureAD"

func entraRequest(connection Connection) (entra.Request, error) {
	request := entra.Request{Profile: connection.Name, LoginHint: connection.Settings.LoginHint}
	switch {
	case connection.Authentication != profiles.EntraID:
		return request, ErrNotEntra
	case connection.Entry != nil:
		request.Entra = *connection.Entry.Profile.Authentication.Entra
		request.TrustAuthority = entra.SignsInAt(request.Entra, connection.Settings.SignInServer)
	case connection.Machine.Entra == nil:
		return request, ErrNotEntra
	default:
		request.Entra, request.TrustAuthority = machineEntra(connection.Machine.Entra), true
	}
	return request, nil
}

// Leave hands the sessions that this program answers for to one in the background. It goes on after an error.
func (c *Connector) Leave(ctx context.Context) error {
	if len(c.options.Background) == 0 {
		return nil
	}
	c.mu.Lock()
	sessions := map[string]*begun{}
	for id, b := range c.began {
		if b.prepared.Secrets.Lasting() {
			sessions[id] = b
		}
	}
	c.mu.Unlock()
	var failures error
	for id, b := range sessions {
		err := c.agent.HandOver(ctx, id, b.prepared.Token, c.options.Background[0], c.options.Background[1:]...)
		if err != nil && !errors.Is(err, agent.ErrNoSessions) {
			failures = errors.Join(failures, fmt.Errorf("leave connection %s to the background: %w", b.connection.Name, err))
		}
	}
	return failures
}

// observe follows the sessions that this program began.
func (c *Connector) observe(m api.Message) {
	if m.Change != nil {
		c.follow(*m.Change)
	}
	c.model.Observe(m)
}

func (c *Connector) lost(err error) {
	c.mu.Lock()
	c.began = map[string]*begun{}
	c.mu.Unlock()
	c.model.Lost(err)
}

func (c *Connector) follow(change api.Change) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case change.Session != nil:
		b := c.began[change.Session.ID]
		if b != nil && !b.accepted && change.Session.State == tunnel.Connected && change.Session.Connection != nil {
			b.accepted, b.missed = true, 0
			go c.agent.Accepted(change.Session.ID)
		}
	case change.Event != nil:
		if b := c.began[change.Event.Session]; b != nil {
			b.count(change.Event.Event)
			if b.missed == mostMissed && b.connection.Secondary() != "" {
				go c.failOver(change.Event.Session, *b)
			}
		}
	case change.Ended != nil:
		if err := c.agent.Failure(change.Ended.Session); err != nil {
			c.model.fail(change.Ended.Session, err)
		}
		delete(c.began, change.Ended.Session)
	}
}

// mostMissed is how many attempts a gateway has to be reached where there is a secondary profile.
const mostMissed = 3

// count counts attempts that did not get as far as the gateway.
func (b *begun) count(e tunnel.Event) {
	switch {
	case e.Kind == tunnel.KindSession:
		b.missed = 0
	case e.Kind != tunnel.KindRetry || e.Problem == nil:
	default:
		switch e.Problem.Code {
		case tunnel.NameNotFound, tunnel.Unreachable, tunnel.Refused, tunnel.NoAnswer, tunnel.NotOpenVPN, tunnel.TLSStalled:
			b.missed++
		default:
			b.missed = 0
		}
	}
}

// failOverLimit bounds how long it takes to ask for the secondary connection.
const failOverLimit = 2 * time.Minute

// failOver goes on with the profile that is to be used where a gateway cannot be reached.
func (c *Connector) failOver(session string, b begun) {
	ctx, cancel := context.WithTimeout(context.Background(), failOverLimit)
	defer cancel()
	secondary, ok := c.model.View().Named(b.connection.Secondary())
	if !ok || secondary.Session != nil {
		return
	}
	c.logger.Info("secondary profile", "profile", b.connection.Name, "secondary", secondary.Name)
	if err := c.options.Service.Disconnect(ctx, session); err != nil {
		c.logger.Warn("not disconnected", "profile", b.connection.Name, "error", err)
		return
	}
	if _, err := c.Connect(ctx, secondary, Wish{}); err != nil {
		c.logger.Warn("secondary profile not connected", "profile", secondary.Name, "error", err)
	}
}

// Traffic is what went through each session so far, by its id.
func (c *Connector) Traffic(ctx context.Context) (map[string]tunnel.Traffic, error) {
	snapshot, err := c.options.Service.Status(ctx)
	if err != nil {
		return nil, err
	}
	counters := map[string]tunnel.Traffic{}
	for _, session := range snapshot.Sessions {
		counters[session.ID] = session.Traffic
	}
	return counters, nil
}
