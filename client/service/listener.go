package service

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"strconv"
	"sync"
	"time"
)

// The connections that may be open at once.
const (
	maxConnections        = 256
	maxConnectionsPerUser = 32
)

// Listen makes the socket, which everybody may connect to: what they may do is decided for each request. A socket that a dead
// service left is replaced; that of a living one is an error.
func Listen(path string) (*net.UnixListener, error) {
	if listener, err := inherited(); listener != nil || err != nil {
		return listener, err
	}
	if conn, err := net.DialTimeout("unix", path, time.Second); err == nil {
		conn.Close()
		return nil, fmt.Errorf("listen on %s: another service is running", path)
	}
	if info, err := os.Lstat(path); err == nil && info.Mode().Type() == fs.ModeSocket {
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("listen: %w", err)
		}
	}
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	if err := os.Chmod(path, 0o666); err != nil {
		return nil, errors.Join(fmt.Errorf("listen: %w", err), listener.Close())
	}
	return listener, nil
}

// firstInherited is the first file descriptor that systemd hands over (sd_listen_fds(3)).
const firstInherited = 3

// inherited is the socket that systemd listens on for the service; nil: it does not.
func inherited() (*net.UnixListener, error) {
	if os.Getenv("LISTEN_PID") != strconv.Itoa(os.Getpid()) || os.Getenv("LISTEN_FDS") == "" {
		return nil, nil
	}
	for _, name := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
		os.Unsetenv(name)
	}
	file := os.NewFile(firstInherited, "socket from systemd")
	defer file.Close() // the listener has a copy that no child process gets
	listener, err := net.FileListener(file)
	if err != nil {
		return nil, fmt.Errorf("take socket from systemd: %w", err)
	}
	unix, ok := listener.(*net.UnixListener)
	if !ok {
		return nil, errors.Join(errors.New("take socket from systemd: it is not a Unix socket"), listener.Close())
	}
	return unix, nil
}

// gate accepts connections whose peer the kernel names, and not too many of each.
type gate struct {
	*net.UnixListener
	logger *slog.Logger

	mu    sync.Mutex
	total int
	open  map[uint32]int // by uid
}

// Accept implements net.Listener. A connection that may not be is closed without a word.
func (g *gate) Accept() (net.Conn, error) {
	for {
		conn, err := g.AcceptUnix()
		if err != nil {
			return nil, err
		}
		uid, err := peerOf(conn)
		if err == nil && g.enter(uid) {
			return &peerConn{UnixConn: conn, uid: uid, leave: sync.OnceFunc(func() { g.left(uid) })}, nil
		}
		g.logger.Warn("connection refused", "uid", uid, "error", err)
		conn.Close()
	}
}

func (g *gate) enter(uid uint32) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.total >= maxConnections || g.open[uid] >= maxConnectionsPerUser {
		return false
	}
	g.total++
	g.open[uid]++
	return true
}

func (g *gate) left(uid uint32) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.total--
	if g.open[uid]--; g.open[uid] == 0 {
		delete(g.open, uid)
	}
}

// peerConn is a connection with who is at its other end.
type peerConn struct {
	*net.UnixConn
	uid   uint32
	leave func()
}

// Close implements net.Conn.
func (c *peerConn) Close() error {
	c.leave()
	return c.UnixConn.Close()
}
