package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	suffix        = ".journal"
	lockSuffix    = ".lock"
	damagedSuffix = ".damaged"
	partSuffix    = ".part"
)

// Journal is the journal of one living tunnel.
type Journal struct {
	dir, name string
	lock      *os.File
	boot      string
	written   []byte // what the file holds; nil: there is none
}

// ErrInUse says that another process, or tunnel, has the journal.
var ErrInUse = errors.New("journal is in use")

// Open takes the journal with this name in a directory, which is made if need be. Leftovers under the name are to be undone
// before (see Leftovers): they are overwritten.
func Open(dir, name string) (*Journal, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make state directory: %w", err)
	}
	lock, err := takeLock(filepath.Join(dir, name+lockSuffix))
	if err != nil {
		return nil, fmt.Errorf("take journal %s: %w", name, err)
	}
	return &Journal{dir: dir, name: name, lock: lock, boot: bootID()}, nil
}

// Write makes record the journal's content, on the disk, before it returns. It does nothing, and reports false, if it is
// already. A record of nothing is no file.
func (j *Journal) Write(record Record) (written bool, err error) {
	record.Version, record.Boot = Version, j.boot
	data, err := json.Marshal(record)
	if err != nil {
		return false, fmt.Errorf("write journal: %w", err)
	}
	if len(record.Routes) == 0 && record.DNS == nil {
		data = nil
	}
	if bytes.Equal(data, j.written) {
		return false, nil
	}
	if data == nil {
		err = errors.Join(removeAll(j.path()), syncDir(j.dir))
	} else {
		err = replace(j.path(), data)
	}
	if err != nil {
		return false, fmt.Errorf("write journal: %w", err)
	}
	j.written = data
	return true, nil
}

// Remove deletes the journal, because everything is undone, and gives it up.
func (j *Journal) Remove() error {
	err := removeAll(j.path(), j.path()+partSuffix)
	return errors.Join(err, j.Release())
}

// Release gives the journal up and leaves it as it is, for Leftovers to find.
func (j *Journal) Release() error {
	if j.lock == nil {
		return nil
	}
	lock := j.lock
	j.lock = nil
	// The file goes before the lock does: whoever waits for the lock sees that the file is another one and begins anew.
	return errors.Join(os.Remove(lock.Name()), lock.Close())
}

func (j *Journal) path() string { return filepath.Join(j.dir, j.name+suffix) }

// Leftover is the journal of a tunnel whose process is gone.
type Leftover struct {
	Record Record
	// SameBoot says that the computer was not restarted since.
	SameBoot bool
	// Err is ErrDamaged where the journal cannot be understood; the record is empty then.
	Err     error
	journal *Journal
}

// Name is the journal's name.
func (l *Leftover) Name() string { return l.journal.name }

// Done ends the handling of a leftover. Undone journals are deleted, damaged ones set aside for a human to read, and others
// stay for the next time.
func (l *Leftover) Done(undone bool) error {
	switch {
	case l.Err != nil:
		aside := l.journal.path() + damagedSuffix
		return errors.Join(os.Rename(l.journal.path(), aside), syncDir(l.journal.dir), l.journal.Release())
	case undone:
		return l.journal.Remove()
	default:
		return l.journal.Release()
	}
}

// Leftovers takes every journal in a directory whose process is gone. Each must be ended with Done.
func Leftovers(dir string) ([]*Leftover, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list journals: %w", err)
	}
	var leftovers []*Leftover
	var failures []error
	for _, entry := range entries {
		name, isJournal := strings.CutSuffix(entry.Name(), suffix)
		if !isJournal {
			failures = append(failures, removeDeadLock(dir, entry.Name()))
			continue
		}
		leftover, err := take(dir, name)
		switch {
		case errors.Is(err, ErrInUse), errors.Is(err, os.ErrNotExist):
		case err != nil:
			failures = append(failures, err)
		default:
			leftovers = append(leftovers, leftover)
		}
	}
	return leftovers, errors.Join(failures...)
}

// removeDeadLock removes the lock of a process that is gone and had written no journal.
func removeDeadLock(dir, file string) error {
	name, isLock := strings.CutSuffix(file, lockSuffix)
	if !isLock {
		return nil
	}
	if _, err := os.Lstat(filepath.Join(dir, name+suffix)); err == nil {
		return nil // goes with its journal
	}
	j, err := Open(dir, name)
	if errors.Is(err, ErrInUse) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(removeAll(j.path()+partSuffix), j.Release())
}

func take(dir, name string) (*Leftover, error) {
	j, err := Open(dir, name)
	if err != nil {
		return nil, err
	}
	data, err := read(j.path())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read journal: %w", err), j.Release())
	}
	record, err := parse(data)
	return &Leftover{Record: record, SameBoot: record.Boot == j.boot, Err: err, journal: j}, nil
}

func read(path string) ([]byte, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, maxSize+1))
}

// takeLock takes a lock that the kernel gives back when the process ends.
func takeLock(path string) (*os.File, error) {
	const attempts = 16
	for range attempts {
		file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
		if err != nil {
			return nil, err
		}
		err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, errors.Join(ErrInUse, file.Close())
		}
		if err != nil {
			return nil, errors.Join(err, file.Close())
		}
		if isStill(path, file) {
			return file, nil
		}
		file.Close() // its owner removed it between the opening and the locking
	}
	return nil, ErrInUse
}

func isStill(path string, file *os.File) bool {
	now, err := os.Stat(path)
	if err != nil {
		return false
	}
	locked, err := file.Stat()
	return err == nil && os.SameFile(now, locked)
}

// replace puts data in the place of a file: there is always either the old one or the new one, whole.
func replace(path string, data []byte) error {
	part := path + partSuffix
	file, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	err = errors.Join(err, file.Sync(), file.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(part, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	file, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

func removeAll(paths ...string) error {
	var failures []error
	for _, path := range paths {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}

func bootID() string {
	id, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(id))
}
