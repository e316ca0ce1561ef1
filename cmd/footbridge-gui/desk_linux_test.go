//go:build cgo

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/lab"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/authentication"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns/netnstest"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/screen"
)

func TestMain(m *testing.M) {
	if settings, is := authentication.IsCheckCommand(os.Args); is { // OpenVPN's gateway asks who may come in
		code, why := authentication.Check(context.Background(), settings)
		if why != nil {
			fmt.Fprintln(os.Stderr, why)
		}
		os.Exit(code)
	}
	code := m.Run()
	if dir, err := programs(false); err == nil && dir != "" {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

// programs are built once for all tests, in a folder: the app's C parts take minutes the first time. Without build it is the folder that is
// there already; empty: none is.
func programs(build bool) (string, error) {
	built.Lock()
	defer built.Unlock()
	if built.dir != "" || !build {
		return built.dir, nil
	}
	dir, err := os.MkdirTemp("", "footbridge-gui-")
	if err != nil {
		return "", err
	}
	built.dir = dir
	for _, name := range []string{"footbridge-gui", "footbridge", "footbridged"} {
		command := exec.Command("go", "build", "-o", filepath.Join(dir, name), "../"+name)
		if out, err := command.CombinedOutput(); err != nil {
			return "", fmt.Errorf("build %s: %w: %s", name, err, out)
		}
	}
	return dir, nil
}

// built is where the programs are.
var built struct {
	sync.Mutex
	dir string
}

// desk is a laptop with the service, a screen, and the app on it.
type desk struct {
	*testing.T
	*screen.Screen
	lab  *lab.Lab
	bin  string
	dir  string // the user's home
	logs *programLogs
}

// programLogs is what all programs of a desk say. They say it at the same time.
type programLogs struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (l *programLogs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String is everything so far.
func (l *programLogs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Times within which things are seen. Reading the screen takes about a second on a busy machine.
const (
	soon  = 30 * time.Second
	later = 60 * time.Second
)

func newDesk(t *testing.T, options lab.Options) *desk {
	t.Helper()
	netnstest.RequireRoot(t)
	bin, err := programs(true)
	if err != nil {
		t.Fatal(err)
	}
	options.CheckLogin = []string{os.Args[0], authentication.CheckCommand}
	l, err := lab.Up(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	d := &desk{T: t, lab: l, bin: bin, dir: t.TempDir(), logs: new(programLogs)}
	d.newScreen()
	d.start("footbridged", "run", "--socket", d.socket(), "--state-dir", d.dir, "--config", filepath.Join(d.dir, "policy.toml"), "--profiles", filepath.Join(d.dir, "profiles"))
	return d
}

func (d *desk) newScreen(options ...string) {
	d.Helper()
	s, err := screen.Start(d.dir, 1012, 704, options...)
	d.must(err)
	d.Screen = s
	d.Cleanup(func() { s.Close() })
	d.Cleanup(func() {
		if d.Failed() {
			d.Log(d.logs.String())
		}
	})
}

func (d *desk) socket() string { return filepath.Join(d.dir, "socket") }

func (d *desk) must(err error) {
	d.Helper()
	if err != nil {
		d.picture("failed") // now: the app is gone when the test has ended
		d.Fatal(err)
	}
}

// picturesVariable names a folder that gets the pictures; make pictures sets it.
const picturesVariable = "FOOTBRIDGE_PICTURES"

// picture keeps what is on the screen, where somebody wants pictures.
func (d *desk) picture(name string) {
	dir := os.Getenv(picturesVariable)
	if dir == "" {
		return
	}
	if err := d.Picture(context.Background(), filepath.Join(dir, name+".png")); err != nil {
		d.Log(err)
	}
}

// start runs a program on the laptop until the test ends.
func (d *desk) start(name string, arguments ...string) *exec.Cmd {
	d.Helper()
	command := d.lab.Laptop.Command(context.Background(), filepath.Join(d.bin, name), arguments...)
	command.Env = append(command.Environ(), "HOME="+d.dir, "XDG_CONFIG_HOME="+filepath.Join(d.dir, ".config"), "XDG_RUNTIME_DIR="+filepath.Join(d.dir, "run"),
		"XDG_CACHE_HOME="+filepath.Join(d.dir, ".cache"), "DISPLAY="+d.Display, "WAYLAND_DISPLAY=", "LIBGL_ALWAYS_SOFTWARE=1", "LC_ALL=en_US.UTF-8", "FOOTBRIDGE_KEYRING=memory",
		"FYNE_THEME=light", "SSL_CERT_FILE="+d.lab.Files.Root, "BROWSER="+filepath.Join(d.dir, "browser"), "DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent", "FYNE_SCALE=1.1")
	command.Stdout, command.Stderr = d.logs, d.logs
	command.WaitDelay = 5 * time.Second
	d.must(os.MkdirAll(filepath.Join(d.dir, "run"), 0o700))
	d.must(os.MkdirAll(filepath.Join(d.dir, ".cache"), 0o700))
	d.must(command.Start())
	d.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
	})
	return command
}

// see waits until one of the texts is on the screen.
func (d *desk) see(limit time.Duration, texts ...string) {
	d.Helper()
	_, err := d.Wait(d.Context(), limit, texts...)
	d.must(err)
}

// click clicks on a text, once it is there.
func (d *desk) click(text string) {
	d.Helper()
	d.must(d.Click(d.Context(), soon, text))
}

// reaches reports whether a request gets through the tunnel.
func (d *desk) reaches() bool {
	ctx, cancel := context.WithTimeout(d.Context(), time.Second)
	defer cancel()
	conn, err := d.lab.Laptop.Dial(ctx, "tcp", d.lab.VNet.Address.String()+":80")
	if err != nil {
		return false
	}
	conn.Close()
	return true
}
