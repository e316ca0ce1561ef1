//go:build cgo && !linux

package main

// hasTray reports whether the desktop shows tray icons: Windows and macOS do.
func hasTray() bool { return true }
