package store

import (
	"errors"
	"fmt"

	"github.com/footbridge-vpn/footbridge/profiles/settings"
)

// Change changes the Name, Profile and Settings of an entry, all at once; its other fields and Profile.Name are not looked at. The function
// must not use the store. Nothing is changed where there is an error: that of change, a *NotFoundError, an *ExistsError where another profile has the name, a *settings.ValueError, a
// finding.Finding about the profile, or about the files.
func (s *Store) Change(id string, change func(*Entry) error) (Entry, error) {
	var changed Entry
	err := s.write(func(w *writer) (err error) {
		changed, err = w.change(id, change)
		return err
	})
	if err != nil {
		return Entry{}, fmt.Errorf("change profile: %w", err)
	}
	return changed, nil
}

func (w *writer) change(id string, change func(*Entry) error) (Entry, error) {
	old, p, err := w.get(id)
	if err != nil {
		return Entry{}, err
	}
	wanted := old
	wanted.Settings = old.Settings.Clone()
	before := digest(old.Profile)
	if err := change(&wanted); err != nil {
		return Entry{}, err
	}
	if wanted.Profile == nil {
		return Entry{}, errors.New("there is nothing left of the profile")
	}
	if wanted.Name = cleanName(wanted.Name); wanted.Name == "" {
		return Entry{}, ErrNoName
	}
	if err := checkSettings(wanted.Profile, &wanted.Settings); err != nil {
		return Entry{}, err
	}
	r := &record{}
	if p.record != nil {
		*r = *p.record
	}
	r.File, r.Replaces, r.Settings = p.file, "", settings.Revealed(wanted.Settings)
	var data []byte
	if digest(wanted.Profile) != before {
		if data, err = w.rewrite(r, p, wanted); err != nil {
			return Entry{}, err
		}
	}
	if wanted.Name == old.Name && data == nil && sameSettings(wanted.Settings, old.Settings) {
		return old, nil
	}
	if wanted.Name != old.Name {
		if err := w.rename(r, old, wanted.Name); err != nil {
			return Entry{}, err
		}
	}
	if err := w.put(id, r, data); err != nil {
		return Entry{}, err
	}
	if nameKey(wanted.Name) != nameKey(old.Name) {
		if err := w.renameSecondary(old.Name, wanted.Name); err != nil {
			return Entry{}, err
		}
	}
	changed, _, err := w.get(id)
	return changed, err
}

// rewrite makes new content for a profile that was changed.
func (w *writer) rewrite(r *record, p pair, wanted Entry) ([]byte, error) {
	x, err := w.store.index.read(w.store, w.root)
	if err != nil {
		return nil, err
	}
	for _, k := range x {
		if k.id == p.id && k.shared {
			return nil, sharedError(p)
		}
	}
	encoded, err := encode(withName(wanted.Profile, wanted.Name))
	if err != nil {
		return nil, err
	}
	if r.ImportedName == "" {
		r.ImportedName = wanted.Name
	}
	r.File, r.Completion, r.Name = p.id+encoded.extension, encoded.completion, wanted.Name
	if p.file != r.File {
		r.Replaces = p.file
	}
	return encoded.data, nil
}

// rename gives a record another name that nobody else has.
func (w *writer) rename(r *record, old Entry, name string) error {
	x, err := w.store.index.read(w.store, w.root)
	if err != nil {
		return err
	}
	for _, other := range x.named(name) {
		if other.id != old.ID {
			return w.exists(other)
		}
	}
	if r.ImportedName == "" {
		r.ImportedName = old.Name
	}
	r.Name = name
	return nil
}

// exists says who has a name.
func (w *writer) exists(k known) error {
	e, _, err := w.get(k.id)
	if err != nil {
		return err
	}
	return &ExistsError{e}
}

// renameSecondary lets those that fail over to a renamed profile still do.
func (w *writer) renameSecondary(from, to string) error {
	x, err := w.store.index.read(w.store, w.root)
	if err != nil {
		return err
	}
	var failures []error
	for _, k := range x {
		if k.secondary == "" || nameKey(k.secondary) != nameKey(from) {
			continue
		}
		_, err := w.change(k.id, func(e *Entry) error { return e.Settings.Set("secondary-profile", to) })
		failures = append(failures, err)
	}
	return errors.Join(failures...)
}

// Update changes what is set for a profile, as Change does.
func (s *Store) Update(id string, change func(*settings.Settings) error) (Entry, error) {
	return s.Change(id, func(e *Entry) error { return change(&e.Settings) })
}

// Rename gives a profile another name, as Change does. Its identifier stays. Profiles that fail over to it still do.
func (s *Store) Rename(id, name string) (Entry, error) {
	return s.Change(id, func(e *Entry) error {
		e.Name = name
		return nil
	})
}

// Remove deletes a profile and what was set for it. Add with both brings it back. An error is a *NotFoundError or about the files.
func (s *Store) Remove(id string) error {
	err := s.write(func(w *writer) error {
		_, p, err := w.get(id)
		if err != nil {
			return err
		}
		x, err := s.index.read(s, w.root)
		if err != nil {
			return err
		}
		for _, k := range x {
			if k.id == id && k.shared {
				return sharedError(p)
			}
		}
		return errors.Join(w.remove(p.file), w.remove(id+recordSuffix), w.sync())
	})
	if err != nil {
		return fmt.Errorf("remove profile: %w", err)
	}
	return nil
}
