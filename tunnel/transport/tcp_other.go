//go:build !linux && !darwin

package transport

import "net"

// tuneTCPSocket has nothing to add to what package net sets.
func tuneTCPSocket(uintptr) {}

// acknowledgeNow has no counterpart here.
func acknowledgeNow(*net.TCPConn) {}
