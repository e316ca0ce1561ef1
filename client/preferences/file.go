package preferences

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// File is where preferences are kept. Nobody watches it: the app that changes it knows.
type File struct{ path string }

// At is the file with a path; empty: UserPath.
func At(path string) File {
	if path == "" {
		path = UserPath()
	}
	return File{path}
}

// UserPath is where a user's preferences are: ~/.config/footbridge/preferences.json on Linux.
func UserPath() string {
	base, err := os.UserConfigDir()
	if err != nil {
		home, err := os.UserHomeDir()
		if err != nil {
			home = string(filepath.Separator)
		}
		base = filepath.Join(home, ".config")
	}
	return filepath.Join(base, "footbridge", "preferences.json")
}

// Path is where the file is.
func (f File) Path() string { return f.path }

// DamagedError says that a file held no preferences and was set aside.
type DamagedError struct {
	Aside string // where it is now; empty: it could not be set aside
	Err   error  // what is wrong with it
}

// Error implements error.
func (e *DamagedError) Error() string {
	return fmt.Sprintf("the preferences were damaged and are now in %s: %v", e.Aside, e.Err)
}

// Unwrap returns what is wrong with the file.
func (e *DamagedError) Unwrap() error { return e.Err }

// asideSuffix is behind the name of a damaged file.
const asideSuffix = ".damaged"

// Load reads the preferences. Where there is no file they are the zero value. With an error, a *DamagedError where the file was set aside,
// they are the zero value too: the app goes on with it.
func (f File) Load() (Preferences, error) {
	file, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return Preferences{}, nil
	}
	if err != nil {
		return Preferences{}, fmt.Errorf("read preferences: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(file, MaxSize+1))
	if err := errors.Join(err, file.Close()); err != nil {
		return Preferences{}, fmt.Errorf("read preferences: %w", err)
	}
	p, err := Parse(data)
	if err == nil {
		return p, nil
	}
	damaged := &DamagedError{Aside: f.path + asideSuffix, Err: err}
	if err := os.Rename(f.path, damaged.Aside); err != nil {
		damaged.Aside, damaged.Err = "", errors.Join(damaged.Err, err)
	}
	return Preferences{}, damaged
}

// Save writes the preferences whole or not at all, for their owner only.
func (f File) Save(p Preferences) (err error) {
	if err := p.Validate(); err != nil {
		return fmt.Errorf("save preferences: %w", err)
	}
	data, err := json.MarshalIndent(p, "", "\t")
	if err != nil {
		return fmt.Errorf("save preferences: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return fmt.Errorf("save preferences: %w", err)
	}
	beside, err := os.CreateTemp(filepath.Dir(f.path), ".preferences-*") // mode 0600
	if err != nil {
		return fmt.Errorf("save preferences: %w", err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("save preferences: %w", errors.Join(err, os.Remove(beside.Name())))
		}
	}()
	_, err = beside.Write(append(data, '\n'))
	if err == nil {
		err = beside.Sync()
	}
	if err = errors.Join(err, beside.Close()); err != nil {
		return err
	}
	return os.Rename(beside.Name(), f.path)
}
