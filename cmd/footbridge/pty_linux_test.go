package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// screenTest is a program at a pseudo-terminal (pty(7)).
type screenTest struct {
	t       *testing.T
	master  *os.File
	slave   *os.File
	command *exec.Cmd
	ended   chan struct{}
	arrive  chan struct{}

	mu   sync.Mutex
	seen bytes.Buffer
}

// openPTY makes a pseudo-terminal of a size.
func openPTY(t *testing.T, columns, rows uint16) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := master.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	number := 0
	raw.Control(func(fd uintptr) {
		if err = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); err == nil {
			number, err = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(slave.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: columns}); err != nil {
		t.Fatal(err)
	}
	return master, slave
}

// at starts a command at a terminal of a width.
func (u *account) at(columns uint16, arguments ...string) *screenTest {
	u.t.Helper()
	master, slave := openPTY(u.t, columns, 40)
	s := &screenTest{t: u.t, master: master, slave: slave, ended: make(chan struct{}), arrive: make(chan struct{}, 1)}
	s.command = u.command(context.Background(), arguments...)
	s.command.Stdin, s.command.Stdout, s.command.Stderr = slave, slave, slave
	s.command.SysProcAttr.Setsid, s.command.SysProcAttr.Setctty = true, true
	if err := s.command.Start(); err != nil {
		u.t.Fatal(err)
	}
	go s.read()
	go func() { s.command.Wait(); close(s.ended) }()
	u.t.Cleanup(func() {
		s.command.Process.Signal(syscall.SIGKILL)
		<-s.ended
		slave.Close()
		master.Close()
	})
	return s
}

