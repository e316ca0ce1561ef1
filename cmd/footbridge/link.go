package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/client/agent"
	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/tunnel"
)

// link is a connection on its way up, seen from the terminal.
type link struct {
	app      *app
	service  *api.Client
	prepared *client.Prepared
	agent    *agent.Agent
	show     progress
	fallback bool // there is a secondary profile to go on with

	listening chan struct{} // closed with the first message: nothing that follows is missed
	once      sync.Once

	mu      sync.Mutex
	id      string                        // of the session; empty: it was not asked for yet
	early   map[string][]api.SessionEvent // of sessions whose id was not known yet
	state   tunnel.State
	up      *tunnel.Session // what the connection is like; nil: it is not up
	shown   bool            // the user was told so
	missed  int             // attempts in a row that did not reach the gateway
	problem *tunnel.Problem
	ended   *api.Record
}

func (a *app) newLink(prepared *client.Prepared, asking *asker) *link {
	l := &link{app: a, service: a.service(), prepared: prepared, show: a.newProgress(), listening: make(chan struct{}), early: map[string][]api.SessionEvent{}}
	l.agent = agent.New(agent.Options{Service: l.service, Asker: asking, Tokens: a.tokens(), Observe: l.observe})
	return l
}

func (l *link) close() {
	l.show.end()
	l.service.Close()
}

// mostMissed is how many attempts a gateway has to be reached where there is a secondary profile.
const mostMissed = 3

// errUnreached says that the gateway was not reached, and that there is a secondary profile.
var errUnreached = errors.New("gateway not reached")

// count counts attempts that did not get as far as the gateway. The mutex is held.
func (l *link) count(e tunnel.Event) {
	if e.Kind != tunnel.KindRetry || e.Problem == nil {
		return
	}
	switch e.Problem.Code {
	case tunnel.NameNotFound, tunnel.Unreachable, tunnel.Refused, tunnel.NoAnswer, tunnel.NotOpenVPN, tunnel.TLSStalled:
		l.missed++
	default:
		l.missed = 0
	}
}

// errUp says that the connection is up.
var errUp = errors.New("connected")

// open asks for the connection and answers for it until it is up, or for good where it does not become so.
func (l *link) open(ctx context.Context, noWait bool) error {
	running, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	outcome := make(chan error, 1)
	go func() { outcome <- l.agent.Run(running, l.done) }()
	select {
	case <-l.listening:
	case err := <-outcome:
		return err
	}
	session, err := l.service.Connect(ctx, l.prepared.Request)
	if err != nil {
		stop(err)
		<-outcome
		return err
	}
	l.begin(running, session)
	if err := l.done(); err != nil {
		stop(err) // it came so far before its id was known
	}
	if noWait {
		return l.leave(ctx, outcome, stop)
	}
	err = <-outcome
	switch {
	case errors.Is(err, errUp):
		return l.finish(ctx)
	case errors.Is(err, errUnreached):
		l.giveUp()
		return err
	case ctx.Err() != nil:
		l.giveUp()
		return context.Cause(ctx)
	case l.failure(err) != nil:
		return l.failure(err)
	default:
		return err
	}
}

// leave lets the background go on at once.
func (l *link) leave(ctx context.Context, outcome <-chan error, stop context.CancelCauseFunc) error {
	err := l.handOver(ctx)
	stop(nil)
	<-outcome
	if err != nil {
		return err
	}
	if l.app.json {
		return l.app.printLine(connectResult{line{"result"}, newDocument(), l.id, l.prepared.Secrets.Profile, false})
	}
	l.app.say("connect.begun", language.Values{"Name": l.prepared.Secrets.Profile})
	return nil
}

