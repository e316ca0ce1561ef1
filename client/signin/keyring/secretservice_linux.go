package keyring

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"
)

// The names of the Secret Service (https://specifications.freedesktop.org/secret-service/latest/).
const (
	secretsName       = "org.freedesktop.secrets"
	secretsPath       = dbus.ObjectPath("/org/freedesktop/secrets")
	serviceInterface  = "org.freedesktop.Secret.Service"
	collectionIface   = "org.freedesktop.Secret.Collection"
	itemInterface     = "org.freedesktop.Secret.Item"
	sessionInterface  = "org.freedesktop.Secret.Session"
	promptInterface   = "org.freedesktop.Secret.Prompt"
	noObject          = dbus.ObjectPath("/") // stands for none
	defaultCollection = "default"            // the alias of the user's own collection
)

// The attributes of our items, which are no secrets: other programs see them.
const (
	schemaAttribute = "xdg:schema"
	schema          = "com.github.footbridge_vpn.Secret"
	keyAttribute    = "key"
)

// dismissedFor is how long a user who closed the keyring's question is left alone.
const dismissedFor = 30 * time.Second

// secretService keeps secrets in the Secret Service. Each operation has a connection of its own, so that a service that was restarted
// meanwhile, or a bus that hung, harms no later one.
type secretService struct {
	address             string // of the bus
	callLimit, askLimit time.Duration
	screen              bool // the service can ask the user
	logger              *slog.Logger

	mu        sync.Mutex
	dismissed time.Time // when the user last closed a question
}

// probe reports whether there is a Secret Service that can be used. One that is locked can.
func (s *secretService) probe(ctx context.Context) error {
	return s.with(ctx, func(c *conversation) error {
		collection, err := c.defaultCollection()
		if err != nil {
			return err
		}
		if collection == noObject && !s.screen {
			return fmt.Errorf("%w: its user has no default keyring, and there is no screen to make one at", ErrUnavailable)
		}
		return nil
	})
}

func (s *secretService) get(ctx context.Context, key string) (secret []byte, found bool, err error) {
	err = s.with(ctx, func(c *conversation) error {
		item, err := c.find(key)
		if err != nil || item == noObject {
			return err
		}
		secret, err = c.read(item)
		found = err == nil
		return err
	})
	return secret, found, err
}

func (s *secretService) set(ctx context.Context, key string, secret []byte) error {
	return s.with(ctx, func(c *conversation) error {
		collection, err := c.openCollection()
		if err != nil {
			return err
		}
		return c.write(collection, key, secret)
	})
}

func (s *secretService) remove(ctx context.Context, key string) error {
	return s.with(ctx, func(c *conversation) error {
		for range maxItems { // should there be several
			item, err := c.find(key)
			if err != nil || item == noObject {
				return err
			}
			if err := c.remove(item); err != nil {
				return err
			}
		}
		return errors.New("it has more items than there can be")
	})
}

// maxItems bounds how many items of one key are removed.
const maxItems = 16

// with talks to the service over a connection of its own.
func (s *secretService) with(ctx context.Context, talk func(*conversation) error) error {
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	if err := c.start(); err != nil {
		return explain(err)
	}
	return explain(talk(c))
}

// connect connects to the bus. The handshake has no context of its own: what never answers is cut off.
func (s *secretService) connect(ctx context.Context) (*conversation, error) {
	dialling, cancel := context.WithTimeout(ctx, s.callLimit)
	defer cancel()
	type connected struct {
		bus *dbus.Conn
		err error
	}
	made := make(chan connected, 1)
	go func() {
		bus, err := dbus.Connect(s.address)
		made <- connected{bus, err}
	}()
	select {
	case m := <-made:
		if m.err != nil {
			return nil, fmt.Errorf("%w: %w", ErrUnavailable, m.err)
		}
		return &conversation{service: s, ctx: ctx, bus: m.bus}, nil
	case <-dialling.Done():
		go func() {
			if m := <-made; m.err == nil {
				_ = m.bus.Close() // nobody waits for it any more
			}
		}()
		return nil, errors.Join(ErrUnavailable, context.Cause(dialling))
	}
}

// mayAsk reports whether the user can be asked something now.
func (s *secretService) mayAsk() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Since(s.dismissed) > dismissedFor
}

func (s *secretService) wasDismissed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dismissed = time.Now()
}

// explain gives errors of D-Bus the names that callers know.
func explain(err error) error {
	var refused dbus.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused):
	case errors.Is(err, dbus.ErrClosed):
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	default:
		return err
	}
	switch {
	case refused.Name == "org.freedesktop.Secret.Error.IsLocked":
		return fmt.Errorf("%w: %w", ErrLocked, err)
	case slices.Contains(goneErrors(), refused.Name):
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	default:
		return err
	}
}

// goneErrors are what the bus says of a service that is not there (D-Bus specification, "org.freedesktop.DBus.Error").
func goneErrors() []string {
	const prefix = "org.freedesktop.DBus.Error."
	return []string{prefix + "ServiceUnknown", prefix + "NameHasNoOwner", prefix + "NoReply", prefix + "Disconnected", prefix + "TimedOut", prefix + "Timeout",
		prefix + "Spawn.ChildExited", prefix + "Spawn.ChildSignaled", prefix + "Spawn.ExecFailed", prefix + "Spawn.ServiceNotFound", prefix + "Spawn.Failed"}
}
