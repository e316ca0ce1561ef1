// Package agent answers the service's questions for a user's sessions, with or without the user being there.
package agent

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/client/signin/entra"
	"github.com/footbridge-vpn/footbridge/tunnel"
)

// Options says whom the agent speaks for. Service is required.
type Options struct {
	Service  *api.Client
	Asker    signin.Asker // nil: nobody can be asked, only what is known is answered
	Tokens   TokenSource  // nil: there are no tokens of Entra ID
	Notifier Notifier     // nil: nobody is told
	Logger   *slog.Logger
	// Observe is told every message of the service, before the agent acts on it; nil: nobody is. It must not block.
	Observe func(api.Message)
	// Lost is told that the service cannot be followed any more, or not yet, and why; nil: nobody is. It must not block.
	Lost func(error)
	// Now is the clock; nil: the system's.
	Now func() time.Time
}

// Notifier tells the user something while no window or terminal is there: a desktop notification.
type Notifier interface {
	Notify(ctx context.Context, profile, sentence string)
}

// Agent follows the service's events and answers questions about the sessions that it was given secrets for. It is safe for
// concurrent use.
type Agent struct {
	options Options
	logger  *slog.Logger

	mu       sync.Mutex
	kept     map[string]*keptSession // by session id
	open     map[string]func()       // questions that are being answered, by id, and how to stop
	sessions map[string]api.Session  // as the service said last
}

// New prepares an agent.
func New(options Options) *Agent {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	return &Agent{options: options, logger: options.Logger, kept: map[string]*keptSession{}, open: map[string]func(){}, sessions: map[string]api.Session{}}
}

// Keep gives the agent what answers a session's questions, until that session is over. Questions that wait already are answered.
func (a *Agent) Keep(ctx context.Context, session string, secrets Secrets) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.kept[session] != nil {
		return
	}
	a.kept[session] = &keptSession{id: session, secrets: secrets}
	if known, found := a.sessions[session]; found {
		a.answerAll(ctx, known)
	}
}

// Kept is how many sessions the agent keeps.
func (a *Agent) Kept() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.kept)
}

// ErrNoSessions says that the sessions that were kept are over.
var ErrNoSessions = errors.New("there are no sessions left to keep")

// Run follows the service until ctx ends. With until it also ends, with what that returns, once until returns an error after a message;
// a service that goes away is waited for.
func (a *Agent) Run(ctx context.Context, until func() error) error {
	ctx, cancel := context.WithCancel(ctx)
	var answering sync.WaitGroup
	defer func() {
		cancel()
		answering.Wait()
	}()
	answering.Go(func() { a.renewAll(ctx) })
	for {
		err := a.options.Service.Events(ctx, func(m api.Message) error {
			if a.options.Observe != nil {
				a.options.Observe(m)
			}
			a.take(ctx, m, &answering)
			if until != nil {
				if err := until(); err != nil {
					return stopped{err}
				}
			}
			return nil
		})
		var stop stopped
		switch {
		case errors.As(err, &stop):
			return stop.error
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
		if a.options.Lost != nil {
			a.options.Lost(err)
		}
		var refused *api.Error
		if errors.As(err, &refused) && refused.Code != api.NotRunning {
			return err
		}
		if err := a.awaitService(ctx); err != nil {
			return err
		}
	}
}

// stopped carries why until wanted to end.
type stopped struct{ error }

// The time that a service that went away has to come back, and how often it is looked for.
const (
	serviceLimit = time.Minute
	servicePoll  = 250 * time.Millisecond
)

// awaitService waits for a service that is restarted. Its sessions are gone: those that were kept will not be back by themselves.
func (a *Agent) awaitService(ctx context.Context) error {
	deadline := time.NewTimer(serviceLimit)
	defer deadline.Stop()
	for {
		_, err := a.options.Service.Status(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-deadline.C:
			return err
		case <-time.After(servicePoll):
		}
	}
}

// take acts on one message.
func (a *Agent) take(ctx context.Context, m api.Message, answering *sync.WaitGroup) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case m.Snapshot != nil:
		a.sessions = map[string]api.Session{}
		for _, session := range m.Snapshot.Sessions {
			a.sessions[session.ID] = session
		}
		for id := range a.kept {
			if _, there := a.sessions[id]; !there {
				a.forget(id)
			}
		}
		for _, session := range a.sessions {
			a.answerAllIn(ctx, session, answering)
		}
	case m.Change == nil:
	case m.Change.Session != nil:
		a.sessions[m.Change.Session.ID] = *m.Change.Session
		a.answerAllIn(ctx, *m.Change.Session, answering)
	case m.Change.Removed != "":
		delete(a.sessions, m.Change.Removed)
		a.forget(m.Change.Removed)
	}
}

