package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/footbridge-vpn/footbridge/tunnel/lab"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns/netnstest"
)

// runAsLab makes the test binary behave as the program itself.
const runAsLab = "FOOTBRIDGE_LAB_TEST_RUN_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(runAsLab) != "" {
		os.Exit(run())
	}
	os.Exit(m.Run())
}

// nobody is a user without any rights.
const nobody = 65534

// user runs the program as root or as nobody, with notes of labs of its own.
type user struct {
	t       *testing.T
	prefix  []string // of commands
	program string
	state   string
}

func root(t *testing.T) *user {
	t.Helper()
	netnstest.RequireRoot(t)
	return &user{t: t, program: os.Args[0], state: filepath.Join(t.TempDir(), "state")}
}

// unprivileged is a user who may make user namespaces and open /dev/net/tun, as on most desktops.
func unprivileged(t *testing.T) *user {
	t.Helper()
	netnstest.RequireRoot(t)
	public, err := os.MkdirTemp("", "footbridge-lab-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(public) })
	u := &user{t: t, program: filepath.Join(public, "footbridge-lab"), state: filepath.Join(public, "home", "state")}
	device := filepath.Join(public, "tun")
	for _, err := range []error{
		os.Chmod(public, 0o755),
		copyProgram(os.Args[0], u.program),
		os.Mkdir(filepath.Dir(u.state), 0o700),
		os.Chown(filepath.Dir(u.state), nobody, nobody),
		unix.Mknod(device, unix.S_IFCHR|0o666, int(unix.Mkdev(10, 200))),
		os.Chmod(device, 0o666),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	u.prefix = []string{"unshare", "--mount", "sh", "-c",
		`mount --bind "$0" /dev/net/tun; exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@"`, device}
	if output, err := u.command("unshare", "--user", "--net", "true").CombinedOutput(); err != nil {
		t.Skipf("this machine does not allow user namespaces: %s", output)
	}
	return u
}

func copyProgram(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o755)
}

func (u *user) command(arguments ...string) *exec.Cmd {
	all := append(append([]string(nil), u.prefix...), arguments...)
	command := exec.Command(all[0], all[1:]...)
	command.Dir = "/"
	command.Env = append(os.Environ(), runAsLab+"=1", lab.StateDirectoryVariable+"="+u.state)
	return command
}

// lab runs the program to its end.
func (u *user) lab(arguments ...string) (string, error) {
	output, err := u.command(append([]string{u.program}, arguments...)...).CombinedOutput()
	return string(output), err
}

// running is "up" under way.
type running struct {
	*exec.Cmd
	lab.State
}

func (u *user) up(arguments ...string) *running {
	u.t.Helper()
	r := &running{Cmd: u.command(append([]string{u.program, "up", "--json"}, arguments...)...)}
	var complaints bytes.Buffer
	r.Stderr = &complaints
	output, err := r.StdoutPipe()
	if err != nil {
		u.t.Fatal(err)
	}
	if err := r.Start(); err != nil {
		u.t.Fatal(err)
	}
	u.t.Cleanup(func() {
		r.Process.Signal(syscall.SIGTERM)
		r.Wait()
	})
	line, err := bufio.NewReader(output).ReadBytes('\n')
	if err != nil {
		r.Wait()
		u.t.Fatalf("up: %v: %s", err, complaints.String())
	}
	if err := json.Unmarshal(line, &r.State); err != nil {
		u.t.Fatal(err)
	}
	return r
}

// checkGone checks that nothing is left of a lab.
func (r *running) checkGone(t *testing.T, u *user) {
	t.Helper()
	for _, computer := range r.Computers {
		if _, err := os.Stat("/run/netns/" + computer.Namespace); !os.IsNotExist(err) {
			t.Errorf("namespace %s is left: %v", computer.Namespace, err)
		}
	}
	if _, err := os.Stat(r.Files.Directory); !os.IsNotExist(err) {
		t.Errorf("directory %s is left: %v", r.Files.Directory, err)
	}
	if _, err := os.Stat(u.state); !os.IsNotExist(err) {
		t.Errorf("state %s is left: %v", u.state, err)
	}
	if r.Owner.Alive() {
		t.Errorf("process %d is left", r.Owner.PID)
	}
	for _, process := range openVPNIn(t, r.Files.Directory) {
		t.Errorf("process %s is left", process)
	}
}

// openVPNIn lists the processes that run in a lab's directory.
func openVPNIn(t *testing.T, directory string) []string {
	t.Helper()
	links, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && strings.HasPrefix(target, directory+"/") {
			found = append(found, filepath.Dir(link))
		}
	}
	return found
}

