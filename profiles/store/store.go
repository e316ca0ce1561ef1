// Package store keeps profiles and what was set for them as files in a folder.
//
// A profile is one file in a format that other clients read, such as "contoso-x3k….xml", and what Footbridge knows besides in
// "contoso-x3k….settings.json". The latter is written last and says which file goes with it, so that whoever reads sees the pair before a
// change or the pair after it. Profiles that someone else copies into the folder are read too.
package store

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"sync"
	"time"
)

// MachineDir is where administrators keep the profiles that everybody on this computer may use.
const MachineDir = "/etc/footbridge/profiles"

// Limits of a store.
const (
	MaxFile     = 8 << 20 // bytes of a file
	MaxProfiles = 10_000
)

// defaultLockTimeout is how long a change waits for another program's change, which takes milliseconds.
const defaultLockTimeout = 10 * time.Second

// UserDir is where a user's own profiles are: ~/.config/footbridge/profiles, under $XDG_CONFIG_HOME where that is set.
func UserDir() string {
	base, err := os.UserConfigDir()
	if err != nil {
		home := string(filepath.Separator)
		if account, err := user.Current(); err == nil {
			home = account.HomeDir
		}
		base = filepath.Join(home, ".config")
	}
	return filepath.Join(base, "footbridge", "profiles")
}

// Options says how a store is kept. The zero value is a user's own.
type Options struct {
	Machine     bool          // an administrator's folder: what others could have written in it is refused
	ReadOnly    bool          // nothing is changed, not even damaged files are set aside
	Mode        os.FileMode   // of files; zero: 0600, and 0640 with Machine
	Group       string        // name of the group that files belong to; empty: the writer's
	LockTimeout time.Duration // how long to wait for another writer; zero: ten seconds
	Logger      *slog.Logger  // nil: nothing is logged
}

// Store is a folder of profiles. It may be used by several goroutines, and several programs may use the folder.
type Store struct {
	dir     string
	options Options
	logger  *slog.Logger
	group   int // id; -1: the writer's

	writing sync.Mutex // held by this value's one writer, before the lock that other programs see
	index   indexCache

	limit      int    // MaxProfiles but in tests
	beforeStep func() // called before each change of a file; nil but in tests
}

// Open makes a store of a folder, which need not exist yet. The files are read anew by each call.
func Open(dir string, options Options) (*Store, error) {
	if !filepath.IsAbs(dir) {
		return nil, fmt.Errorf("open profiles: %s is not a whole path", dir)
	}
	s := &Store{dir: filepath.Clean(dir), options: options, logger: options.Logger, group: -1, limit: MaxProfiles}
	if s.logger == nil {
		s.logger = slog.New(slog.DiscardHandler)
	}
	if s.options.LockTimeout <= 0 {
		s.options.LockTimeout = defaultLockTimeout
	}
	if s.options.Mode == 0 {
		s.options.Mode = 0o600
		if options.Machine {
			s.options.Mode = 0o640
		}
	}
	if options.Group != "" {
		group, err := groupID(options.Group)
		if err != nil {
			return nil, fmt.Errorf("open profiles: %w", err)
		}
		s.group = group
	}
	root, err := s.open()
	if err != nil {
		return nil, err
	}
	if root != nil {
		root.Close()
	}
	return s, nil
}

// Dir is the folder.
func (s *Store) Dir() string { return s.dir }

// open opens the folder; nil where there is none. What is read and written through it cannot lie outside.
func (s *Store) open() (*os.Root, error) {
	root, err := os.OpenRoot(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open profiles: %w", err)
	}
	if s.options.Machine {
		if err := checkFolder(s.dir); err != nil {
			root.Close()
			return nil, fmt.Errorf("open profiles: %w", err)
		}
	}
	return root, nil
}

// openForWriting makes the folder where there is none.
func (s *Store) openForWriting() (*os.Root, error) {
	if s.options.ReadOnly {
		return nil, fmt.Errorf("change profiles in %s: %w", s.dir, ErrReadOnly)
	}
	mode := os.FileMode(0o700)
	if s.options.Machine {
		mode = 0o755
	}
	_, err := os.Lstat(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(s.dir, mode); err == nil {
			err = os.Chmod(s.dir, mode) // whatever the umask is
		}
	}
	if err != nil {
		return nil, fmt.Errorf("make folder for profiles: %w", err)
	}
	return s.open()
}
