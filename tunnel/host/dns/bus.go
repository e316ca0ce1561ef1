package dns

import (
	"context"
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
