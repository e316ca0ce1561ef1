package pump

import "golang.org/x/sys/unix"

// gather waits for gatherTime. The runtime's own timers have a resolution of a millisecond while nothing else happens.
func gather() {
	wait := unix.NsecToTimespec(gatherTime.Nanoseconds())
	unix.Nanosleep(&wait, nil) // cut short by a signal it is only shorter
}
