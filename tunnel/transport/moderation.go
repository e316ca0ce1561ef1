package transport

import "time"

// moderation finds the moments to let packets gather: while they come fast but one by one, as from a gateway that sends each with a system
// call of its own. Each of them wakes a thread, which costs more than everything else about it. A run costs little more than one, and the device
// merges it. It is what network cards do with interrupts (ethtool, rx-usecs). Slow traffic never waits.
type moderation struct {
	last   time.Time
	streak int // reads in a row that came fast and held little
}

const (
	// gatherTime is how long packets may gather. It is less than what a ping through the Internet varies by.
	gatherTime = 200 * time.Microsecond
	// fastStreak of reads in a row, each within fastInterval of the one before, begin it: a few milliseconds of steady load.
	fastStreak   = 64
	fastInterval = gatherTime
	// fullRead is a run that is long enough as it is.
	fullRead = 24
)

// read notes what a read brought, and reports whether to let packets gather before the next.
func (m *moderation) read(now time.Time, packets int) bool {
	interval := now.Sub(m.last)
	m.last = now
	gathered := m.streak >= fastStreak
	switch {
	case packets >= fullRead && !gathered:
		m.streak = 0
	case gathered && packets <= 1, !gathered && interval > fastInterval:
		m.streak = 0 // not fast, or no longer: waiting brought nothing
	default:
		m.streak = min(m.streak+1, fastStreak)
	}
	return m.streak >= fastStreak
}
