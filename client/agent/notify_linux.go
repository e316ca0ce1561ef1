package agent

import (
	"context"
	"time"

	"github.com/godbus/dbus/v5"
)

// notifyLimit bounds a call to the desktop.
const notifyLimit = 2 * time.Second

// Desktop shows notifications on the user's desktop (org.freedesktop.Notifications). On a machine without one it does nothing.
type Desktop struct{}

// Notify implements Notifier.
func (Desktop) Notify(ctx context.Context, profile, sentence string) {
	ctx, cancel := context.WithTimeout(ctx, notifyLimit)
	defer cancel()
	conn, err := dbus.ConnectSessionBus(dbus.WithContext(ctx))
	if err != nil {
		return // nobody looks at this machine: the session's state says it
	}
	defer conn.Close()
	const service = "org.freedesktop.Notifications"
	hints := map[string]dbus.Variant{"category": dbus.MakeVariant("network"), "urgency": dbus.MakeVariant(byte(1))}
	conn.Object(service, "/org/freedesktop/Notifications").CallWithContext(ctx, service+".Notify", 0, "Footbridge", uint32(0), "network-vpn", profile, sentence,
		[]string{}, hints, int32(-1))
}