// forget drops what was kept of a session that is over. The mutex is held.
func (a *Agent) forget(id string) {
	kept := a.kept[id]
	if kept == nil {
		return
	}
	delete(a.kept, id)
	kept.secrets.release(a.logger)
	if a.options.Tokens != nil && kept.secrets.Entra != nil {
		a.options.Tokens.Forget(id)
	}
}

// answerAll answers questions outside of Run's own goroutines. The mutex is held.
func (a *Agent) answerAll(ctx context.Context, session api.Session) {
	a.answerAllIn(ctx, session, new(sync.WaitGroup))
}

// answerAllIn begins to answer the questions of a session that nobody answers yet, and stops where questions were withdrawn or answered
// by others. The mutex is held.
func (a *Agent) answerAllIn(ctx context.Context, session api.Session, answering *sync.WaitGroup) {
	kept := a.kept[session.ID]
	if kept == nil {
		return
	}
	asked := map[string]bool{}
	for _, question := range session.Questions {
		asked[question.ID] = true
		if a.open[question.ID] != nil {
			continue
		}
		answerContext, stop := context.WithCancel(ctx)
		a.open[question.ID] = stop
		kept.questions = append(kept.questions, question.ID)
		answering.Go(func() {
			defer stop()
			a.answer(answerContext, kept, session, question)
		})
	}
	remaining := kept.questions[:0]
	for _, id := range kept.questions {
		if asked[id] {
			remaining = append(remaining, id)
			continue
		}
		a.open[id]() // whoever still asks the user need not any more
		delete(a.open, id)
	}
	kept.questions = remaining
}

// answer finds an answer to a question and gives it to the service.
func (a *Agent) answer(ctx context.Context, kept *keptSession, session api.Session, question api.Question) {
	answer, err := a.find(ctx, kept, session, question)
	switch {
	case err == nil:
	case errors.Is(err, signin.ErrCancelled):
		kept.setFailure(err)
		answer = api.Answer{Cancel: true}
	case ctx.Err() != nil:
		return
	default:
		a.logger.Warn("question not answered", "session", session.ID, "kind", question.Kind, "error", err)
		kept.setFailure(err)
		if a.options.Asker != nil && !errors.Is(err, signin.ErrNobodyToAsk) {
			answer = api.Answer{Cancel: true} // whoever waits in the foreground is told why
			break
		}
		a.tell(ctx, session, err, kept.command(session))
		return // it waits for another program of the user
	}
	if err := a.options.Service.Answer(ctx, question.ID, answer); err != nil && ctx.Err() == nil {
		a.logger.Info("answer not taken", "session", session.ID, "kind", question.Kind, "error", err)
	}
}

// tell shows that a session needs its user, wherever they look. command is what they can sign in with now; empty: it would be of no use yet.
func (a *Agent) tell(ctx context.Context, session api.Session, err error, command string) {
	signIn := api.SignIn{Needed: true, Command: command}
	if problem, ok := errorAs[*tunnel.Problem](err); ok {
		signIn.Message = strings.TrimSpace(problem.Sentence + " " + problem.Remedy)
	} else if problem, ok := errorAs[*entra.Problem](err); ok {
		signIn.Message = problem.Sentence
		if !problem.NeedsUser {
			signIn.Message, signIn.Command = problem.Sentences(), ""
		}
	}
	message := signIn.Message
	if signIn.Command != "" {
		message = strings.TrimSpace(message + " Sign in to go on: " + signIn.Command + ".")
	}
	if session.SignIn != nil {
		signIn.Account, signIn.Expires = session.SignIn.Account, session.SignIn.Expires
	}
	if err := a.options.Service.SetSignIn(ctx, session.ID, signIn); err != nil {
		a.logger.Info("sign-in not told", "session", session.ID, "error", err)
	}
	if a.options.Notifier != nil {
		a.options.Notifier.Notify(ctx, session.Profile, message)
	}
}

func errorAs[T any](err error) (T, bool) {
	var target T
	ok := errors.As(err, &target)
	return target, ok
}

// Failure is why a session's question could not be answered last; nil: all were.
func (a *Agent) Failure(session string) error {
	a.mu.Lock()
	kept := a.kept[session]
	a.mu.Unlock()
	if kept == nil {
		return nil
	}
	return kept.failure()
}
