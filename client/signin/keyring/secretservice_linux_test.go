package keyring

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

// desktop is a session bus of its own, with a home that nobody else has.
type desktop struct {
	t       *testing.T
	home    string
	address string
	keyring *exec.Cmd // nil: none runs
	log     *bytes.Buffer
}

// busConfiguration is a bus that starts no services by itself.
const busConfiguration = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=%s</listen>
  <auth>EXTERNAL</auth>
  <policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>
`

// need finds a program, without which the tests cannot run.
func need(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil && os.Geteuid() == 0 {
		t.Fatalf("%s is missing: install Debian's dbus and gnome-keyring", name)
	}
	if err != nil {
		t.Skipf("%s is missing", name)
	}
	return path
}

func newDesktop(t *testing.T) *desktop {
	t.Helper()
	daemon := need(t, "dbus-daemon")
	home, err := os.MkdirTemp("", "bus") // short, as addresses of sockets are
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(home); err != nil {
			t.Error(err)
		}
	})
	d := &desktop{t: t, home: home, address: "unix:path=" + filepath.Join(home, "socket"), log: &bytes.Buffer{}}
	configuration := filepath.Join(home, "bus.conf")
	write(t, configuration, fmt.Appendf(nil, busConfiguration, filepath.Join(home, "socket")))
	bus := exec.Command(daemon, "--config-file="+configuration, "--nofork", "--print-address")
	bus.Env = d.environment()
	out, err := bus.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	d.run(bus)
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("bus: %q, %v", line, err)
	}
	return d
}

func (d *desktop) environment() []string {
	return []string{"HOME=" + d.home, "XDG_RUNTIME_DIR=" + d.home, "XDG_DATA_HOME=" + filepath.Join(d.home, "data"), "XDG_CONFIG_HOME=" + filepath.Join(d.home, "config"),
		"DBUS_SESSION_BUS_ADDRESS=" + d.address, "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8"}
}

// run starts a program that ends with the test.
func (d *desktop) run(command *exec.Cmd) {
	d.t.Helper()
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if err := command.Start(); err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { d.kill(command) })
}

func (d *desktop) kill(command *exec.Cmd) {
	if command.ProcessState != nil {
		return
	}
	if err := command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		d.t.Error(err)
	}
	_ = command.Wait() // it was killed
}

// startKeyring starts GNOME Keyring with its login keyring unlocked, as PAM does when a user logs in.
func (d *desktop) startKeyring() {
	d.t.Helper()
	d.keyring = exec.Command(need(d.t, "gnome-keyring-daemon"), "--foreground", "--unlock", "--components=secrets", "--control-directory="+filepath.Join(d.home, "control"))
	d.keyring.Env, d.keyring.Stdin = d.environment(), strings.NewReader("login password")
	d.run(d.keyring)
	eventually(d.t, "a keyring on the bus", func() bool { return d.serves() })
}

func (d *desktop) stopKeyring() {
	d.kill(d.keyring)
	eventually(d.t, "a bus without a keyring", func() bool { return !d.serves() })
}

// bus is a connection of the test's own.
func (d *desktop) bus() *dbus.Conn {
	d.t.Helper()
	bus, err := dbus.Connect(d.address)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = bus.Close() })
	return bus
}

// serves reports whether a keyring with a default collection is on the bus.
func (d *desktop) serves() bool {
	bus, err := dbus.Connect(d.address)
	if err != nil {
		return false
	}
	defer bus.Close()
	var collection dbus.ObjectPath
	err = bus.Object(secretsName, secretsPath).Call(serviceInterface+".ReadAlias", 0, defaultCollection).Store(&collection)
	return err == nil && collection != noObject
}

// lock locks the user's keyring, as a screen saver may.
func (d *desktop) lock() {
	d.t.Helper()
	bus := d.bus()
	var collection, prompt dbus.ObjectPath
	if err := bus.Object(secretsName, secretsPath).Call(serviceInterface+".ReadAlias", 0, defaultCollection).Store(&collection); err != nil {
		d.t.Fatal(err)
	}
	var locked []dbus.ObjectPath
	if err := bus.Object(secretsName, secretsPath).Call(serviceInterface+".Lock", 0, []dbus.ObjectPath{collection}).Store(&locked, &prompt); err != nil || len(locked) != 1 {
		d.t.Fatalf("locked %v, %v", locked, err)
	}
}

func (d *desktop) options(preference Preference) Options {
	return Options{Preference: preference, BusAddress: d.address, Dir: filepath.Join(d.home, "footbridge"), CallLimit: 5 * time.Second, AskLimit: 5 * time.Second,
		Logger: slog.New(slog.NewTextHandler(d.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
}

func (d *desktop) open() Keyring {
	d.t.Helper()
	ring, choice, err := Open(d.t.Context(), d.options(Auto))
	if err != nil || choice.Kind != SecretService || ring.Kind() != SecretService || choice.Warning != "" {
		d.t.Fatalf("%+v, %v", choice, err)
	}
	return ring
}

// eventually waits for something that happens by itself.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); !is(); {
		if time.Now().After(deadline) {
			t.Fatal("never: " + what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestSecretServiceKeeps(t *testing.T) {
	d := newDesktop(t)
	d.startKeyring()
	ring := d.open()
	keeps(t, ring)
	if err := ring.Set(t.Context(), "entra/tokens", []byte("a refresh token that is long enough")); err != nil {
		t.Fatal(err)
	}
	d.stopKeyring()
	nowhere(t, d.home, "refresh token that")
	d.startKeyring()
	if got, found, err := ring.Get(t.Context(), "entra/tokens"); err != nil || !found || string(got) != "a refresh token that is long enough" {
		t.Errorf("after the keyring was started again: %q, %v, %v", got, found, err)
	}
	nowhere(t, d.home, "refresh token that")
	if strings.Contains(d.log.String(), "refresh token that") {
		t.Error(d.log)
	}
}

// A locked keyring is locked, not empty.
func TestSecretServiceLocked(t *testing.T) {
	d := newDesktop(t)
	d.startKeyring()
	ring := d.open()
	if err := ring.Set(t.Context(), "k", []byte("v")); err != nil {
		t.Fatal(err)
	}
	d.lock()
	for name, do := range map[string]func() error{
		"get what is there":     func() error { _, found, err := ring.Get(t.Context(), "k"); return expectNot(found, err) },
		"get what is not there": func() error { _, found, err := ring.Get(t.Context(), "other"); return expectNot(found, err) },
		"set":                   func() error { return ring.Set(t.Context(), "k", []byte("w")) },
		"delete":                func() error { return ring.Delete(t.Context(), "k") },
		"update": func() error {
			return ring.Update(t.Context(), "k", func([]byte) ([]byte, error) { return []byte("w"), nil })
		},
	} {
		if err := do(); !errors.Is(err, ErrLocked) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, choice, err := Open(t.Context(), d.options(Auto)); err != nil || choice.Kind != SecretService {
		t.Errorf("a locked keyring is a keyring: %+v, %v", choice, err)
	}
	d.stopKeyring()
	d.startKeyring() // which unlocks it
	if got, _, err := ring.Get(t.Context(), "k"); err != nil || string(got) != "v" {
		t.Errorf("%q, %v", got, err)
	}
}

func expectNot(found bool, err error) error {
	if found {
		return errors.New("found")
	}
	return err
}

func TestSecretServiceAbsent(t *testing.T) {
	d := newDesktop(t)
	ring, choice, err := Open(t.Context(), d.options(Auto))
	if err != nil || choice.Kind != File || choice.Warning == "" || choice.Reason == "" {
		t.Fatalf("%+v, %v", choice, err)
	}
	keeps(t, ring)
	if _, _, err := Open(t.Context(), d.options(PreferSecretService)); !errors.Is(err, ErrUnavailable) {
		t.Errorf("error %v", err)
	}
	options := d.options(PreferSecretService)
	options.BusAddress = "unix:path=" + filepath.Join(d.home, "nobody")
	if _, _, err := Open(t.Context(), options); !errors.Is(err, ErrUnavailable) {
		t.Errorf("error %v", err)
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	options.BusAddress = ""
	if _, _, err := Open(t.Context(), options); !errors.Is(err, ErrUnavailable) {
		t.Errorf("error %v", err)
	}
	if _, _, err := Open(t.Context(), d.options(PreferKeychain)); !errors.Is(err, ErrUnavailable) {
		t.Errorf("error %v", err)
	}
}

func TestSecretServiceKilledMeanwhile(t *testing.T) {
	d := newDesktop(t)
	d.startKeyring()
	ring := d.open()
	if err := ring.Set(t.Context(), "k", []byte("v")); err != nil {
		t.Fatal(err)
	}
	d.stopKeyring()
	for _, do := range []func() error{
		func() error { _, found, err := ring.Get(t.Context(), "k"); return expectNot(found, err) },
		func() error { return ring.Set(t.Context(), "k", []byte("w")) },
	} {
		if err := do(); !errors.Is(err, ErrUnavailable) {
			t.Errorf("error %v", err)
		}
	}
	d.startKeyring()
	if got, _, err := ring.Get(t.Context(), "k"); err != nil || string(got) != "v" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestSecretServiceThatHangs(t *testing.T) {
	d := newDesktop(t)
	d.startKeyring()
	ring := d.open()
	if err := d.keyring.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	options := d.options(PreferSecretService)
	options.CallLimit = 300 * time.Millisecond
	if _, _, err := Open(t.Context(), options); !errors.Is(err, ErrUnavailable) {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, _, err := ring.Get(ctx, "k"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}
