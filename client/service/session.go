package service

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"slices"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/tunnel"
)

// The sessions that may run at once.
const (
	maxSessions        = 64
	maxSessionsPerUser = 8
)

// maxWarnings bounds what is kept of a session's warnings.
const maxWarnings = 20

// session is one tunnel and who it belongs to. The service's mutex guards what changes.
type session struct {
	service   *Service
	id        string
	uid       uint32
	profile   *profiles.Profile
	machine   string // id of the machine profile; empty: the user's own
	shared    bool   // the computer's: nobody in particular started it, and everybody who may operate sees it
	endWithMe bool
	tunnel    *tunnel.Tunnel
	cancel    context.CancelFunc
	done      chan struct{} // closed when it is over

	state      tunnel.State
	since      time.Time
	stage      tunnel.Stage
	problem    *tunnel.Problem
	retryAt    time.Time
	warnings   []string
	overlaps   []api.Overlap
	signIn     *api.SignIn
	questions  []*question
	reconnects int
	started    time.Time
	connected  time.Time // the first time
	last       *tunnel.Session
	reason     api.EndReason // why it is being ended; empty: it is not, or by itself
}

// plan is what a session is to be, once everything about the request was looked at.
type plan struct {
	uid         uint32
	profile     *profiles.Profile
	machine     string
	shared      bool
	certificate func(context.Context, *session) (*tls.Certificate, error)
	leaveDNS    bool
	endWithMe   bool
}

// start begins a session.
func (s *Service) start(wanted plan) (*session, *api.Error) {
	ctx, cancel := context.WithCancel(context.Background())
	now := time.Now()
	c := &session{service: s, id: rand.Text(), uid: wanted.uid, profile: wanted.profile, machine: wanted.machine, shared: wanted.shared,
		endWithMe: wanted.endWithMe, cancel: cancel, done: make(chan struct{}), state: tunnel.Disconnected, since: now, started: now}
	certificate, err := wanted.certificate(ctx, c)
	if err != nil {
		cancel()
		return nil, badCertificate(err)
	}
	options := tunnel.Options{
		Profile: wanted.profile, Certificate: certificate, Ask: c.ask, LeaveDNS: wanted.leaveDNS, Network: s.network(ctx), Computer: s.options.Computer,
		Memory: s.memory, Observe: c.observe, Version: "Footbridge " + s.options.Version, Logger: s.logger.With("session", c.id, "uid", c.uid),
	}
	c.tunnel = tunnel.New(options)
	s.mu.Lock()
	defer s.mu.Unlock()
	if refusal := s.roomFor(wanted); refusal != nil {
		cancel()
		return nil, refusal
	}
	s.sessions[c.id] = c
	if s.history != nil {
		if err := s.history.Begin(c.record()); err != nil {
			s.logger.Warn("session not noted", "error", err)
		}
	}
	s.publish(c)
	s.running.Go(func() { c.run(ctx) })
	return c, nil
}

// roomFor refuses a session too many. The service's mutex is held.
func (s *Service) roomFor(wanted plan) *api.Error {
	if s.ending {
		return &api.Error{Code: api.Stopping, Sentence: "The service is stopping.", Remedy: "Try again when it is back."}
	}
	count := 0
	for _, other := range s.sessions {
		if other.machine != "" && other.machine == wanted.machine || other.uid == wanted.uid && other.machine == wanted.machine && other.profile.Name == wanted.profile.Name {
			return &api.Error{Code: api.AlreadyConnected, Sentence: "This profile has a connection already.", Remedy: "Disconnect it first."}
		}
		if other.uid == wanted.uid {
			count++
		}
	}
	if count >= maxSessionsPerUser || len(s.sessions) >= maxSessions {
		return &api.Error{Code: api.TooMany, Sentence: "There are too many connections.", Remedy: "Disconnect one first."}
	}
	return nil
}

