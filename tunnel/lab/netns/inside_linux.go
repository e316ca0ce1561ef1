package netns

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
)

// Command prepares a program that runs inside the namespace, and with its own files after IsolateFiles. The process that is started
// becomes the program, so its process id is the program's. It is util-linux's nsenter that goes in.
func (n *Namespace) Command(ctx context.Context, name string, arguments ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "nsenter", append(n.EnterArguments(), append([]string{"--", name}, arguments...)...)...)
}

// EnterArguments are the options with which nsenter goes into the namespace, from any process of the same user and while this one lives.
// Relative paths keep their meaning.
func (n *Namespace) EnterArguments() []string {
	arguments := []string{"--net=" + n.Path()}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.mounts != nil {
		arguments = append(arguments, fmt.Sprintf("--mount=/proc/%d/fd/%d", os.Getpid(), n.mounts.Fd()), "--wd=.")
	}
	return arguments
}

// Dial connects from inside the namespace. The address must be an IP address with a port: a name would be looked up outside.
func (n *Namespace) Dial(ctx context.Context, network, address string) (connection net.Conn, err error) {
	if _, err := netip.ParseAddrPort(address); err != nil {
		return nil, fmt.Errorf("dial from %s: %w", n.name, err)
	}
	err = n.Do(func() (err error) {
		var dialer net.Dialer
		connection, err = dialer.DialContext(ctx, network, address)
		return err
	})
	return connection, err
}

// Listen listens inside the namespace. The address must be an IP address with a port.
func (n *Namespace) Listen(ctx context.Context, network, address string) (listener net.Listener, err error) {
	err = n.Do(func() (err error) {
		var config net.ListenConfig
		listener, err = config.Listen(ctx, network, address)
		return err
	})
	return listener, err
}

// ListenPacket opens a datagram socket inside the namespace. The address must be an IP address with a port.
func (n *Namespace) ListenPacket(ctx context.Context, network, address string) (socket net.PacketConn, err error) {
	err = n.Do(func() (err error) {
		var config net.ListenConfig
		socket, err = config.ListenPacket(ctx, network, address)
		return err
	})
	return socket, err
}
