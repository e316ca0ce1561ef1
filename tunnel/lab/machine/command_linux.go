package machine

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// Command prepares a program that runs on the machine as one of its users. Anyone but root is logged in for it, so that logind knows
// them, and gets an environment of their own.
func (m *Machine) Command(ctx context.Context, user, name string, arguments ...string) *exec.Cmd {
	enter := []string{"--target", strconv.Itoa(m.leader), "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--"}
	if user == "root" {
		enter = append(enter, "/usr/bin/env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8", name)
		return exec.CommandContext(ctx, "nsenter", append(enter, arguments...)...)
	}
	// The arguments are the shell's, not part of its command, so that none of them is read as shell code.
	enter = append(enter, "/usr/sbin/runuser", "--login", user, "--shell", "/bin/sh", "-c", `exec "$0" "$@"`, "--", name)
	return exec.CommandContext(ctx, "nsenter", append(enter, arguments...)...)
}

// firstProcess is the process that systemd-nspawn started as the machine's init; zero: not yet.
func firstProcess(container int) int {
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", container, container))
	if err != nil {
		return 0
	}
	for _, field := range strings.Fields(string(children)) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			continue
		}
		// Until it has become systemd it is a copy of systemd-nspawn with the namespaces half made.
		if name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)); err == nil && strings.TrimSpace(string(name)) == "systemd" {
			return pid
		}
	}
	return 0
}

// prepareScript makes the machine one of its own: its users, its units, and a name service that runs.
const prepareScript = `#!/bin/sh
set -e
rm -f /etc/machine-id /etc/resolv.conf
: >/etc/machine-id
ln -s ../run/systemd/resolve/stub-resolv.conf /etc/resolv.conf
systemctl mask NetworkManager.service NetworkManager-wait-online.service systemd-networkd.service systemd-networkd-wait-online.service \
  systemd-timesyncd.service getty.target console-getty.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer
systemctl enable systemd-resolved.service
`

// writeFiles lays out what is copied over the machine's disk.
func writeFiles(dir string, options Options) error {
	script := prepareScript
	for i, user := range options.Users {
		script += fmt.Sprintf("useradd --create-home --uid %[1]d --shell /bin/bash %[2]s\nchown -R %[2]s: /home/%[2]s\n", 1000+i, user)
	}
	script += "[ ! -e /usr/lib/sysusers.d/footbridge.conf ] || systemd-sysusers /usr/lib/sysusers.d/footbridge.conf\n"
	for _, unit := range options.Enable {
		script += "systemctl enable " + unit + "\n"
	}
	script += "rm /footbridge-prepare\n"
	if err := write(filepath.Join(dir, "footbridge-prepare"), File{Content: []byte(script), Mode: 0o755}); err != nil {
		return err
	}
	for path, file := range options.Files {
		if err := write(filepath.Join(dir, path), file); err != nil {
			return err
		}
	}
	return nil
}

func write(path string, file File) error {
	content := file.Content
	if file.From != "" {
		var err error
		if content, err = os.ReadFile(file.From); err != nil {
			return fmt.Errorf("read file for machine: %w", err)
		}
	}
	mode := file.Mode
	if mode == 0 {
		mode = 0o644
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("make folder for machine: %w", err)
	}
	if err := os.WriteFile(path, content, mode); err != nil {
		return fmt.Errorf("write file for machine: %w", err)
	}
	return os.Chmod(path, mode) // whatever the umask says
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const tailLength = 16 << 10

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if len(t.text) > tailLength {
		t.text = append(t.text[:0], t.text[len(t.text)-tailLength:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}

// Path is where this computer's root finds a file of the machine.
func (m *Machine) Path(path string) string { return fmt.Sprintf("/proc/%d/root%s", m.leader, path) }
