//go:build !linux

package host

import (
	"context"
	"log/slog"

	"github.com/footbridge-vpn/footbridge/tunnel/host/device"
)

// System is this computer, changed by one tunnel.
type System struct{}

// Open is not available on this system: the error is ErrUnsupported.
func Open(context.Context, Options) (*System, error) { return nil, ErrUnsupported }

// Cleanup is not available on this system: the error is ErrUnsupported.
func Cleanup(context.Context, string, *slog.Logger) error { return ErrUnsupported }

// Device returns nil.
func (s *System) Device() device.Device { return nil }

// Name returns the empty string.
func (s *System) Name() string { return "" }

// Warnings returns nothing.
func (s *System) Warnings() []Warning { return nil }

// Set returns ErrUnsupported.
func (s *System) Set(context.Context, Config) error { return ErrUnsupported }

// Close returns nothing: there is nothing to undo.
func (s *System) Close() error { return nil }

var _ Host = (*System)(nil)
