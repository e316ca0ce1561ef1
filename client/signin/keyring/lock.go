package keyring

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// How long another process is waited for. It holds the lock for one reading and one writing.
const (
	lockLimit = 30 * time.Second
	lockAgain = 20 * time.Millisecond
)

// processLock lets one process of ours change secrets at a time. The lock is the kernel's: it ends with the process that holds it.
type processLock struct {
	path string
	mu   sync.Mutex
}

func (l *processLock) with(ctx context.Context, do func() error) (err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, lockLimit)
	defer cancel()
	if err := os.MkdirAll(filepath.Dir(l.path), 0o700); err != nil {
		return fmt.Errorf("lock keyring: %w", err)
	}
	lock := flock.New(l.path, flock.SetPermissions(0o600))
	if _, err := lock.TryLockContext(ctx, lockAgain); err != nil {
		return fmt.Errorf("lock keyring: %w", err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	return do()
}
