package tunnel

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/tunnel/host/netmon"
	"github.com/footbridge-vpn/footbridge/tunnel/pump"
)

// Tunnel is one connection, from Run until it is disconnected or has failed.
type Tunnel struct {
	options Options
	servers []profiles.Server // in the order to try them
	logger  *slog.Logger
	inputs  chan Input
	ending  chan struct{} // closed when Run returns: nobody takes inputs any more

	// Only Run's goroutine uses these.
	machine Machine
	retry   *time.Timer
	current *attempt
	refused *Problem // what the gateway said of the last credential
	endErr  error    // from undoing what was changed on this computer

	computer Computer     // nil until the first attempt opened it
	sender   *pump.Sender // from computer's device into the current session
	names    *nameMemory
	carried  carriedOver

	mu      sync.Mutex
	session *Session // nil while not connected
	traffic func() Traffic
	before  Traffic // of sessions that are over
}

// New prepares a tunnel. Nothing happens before Run.
func New(options Options) *Tunnel {
	logger := options.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	servers := slices.Clone(options.Profile.Servers)
	if options.Profile.RemoteRandom {
		rand.Shuffle(len(servers), func(i, j int) { servers[i], servers[j] = servers[j], servers[i] })
	}
	t := &Tunnel{options: options, servers: servers, logger: logger, inputs: make(chan Input, 16), ending: make(chan struct{}),
		retry: time.NewTimer(time.Hour), names: newNameMemory()}
	t.retry.Stop()
	t.machine = Machine{State: Disconnected, Servers: len(servers), CanAsk: options.Ask != nil,
		MostAttempts: options.Profile.OpenVPN.ConnectRetryMax, Backoff: t.backoff()}
	if options.Memory != nil {
		t.machine.Remembered, _ = options.Memory.Hello(options.Profile.Name)
	}
	return t
}

// backoff spreads reconnects by up to a quarter, so that a fleet does not return in one instant.
func (t *Tunnel) backoff() Backoff {
	backoff := t.options.Backoff
	if backoff.First == 0 {
		backoff.First = t.options.Profile.OpenVPN.ConnectRetry
	}
	if backoff.Jitter == nil {
		backoff.Jitter = func(d time.Duration) time.Duration { return d + rand.N(d/4+1) }
	}
	return backoff
}

// Run connects and keeps the connection until ctx ends or retrying is pointless. It returns nil after a disconnect by
// ctx, else the Problem, joined with what could not be undone on this computer.
func (t *Tunnel) Run(ctx context.Context) error {
	defer close(t.ending)
	// What an attempt does to end well (exit notices, undoing routes) must not be cut off by ctx.
	background := context.WithoutCancel(ctx)
	done := ctx.Done()
	t.handle(background, Connect{})
	for t.machine.State != Disconnected && t.machine.State != Failed {
		select {
		case <-done:
			done = nil
			t.handle(background, Disconnect{})
		case input := <-t.inputs:
			t.handle(background, input)
		case <-t.retry.C:
			t.handle(background, RetryDue{})
		case change, open := <-t.options.Network:
			if !open {
				t.options.Network = nil
				continue
			}
			t.networkChange(background, change)
		}
	}
	if t.machine.State == Failed {
		return joinProblem(t.machine.Problem, t.endErr)
	}
	return t.endErr
}

// post hands an input to Run, or drops it when Run is over.
func (t *Tunnel) post(input Input) {
	select {
	case t.inputs <- input:
	case <-t.ending:
	}
}

// handle moves the machine and does what it says.
func (t *Tunnel) handle(ctx context.Context, input Input) {
	before := t.machine.State
	next, actions := t.machine.Next(input)
	t.machine = next
	switch in := input.(type) {
	case AttemptEnded:
		t.current = nil
		t.attemptEnded(in.Problem)
	case carriedReport:
		t.carried = in.carried
	case attemptReport:
		t.attemptReported(in)
	}
	if next.State != before {
		t.observe(Event{Kind: KindState, Problem: t.reason()})
	}
	if established, ok := input.(Established); ok && next.State == Connected && t.options.Memory != nil {
		t.options.Memory.RememberHello(t.options.Profile.Name, established.Hello)
	}
	for _, action := range actions {
		if _, another := action.(StartAttempt); another && next.State == before && before != Disconnected && next.Problem != nil {
			t.observe(Event{Kind: KindRetry, Problem: next.Problem}) // at once
		}
		t.do(ctx, action)
	}
}

