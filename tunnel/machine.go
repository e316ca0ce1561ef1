package tunnel

import (
	"slices"
	"time"
)

// Machine decides what a connection does next. It is a value: Next returns the next one and what to do, and touches
// nothing else, so that every way through it can be tested without a network or a clock.
type Machine struct {
	State   State
	Problem *Problem // why the last attempt, or the connection, ended; nil while all is well
	Attempt int      // attempts since the last success, from 1

	// Servers is how many servers the profile names.
	Servers int
	// Remembered is the hello that worked before for this profile.
	Remembered HelloVariant
	// CanAsk says that there is a user's credential, which can be asked again when it was refused.
	CanAsk bool
	// MostAttempts in a row without success end it (connect-retry-max); 0: no end.
	MostAttempts int
	// Backoff gives the wait before a retry.
	Backoff Backoff

	server        int
	hello         HelloVariant
	tried         []HelloVariant
	running       bool // an attempt or a session is under way
	everConnected bool
	networkLost   bool
	waits         int // in a row, for the backoff
	sameCode      Code
	sameCount     int
	ending        *Problem // why it is being torn down
}

// Next handles one input.
func (m Machine) Next(input Input) (Machine, []Action) {
	m.tried = slices.Clone(m.tried)
	switch in := input.(type) {
	case Connect:
		return m.connect()
	case Disconnect:
		return m.disconnect()
	case Established:
		return m.established(in.Hello)
	case AttemptEnded:
		m.running = false
		return m.attemptEnded(in.Problem)
	case RetryDue:
		if m.waiting() {
			return m.start()
		}
	case NetworkChanged:
		m.networkLost = false
		return m.networkChanged()
	case NetworkLost:
		m.networkLost = true
	case Woke:
		return m.woke()
	case TornDown:
		return m.tornDown()
	}
	return m, nil
}

// waiting reports whether the connection is between two attempts.
func (m Machine) waiting() bool {
	return !m.running && (m.State == Connecting || m.State == Reconnecting)
}

func (m Machine) connect() (Machine, []Action) {
	if m.State != Disconnected && m.State != Failed && m.State != "" {
		return m, nil
	}
	fresh := Machine{State: Connecting, Servers: m.Servers, Remembered: m.Remembered, CanAsk: m.CanAsk,
		MostAttempts: m.MostAttempts, Backoff: m.Backoff,
		hello: m.Remembered, networkLost: m.networkLost}
	return fresh.start()
}

func (m Machine) start() (Machine, []Action) {
	m.running = true
	m.Attempt++
	return m, []Action{StartAttempt{Server: m.server, Hello: m.hello}}
}

func (m Machine) disconnect() (Machine, []Action) {
	switch m.State {
	case Connecting, Connected, Reconnecting:
		return m.end(newProblem(UserDisconnected, nil))
	default:
		return m, nil
	}
}

// end begins the way to Disconnected or Failed.
func (m Machine) end(problem *Problem) (Machine, []Action) {
	m.State = Disconnecting
	m.ending = problem
	if m.running {
		return m, []Action{StopAttempt{Problem: problem}}
	}
	return m, []Action{TearDown{}}
}

func (m Machine) established(hello HelloVariant) (Machine, []Action) {
	if m.State != Connecting && m.State != Reconnecting {
		return m, nil
	}
	m.State = Connected
	m.Problem = nil
	m.Attempt = 0
	m.everConnected = true
	m.waits = 0
	m.sameCode, m.sameCount = "", 0
	m.hello, m.Remembered, m.tried = hello, hello, nil
	return m, nil
}

func (m Machine) tornDown() (Machine, []Action) {
	if m.State != Disconnecting {
		return m, nil
	}
	if m.ending.Code == UserDisconnected {
		m.State, m.Problem = Disconnected, nil
	} else {
		m.State, m.Problem = Failed, m.ending
	}
	return m, nil
}

// networkChanged tries at once what was waiting; a session goes on over the new network where its transport can.
func (m Machine) networkChanged() (Machine, []Action) {
	switch {
	case m.waiting():
		m.waits = 0
		return m.start()
	case m.State == Connected:
		return m, []Action{Rebind{}}
	case m.running && (m.State == Connecting || m.State == Reconnecting):
		return m, []Action{StopAttempt{Problem: newProblem(ConnectionLost, errNetworkChanged)}}
	default:
		return m, nil
	}
}

