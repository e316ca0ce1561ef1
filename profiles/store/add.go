package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
)

// AddOptions says how a profile is added.
type AddOptions struct {
	Name     string             // empty: the profile's own
	Replace  bool               // a profile of the same name and other content
	Settings *settings.Settings // nil: those that are there stay
	DryRun   bool               // nothing is written; the outcome is what it would be, and the entry one that is there already
}

// Add keeps a profile. One that is there already is left alone, also under another name that someone gave it since, unless Name asks for
// this one. An error is an *ExistsError where another profile has the name and Replace is not set, a *settings.ValueError, a finding.Finding about
// the profile, or about the files.
func (s *Store) Add(p *profiles.Profile, options AddOptions) (Entry, Outcome, error) {
	name := cleanName(options.Name)
	if name == "" {
		name = cleanName(p.Name)
	}
	if name == "" {
		return Entry{}, "", fmt.Errorf("add profile: %w", ErrNoName)
	}
	if err := checkSettings(p, options.Settings); err != nil {
		return Entry{}, "", fmt.Errorf("add profile %q: %w", name, err)
	}
	encoded, err := encode(withName(p, name))
	if err != nil {
		return Entry{}, "", fmt.Errorf("add profile %q: %w", name, err)
	}
	a := addition{profile: p, name: name, options: options, content: encoded, digest: digest(p)}
	if options.DryRun {
		err = s.try(&a)
	} else {
		err = s.write(a.run)
	}
	if err != nil {
		return Entry{}, "", fmt.Errorf("add profile %q: %w", name, err)
	}
	return a.entry, a.outcome, nil
}

// try finds the outcome of an addition without a lock.
func (s *Store) try(a *addition) error {
	root, err := s.open()
	if err != nil {
		return err
	}
	if root == nil {
		a.outcome = Added
		return nil
	}
	defer root.Close()
	return a.run(&writer{store: s, root: root, dry: true})
}

func withName(p *profiles.Profile, name string) *profiles.Profile {
	named := *p
	named.Name = name
	return &named
}

func checkSettings(p *profiles.Profile, s *settings.Settings) error {
	if s == nil {
		return nil
	}
	_, err := s.Apply(p)
	return err
}

type addition struct {
	profile *profiles.Profile
	name    string
	options AddOptions
	content content
	digest  string

	entry   Entry
	outcome Outcome
}

func (a *addition) run(w *writer) error {
	x, err := w.store.index.read(w.store, w.root)
	if err != nil {
		return err
	}
	if same, found := a.same(x); found {
		e, _, err := w.get(same.id)
		if err != nil {
			return err
		}
		if a.options.Settings == nil || sameSettings(e.Settings, *a.options.Settings) {
			a.entry, a.outcome = e, Unchanged
			return nil
		}
		if !a.options.Replace {
			return &ExistsError{e}
		}
		return a.replace(w, same)
	}
	others := x.named(a.name)
	switch {
	case len(others) > 1:
		return &AmbiguousError{Name: a.name, Names: displayNames(others)}
	case len(others) == 1 && !a.options.Replace:
		return w.exists(others[0])
	case len(others) == 1:
		return a.replace(w, others[0])
	case len(x) >= w.store.limit:
		return ErrTooMany
	default:
		return a.create(w)
	}
}

// same finds the profile itself: under its name, or under the name that someone gave it after it was added.
func (a *addition) same(x index) (known, bool) {
	key := nameKey(a.name)
	for _, k := range x {
		if k.digest == a.digest && k.key == key {
			return k, true
		}
	}
	for _, k := range x {
		isRenamed := k.digest == a.digest && cleanName(a.options.Name) == "" && nameKey(k.importedName) == key
		if isRenamed && (!a.options.Replace || len(x.named(a.name)) == 0) {
			return k, true
		}
	}
	return known{}, false
}

func (a *addition) create(w *writer) error {
	f, err := readFolder(w.root)
	if err != nil {
		return err
	}
	id := identifier(a.name, func(id string) bool {
		for _, suffix := range append(profileExtensions(), recordSuffix) {
			if f.hasName(id + suffix) {
				return true
			}
		}
		return false
	})
	r := &record{Name: a.name, File: id + a.content.extension, Imported: now(), ImportedName: cleanName(a.profile.Name), Completion: a.content.completion}
	if a.options.Settings != nil {
		r.Settings = settings.Revealed(a.options.Settings.Clone())
	}
	a.outcome = Added
	return a.put(w, id, r)
}

func (a *addition) replace(w *writer, k known) error {
	old, p, err := w.get(k.id)
	if err != nil {
		return err
	}
	if k.shared {
		return sharedError(p)
	}
	r := &record{Name: old.Name, File: k.id + a.content.extension, Replaces: p.file, Imported: now(), ImportedName: cleanName(a.profile.Name),
		Completion: a.content.completion, Settings: settings.Revealed(old.Settings)}
	if r.Replaces == r.File {
		r.Replaces = ""
	}
	if a.options.Settings != nil {
		r.Settings = settings.Revealed(a.options.Settings.Clone())
	}
	a.outcome, a.entry = Replaced, old
	return a.put(w, k.id, r)
}

func (a *addition) put(w *writer, id string, r *record) (err error) {
	if w.dry {
		return nil
	}
	if err := w.put(id, r, a.content.data); err != nil {
		return err
	}
	a.entry, _, err = w.get(id)
	return err
}

// sameSettings takes empty lists for missing ones, as files do.
func sameSettings(a, b settings.Settings) bool {
	one, errOne := json.Marshal(settings.Revealed(a))
	other, errOther := json.Marshal(settings.Revealed(b))
	return errOne == nil && errOther == nil && bytes.Equal(one, other)
}

func sharedError(p pair) error {
	return fmt.Errorf("%s has several profiles in it; import that file, then remove it", p.file)
}

func now() time.Time { return time.Now().UTC().Truncate(time.Second) }
