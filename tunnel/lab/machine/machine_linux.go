package machine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/rootfs"
)

// Options says what to boot.
type Options struct {
	Network *netns.Namespace // the machine's network; it must stay until Close
	Users   []string         // people with a home, from uid 1000 on, in this order
	// Files are put into the machine before it boots, by their absolute path there.
	Files map[string]File
	// Enable are the systemd units to start at boot.
	Enable []string
	// Limit is how long booting may take; zero: a minute.
	Limit time.Duration
}

// File is one file to put into the machine. From is a file of this computer; where it is empty, Content is the file's.
type File struct {
	From    string
	Content []byte
	Mode    os.FileMode // zero: 0644
}

// Machine is a computer that runs.
type Machine struct {
	dir    string
	output *tail
	leader int // the process id, here, of its first process
	boot   *exec.Cmd
	ended  <-chan error
	close  sync.Once
	err    error
}

// Boot starts a Debian with systemd, systemd-resolved, D-Bus, polkit and logind, and returns when all its units are running.
// What it changes on its disk is gone with it.
func Boot(ctx context.Context, options Options) (*Machine, error) {
	root, err := rootfs.Ensure(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "footbridge-machine-")
	if err != nil {
		return nil, fmt.Errorf("make folder for machine: %w", err)
	}
	m := &Machine{dir: dir, output: new(tail)}
	if err := m.start(ctx, root, options); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

func (m *Machine) start(ctx context.Context, root string, options Options) error {
	files := filepath.Join(m.dir, "files")
	if err := writeFiles(files, options); err != nil {
		return err
	}
	// The disk is an overlay in memory, in a mount namespace that ends with the container, so that a killed test leaves no mounts.
	const script = `set -e
mount -t tmpfs disk "$1/disk"
mkdir "$1/disk/upper" "$1/disk/work" "$1/disk/root"
mount -t overlay machine -o "lowerdir=$2,upperdir=$1/disk/upper,workdir=$1/disk/work" "$1/disk/root"
cp -a "$1/files/." "$1/disk/root/"
chroot "$1/disk/root" /footbridge-prepare
exec systemd-nspawn --quiet --boot --directory="$1/disk/root" --network-namespace-path="$3" --capability=CAP_NET_ADMIN \
  --bind=/dev/net/tun --register=no --keep-unit --machine="$4" --resolv-conf=off --link-journal=no --console=pipe systemd.log_target=console`
	if err := os.Mkdir(filepath.Join(m.dir, "disk"), 0o755); err != nil {
		return fmt.Errorf("make folder for machine: %w", err)
	}
	name := "pc" + strings.TrimPrefix(filepath.Base(m.dir), "footbridge-machine-")
	m.boot = exec.Command("unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", m.dir, root, options.Network.Path(), name)
	m.boot.Stdout, m.boot.Stderr = m.output, m.output
	var err error
	if m.ended, err = netns.StartTied(m.boot); err != nil {
		return fmt.Errorf("boot machine: %w", err)
	}
	limit := options.Limit
	if limit == 0 {
		limit = time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return m.awaitRunning(ctx)
}

// awaitRunning waits until systemd has started everything.
func (m *Machine) awaitRunning(ctx context.Context) error {
	for {
		if m.leader == 0 {
			m.leader = firstProcess(m.boot.Process.Pid)
		}
		if m.leader != 0 {
			out, err := m.Command(ctx, "root", "systemctl", "is-system-running").Output()
			switch state := strings.TrimSpace(string(out)); {
			case state == "running":
				return nil
			case state == "degraded":
				failed, _ := m.Command(ctx, "root", "systemctl", "--failed", "--no-legend", "--plain").Output()
				return fmt.Errorf("boot machine: units failed: %s%s", failed, m.output)
			case err != nil && ctx.Err() != nil:
				return fmt.Errorf("boot machine: %w: %s", ctx.Err(), m.output)
			}
		}
		select {
		case err := <-m.ended:
			m.ended = nil
			return fmt.Errorf("boot machine: it ended: %w: %s", err, m.output)
		case <-ctx.Done():
			return fmt.Errorf("boot machine: %w: %s", ctx.Err(), m.output)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// Close switches the machine off. Calling it again does nothing.
func (m *Machine) Close() error {
	m.close.Do(func() {
		if m.boot != nil && m.boot.Process != nil && m.ended != nil {
			m.boot.Process.Kill() // its processes are in a PID namespace that ends with it
			<-m.ended
		}
		m.err = os.RemoveAll(m.dir)
	})
	return m.err
}

// Console is the end of what the machine said while it booted.
func (m *Machine) Console() string { return m.output.String() }
