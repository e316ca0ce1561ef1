package entra

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/godbus/dbus/v5"
)

// portal is a desktop portal that notes what it is asked to open.
type portal struct {
	opened chan string
	refuse bool
}

func (p *portal) OpenURI(_, address string, _ map[string]dbus.Variant) (dbus.ObjectPath, *dbus.Error) {
	if p.refuse {
		return "/", dbus.MakeFailedError(errors.New("no application"))
	}
	p.opened <- address
	return "/org/freedesktop/portal/desktop/request/1", nil
}

const busConfiguration = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path=%s</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy></busconfig>
`

// startBus starts a session bus of the test's own and returns its address.
func startBus(t *testing.T) string {
	t.Helper()
	daemon, err := exec.LookPath("dbus-daemon")
	if err != nil && os.Geteuid() == 0 {
		t.Fatal("dbus-daemon is missing: install Debian's dbus")
	}
	if err != nil {
		t.Skip("dbus-daemon is missing")
	}
	dir, err := os.MkdirTemp("", "bus") // short, as addresses of sockets are
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	socket, configuration := filepath.Join(dir, "socket"), filepath.Join(dir, "bus.conf")
	if err := os.WriteFile(configuration, fmt.Appendf(nil, busConfiguration, socket), 0o600); err != nil {
		t.Fatal(err)
	}
	bus := exec.Command(daemon, "--config-file="+configuration, "--nofork", "--print-address")
	bus.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	out, err := bus.StdoutPipe()
	if err == nil {
		err = bus.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := bus.Process.Kill(); err != nil {
			t.Error(err)
		}
		_ = bus.Wait() // it was killed
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("bus: %q, %v", line, err)
	}
	return "unix:path=" + socket
}

func TestPortal(t *testing.T) {
	dir := headless(t)
	address := startBus(t)
	t.Setenv("PATH", dir) // no xdg-open
	t.Setenv("WAYLAND_DISPLAY", "wayland-9")
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", address)
	if err := OpenBrowser(t.Context(), somePage); err == nil {
		t.Error("opened by nobody")
	}
	bus, err := dbus.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bus.Close() })
	p := &portal{opened: make(chan string, 1)}
	if err := bus.Export(p, "/org/freedesktop/portal/desktop", "org.freedesktop.portal.OpenURI"); err != nil {
		t.Fatal(err)
	}
	if reply, err := bus.RequestName("org.freedesktop.portal.Desktop", dbus.NameFlagDoNotQueue); err != nil || reply != dbus.RequestNameReplyPrimaryOwner {
		t.Fatal(reply, err)
	}
	if err := OpenBrowser(t.Context(), somePage); err != nil || <-p.opened != somePage {
		t.Errorf("error %v", err)
	}
	refusing := &portal{refuse: true}
	if err := bus.Export(refusing, "/org/freedesktop/portal/desktop", "org.freedesktop.portal.OpenURI"); err != nil {
		t.Fatal(err)
	}
	if err := OpenBrowser(t.Context(), somePage); err == nil {
		t.Error("opened by a portal that refuses")
	}
}