func TestUpExecDown(t *testing.T) {
	for name, who := range map[string]func(*testing.T) *user{"root": root, "unprivileged": unprivileged} {
		t.Run(name, func(t *testing.T) {
			u := who(t)
			if output, err := u.lab("status"); err == nil {
				t.Errorf("status before: %s", output)
			}
			r := u.up("--gateway", "openvpn", "--proto", "udp")
			if len(openVPNIn(t, r.Files.Directory)) != 1 {
				t.Error("OpenVPN does not run in the lab's directory")
			}
			if output, err := u.lab("status"); err != nil || !strings.Contains(output, r.Files.Package) {
				t.Errorf("status: %s, %v", output, err)
			}
			output, err := u.lab("exec", "laptop", "--", "sh", "-c", "pwd; cat /etc/resolv.conf; ip -brief address show eth0")
			if err != nil || !strings.HasPrefix(output, "/\nnameserver 198.51.100.53\n") || !strings.Contains(output, "203.0.113.10/24") {
				t.Errorf("exec: %s, %v", output, err)
			}
			if output, err := u.lab("fetch", "http://198.51.100.80/", "1"); err == nil {
				t.Errorf("the lab is reached from outside: %s", output)
			}
			var exit *exec.ExitError
			if output, err := u.lab("exec", "gateway", "--", "sh", "-c", "exit 7"); !errors.As(err, &exit) || exit.ExitCode() != 7 {
				t.Errorf("exit code of exec: %s, %v", output, err)
			}
			if output, err := u.lab("down"); err != nil {
				t.Errorf("down: %s, %v", output, err)
			}
			r.Wait()
			r.checkGone(t, u)
		})
	}
}

func TestInterruptTakesDown(t *testing.T) {
	u := root(t)
	r := u.up()
	r.Process.Signal(syscall.SIGINT)
	if err := r.Wait(); err != nil {
		t.Errorf("interrupted: %v", err)
	}
	r.checkGone(t, u)
}

func TestKilledLabIsCleanedUp(t *testing.T) {
	for name, who := range map[string]func(*testing.T) *user{"root": root, "unprivileged": unprivileged} {
		t.Run(name+" by down", func(t *testing.T) {
			u := who(t)
			r := u.up("--gateway", "openvpn")
			syscall.Kill(r.Owner.PID, syscall.SIGKILL)
			r.Wait()
			if output, err := u.lab("down"); err != nil {
				t.Errorf("down: %s, %v", output, err)
			}
			r.checkGone(t, u)
		})
	}
	t.Run("by the next up", func(t *testing.T) {
		u := root(t)
		killed := u.up()
		killed.Process.Kill()
		killed.Wait()
		next := u.up()
		for _, computer := range killed.Computers {
			if _, err := os.Stat("/run/netns/" + computer.Namespace); !os.IsNotExist(err) {
				t.Errorf("namespace %s is left: %v", computer.Namespace, err)
			}
		}
		if _, err := os.Stat(killed.Files.Directory); !os.IsNotExist(err) {
			t.Errorf("directory %s is left: %v", killed.Files.Directory, err)
		}
		next.Process.Signal(syscall.SIGTERM)
		next.Wait()
		next.checkGone(t, u)
	})
}

