package client

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/profiles/store"
)

// View is everything that a face shows, at one moment. It is not changed any more.
type View struct {
	Connections []Connection  // by name
	Foreign     []api.Session // sessions of others, and of profiles that are not there any more, that the user may see
	Damaged     []store.Damaged
	Service     ServiceState
	Version     string // of the service
	UID         uint32 // of the user, as the service knows it
	Role        api.Role
	Policy      *api.Policy // nil: everything is left to users
	Others      int         // sessions that the user may not see
}

// Find returns a connection by its id.
func (v View) Find(id string) (Connection, bool) {
	for _, c := range v.Connections {
		if c.ID == id {
			return c, true
		}
	}
	return Connection{}, false
}

// Named returns a connection by its name. The user's own go before everybody's.
func (v View) Named(name string) (Connection, bool) {
	for _, machine := range []bool{false, true} {
		for _, c := range v.Connections {
			if (c.Machine != nil) == machine && strings.EqualFold(c.Name, name) {
				return c, true
			}
		}
	}
	return Connection{}, false
}

// MaySavePasswords reports whether an administrator lets users keep passwords.
func (v View) MaySavePasswords() bool { return v.Policy == nil || v.Policy.SavePasswords }

// ServiceState says whether the service answers. The zero value is that this is not known yet.
type ServiceState struct {
	Known   bool
	Running bool
	Err     error // why it does not answer
}

// Model folds the user's profiles and the service's events into one picture. It is safe for concurrent use.
type Model struct {
	service  *api.Client
	profiles *store.Store
	logger   *slog.Logger

	changed chan struct{}

	mu       sync.Mutex
	entries  []store.Entry
	damaged  []store.Damaged
	machine  *api.MachineProfiles
	snapshot *api.Snapshot // nil: the service was not heard
	silence  ServiceState
	ended    map[string]End   // the last of each profile, by name
	failures map[string]error // what this program knows of why a session ends, by its id
}

// NewModel prepares a model. It is empty before Run.
func NewModel(service *api.Client, profiles *store.Store, logger *slog.Logger) *Model {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return &Model{service: service, profiles: profiles, logger: logger, changed: make(chan struct{}, 1), ended: map[string]End{}, failures: map[string]error{}}
}

// Changed tells that View has something new. Several changes are told once.
func (m *Model) Changed() <-chan struct{} { return m.changed }

func (m *Model) tell() {
	select {
	case m.changed <- struct{}{}:
	default:
	}
}

// Run reads the profiles, and again whenever they may have changed, until ctx ends. Observe and Lost bring the rest.
func (m *Model) Run(ctx context.Context) {
	changes, stop := watchStore(ctx, m.profiles)
	defer stop()
	for {
		m.Reload()
		select {
		case <-ctx.Done():
			return
		case <-changes:
		}
	}
}

// Reload reads the user's profiles at once, as after a change of the caller's own.
func (m *Model) Reload() {
	entries, damaged, err := m.profiles.List()
	if err != nil {
		m.logger.Error("profiles not read", "error", err)
		return
	}
	m.mu.Lock()
	m.entries = entries
	m.damaged = slices.CompactFunc(append(m.damaged, damaged...), func(x, y store.Damaged) bool { return x.Path == y.Path })
	m.mu.Unlock()
	m.tell()
}

// readMachine asks the service for the profiles that administrators installed.
func (m *Model) readMachine(ctx context.Context) {
	machine, err := m.service.MachineProfiles(ctx)
	if err != nil {
		m.logger.Info("machine profiles not read", "error", err)
		return
	}
	m.mu.Lock()
	m.machine = machine
	m.mu.Unlock()
	m.tell()
}

// machineLimit bounds how long machine profiles are waited for.
const machineLimit = 10 * time.Second

