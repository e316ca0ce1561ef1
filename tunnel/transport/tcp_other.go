//go:build !linux && !darwin

package transport

// tuneTCPSocket has nothing to add to what package net sets.
func tuneTCPSocket(uintptr) {}