// finish ends the command while the tunnel stays.
func (l *link) finish(ctx context.Context) error {
	l.mu.Lock()
	if !l.shown {
		l.show.event(tunnel.Event{Time: time.Now(), Kind: tunnel.KindSession, State: l.state, Session: l.up})
	}
	l.mu.Unlock()
	l.agent.Accepted(l.id)
	if err := l.handOver(ctx); err != nil {
		l.app.warn("connect.alone", language.Values{"Reason": err.Error()})
	}
	if l.app.json {
		return l.app.printLine(connectResult{line{"result"}, newDocument(), l.id, l.prepared.Secrets.Profile, true})
	}
	return nil
}

// handOver gives the session to a process in the background: the gateway may ask for a signature or a token at any time.
func (l *link) handOver(ctx context.Context) error {
	if !l.prepared.Secrets.Lasting() {
		return nil
	}
	program, err := backgroundProgram()
	if err != nil {
		return err
	}
	return l.agent.HandOver(ctx, l.id, l.prepared.Token, program, "agent", "--socket", l.app.socket)
}

// giveUp ends a connection that the user does not want any more, whatever became of ctx.
func (l *link) giveUp() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := l.service.Disconnect(ctx, l.id); err != nil {
		var refusal *api.Error
		if !errors.As(err, &refusal) || refusal.Code != api.NotFound {
			l.app.warn("connect.not-cancelled", language.Values{"Name": l.prepared.Secrets.Profile})
		}
	}
}

// begin knows the session now: what came before it was known is shown, and its questions are answered.
func (l *link) begin(ctx context.Context, session *api.Session) {
	l.mu.Lock()
	l.id = session.ID
	early := l.early[session.ID]
	l.early = nil
	l.mu.Unlock()
	for _, event := range early {
		l.show.event(event.Event)
		l.shown = l.shown || event.Event.Session != nil
	}
	l.agent.Keep(ctx, session.ID, l.prepared.Secrets)
}

// observe takes what the service says.
func (l *link) observe(m api.Message) {
	defer l.once.Do(func() { close(l.listening) })
	l.mu.Lock()
	defer l.mu.Unlock()
	if m.Snapshot != nil {
		for _, session := range m.Snapshot.Sessions {
			l.note(session)
		}
		return
	}
	change := m.Change
	switch {
	case change == nil:
	case change.Session != nil:
		l.note(*change.Session)
	case change.Event != nil && l.id == "":
		l.early[change.Event.Session] = append(l.early[change.Event.Session], *change.Event)
	case change.Event != nil && change.Event.Session == l.id:
		l.show.event(change.Event.Event)
		l.shown = l.shown || change.Event.Event.Session != nil
		l.count(change.Event.Event)
		if change.Event.Event.Problem != nil {
			l.problem = change.Event.Event.Problem
		}
	case change.Ended != nil && l.early != nil:
		l.endedEarly(*change.Ended)
	case change.Ended != nil && change.Ended.Session == l.id:
		l.ended = change.Ended
	}
}

// endedEarly keeps the end of a session that may turn out to be this one. The mutex is held.
func (l *link) endedEarly(record api.Record) {
	if record.Profile == l.prepared.Secrets.Profile {
		l.ended = &record
	}
}

// note keeps how far the session is. The mutex is held.
func (l *link) note(session api.Session) {
	if session.ID == l.id || l.id == "" && session.Profile == l.prepared.Secrets.Profile {
		l.state, l.up = session.State, session.Connection
	}
}

// done ends the wait: the connection is up, or will not be.
func (l *link) done() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.id == "":
		return nil
	case l.ended != nil && l.ended.Session == l.id:
		return errEnded
	case l.state == tunnel.Connected && l.up != nil:
		return errUp
	case l.fallback && l.missed >= mostMissed:
		return errUnreached
	default:
		return nil
	}
}

// failure is why the connection did not become one: what the user's own program knows goes before what the service saw.
func (l *link) failure(err error) error {
	if own := l.agent.Failure(l.id); own != nil {
		return own
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.ended != nil && l.ended.Problem != nil:
		return l.ended.Problem
	case l.problem != nil:
		return l.problem
	default:
		return err
	}
}

func (l *link) lastProblem() *tunnel.Problem {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.problem
}
