package client

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/footbridge-vpn/footbridge/client/agent"
	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/trusted"
	"github.com/footbridge-vpn/footbridge/profiles/store"
	"github.com/footbridge-vpn/footbridge/tunnel/host/netmon"
)

// AutoConnect keeps the connections of a user that are to be up without being asked for. Service and Profiles are required.
type AutoConnect struct {
	Service  *api.Client
	Profiles *store.Store
	Tokens   agent.TokenSource
	Notifier agent.Notifier
	Trusted  trusted.Network
	// Passwords gives a session the user's kept password; nil: there are none.
	Passwords func(ctx context.Context, prepared *Prepared, profileID string)
	Logger    *slog.Logger
	// Waits are the waits after failures; empty: 5 s, doubled up to 5 min.
	Waits []time.Duration

	agent *agent.Agent
	mu    sync.Mutex
	ended map[string]chan api.Record // by session id: who waits for its end
	live  map[string]bool            // names of the user's profiles that have a session, whoever started it
}

// Run keeps the connections until ctx ends.
func (c *AutoConnect) Run(ctx context.Context) error {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	c.ended, c.live = map[string]chan api.Record{}, map[string]bool{}
	c.agent = agent.New(agent.Options{Service: c.Service, Tokens: c.Tokens, Notifier: c.Notifier, Logger: c.Logger, Observe: c.observe})
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() { c.keepAll(ctx) })
	for {
		err := c.agent.Run(ctx, nil)
		if ctx.Err() != nil {
			return nil
		}
		c.Logger.Warn("service not followed", "error", err)
		if !sleep(ctx, c.wait(3)) {
			return nil
		}
	}
}

// keepAll starts a keeper for each profile that wants one, and stops those of profiles that do not any more.
func (c *AutoConnect) keepAll(ctx context.Context) {
	type keeper struct {
		digest string
		stop   context.CancelFunc
	}
	keepers := map[string]keeper{}
	var running sync.WaitGroup
	defer running.Wait()
	changes, stopWatching := watchStore(ctx, c.Profiles)
	defer stopWatching()
	for {
		wanted := map[string]store.Entry{}
		entries, _, err := c.Profiles.List()
		if err != nil {
			c.Logger.Error("profiles not read", "error", err)
		}
		for _, entry := range entries {
			if entry.Settings.AutoConnect {
				wanted[entry.ID] = entry
			}
		}
		for id, k := range keepers {
			if entry, still := wanted[id]; !still || entry.SHA256 != k.digest {
				k.stop()
				delete(keepers, id)
			}
		}
		for id, entry := range wanted {
			if _, there := keepers[id]; there {
				continue
			}
			keeping, stop := context.WithCancel(ctx)
			keepers[id] = keeper{entry.SHA256, stop}
			running.Go(func() { c.keep(keeping, entry) })
		}
		select {
		case <-ctx.Done():
			for _, k := range keepers {
				k.stop()
			}
			return
		case <-changes:
		}
	}
}

// keep connects one profile, again and again, until ctx ends or the user disconnects it.
func (c *AutoConnect) keep(ctx context.Context, entry store.Entry) {
	network, err := netmon.Watch(ctx, c.Logger)
	if err != nil {
		network = nil
	}
	for failures := 0; ctx.Err() == nil; {
		if name := c.Trusted.Match(ctx, entry.Settings.TrustedNetworks); name != "" {
			c.Logger.Info("trusted network: not connected", "profile", entry.Name, "network", name)
			c.pause(ctx, network, time.Minute)
			continue
		}
		if c.isLive(entry.Name) { // the user connected it by hand
			c.pause(ctx, network, 5*time.Second)
			continue
		}
		record, err := c.connect(ctx, entry, network)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			c.Logger.Warn("not connected", "profile", entry.Name, "error", err)
			c.pause(ctx, network, c.wait(failures))
			failures++
		case record.Reason == api.EndedByUser:
			c.Logger.Info("disconnected by the user", "profile", entry.Name)
			<-ctx.Done() // until the profile changes or the user logs in again
		case record.Reason == api.EndedByCrash || record.Reason == api.EndedByService:
			c.pause(ctx, network, restartWait) // the service is back, or is waited for where the connection is asked for
		default:
			if record.Connected != nil {
				failures = 0
			}
			c.pause(ctx, network, c.wait(failures))
			failures++
		}
	}
}

// connect holds one session to its end. A network that becomes a trusted one ends it.
func (c *AutoConnect) connect(ctx context.Context, entry store.Entry, network <-chan netmon.Change) (api.Record, error) {
	prepared, err := Prepare(ctx, entry, Wish{}, nil)
	if err != nil {
		return api.Record{}, err
	}
	if c.Passwords != nil {
		c.Passwords(ctx, prepared, entry.ID)
	}
	session, err := c.Service.Connect(ctx, prepared.Request)
	if err != nil {
		return api.Record{}, err
	}
	ended := make(chan api.Record, 1)
	c.mu.Lock()
	c.ended[session.ID] = ended
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.ended, session.ID)
		c.mu.Unlock()
	}()
	c.agent.Keep(ctx, session.ID, prepared.Secrets)
	for {
		select {
		case record := <-ended:
			return record, nil
		case <-ctx.Done():
			c.disconnect(session.ID)
			return api.Record{}, context.Cause(ctx)
		case change, open := <-network:
			if !open {
				network = nil
			} else if change.Kind == netmon.NetworkChanged && c.Trusted.Match(ctx, entry.Settings.TrustedNetworks) != "" {
				c.disconnect(session.ID)
				return api.Record{Reason: api.EndedByPolicy}, nil
			}
		}
	}
}

// disconnect ends a session though the context that started it is over.
func (c *AutoConnect) disconnect(id string) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := c.Service.Disconnect(ctx, id); err != nil {
		c.Logger.Info("not disconnected", "session", id, "error", err)
	}
}

// observe notes which sessions there are and how they end.
func (c *AutoConnect) observe(m api.Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case m.Snapshot != nil:
		c.live = map[string]bool{}
		there := map[string]bool{}
		for _, session := range m.Snapshot.Sessions {
			there[session.ID] = true
			if session.UID == m.Snapshot.UID && session.Machine == "" {
				c.live[session.Profile] = true
			}
		}
		for id, waiting := range c.ended { // the service was restarted, or killed
			if !there[id] {
				tell(waiting, api.Record{Session: id, Reason: api.EndedByCrash})
			}
		}
	case m.Change == nil:
	case m.Change.Session != nil && m.Change.Session.Machine == "":
		c.live[m.Change.Session.Profile] = true
	case m.Change.Ended != nil:
		delete(c.live, m.Change.Ended.Profile)
		if waiting := c.ended[m.Change.Ended.Session]; waiting != nil {
			tell(waiting, *m.Change.Ended)
		}
	}
}

func tell(waiting chan api.Record, record api.Record) {
	select {
	case waiting <- record:
	default:
	}
}

func (c *AutoConnect) isLive(profile string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.live[profile]
}

// wait is how long to wait after a number of failures.
func (c *AutoConnect) wait(failures int) time.Duration {
	if len(c.Waits) > 0 {
		return c.Waits[min(failures, len(c.Waits)-1)]
	}
	return min(5*time.Second<<min(failures, 10), 5*time.Minute)
}

// pause waits for a time, or until the network changes.
func (c *AutoConnect) pause(ctx context.Context, network <-chan netmon.Change, limit time.Duration) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-network:
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// ErrAlreadyKept says that another process of the user keeps the connections.
var ErrAlreadyKept = errors.New("another process keeps this user's connections")
