package netns

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// isolate gives its own mount namespace a copy of /etc in memory with the files from $2 put in, hides the sockets of this machine's
// services, says so and waits for the end of its input. $1 is an empty directory to mount on.
const isolate = `set -e
mount --make-rprivate /
mount -t tmpfs -o mode=0755 footbridge-lab "$1"
mkdir "$1/etc"
cp -a /etc/. "$1/etc/" 2>/dev/null || true
(cd "$2" && find . -type f) | while read -r file; do
  mkdir -p "$1/etc/$(dirname "$file")"
  cp --remove-destination "$2/$file" "$1/etc/$file"
done
mount --bind "$1/etc" /etc
for hidden in /run/dbus /run/systemd /run/NetworkManager /run/resolvconf /run/nscd; do
  if [ -d "$hidden" ]; then mount -t tmpfs -o mode=0755 footbridge-lab "$hidden"; fi
done
echo ready
read -r _ || true
`

// IsolateFiles makes the namespace a computer of its own as far as name resolution goes, for every Command from now on: it has a writable
// copy of this machine's /etc in which the given files (by their path below /etc) are replaced, and it cannot reach this machine's D-Bus, so
// that a program inside never changes this machine's settings. What commands change in /etc is seen by all of them and gone with
// the namespace.
func (n *Namespace) IsolateFiles(etc map[string]string) error {
	work, err := os.MkdirTemp("", "footbridge-lab-etc-")
	if err != nil {
		return fmt.Errorf("isolate files: %w", err)
	}
	defer os.RemoveAll(work)
	mounts, err := isolateFiles(work, etc)
	if err != nil {
		return fmt.Errorf("isolate files of %s: %w", n.name, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed || n.mounts != nil {
		return errors.Join(fmt.Errorf("isolate files of %s: closed or isolated already", n.name), mounts.Close())
	}
	n.mounts = mounts
	return nil
}

func isolateFiles(work string, etc map[string]string) (*os.File, error) {
	mountpoint, staging := filepath.Join(work, "mnt"), filepath.Join(work, "etc")
	for _, directory := range []string{mountpoint, staging} {
		if err := os.Mkdir(directory, 0o755); err != nil {
			return nil, err
		}
	}
	for name, content := range etc {
		if !filepath.IsLocal(name) || strings.ContainsAny(name, "\n") {
			return nil, fmt.Errorf("%q is not a path below /etc", name)
		}
		path := filepath.Join(staging, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			return nil, err
		}
	}
	return mountNamespace(exec.Command("unshare", "--mount", "--", "sh", "-c", isolate, "sh", mountpoint, staging))
}

// mountNamespace starts a command that sets up its mount namespace, takes hold of that namespace when it is ready, and lets the command end.
func mountNamespace(command *exec.Cmd) (*os.File, error) {
	var complaints bytes.Buffer
	command.Stderr = &complaints
	input, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	line, readErr := bufio.NewReader(output).ReadString('\n')
	var mounts *os.File
	if readErr == nil && line == "ready\n" {
		mounts, err = os.Open(fmt.Sprintf("/proc/%d/ns/mnt", command.Process.Pid))
	}
	input.Close()
	waited := command.Wait()
	switch {
	case err != nil:
		return nil, err
	case mounts == nil:
		return nil, fmt.Errorf("set up mounts: %w: %s", errors.Join(waited, readErr), strings.TrimSpace(complaints.String()))
	}
	return mounts, nil
}
