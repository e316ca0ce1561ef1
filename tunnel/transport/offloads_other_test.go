//go:build !linux

package transport

import "time"

// withoutOffloads has nothing to switch off.
func withoutOffloads(*datagramConn) {}

// processorTime is not measured here.
func processorTime() time.Duration { return 0 }
