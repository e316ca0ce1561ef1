// Package netmon tells when this computer's network changed, and when it slept.
package netmon

import (
	"errors"
	"fmt"
)

// Kind is what happened.
type Kind string

// The kinds of change.
const (
	// NetworkChanged: packets to the outside take another path now, or there is one again.
	NetworkChanged Kind = "network-changed"
	// NetworkLost: there is no network any more.
	NetworkLost Kind = "network-lost"
	// Sleeping: the computer is about to sleep.
	Sleeping Kind = "sleeping"
	// Woke: the computer slept and is awake again, or did not run for a while.
	Woke Kind = "woke"
)

// Change is one thing that happened.
type Change struct {
	Kind   Kind
	Reason string // for the log
}

// ErrUnsupported says that this operating system cannot be watched yet. It is also errors.ErrUnsupported.
var ErrUnsupported = fmt.Errorf("watching the network is not available on this system yet: %w", errors.ErrUnsupported)