func TestKeptDirectory(t *testing.T) {
	u := root(t)
	directory := filepath.Join(t.TempDir(), "files")
	r := u.up("--dir", directory)
	r.Process.Signal(syscall.SIGTERM)
	r.Wait()
	for _, path := range []string{r.Files.Package, r.Files.Certificate, r.Files.Key, r.Files.PKCS12} {
		if _, err := os.Stat(path); err != nil || filepath.Dir(path) != directory {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestBadFlags(t *testing.T) {
	u := root(t)
	for _, arguments := range [][]string{
		{"up", "--gateway", "cisco"}, {"up", "--proto", "sctp"}, {"up", "--log-level", "loud"}, {"exec", "laptop"}, {"exec", "laptop", "--", "true"},
		{"demo", "--footbridge", "/no/such/program"},
	} {
		output, err := u.lab(arguments...)
		if err == nil || !strings.HasPrefix(output, "footbridge-lab: ") {
			t.Errorf("%q: %s, %v", arguments, output, err)
		}
	}
}

// buildFootbridge builds the client.
func buildFootbridge(t *testing.T, path string) {
	t.Helper()
	build := exec.Command("go", "build", "-o", path, "../footbridge")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build footbridge: %v\n%s", err, output)
	}
	if err := os.Chmod(path, 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestDemo(t *testing.T) {
	netnstest.RequireRoot(t)
	public, err := os.MkdirTemp("", "footbridge-lab-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(public) })
	if err := os.Chmod(public, 0o755); err != nil {
		t.Fatal(err)
	}
	footbridge := filepath.Join(public, "footbridge")
	buildFootbridge(t, footbridge)
	for _, test := range []struct {
		name      string
		who       func(*testing.T) *user
		arguments []string
	}{
		{"built-in gateway", root, nil},
		{"built-in gateway over UDP", root, []string{"--proto", "udp"}},
		{"Debian's OpenVPN", root, []string{"--gateway", "openvpn"}},
		{"unprivileged", unprivileged, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			u := test.who(t)
			output, err := u.lab(append([]string{"demo", "--footbridge", footbridge}, test.arguments...)...)
			if err != nil {
				t.Fatalf("%v\n%s", err, output)
			}
			for _, expected := range []string{"the application in the Azure virtual network", "the intranet on the organisation's premises", "are gone."} {
				if !strings.Contains(output, expected) {
					t.Errorf("it does not say %q:\n%s", expected, output)
				}
			}
			if _, err := os.Stat(u.state); !os.IsNotExist(err) {
				t.Errorf("state is left: %v", err)
			}
		})
	}
}

func TestDemoFails(t *testing.T) {
	u := root(t)
	quitter := filepath.Join(t.TempDir(), "quitter")
	if err := os.WriteFile(quitter, []byte("#!/bin/sh\necho 'no tunnel today' >&2\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	output, err := u.lab("demo", "--footbridge", quitter)
	if err == nil || !strings.Contains(output, "no tunnel today") || !strings.Contains(output, "are gone.") {
		t.Errorf("%s, %v", output, err)
	}
}

func TestDemoInterrupted(t *testing.T) {
	u := root(t)
	sleeper := filepath.Join(t.TempDir(), "sleeper")
	if err := os.WriteFile(sleeper, []byte("#!/bin/sh\necho '{\"kind\":\"stage\",\"stage\":\"connecting\"}'\nexec sleep 600\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	command := u.command(u.program, "demo", "--footbridge", sleeper)
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer context.AfterFunc(ctx, func() { command.Process.Kill() })()
	var told strings.Builder
	for scanner := bufio.NewScanner(output); scanner.Scan(); {
		fmt.Fprintln(&told, scanner.Text())
		if strings.Contains(scanner.Text(), "Footbridge connects") {
			command.Process.Signal(syscall.SIGINT)
		}
	}
	if err := command.Wait(); err == nil || !strings.Contains(told.String(), "Interrupted.") {
		t.Errorf("%v\n%s", err, told.String())
	}
	if _, err := os.Stat(u.state); !os.IsNotExist(err) {
		t.Errorf("state is left: %v", err)
	}
}
