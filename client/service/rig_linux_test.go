package service

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"golang.zx2c4.com/wireguard/tun"
	"golang.zx2c4.com/wireguard/tun/tuntest"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/logfile"
	"github.com/footbridge-vpn/footbridge/client/trusted"
	"github.com/footbridge-vpn/footbridge/tunnel"
	"github.com/footbridge-vpn/footbridge/tunnel/host"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/loopback"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/pki"
)

const (
	alice  = 51001
	bob    = 51002
	daemon = 901 // not a person
)

// computer is one whose device is made of channels.
type computer struct{ device *tuntest.ChannelTUN }

func (c *computer) Set(context.Context, host.Config) error { return nil }
func (c *computer) Close() error                           { return c.device.TUN().Close() }
func (c *computer) Device() tun.Device                     { return c.device.TUN() }
func (c *computer) Name() string                           { return "test0" }
func (c *computer) Warnings() []host.Warning               { return nil }

// rig is a service on a socket.
type rig struct {
	t       *testing.T
	dir     string
	service *Service
	stop    func()
}

func newRig(t *testing.T) *rig { return newRigWith(t, func(*Options) {}) }

func newRigWith(t *testing.T, change func(*Options)) *rig {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("acting as several users needs root")
	}
	dir, err := os.MkdirTemp("", "footbridged-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, dir: dir}
	options := Options{Version: "test", StateDir: filepath.Join(dir, "state"), Access: Access{LoginDir: filepath.Join(dir, "none")},
		Computer: func(context.Context) (tunnel.Computer, error) { return &computer{tuntest.NewChannelTUN()}, nil },
		Trusted:  trusted.Network{Suffixes: func(context.Context) []string { return nil }}, RestartWaits: []time.Duration{10 * time.Millisecond}}
	change(&options)
	r.service = New(options)
	listener, err := Listen(r.socket())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- r.service.Serve(ctx, listener) }()
	r.stop = func() {
		cancel()
		select {
		case err, open := <-served:
			if open && err != nil {
				t.Error(err)
			}
			close(served)
		case <-time.After(20 * time.Second):
			t.Error("the service did not end")
		}
		r.stop = func() {}
	}
	t.Cleanup(func() { r.stop() })
	return r
}

func (r *rig) socket() string { return filepath.Join(r.dir, "service.sock") }

// dial connects as a user. The thread that changed its user is thrown away.
func (r *rig) dial(uid int) (net.Conn, error) {
	type result struct {
		conn net.Conn
		err  error
	}
	done := make(chan result)
	go func() {
		runtime.LockOSThread()
		if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, uintptr(uid), uintptr(uid), uintptr(uid)); errno != 0 {
			done <- result{nil, errno}
			return
		}
		conn, err := net.Dial("unix", r.socket())
		done <- result{conn, err}
	}()
	got := <-done
	return got.conn, got.err
}

// as is a client whose connections the kernel sees as a user's.
func (r *rig) as(uid int) *api.Client {
	r.t.Helper()
	path := filepath.Join(r.dir, fmt.Sprintf("as-%d-%d.sock", uid, time.Now().UnixNano()))
	listener, err := net.Listen("unix", path)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := r.dial(uid)
			if err != nil {
				near.Close()
				continue
			}
			go func() { io.Copy(far, near); far.Close() }()
			go func() { io.Copy(near, far); near.Close() }()
		}
	}()
	client := api.Dial(path)
	r.t.Cleanup(client.Close)
	return client
}

// watch reads a client's events until stop is called or the test ends.
func (r *rig) watch(client *api.Client) (messages <-chan api.Message, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	out := make(chan api.Message, 1000)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		client.Events(ctx, func(m api.Message) error { out <- m; return nil })
	}()
	stop = func() { cancel(); <-ended }
	r.t.Cleanup(stop)
	return out, stop
}

// await reads messages until one fits.
func await(t *testing.T, messages <-chan api.Message, what string, fits func(api.Message) bool) api.Message {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		select {
		case m := <-messages:
			if fits(m) {
				return m
			}
		case <-deadline:
			t.Fatalf("no message: %s", what)
		}
	}
}

// serveGateway starts a gateway on loopback and returns a profile for it and a user's identity.
func serveGateway(t *testing.T) (profile []byte, user *pki.Identity) {
	t.Helper()
	gateway, err := loopback.Start(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(gateway.Close)
	return gateway.Profile(), gateway.User
}

func newLoggerOf(log *logfile.Log) *slog.Logger { return slog.New(log.Handler(nil)) }
