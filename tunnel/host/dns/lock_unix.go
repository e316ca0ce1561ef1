//go:build unix

package dns

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// lock keeps other tunnels, of this process and others, from changing shared files at the same time. It waits for them:
// nobody holds it longer than a few writes.
func lock(dir string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("lock name resolution: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "dns.lock"), os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock name resolution: %w", err)
	}
	for {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock name resolution: %w", err), f.Close())
	}
	return func() { _ = f.Close() }, nil
}
