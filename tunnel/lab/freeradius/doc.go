// Package freeradius runs Debian's FreeRADIUS with a configuration of the lab's own, in a network namespace or on loopback: the real peer for sign-in by
// user name and password. It is for Linux.
package freeradius
