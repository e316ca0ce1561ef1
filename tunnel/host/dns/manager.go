package dns

import (
	"context"
	"log/slog"
)

// Manager sets one tunnel's name resolution. It is not safe for concurrent use.
type Manager struct {
	env     Environment
	link    Link
	record  func(Mode) error
	changed func()
	logger  *slog.Logger

	mechanism mechanism // nil: nothing is changed
}

// mechanism is one way of resolving names.
type mechanism interface {
	mode() Mode
	// set makes it so, and changes nothing where it is so already.
	set(ctx context.Context, config Config) ([]Limitation, error)
	// clear takes it back.
	clear(ctx context.Context) error
	// close gives back what the mechanism holds in this process.
	close()
}

// NewManager makes the manager of the tunnel with this link. Record is called before anything is changed, with the mode, unless
// it goes with the link; and after everything is undone, with none. Changed is called, from any goroutine, when another
// program took the tunnel's settings away and Set must be called again.
func NewManager(env Environment, link Link, record func(Mode) error, changed func(), logger *slog.Logger) *Manager {
	return &Manager{env: env, link: link, record: record, changed: changed, logger: logger}
}

// Mode is how names are resolved now, or empty as long as nothing was changed.
func (m *Manager) Mode() Mode {
	if m.mechanism == nil {
		return ""
	}
	return m.mechanism.mode()
}

// Set makes names resolve as config says, and returns what cannot be done. It changes nothing where they do already.
func (m *Manager) Set(ctx context.Context, config Config) ([]Limitation, error) {
	config, limitations := normalize(config)
	if config.wantsNothing() {
		return limitations, m.Close(ctx)
	}
	if len(config.Servers) > 0 && !config.takesNames() {
		limitations = append(limitations, Limitation{Kind: NoNames})
	}
	if m.mechanism == nil {
		mode := Detect(ctx, m.env)
		if mode != Resolved { // what is set there goes with the link, and needs no undoing
			if err := m.record(mode); err != nil {
				return nil, err
			}
		}
		m.mechanism = m.choose(mode)
		m.logger.Info("names are resolved", "by", mode)
	}
	more, err := m.mechanism.set(ctx, config)
	return append(limitations, more...), err
}

// Close undoes everything.
func (m *Manager) Close(ctx context.Context) error {
	if m.mechanism == nil {
		return nil
	}
	err := m.mechanism.clear(ctx)
	m.mechanism.close()
	m.mechanism = nil
	if err != nil {
		return err // and the record stays, for a later process to try
	}
	return m.record("")
}

func (m *Manager) choose(mode Mode) mechanism {
	switch mode {
	case Resolved:
		return &resolved{env: m.env, link: m.link, changed: m.changed, logger: m.logger}
	case NetworkManager:
		return &networkManager{env: m.env, link: m.link, changed: m.changed, logger: m.logger}
	case Resolvconf, Openresolv:
		return &resolvconf{env: m.env, link: m.link, which: mode}
	default:
		return &resolvFile{env: m.env, link: m.link, changed: m.changed, logger: m.logger}
	}
}