// Observe takes a message of the service.
func (m *Model) Observe(message api.Message) {
	defer m.tell()
	m.mu.Lock()
	defer m.mu.Unlock()
	switch change := message.Change; {
	case message.Snapshot != nil:
		snapshot := *message.Snapshot
		snapshot.Sessions = slices.Clone(snapshot.Sessions)
		m.snapshot, m.silence = &snapshot, ServiceState{Known: true, Running: true}
		m.readMachineSoon()
	case change == nil || m.snapshot == nil:
	case change.Session != nil:
		m.put(*change.Session)
	case change.Removed != "":
		m.snapshot.Sessions = slices.DeleteFunc(m.snapshot.Sessions, func(s api.Session) bool { return s.ID == change.Removed })
	case change.Ended != nil:
		m.ended[change.Ended.Profile] = End{*change.Ended, m.failures[change.Ended.Session]}
		delete(m.failures, change.Ended.Session)
	case change.Policy != nil:
		m.snapshot.Policy = change.Policy
	case change.Machine:
		m.readMachineSoon()
	case change.Others != nil:
		m.snapshot.Others = *change.Others
	}
}

func (m *Model) readMachineSoon() {
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), machineLimit)
		defer cancel()
		m.readMachine(ctx)
	}()
}

// put keeps a session as it is now. The mutex is held.
func (m *Model) put(session api.Session) {
	for i, known := range m.snapshot.Sessions {
		if known.ID == session.ID {
			m.snapshot.Sessions[i] = session
			return
		}
	}
	m.snapshot.Sessions = append(m.snapshot.Sessions, session)
	delete(m.ended, session.Profile)
}

// Lost takes that the service cannot be followed, and why. Its sessions are gone.
func (m *Model) Lost(err error) {
	var refusal *api.Error
	if err == nil || !errors.As(err, &refusal) {
		refusal = &api.Error{Code: api.NotRunning, Sentence: "The Footbridge service does not answer.", Remedy: "Start it, and try again."}
	}
	m.mu.Lock()
	m.snapshot, m.machine, m.silence = nil, nil, ServiceState{Known: true, Err: refusal}
	m.mu.Unlock()
	m.tell()
}

// End is how a session ended.
type End struct {
	Record api.Record
	Own    error // why, as this program knows, which says more than the record; nil: it does not
}

// Err is why the session ended where that was a failure; nil: it was not.
func (e End) Err() error {
	switch {
	case e.Own != nil:
		return e.Own
	case e.Record.Problem != nil:
		return e.Record.Problem
	default:
		return nil
	}
}

// LastEnd is how the last session of a profile ended since this program began to look; false: none did, or a new one has begun.
func (m *Model) LastEnd(profile string) (End, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	end, ok := m.ended[profile]
	return end, ok
}

// fail keeps what this program knows of why a session is about to end.
func (m *Model) fail(session string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failures[session] = err
}

// View is the picture as it is now.
func (m *Model) View() View {
	m.mu.Lock()
	defer m.mu.Unlock()
	v := View{Damaged: slices.Clone(m.damaged), Service: m.silence}
	for _, entry := range m.entries {
		v.Connections = append(v.Connections, ownConnection(entry))
	}
	if m.machine != nil {
		for _, machine := range m.machine.Profiles {
			v.Connections = append(v.Connections, machineConnection(machine))
		}
	}
	slices.SortStableFunc(v.Connections, func(x, y Connection) int { return cmp.Compare(strings.ToLower(x.Name), strings.ToLower(y.Name)) })
	if m.snapshot == nil {
		return v
	}
	v.Version, v.UID, v.Role, v.Policy, v.Others = m.snapshot.Service, m.snapshot.UID, m.snapshot.Role, m.snapshot.Policy, m.snapshot.Others
	for i, c := range v.Connections {
		if c.Machine != nil && v.Policy != nil {
			v.Connections[i].AlwaysOn = slices.Contains(v.Policy.AlwaysOn, c.Machine.ID)
		}
	}
	for _, session := range m.snapshot.Sessions {
		i := slices.IndexFunc(v.Connections, func(c Connection) bool { return c.has(session, v.UID) })
		if i < 0 {
			v.Foreign = append(v.Foreign, session)
			continue
		}
		v.Connections[i].Session = &session
	}
	return v
}