func (s *screenTest) read() {
	buffer := make([]byte, 4096)
	for {
		n, err := s.master.Read(buffer)
		s.mu.Lock()
		s.seen.Write(buffer[:n])
		s.mu.Unlock()
		select {
		case s.arrive <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

func (s *screenTest) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen.String()
}

// await waits until a text was shown.
func (s *screenTest) await(text string) {
	s.t.Helper()
	deadline := time.After(30 * time.Second)
	for !strings.Contains(s.text(), text) {
		select {
		case <-s.arrive:
		case <-deadline:
			s.t.Fatalf("%q was not shown:\n%s", text, s.text())
		}
	}
}

// types presses keys.
func (s *screenTest) types(keys string) {
	s.t.Helper()
	if _, err := io.WriteString(s.master, keys); err != nil {
		s.t.Fatal(err)
	}
}

// exit waits for the end.
func (s *screenTest) exit() int {
	s.t.Helper()
	select {
	case <-s.ended:
		return s.command.ProcessState.ExitCode()
	case <-time.After(30 * time.Second):
		s.t.Fatalf("the program does not end:\n%s", s.text())
		return -1
	}
}

// settings are the terminal's, as stty shows them.
func (s *screenTest) settings() unix.Termios {
	s.t.Helper()
	settings, err := unix.IoctlGetTermios(int(s.slave.Fd()), unix.TCGETS)
	if err != nil {
		s.t.Fatal(err)
	}
	return *settings
}

const ctrlC = "\x03"

// A password is not shown, and the terminal is afterwards as it was.
func TestPasswordIsNotShown(t *testing.T) {
	u := newAccount(t, alice)
	s := u.at(100, "cert", "new-root", "Test root", "-o", "root.p12")
	before := s.settings()
	s.await("New password for the key:")
	s.types("correct horse\r")
	s.await("Once more:")
	s.types("correct horse\r")
	if code := s.exit(); code != exitDone {
		t.Fatalf("exit code %d:\n%s", code, s.text())
	}
	s.await("Made root.p12")
	if strings.Contains(s.text(), "horse") {
		t.Errorf("the password was shown:\n%s", s.text())
	}
	if after := s.settings(); after != before {
		t.Errorf("the terminal is %+v, was %+v", after, before)
	}
	wrong := u.at(100, "cert", "inspect", "root.p12")
	wrong.await("Passphrase of root.p12:")
	wrong.types("battery staple\r")
	wrong.await("That is not the passphrase.")
	wrong.types("correct horse\r")
	wrong.await("Test root")
	if code := wrong.exit(); code != exitSignIn { // a root is no client certificate
		t.Errorf("exit code %d:\n%s", code, wrong.text())
	}
}

// Ctrl-C at a question cancels, leaves nothing behind and gives the terminal back; so does a signal from elsewhere.
func TestCtrlCAtAQuestion(t *testing.T) {
	for name, interrupt := range map[string]func(*screenTest){
		"Ctrl-C":      func(s *screenTest) { s.types("half" + ctrlC) },
		"Ctrl-D":      func(s *screenTest) { s.types("\x04") },
		"termination": func(s *screenTest) { s.command.Process.Signal(syscall.SIGTERM) },
		"nothing":     func(s *screenTest) { s.types("\r\r") },
	} {
		t.Run(name, func(t *testing.T) {
			u := newAccount(t, alice)
			s := u.at(100, "cert", "new-root", "Test root", "-o", "root.p12")
			before := s.settings()
			s.await("New password for the key:")
			interrupt(s)
			if code := s.exit(); code != exitCancelled {
				t.Errorf("exit code %d:\n%s", code, s.text())
			}
			s.await("Cancelled.")
			if after := s.settings(); after != before {
				t.Errorf("the terminal is %+v, was %+v", after, before)
			}
			if files, err := os.ReadDir(u.home); err != nil || len(files) != 0 {
				t.Errorf("left behind: %v, %v", files, err)
			}
		})
	}
}

// Without a terminal nobody is asked.
func TestNobodyToAsk(t *testing.T) {
	u := newAccount(t, alice)
	command := u.command(t.Context(), "cert", "new-root", "Test root", "-o", "root.p12")
	command.SysProcAttr.Setsid = true
	out, _ := command.CombinedOutput()
	if code := command.ProcessState.ExitCode(); code != exitSignIn || !strings.Contains(string(out), "no terminal") {
		t.Errorf("exit code %d: %s", code, out)
	}
}

// Colour is for terminals, and only where nothing speaks against it; lines are no wider than the terminal.
func TestColourAndWidth(t *testing.T) {
	u := newAccount(t, alice)
	u.run("import", u.file("vnet.ovpn", sampleProfile)).want(exitDone)
	for _, test := range []struct {
		name        string
		environment string
		colour      bool
	}{{"plain", "", true}, {"NO_COLOR", "NO_COLOR=1", false}, {"CLICOLOR", "CLICOLOR=0", false}, {"dumb", "TERM=dumb", false}} {
		t.Run(test.name, func(t *testing.T) {
			at := *u
			at.t, at.environment = t, append(append([]string{}, u.environment...), test.environment)
			s := at.at(40, "list")
			if code := s.exit(); code != exitDone {
				t.Fatalf("exit code %d", code)
			}
			s.await("vnet")
			if got := strings.Contains(s.text(), "\x1b["); got != test.colour {
				t.Errorf("colour is %v:\n%q", got, s.text())
			}
			for line := range strings.SplitSeq(stripped(s.text()), "\r\n") {
				if len([]rune(line)) > 40 {
					t.Errorf("%q is wider than the terminal", line)
				}
			}
		})
	}
	if out := u.run("list").want(exitDone).stdout; strings.Contains(out, "\x1b[") || !strings.Contains(out, "a-rather-long-name-of-a-gateway.vpn.azure.com:443") {
		t.Errorf("not at a terminal: %q", out)
	}
}

// stripped takes the styles out of a text.
func stripped(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == 0x1b {
			for i < len(text) && text[i] != 'm' && text[i] != 'K' && text[i] != 'J' && text[i] != 'A' && text[i] != 'h' && text[i] != 'l' {
				i++
			}
			continue
		}
		b.WriteByte(text[i])
	}
	return b.String()
}
