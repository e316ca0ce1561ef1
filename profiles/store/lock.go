package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// lockRetry is how often a lock that another program holds is tried again.
const lockRetry = 5 * time.Millisecond

// lock keeps other writers out, in this program and in others, until unlock. An error is a *LockedError where one of them does not end.
func (s *Store) lock(timeout time.Duration) (unlock func() error, err error) {
	held := flock.New(filepath.Join(s.dir, lockName), flock.SetPermissions(0o600))
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	locked, err := held.TryLockContext(ctx, lockRetry)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return nil, &LockedError{Dir: s.dir, Waited: timeout}
	case err != nil:
		return nil, fmt.Errorf("lock profiles: %w", err)
	case !locked:
		return nil, &LockedError{Dir: s.dir, Waited: timeout}
	}
	return held.Close, nil
}

// write runs a change while nobody else changes anything, after what a killed writer left is put right.
func (s *Store) write(change func(*writer) error) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	root, err := s.openForWriting()
	if err != nil {
		return err
	}
	defer root.Close()
	unlock, err := s.lock(s.options.LockTimeout)
	if err != nil {
		return err
	}
	w := &writer{store: s, root: root}
	err = w.tidy()
	if err == nil {
		err = change(w)
	}
	return errors.Join(err, unlock())
}

// tryWrite is write where nobody else is changing anything now; else it does nothing.
func (s *Store) tryWrite(root *os.Root, change func(*writer)) {
	if s.options.ReadOnly || !s.writing.TryLock() {
		return
	}
	defer s.writing.Unlock()
	held := flock.New(filepath.Join(s.dir, lockName), flock.SetPermissions(0o600))
	if locked, err := held.TryLock(); !locked || err != nil {
		return
	}
	change(&writer{store: s, root: root})
	if err := held.Close(); err != nil {
		s.logger.Warn("unlock profiles", "error", err)
	}
}
