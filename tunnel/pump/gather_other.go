//go:build !linux

package pump

import "time"

// gather waits for gatherTime.
func gather() { time.Sleep(gatherTime) }
