package transport

import (
	"time"

	"golang.org/x/sys/unix"
)

// withoutOffloads makes a connection send each packet in a message of its own.
func withoutOffloads(conn *datagramConn) { conn.writer.segmentLimit = 0 }

// processorTime is what this process has used: both ends of a benchmark.
func processorTime() time.Duration {
	var usage unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
