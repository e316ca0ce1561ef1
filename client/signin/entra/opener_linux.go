package entra

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/godbus/dbus/v5"
)

// openSystem tries $BROWSER, xdg-open and the desktop portal, in this order. Without a screen only $BROWSER is tried: xdg-open would start a
// browser in the terminal that nobody sees.
func openSystem(ctx context.Context, address string) error {
	failed := errNoBrowser
	for _, command := range fromBrowserVariable(os.Getenv("BROWSER"), address) {
		err := start(ctx, command[0], command[1:]...)
		if err == nil {
			return nil
		}
		failed = errors.Join(failed, err)
	}
	if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return errors.Join(failed, errors.New("there is no screen"))
	}
	err := start(ctx, "xdg-open", address)
	if err == nil {
		return nil
	}
	failed = errors.Join(failed, err)
	if err = openPortal(ctx, address); err == nil {
		return nil
	}
	return errors.Join(failed, err)
}

// portalLimit is how long the desktop portal has to answer.
const portalLimit = 3 * time.Second

// openPortal asks the desktop portal, which works inside sandboxes too
// (https://flatpak.github.io/xdg-desktop-portal/docs/doc-org.freedesktop.portal.OpenURI.html).
func openPortal(ctx context.Context, address string) error {
	bus := os.Getenv("DBUS_SESSION_BUS_ADDRESS")
	if bus == "" || bus == "autolaunch:" {
		return errors.New("ask portal: the session has no D-Bus")
	}
	ctx, cancel := context.WithTimeout(ctx, portalLimit)
	defer cancel()
	answered := make(chan error, 1)
	go func() { answered <- callPortal(ctx, bus, address) }()
	select {
	case err := <-answered:
		return err
	case <-ctx.Done():
		return fmt.Errorf("ask portal: %w", context.Cause(ctx))
	}
}

func callPortal(ctx context.Context, bus, address string) error {
	connection, err := dbus.Connect(bus, dbus.WithContext(ctx))
	if err != nil {
		return fmt.Errorf("ask portal: %w", err)
	}
	defer func() { _ = connection.Close() }() // the answer is here
	portal := connection.Object("org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop")
	call := portal.CallWithContext(ctx, "org.freedesktop.portal.OpenURI.OpenURI", 0, "", address, map[string]dbus.Variant{})
	if call.Err != nil {
		return fmt.Errorf("ask portal: %w", call.Err)
	}
	return nil
}
