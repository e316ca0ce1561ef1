//go:build !linux

package trusted

import (
	"context"
	"net"
)

// systemSuffixes reads resolv.conf, which macOS keeps for its first network service; Windows has none.
func systemSuffixes(context.Context) []string { return fromResolvFile("/etc/resolv.conf") }

// dialOutside connects as the system does.
func dialOutside(ctx context.Context, address string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "tcp", address)
}
