//go:build cgo

package main

import (
	"time"

	"github.com/godbus/dbus/v5"
)

// trayWatcher is who shows tray icons on a Linux desktop (freedesktop.org StatusNotifierItem).
const trayWatcher = "org.kde.StatusNotifierWatcher"

// trayLimit bounds how long the desktop is waited for.
const trayLimit = time.Second

// hasTray reports whether the desktop shows tray icons: not every one does.
func hasTray() bool {
	answer := make(chan bool, 1)
	go func() {
		bus, err := dbus.ConnectSessionBus()
		if err != nil {
			answer <- false
			return
		}
		defer bus.Close()
		var owned bool
		err = bus.BusObject().Call("org.freedesktop.DBus.NameHasOwner", 0, trayWatcher).Store(&owned)
		answer <- err == nil && owned
	}()
	select {
	case has := <-answer:
		return has
	case <-time.After(trayLimit):
		return false
	}
}
