package service

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
	"github.com/footbridge-vpn/footbridge/profiles/store"
	"github.com/footbridge-vpn/footbridge/tunnel"
	"github.com/footbridge-vpn/footbridge/tunnel/host/netmon"
)

// keeper keeps one machine profile connected: from the start of the service where the administrator's certificate signs in, else once a
// user's program is there to ask. The service's mutex guards what changes.
type keeper struct {
	service  *Service
	entry    store.Entry
	settings settings.Settings // with the policy's
	always   bool              // users may not disconnect it
	cancel   context.CancelFunc
	done     chan struct{}
	nudged   chan struct{} // somebody who can be asked has come, or asked for it

	id        string // of what stands for it while it is suspended
	suspended string // the trusted network; empty: it is not suspended
	since     time.Time
	paused    bool // a user disconnected it
}

// reconcile makes the keepers those that profiles and policy ask for.
func (s *Service) reconcile() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending {
		return
	}
	wanted := map[string]*keeper{}
	if s.policyProblem == "" {
		for _, entry := range s.machines {
			effective := entry.Settings.Clone()
			if err := s.policy.Force(entry.ID, entry.Name, &effective); err != nil {
				continue // said where the profile is shown
			}
			always := s.policy.IsAlwaysOn(entry.ID, entry.Name)
			if effective.AutoConnect || always {
				wanted[entry.ID] = &keeper{service: s, entry: entry, settings: effective, always: always}
			}
		}
	} else {
		wanted = s.keepers // nothing new is started, nothing is ended
	}
	for id, k := range s.keepers {
		if next := wanted[id]; next == k {
			continue
		} else if next != nil && next.entry.SHA256 == k.entry.SHA256 && next.always == k.always && next.settings.Get("trusted-networks") == k.settings.Get("trusted-networks") {
			wanted[id] = k
			continue
		}
		s.logger.Info("always-on connection ends", "profile", k.entry.Name)
		k.cancel()
		delete(s.keepers, id)
	}
	for id, k := range wanted {
		if s.keepers[id] != nil {
			continue
		}
		s.keepers[id] = k
		s.logger.Info("always-on connection", "profile", k.entry.Name)
		k.begin()
	}
}

// begin starts the keeper, once one before it for the same profile has ended. The mutex is held.
func (k *keeper) begin() {
	ctx, cancel := context.WithCancel(context.Background())
	k.cancel, k.done, k.nudged, k.id, k.since = cancel, make(chan struct{}), make(chan struct{}, 1), rand.Text(), time.Now()
	k.service.running.Go(func() {
		defer close(k.done)
		k.run(ctx)
	})
}

// nudge lets a keeper that waits try at once. The mutex is held.
func (k *keeper) nudge() {
	select {
	case k.nudged <- struct{}{}:
	default:
	}
}

// run connects, again and again, until ctx ends.
func (k *keeper) run(ctx context.Context) {
	s := k.service
	network := s.network(ctx)
	waits := 0
	for ctx.Err() == nil {
		if trusted := s.options.Trusted.Match(ctx, k.settings.TrustedNetworks); trusted != "" {
			k.suspend(trusted)
			k.pause(ctx, network, trustedRecheck)
			continue
		}
		k.suspend("")
		owner, there := k.owner()
		if !there || k.isPaused() {
			k.pause(ctx, network, 0)
			continue
		}
		began := time.Now()
		c, refusal := k.start(owner)
		if refusal != nil {
			if refusal.Code != api.AlreadyConnected { // a user may have started it by hand
				s.logger.Warn("always-on connection not started", "profile", k.entry.Name, "error", refusal)
			}
			k.pause(ctx, network, k.wait(&waits))
			continue
		}
		k.accompany(ctx, c, network)
		if time.Since(began) > time.Minute {
			waits = 0
		}
		if ctx.Err() == nil && c.endReason() == api.EndedByProblem {
			k.pause(ctx, network, k.wait(&waits))
		}
	}
}

// trustedRecheck is how often a trusted network is looked at again without a sign of change.
const trustedRecheck = 5 * time.Minute

// wait is how long to wait after a failure.
func (k *keeper) wait(waits *int) time.Duration {
	configured := k.service.options.RestartWaits
	defer func() { *waits++ }()
	if len(configured) > 0 {
		return configured[min(*waits, len(configured)-1)]
	}
	return min(5*time.Second<<min(*waits, 10), 5*time.Minute)
}

// pause waits: for a time (0: without end), or until the network changes, somebody comes, or ctx ends.
func (k *keeper) pause(ctx context.Context, network <-chan netmon.Change, limit time.Duration) {
	var timer <-chan time.Time
	if limit > 0 {
		timer = time.After(limit)
	}
	select {
	case <-ctx.Done():
	case <-timer:
	case <-k.nudged:
	case _, open := <-network:
		if !open {
			<-ctx.Done()
		}
	}
}

// owner is who a connection belongs to: the computer, or a user who can be asked.
func (k *keeper) owner() (uid uint32, there bool) {
	if isDevice(k.entry) {
		return 0, true
	}
	s := k.service
	s.mu.Lock()
	defer s.mu.Unlock()
	for stream := range s.streams {
		if stream.uid != 0 && stream.role == api.Operate {
			return stream.uid, true
		}
	}
	return 0, false
}

func (k *keeper) isPaused() bool {
	k.service.mu.Lock()
	defer k.service.mu.Unlock()
	return k.paused
}

func (k *keeper) start(owner uint32) (*session, *api.Error) {
	wanted, refusal := k.service.machinePlan(plan{uid: owner, shared: isDevice(k.entry), certificate: callersCertificate("")}, k.entry, "")
	if refusal != nil {
		return nil, refusal
	}
	return k.service.start(wanted)
}

// accompany waits for the session's end, and ends it where ctx ends or the network becomes a trusted one.
func (k *keeper) accompany(ctx context.Context, c *session, network <-chan netmon.Change) {
	s := k.service
	finish := func() {
		s.mu.Lock()
		c.end(api.EndedByPolicy)
		s.mu.Unlock()
		<-c.done
	}
	for {
		select {
		case <-c.done:
			return
		case <-ctx.Done():
			finish()
			return
		case change, open := <-network:
			if !open {
				network = nil
				continue
			}
			if change.Kind == netmon.NetworkChanged && s.options.Trusted.Match(ctx, k.settings.TrustedNetworks) != "" {
				finish()
				return
			}
		}
	}
}

// endReason is why a session ended. It is to be called when it is over.
func (c *session) endReason() api.EndReason {
	c.service.mu.Lock()
	defer c.service.mu.Unlock()
	if c.reason == "" {
		return api.EndedByProblem
	}
	return c.reason
}

// suspend shows that the connection is not needed on this network; empty: that it is.
func (k *keeper) suspend(network string) {
	s := k.service
	s.mu.Lock()
	defer s.mu.Unlock()
	if k.suspended == network {
		return
	}
	k.suspended, k.since = network, time.Now()
	s.logger.Info("always-on connection suspended", "profile", k.entry.Name, "trusted_network", network)
	change := api.Change{Removed: k.id}
	if network != "" {
		view := k.view()
		change = api.Change{Session: &view}
	}
	for stream := range s.streams {
		if stream.role != api.Observe {
			stream.send(change)
		}
	}
}

// view stands for the connection while it is suspended. The mutex is held.
func (k *keeper) view() api.Session {
	return api.Session{ID: k.id, Profile: k.entry.Name, Machine: k.entry.ID, State: tunnel.Disconnected, Since: k.since, Suspended: k.suspended}
}
