package host

import (
	"errors"
	"fmt"
	"log/slog"
)

// ErrUnsupported says that this operating system has no host yet. It is also errors.ErrUnsupported.
var ErrUnsupported = fmt.Errorf("tunnels are not available on this system yet: %w", errors.ErrUnsupported)

// ErrClosed is the error of a System that was closed.
var ErrClosed = errors.New("host is closed")

// Options are what a System needs to know once.
type Options struct {
	// Name is the wished name of the device, at most 15 bytes. Where it is taken the next number is. Empty: footbridge0.
	Name string
	// MTU is the device's MTU until Set says otherwise. 0: 1500.
	MTU int
	// StateDir holds the journals of what was changed; it is made if need be, readable by its owner only. It must outlive
	// restarts of the computer, as /etc/resolv.conf does. Empty: DefaultStateDir.
	StateDir string
	// Logger receives what is done. nil: nobody.
	Logger *slog.Logger
}

// DefaultStateDir is where journals are kept.
const DefaultStateDir = "/var/lib/footbridge"

const defaultMTU = 1500

func (o Options) withDefaults() Options {
	if o.MTU == 0 {
		o.MTU = defaultMTU
	}
	if o.StateDir == "" {
		o.StateDir = DefaultStateDir
	}
	o.Logger = orDiscard(o.Logger)
	return o
}

func orDiscard(logger *slog.Logger) *slog.Logger {
	if logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return logger
}
