package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/client/shell"
)

// The users that tests act as.
const (
	alice = 51001
	bob   = 51002
)

// programFile is the test binary where every user can run it: the folder that go test puts it in is closed to others.
var programFile = sync.OnceValues(func() (string, error) {
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		return "", err
	}
	defer self.Close()
	folder, err := os.MkdirTemp("", "footbridge-program-")
	if err != nil {
		return "", err
	}
	file, err := os.OpenFile(filepath.Join(folder, "footbridge"), os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(file, self)
	return file.Name(), errors.Join(err, file.Close(), os.Chmod(folder, 0o755))
})

// removeProgramFile ends what programFile began.
func removeProgramFile() {
	if path, err := programFile(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
}

// account is a person at the computer, with a home of their own.
type account struct {
	t           *testing.T
	uid         int
	home        string
	environment []string
	socket      string // of the service; one where nothing listens, at first
}

func newAccount(t *testing.T, uid int) *account {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("acting as several users needs root")
	}
	home, err := os.MkdirTemp("", "footbridge-home-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	if err := os.Chown(home, uid, uid); err != nil {
		t.Fatal(err)
	}
	return &account{t: t, uid: uid, home: home, socket: filepath.Join(home, "no-service.sock"),
		environment: []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "TZ=UTC", "LANG=C.UTF-8", "TERM=xterm", runAsFootbridge + "=1"}}
}

// result is how a command ended.
type result struct {
	t              *testing.T
	command        string
	stdout, stderr string
	code           int
}

// command prepares a run of the program.
func (u *account) command(ctx context.Context, arguments ...string) *exec.Cmd {
	u.t.Helper()
	path, err := programFile()
	if err != nil {
		u.t.Fatal(err)
	}
	command := exec.CommandContext(ctx, path, append([]string{"--socket", u.socket}, arguments...)...)
	command.Env, command.Dir = u.environment, u.home
	command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(u.uid), Gid: uint32(u.uid)}}
	return command
}

// run runs a command to its end.
func (u *account) run(arguments ...string) result {
	u.t.Helper()
	return u.runWith("", arguments...)
}

// runWith is run with something on standard input.
func (u *account) runWith(stdin string, arguments ...string) result {
	u.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	command := u.command(ctx, arguments...)
	command.Stdin = bytes.NewBufferString(stdin)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		u.t.Fatal(err)
	}
	return result{u.t, shell.Command(arguments...), stdout.String(), stderr.String(), command.ProcessState.ExitCode()}
}

// want checks the exit code.
func (r result) want(code int) result {
	r.t.Helper()
	if r.code != code {
		r.t.Fatalf("footbridge %s: exit code %d, want %d\n%s%s", r.command, r.code, code, r.stdout, r.stderr)
	}
	return r
}

// into reads what --json printed.
func (r result) into(value any) {
	r.t.Helper()
	if err := json.Unmarshal([]byte(r.stdout), value); err != nil {
		r.t.Fatalf("footbridge %s: %v\n%s%s", r.command, err, r.stdout, r.stderr)
	}
}

// file writes a file of the user's.
func (u *account) file(name, content string) string {
	u.t.Helper()
	path := filepath.Join(u.home, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		u.t.Fatal(err)
	}
	if err := os.Chown(path, u.uid, u.uid); err != nil {
		u.t.Fatal(err)
	}
	return path
}

// dutch is the same user with another locale.
func (u *account) dutch() *account {
	other := *u
	other.environment = append(append([]string{}, u.environment...), "LC_ALL=nl_NL.UTF-8")
	return &other
}
