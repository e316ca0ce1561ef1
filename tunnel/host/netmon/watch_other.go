//go:build !linux

package netmon

import (
	"context"
	"log/slog"
)

// Watch is not available on this system: the error is ErrUnsupported.
func Watch(context.Context, *slog.Logger) (<-chan Change, error) { return nil, ErrUnsupported }
