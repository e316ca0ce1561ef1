package main

import (
	"context"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"golang.zx2c4.com/wireguard/tun"
	"golang.zx2c4.com/wireguard/tun/tuntest"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/logfile"
	"github.com/footbridge-vpn/footbridge/client/service"
	"github.com/footbridge-vpn/footbridge/tunnel"
	"github.com/footbridge-vpn/footbridge/tunnel/host"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/loopback"
)

// channels is a computer whose device is made of channels: nothing of this one is changed.
type channels struct{ device *tuntest.ChannelTUN }

func (c *channels) Set(context.Context, host.Config) error { return nil }
func (c *channels) Close() error                           { return c.device.TUN().Close() }
func (c *channels) Device() tun.Device                     { return c.device.TUN() }
func (c *channels) Name() string                           { return "test0" }
func (c *channels) Warnings() []host.Warning               { return nil }

// serve runs a service for users, and returns its socket.
func serve(t *testing.T) (socket string) { t.Helper(); return serveWith(t, nil) }

// serveWith is serve with other options.
func serveWith(t *testing.T, change func(*service.Options)) (socket string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("acting as several users needs root")
	}
	folder, err := os.MkdirTemp("", "footbridged-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	socket = filepath.Join(folder, "service.sock")
	listener, err := service.Listen(socket)
	if err != nil {
		t.Fatal(err)
	}
	log, err := logfile.Open(filepath.Join(folder, "service.log"), slog.LevelDebug)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	options := service.Options{Version: "0.9-test", Log: log, Logger: slog.New(log.Handler(nil)), Access: service.Access{LoginDir: filepath.Join(folder, "none")},
		StateDir: filepath.Join(folder, "state"),
		Computer: func(context.Context) (tunnel.Computer, error) { return &channels{tuntest.NewChannelTUN()}, nil }}
	if change != nil {
		change(&options)
	}
	running := service.New(options)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- running.Serve(ctx, listener) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-served:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(30 * time.Second):
			t.Error("the service does not end")
		}
	})
	return socket
}

// dialAs connects as a user. The thread that changed its user is thrown away.
func dialAs(uid int, socket string) (net.Conn, error) {
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
		conn, err := net.Dial("unix", socket)
		done <- result{conn, err}
	}()
	got := <-done
	return got.conn, got.err
}

// connectAs starts a session as a user, as another program of theirs would, and waits until it is up.
func connectAs(t *testing.T, uid int, socket string, request api.ConnectRequest) {
	t.Helper()
	between := filepath.Join(t.TempDir(), "as.sock")
	listener, err := net.Listen("unix", between)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := dialAs(uid, socket)
			if err != nil {
				near.Close()
				continue
			}
			go func() { io.Copy(far, near); far.Close() }()
			go func() { io.Copy(near, far); near.Close() }()
		}
	}()
	client := api.Dial(between)
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	started, err := client.Connect(ctx, request)
	if err != nil {
		t.Fatal(err)
	}
	err = client.Events(ctx, func(message api.Message) error {
		if message.Snapshot != nil {
			for _, session := range message.Snapshot.Sessions {
				if session.ID == started.ID && session.State == tunnel.Connected {
					return errEnded
				}
			}
		}
		if change := message.Change; change != nil && change.Session != nil && change.Session.State == tunnel.Connected {
			return errEnded
		}
		return nil
	})
	if err != errEnded {
		t.Fatalf("not connected: %v", err)
	}
}

