package dns

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/godbus/dbus/v5"
)

// property reads one property of an object on the bus, named with its interface.
func property[T any](ctx context.Context, object dbus.BusObject, name string) (T, error) {
	var value T
	dot := strings.LastIndexByte(name, '.')
	var variant dbus.Variant
	err := object.CallWithContext(ctx, "org.freedesktop.DBus.Properties.Get", 0, name[:dot], name[dot+1:]).Store(&variant)
	if err != nil {
		return value, fmt.Errorf("read %s: %w", name, err)
	}
	if err := dbus.Store([]any{variant.Value()}, &value); err != nil {
		return value, fmt.Errorf("read %s: %w", name, err)
	}
	return value, nil
}

// listen opens a connection to the bus that lives longer than this call, and calls handle for every signal that one of the
// rules matches, until the connection is closed.
func listen(ctx context.Context, env Environment, handle func(*dbus.Signal), rules ...[]dbus.MatchOption) (*dbus.Conn, error) {
	conn, err := env.Bus(context.WithoutCancel(ctx))
	if err != nil {
		return nil, fmt.Errorf("connect to the system bus: %w", err)
	}
	for _, rule := range rules {
		if err := conn.AddMatchSignalContext(ctx, rule...); err != nil {
			return nil, errors.Join(fmt.Errorf("listen to the system bus: %w", err), conn.Close())
		}
	}
	signals := make(chan *dbus.Signal, 16)
	conn.Signal(signals)
	go func() {
		for signal := range signals {
			handle(signal)
		}
	}()
	return conn, nil
}