// reason is what to say with a change of state.
func (t *Tunnel) reason() *Problem {
	switch t.machine.State {
	case Failed, Reconnecting:
		return t.machine.Problem
	case Disconnecting:
		if t.machine.ending.Code != UserDisconnected {
			return t.machine.ending
		}
	}
	return nil
}

func (t *Tunnel) do(ctx context.Context, action Action) {
	switch a := action.(type) {
	case StartAttempt:
		t.retry.Stop()
		t.start(ctx, a)
	case StopAttempt:
		if t.current != nil {
			t.current.cancel(a.Problem)
		}
	case Rebind:
		if t.current != nil {
			t.current.networkChanged()
		}
	case Wait:
		t.retry.Reset(a.For)
		t.observe(Event{Kind: KindRetry, Problem: t.machine.Problem, Wait: a.For.Seconds()})
	case TearDown:
		t.retry.Stop()
		go t.tearDown()
	case ForgetCredential:
		t.refused = t.machine.Problem
		t.carried = carriedOver{}
	}
}

// tearDown undoes everything that was changed on this computer. It runs while no attempt does.
func (t *Tunnel) tearDown() {
	if t.computer != nil {
		t.endErr = t.computer.Close()
		if t.sender != nil {
			t.sender.Wait() // it ends because the device is gone
		}
	}
	t.post(TornDown{})
}

// attemptEnded keeps the books of a session that is over.
func (t *Tunnel) attemptEnded(problem *Problem) {
	t.logger.Info("attempt ended", "code", problem.Code, "detail", problem.Detail)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.traffic != nil {
		t.before = t.before.plus(t.traffic())
		t.traffic = nil
	}
	t.session = nil
}

// attemptReported tells what an attempt has to say and keeps what is known of the session.
func (t *Tunnel) attemptReported(report attemptReport) {
	if report.session != nil {
		t.mu.Lock()
		t.session, t.traffic = report.session, report.traffic
		t.mu.Unlock()
		t.refused = nil
	}
	t.observe(report.event)
}

// networkChange passes a change of the network on to the machine.
func (t *Tunnel) networkChange(ctx context.Context, change netmon.Change) {
	t.logger.Info("network change", "kind", change.Kind)
	switch change.Kind {
	case netmon.NetworkChanged:
		t.handle(ctx, NetworkChanged{})
	case netmon.NetworkLost:
		t.handle(ctx, NetworkLost{})
	case netmon.Sleeping:
		t.handle(ctx, Sleeping{})
	case netmon.Woke:
		t.handle(ctx, Woke{})
	}
}

// observe tells an event with the time and the state. Attempts report through Run's goroutine, see attempt.report.
func (t *Tunnel) observe(event Event) {
	if t.options.Observe == nil {
		return
	}
	event.Time = time.Now()
	event.State = t.machine.State
	t.options.Observe(event)
}

// Session returns what is known of the session that is up; nil while there is none. It may be called from any goroutine.
func (t *Tunnel) Session() *Session {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.session
}

// Traffic returns what went through since Run began. It may be called from any goroutine.
func (t *Tunnel) Traffic() Traffic {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.traffic == nil {
		return t.before
	}
	return t.before.plus(t.traffic())
}

func (t Traffic) plus(other Traffic) Traffic {
	return Traffic{BytesIn: t.BytesIn + other.BytesIn, BytesOut: t.BytesOut + other.BytesOut,
		PacketsIn: t.PacketsIn + other.PacketsIn, PacketsOut: t.PacketsOut + other.PacketsOut}
}