// serveGateway starts a gateway on loopback and returns a profile for it that holds a user's certificate and key.
func serveGateway(t *testing.T) (profile string) {
	t.Helper()
	gateway, err := loopback.Start(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(gateway.Close)
	whole, err := gateway.ProfileWithKey()
	if err != nil {
		t.Fatal(err)
	}
	return string(whole)
}

// A connection that another program of the user's began is seen, watched and ended; other users see that there is one, and no more.
func TestSessionsOfAUser(t *testing.T) {
	socket := serve(t)
	profile := serveGateway(t)
	u, other := newAccount(t, alice), newAccount(t, bob)
	u.socket, other.socket = socket, socket
	u.run("import", u.file("contoso.ovpn", profile)).want(exitDone)
	if out := u.run("status").want(exitDone).stdout; out != "Nothing is connected.\n" {
		t.Errorf("at first: %s", out)
	}
	if out := u.run("list").want(exitDone).stdout; !strings.Contains(out, "disconnected") {
		t.Errorf("at first: %s", out)
	}
	u.run("disconnect", "contoso").want(exitNotFound)
	u.run("disconnect", "nothing").want(exitNotFound)
	connectAs(t, alice, socket, api.ConnectRequest{Profile: []byte(profile), Name: "contoso"})

	r := u.run("status", "--json").want(exitDone)
	if missing := undocumented(t, "footbridge status", r.stdout); len(missing) > 0 {
		t.Errorf("docs/json.md does not have %q", missing)
	}
	for _, want := range []string{"contoso  connected", "10.10.0.0/16", "172.16.0.", "TLS 1.3"} {
		if out := u.run("status", "con").want(exitDone).stdout; !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	if out := u.dutch().run("status").want(exitDone).stdout; !strings.Contains(out, "contoso  verbonden") {
		t.Errorf("in Dutch:\n%s", out)
	}
	if out := other.run("status").want(exitDone).stdout; strings.Contains(out, "contoso") || !strings.Contains(out, "1 connection of another user") {
		t.Errorf("another user sees\n%s", out)
	}
	other.run("disconnect", "contoso").want(exitNotFound)
	var mine statusResult
	r.into(&mine)
	if r := other.run("disconnect", mine.Sessions[0].ID).want(exitPermission); !strings.Contains(r.stderr, "belongs to another user") {
		t.Errorf("another user is told: %s", r.stderr)
	}
	if out := other.run("disconnect", "--all").want(exitDone).stdout; out != "Nothing is connected.\n" {
		t.Errorf("another user ended\n%s", out)
	}
	if r := u.run("remove", "contoso").want(exitFailed); !strings.Contains(r.stderr, "footbridge disconnect contoso") {
		t.Errorf("removed while connected: %s", r.stderr)
	}

	watch := u.at(80, "status", "--watch")
	watch.await("connected")
	watch.await("B/s") // the rate is there from the second time on
	watch.types(ctrlC)
	if code := watch.exit(); code != exitDone {
		t.Errorf("watching ended with %d", code)
	}
	if text := watch.text(); !strings.Contains(text, "\x1b[?25l") || !strings.HasSuffix(strings.TrimRight(text, "\r\n"), "\x1b[?25h") {
		t.Errorf("the cursor is not given back:\n%q", text)
	}

	if out := u.run("disconnect").want(exitDone).stdout; out != "Disconnected contoso.\n" {
		t.Errorf("disconnect: %s", out)
	}
	u.run("disconnect", "contoso", "--json").want(exitNotFound)
	afterwards(t, u, other)
	u.run("remove", "contoso").want(exitDone)
}

// afterwards looks at what is known of a session that is over.
func afterwards(t *testing.T, u, other *account) {
	t.Helper()
	if out := u.run("history").want(exitDone).stdout; !strings.Contains(out, "contoso") || !strings.Contains(out, "disconnected") {
		t.Errorf("the history is\n%s", out)
	}
	if out := u.dutch().run("history").want(exitDone).stdout; !strings.Contains(out, "BEGONNEN") || !strings.Contains(out, "verbroken") {
		t.Errorf("the history in Dutch is\n%s", out)
	}
	if out := other.run("history").want(exitDone).stdout; out != "There are no past connections.\n" {
		t.Errorf("another user's history is\n%s", out)
	}
	for _, test := range []struct{ heading, command string }{{"footbridge history", "history"}, {"footbridge logs", "logs"}} {
		r := u.run(test.command, "--json").want(exitDone)
		if missing := undocumented(t, test.heading, r.stdout); len(missing) > 0 || r.stdout == "" {
			t.Errorf("%s: docs/json.md does not have %q in\n%s", test.command, missing, r.stdout)
		}
	}
	if out := u.run("logs", "--since", "1h", "--level", "debug").want(exitDone).stdout; len(strings.Split(out, "\n")) < 5 {
		t.Errorf("the log is\n%s", out)
	}
	if out := u.run("logs", "--since", "2099-01-01").want(exitDone).stdout; out != "" {
		t.Errorf("the log of the future is\n%s", out)
	}
	u.run("logs", "--since", "yesterday").want(exitUsage)
	u.run("logs", "--level", "loud").want(exitUsage)
	follow := u.at(120, "logs", "--follow", "--level", "debug")
	follow.await("INFO")
	follow.types(ctrlC)
	if code := follow.exit(); code != exitDone {
		t.Errorf("following ended with %d", code)
	}
}

// status --watch --json is a line whenever time has passed.
func TestWatchAsJSON(t *testing.T) {
	u := newAccount(t, alice)
	u.socket = serve(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	command := u.command(ctx, "status", "--watch", "--json")
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 4096)
	n, err := out.Read(buffer)
	if err != nil {
		t.Fatal(err)
	}
	if missing := undocumented(t, "footbridge status --watch", string(buffer[:n])); len(missing) > 0 {
		t.Errorf("docs/json.md does not have %q", missing)
	}
	if err := command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); err != nil {
		t.Errorf("ended with %v", err)
	}
}

// Who may not use the service is told so.
func TestNotPermitted(t *testing.T) {
	daemon := newAccount(t, 901)
	daemon.socket = serve(t)
	daemon.run("status").want(exitDone) // everybody may observe
	daemon.run("service", "start").want(exitPermission)
	closed := daemon.file("closed.ovpn", sampleProfile)
	if err := os.Chown(closed, 0, 0); err != nil {
		t.Fatal(err)
	}
	daemon.run("import", closed).want(exitPermission)
}
