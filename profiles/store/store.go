// Package store keeps profiles and what users add to them as files in a folder.
package store

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/adrg/xdg"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
)

// MachineDir is where administrators put profiles for everybody on a Linux computer.
const MachineDir = "/etc/footbridge/profiles"

// UserDir is where a user's profiles are: in the XDG configuration directory.
func UserDir() string { return filepath.Join(xdg.ConfigHome, "footbridge", "profiles") }

// The limits of a store.
const (
	MaxProfiles = 10_000
	MaxFile     = 8 << 20 // bytes
)

// lockLimit bounds the wait for another writer.
const lockLimit = 5 * time.Second

// Options says how a store is kept. The zero value is a user's own.
type Options struct {
	Mode fs.FileMode // of the files; zero: 0600
	GID  int         // group of the files; zero: as the system gives it
	// Administered refuses a folder and files that others than root could have written, and links: what is in them is believed.
	Administered bool
	// ReadOnly never changes anything: damaged files are reported and stay where they are.
	ReadOnly bool
	Logger   *slog.Logger
}

// Store is a folder of profiles. It is safe for concurrent use, also by several processes. Two files belong to a profile: the profile
// itself, in Azure's format where that can say all of it, else as .ovpn; and a record with its name and settings, which names the
// other. The record is replaced last and in one step, so that a reader sees the old pair or the new one.
type Store struct {
	dir     string
	options Options
	logger  *slog.Logger
}

// Open prepares a store. The folder need not exist before the first profile is added.
func Open(dir string, options Options) (*Store, error) {
	if !filepath.IsAbs(dir) {
		return nil, fmt.Errorf("open profile store: %q is not an absolute path", dir)
	}
	if options.Mode == 0 {
		options.Mode = 0o600
	}
	logger := options.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return &Store{dir: dir, options: options, logger: logger}, nil
}

// Dir is the folder.
func (s *Store) Dir() string { return s.dir }

// Entry is one profile of a store.
type Entry struct {
	ID       string // stable while the profile is in the store
	Name     string
	Profile  *profiles.Profile // as it was imported, named Name; without the settings, see settings.Settings.Apply
	Settings settings.Settings
	Imported time.Time
	Path     string // of the profile's file
	SHA256   string // of the profile's file, lower-case hex
}

// Damaged is a file that could not be read as what it should be.
type Damaged struct {
	Path       string
	SetAsideAs string // its new name; empty: it stayed where it is
	Err        error
}

// NotFoundError says that there is no such profile.
type NotFoundError struct{ Name string }

// Error implements error.
func (e *NotFoundError) Error() string { return fmt.Sprintf("there is no profile %q", e.Name) }

// AmbiguousError says that a name could mean several profiles.
type AmbiguousError struct {
	Name  string
	Names []string // of the profiles
}

// Error implements error.
func (e *AmbiguousError) Error() string {
	return fmt.Sprintf("%q could be any of %d profiles: %q", e.Name, len(e.Names), e.Names)
}

// ExistsError says that a different profile has the name.
type ExistsError struct{ Entry Entry }

// Error implements error.
func (e *ExistsError) Error() string {
	return fmt.Sprintf("there is a different profile named %q already", e.Entry.Name)
}

// ErrReadOnly says that the store is only read.
var ErrReadOnly = errors.New("profile store is read-only")

// ErrBusy says that another program is writing to the store, and does not end.
var ErrBusy = errors.New("another program is changing the profiles")

// ErrUnsafe says that others than administrators could have written what only they may.
var ErrUnsafe = errors.New("others than root may have written it")

// open opens the folder. It returns nil where there is none.
func (s *Store) open() (*os.Root, error) {
	root, err := os.OpenRoot(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open profile store: %w", err)
	}
	if s.options.Administered {
		info, err := root.Stat(".")
		if err == nil {
			err = administered(info)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open profile store %s: %w", s.dir, err), root.Close())
		}
	}
	return root, nil
}