// run keeps the tunnel until it ends, then records and forgets it.
func (c *session) run(ctx context.Context) {
	s := c.service
	err := c.tunnel.Run(ctx)
	c.cancel()
	s.logger.Info("session ended", "session", c.id, "uid", c.uid, "error", err)
	s.mu.Lock()
	defer s.mu.Unlock()
	defer close(c.done)
	delete(s.sessions, c.id)
	record := c.ended(err)
	if s.history != nil {
		if err := s.history.End(record); err != nil {
			s.logger.Warn("session not recorded", "session", c.id, "error", err)
		}
	}
	s.recomputeOverlaps()
	s.publishEnd(c, record)
}

// end begins to end the session; the first reason counts. The service's mutex is held.
func (c *session) end(reason api.EndReason) {
	if c.reason == "" {
		c.reason = reason
	}
	c.cancel()
}

// observe takes the tunnel's events.
func (c *session) observe(event tunnel.Event) {
	s := c.service
	s.mu.Lock()
	defer s.mu.Unlock()
	if event.State != c.state {
		if event.State == tunnel.Reconnecting {
			c.reconnects++
		}
		c.state, c.since, c.problem = event.State, event.Time, nil
	}
	if event.Problem != nil {
		c.problem = event.Problem
	}
	switch event.Kind {
	case tunnel.KindStage:
		c.stage, c.retryAt = event.Stage, time.Time{}
	case tunnel.KindRetry:
		c.retryAt = event.Time.Add(time.Duration(event.Wait * float64(time.Second)))
	case tunnel.KindWarning:
		if !slices.Contains(c.warnings, event.Message) && len(c.warnings) < maxWarnings {
			c.warnings = append(c.warnings, event.Message)
		}
	}
	if c.state == tunnel.Connected {
		c.stage, c.retryAt, c.problem = "", time.Time{}, nil
		if c.connected.IsZero() {
			c.connected = event.Time
		}
	}
	if event.Session != nil {
		c.last = event.Session
		s.recomputeOverlaps()
	}
	s.publishTo(c, api.Change{Event: &api.SessionEvent{Session: c.id, Event: event}})
	s.publish(c)
}

// view is the session as a user may see it who may see it. The service's mutex is held.
func (c *session) view(uid uint32) api.Session {
	view := api.Session{ID: c.id, UID: c.uid, Profile: c.profile.Name, Machine: c.machine, State: c.state, Since: c.since, Stage: c.stage, Problem: c.problem,
		Connection: c.tunnel.Session(), Traffic: c.tunnel.Traffic(), Reconnects: c.reconnects, Warnings: slices.Clone(c.warnings), Overlaps: c.overlapsFor(uid), SignIn: c.signIn}
	if !c.retryAt.IsZero() {
		at := c.retryAt
		view.RetryAt = &at
	}
	view.WaitingForUser = len(c.questions) > 0 && !c.service.present(c.uid)
	if uid == c.uid {
		for _, q := range c.questions {
			view.Questions = append(view.Questions, q.asked)
		}
	}
	return view
}

// record is what is known of the session for the history. The service's mutex is held.
func (c *session) record() api.Record {
	record := api.Record{Session: c.id, UID: c.uid, Profile: c.profile.Name, Machine: c.machine, Started: c.started.UTC(), Reconnects: c.reconnects}
	if !c.connected.IsZero() {
		connected := c.connected.UTC()
		record.Connected = &connected
	}
	if c.last != nil {
		record.Server = c.last.Server
	}
	return record
}

// ended is the record of a session that is over. The service's mutex is held.
func (c *session) ended(err error) api.Record {
	record := c.record()
	record.Ended, record.Traffic, record.Reason = time.Now().UTC(), c.tunnel.Traffic(), c.reason
	if problem, ok := err.(*tunnel.Problem); ok && c.reason == "" {
		record.Problem = problem
	}
	if record.Reason == "" {
		record.Reason = api.EndedByProblem
	}
	return record
}
