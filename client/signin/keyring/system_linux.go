package keyring

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// system is the Secret Service of the user's session.
func system(ctx context.Context, options Options) (Keyring, error) {
	if options.BusAddress == "" {
		options.BusAddress = sessionBus()
	}
	if options.BusAddress == "" {
		return nil, fmt.Errorf("%w: the session has no D-Bus", ErrUnavailable)
	}
	service := &secretService{address: options.BusAddress, callLimit: options.CallLimit, askLimit: options.AskLimit, screen: hasScreen(), logger: options.Logger}
	if err := service.probe(ctx); err != nil {
		return nil, err
	}
	return newLocked(SecretService, options, service), nil
}

// sessionBus is the address of the user's session bus. Nothing is started where there is none.
func sessionBus() string {
	if address := os.Getenv("DBUS_SESSION_BUS_ADDRESS"); address != "" && address != "autolaunch:" {
		return address
	}
	runtime := os.Getenv("XDG_RUNTIME_DIR")
	if runtime == "" {
		return ""
	}
	socket := filepath.Join(runtime, "bus")
	if info, err := os.Stat(socket); err != nil || info.Mode().Type() != os.ModeSocket {
		return ""
	}
	return "unix:path=" + socket
}

// hasScreen reports whether a keyring service could ask its user anything.
func hasScreen() bool { return os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != "" }
