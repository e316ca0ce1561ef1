//go:build !linux

package transport

import (
	"net"
	"syscall"
)

// canGather says that this system cannot let bytes gather in a socket without being woken for each of them.
const canGather = false

func holdWakeUps(syscall.RawConn, bool) bool { return false }

func readGathered(syscall.RawConn, []byte) int { return 0 }

func rawConn(net.Conn) syscall.RawConn { return nil }