// woke does not trust a session that slept: the gateway has most likely given it up, and TCP would take minutes to notice.
func (m Machine) woke() (Machine, []Action) {
	if m.waiting() {
		m.waits = 0
		return m.start()
	}
	if m.running && m.State != Disconnecting {
		return m, []Action{StopAttempt{Problem: newProblem(ConnectionLost, errSlept)}}
	}
	return m, nil
}

func (m Machine) attemptEnded(problem *Problem) (Machine, []Action) {
	if m.State == Disconnecting {
		return m, []Action{TearDown{}}
	}
	if m.State != Connecting && m.State != Connected && m.State != Reconnecting {
		return m, nil
	}
	m.Problem = problem
	if m.everConnected {
		m.State = Reconnecting
	}
	if problem.Code == m.sameCode {
		m.sameCount++
	} else {
		m.sameCode, m.sameCount = problem.Code, 1
	}
	rule := ruleFor(problem.Code)
	if m.MostAttempts > 0 && m.Attempt >= m.MostAttempts {
		return m.end(problem)
	}
	if problem.Final || rule.limit > 0 && m.sameCount >= rule.limit {
		return m.end(problem)
	}
	return m.follow(rule.decision, problem)
}

func (m Machine) follow(what decision, problem *Problem) (Machine, []Action) {
	if problem.Advance {
		m = m.advance()
	}
	switch what {
	case otherHello:
		m.tried = append(m.tried, m.hello)
		if variant, ok := m.hello.next(m.tried, problem.Code != ResetAfterKey); ok {
			m.hello = variant
			return m.start()
		}
		m.hello, m.tried = m.Remembered, nil
		m = m.advance()
		return m.wait(problem)
	case askAgain:
		if !m.CanAsk {
			return m.end(problem)
		}
		m, actions := m.start()
		return m, append([]Action{ForgetCredential{}}, actions...)
	case again:
		return m.start()
	case atOnce:
		if m.waits == 0 && problem.Backoff == 0 && !m.networkLost {
			m.waits++
			return m.start()
		}
		return m.wait(problem)
	case nextServer:
		m = m.advance()
		if m.server != 0 && problem.Backoff == 0 {
			return m.start() // each server once before waiting
		}
		return m.wait(problem)
	case retry, waitNetwork:
		return m.wait(problem)
	default:
		return m.end(problem)
	}
}

func (m Machine) advance() Machine {
	if m.Servers > 1 {
		m.server = (m.server + 1) % m.Servers
	}
	return m
}

// wait asks for RetryDue. Without a network the wait is the longest, since the network's return ends it anyway.
func (m Machine) wait(problem *Problem) (Machine, []Action) {
	wait := m.Backoff.after(m.waits)
	if m.everConnected {
		wait = m.Backoff.returning(m.waits)
	}
	if m.networkLost {
		wait = m.Backoff.longest()
	}
	m.waits++
	return m, []Action{Wait{For: max(wait, problem.Backoff)}}
}

// Backoff is the wait between attempts: First, doubled each time, up to Most.
type Backoff struct {
	First  time.Duration                     // default 1 s (OpenVPN's connect-retry)
	Most   time.Duration                     // default 60 s
	Jitter func(time.Duration) time.Duration // spreads a fleet's reconnects; nil: none
}

func (b Backoff) first() time.Duration {
	if b.First == 0 {
		return time.Second
	}
	return b.First
}

func (b Backoff) longest() time.Duration {
	if b.Most == 0 {
		return time.Minute
	}
	return b.Most
}

// brisk is how many waits a lost session's are short: a gateway that restarts, or fails over, is back within a minute or two, and
// somebody waits for it.
const brisk = 60

// returning is the wait for a gateway that there was a session with.
func (b Backoff) returning(waits int) time.Duration {
	if waits > brisk {
		return b.after(waits - brisk)
	}
	b.Most = min(b.longest(), b.first()*3/2)
	return b.after(waits)
}

func (b Backoff) after(waits int) time.Duration {
	wait := b.first()
	for range min(waits, 30) {
		wait *= 2
	}
	wait = min(wait, b.longest())
	if b.Jitter != nil {
		wait = b.Jitter(wait)
	}
	return wait
}
