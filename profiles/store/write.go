package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
)

// AddOptions says how a profile is added.
type AddOptions struct {
	Name     string            // instead of the profile's own
	Replace  bool              // a different profile of the same name; its settings stay
	Settings settings.Settings // of a new profile
}

// Outcome says what adding a profile did.
type Outcome string

// The outcomes of adding a profile.
const (
	Added     Outcome = "added"
	Replaced  Outcome = "replaced"
	Unchanged Outcome = "unchanged" // it was there already
)

// Add keeps a profile. Adding it again changes nothing; a different one of the same name is an *ExistsError without Replace.
func (s *Store) Add(profile *profiles.Profile, options AddOptions) (Entry, Outcome, error) {
	name := strings.TrimSpace(options.Name)
	if name == "" {
		name = strings.TrimSpace(profile.Name)
	}
	if err := checkName(name); err != nil {
		return Entry{}, "", err
	}
	form, err := write(profile)
	if err != nil {
		return Entry{}, "", err
	}
	var entry Entry
	outcome := Added
	err = s.change(func(root *os.Root, entries []Entry) error {
		r := &record{Name: name, Imported: time.Now().UTC().Truncate(time.Second), Gateway: form.gateway, Settings: options.Settings}
		id := freeID(name, entries)
		if i := slices.IndexFunc(entries, func(e Entry) bool { return sameName(e.Name, name) }); i >= 0 {
			old := entries[i]
			id, r.Name, r.Settings = old.ID, old.Name, old.Settings
			switch {
			case equal(old.Profile, profile):
				entry, outcome = old, Unchanged
				return nil
			case !options.Replace:
				return &ExistsError{old}
			}
			outcome = Replaced
			if !ownFile.MatchString(filepath.Base(old.Path)) {
				defer s.dropForeign(root, filepath.Base(old.Path))
			}
		} else if len(entries) >= MaxProfiles {
			return fmt.Errorf("add profile: there are %d already", MaxProfiles)
		}
		r.File = id + "." + digest(form.content)[:12] + form.suffix
		if err := s.replace(root, r.File, form.content); err != nil {
			return err
		}
		if err := s.putRecord(root, id, r); err != nil {
			return err
		}
		entry, err = s.entry(id, r, form.content)
		return err
	})
	if err != nil {
		return Entry{}, "", err
	}
	return entry, outcome, nil
}

// dropForeign removes a file that held one profile, which is kept in the store's own form now.
func (s *Store) dropForeign(root *os.Root, name string) {
	if entries, _ := s.readForeign(root, name); len(entries) == 1 {
		if err := root.Remove(name); err != nil {
			s.logger.Warn("replaced profile not removed", "file", name, "error", err)
		}
	}
}

// Update changes the settings of a profile. What change returns as an error changes nothing.
func (s *Store) Update(id string, change func(*settings.Settings) error) (Entry, error) {
	return s.edit(id, func(r *record, _ []Entry) error {
		updated := r.Settings
		if err := change(&updated); err != nil {
			return err
		}
		r.Settings = updated
		return nil
	})
}

// Rename gives a profile another name. Its id stays.
func (s *Store) Rename(id, name string) (Entry, error) {
	name = strings.TrimSpace(name)
	if err := checkName(name); err != nil {
		return Entry{}, err
	}
	return s.edit(id, func(r *record, entries []Entry) error {
		for _, other := range entries {
			if other.ID != id && sameName(other.Name, name) {
				return &ExistsError{other}
			}
		}
		r.Name = name
		return nil
	})
}

// edit rewrites the record of one profile.
func (s *Store) edit(id string, change func(*record, []Entry) error) (Entry, error) {
	var entry Entry
	err := s.change(func(root *os.Root, entries []Entry) error {
		i := slices.IndexFunc(entries, func(e Entry) bool { return e.ID == id })
		if i < 0 {
			return &NotFoundError{id}
		}
		r, err := s.recordOf(root, entries[i])
		if err != nil {
			return err
		}
		if err := change(r, entries); err != nil {
			return err
		}
		if err := s.putRecord(root, id, r); err != nil {
			return err
		}
		entry = entries[i]
		entry.Name, entry.Settings = r.Name, r.Settings
		renamed := *entry.Profile
		renamed.Name = r.Name
		entry.Profile = &renamed
		return nil
	})
	return entry, err
}

// recordOf is a profile's record, or a first one for a file that somebody put into the folder.
func (s *Store) recordOf(root *os.Root, entry Entry) (*record, error) {
	data, err := s.readFile(root, entry.ID+recordSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return &record{Name: entry.Name, File: filepath.Base(entry.Path), Inside: entry.Name, Imported: entry.Imported}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read record of profile: %w", err)
	}
	return parseRecord(data)
}

// Remove deletes a profile and its settings.
func (s *Store) Remove(id string) error {
	return s.change(func(root *os.Root, entries []Entry) error {
		i := slices.IndexFunc(entries, func(e Entry) bool { return e.ID == id })
		if i < 0 {
			return &NotFoundError{id}
		}
		file := filepath.Base(entries[i].Path)
		for j, other := range entries {
			if j != i && other.Path == entries[i].Path {
				return fmt.Errorf("remove profile: %s holds %q too: remove that file", other.Path, other.Name)
			}
		}
		// The record first: a profile file that it leaves behind when this is interrupted is removed by the next change.
		if err := root.Remove(id + recordSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove profile: %w", err)
		}
		if err := root.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove profile: %w", err)
		}
		return syncFolder(root)
	})
}

// change runs a change while no other program makes one.
func (s *Store) change(do func(*os.Root, []Entry) error) error {
	if s.options.ReadOnly {
		return ErrReadOnly
	}
	mode := fs.FileMode(0o700)
	if s.options.Mode&0o044 != 0 {
		mode = 0o755
	}
	if err := os.MkdirAll(s.dir, mode); err != nil {
		return fmt.Errorf("make profile store: %w", err)
	}
	root, err := s.open()
	if err != nil {
		return err
	}
	defer root.Close()
	unlock, err := s.lock()
	if err != nil {
		return err
	}
	defer unlock()
	s.sweep(root)
	entries, _, err := s.list(root)
	if err != nil {
		return err
	}
	return do(root, entries)
}

// lock keeps other writers out.
func (s *Store) lock() (unlock func(), err error) {
	lock := flock.New(filepath.Join(s.dir, lockFile), flock.SetPermissions(s.options.Mode))
	ctx, cancel := context.WithTimeout(context.Background(), lockLimit)
	defer cancel()
	locked, err := lock.TryLockContext(ctx, 10*time.Millisecond)
	if errors.Is(err, context.DeadlineExceeded) || err == nil && !locked {
		return nil, ErrBusy
	}
	if err != nil {
		return nil, fmt.Errorf("lock profile store: %w", err)
	}
	return func() { lock.Close() }, nil
}

// checkName refuses names that cannot be shown or typed.
func checkName(name string) error {
	switch {
	case name == "":
		return errors.New("name profile: the name is empty")
	case len(name) > 200:
		return errors.New("name profile: the name is longer than 200 bytes")
	case strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0xfffd }):
		return errors.New("name profile: the name has control characters in it")
	}
	return nil
}

// freeID is the id for a new name. One that another profile kept when it was renamed gets a number.
func freeID(name string, entries []Entry) string {
	id := idOf(name)
	taken := func(id string) bool { return slices.ContainsFunc(entries, func(e Entry) bool { return e.ID == id }) }
	for n := 2; taken(id); n++ {
		id = fmt.Sprintf("%s-%d", idOf(name), n)
	}
	return id
}
