package store

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// List reads all profiles, by name. Files that no profile can be read from are set aside and reported beside; the error is about the folder.
func (s *Store) List() ([]Entry, []Damaged, error) {
	root, err := s.open()
	if root == nil || err != nil {
		return nil, nil, err
	}
	defer root.Close()
	f, err := readFolder(root)
	if err != nil {
		return nil, nil, err
	}
	var entries []Entry
	var damaged []Damaged
	if len(f.places) > s.limit {
		f.places = f.places[:s.limit]
		damaged = append(damaged, Damaged{Path: s.dir, Err: fmt.Errorf("there are more than %d profiles; the others are left out", s.limit)})
	}
	for i, l := range s.loadAll(root, f.places) {
		if len(l.asides) > 0 {
			l = s.setAside(root, f.places[i], l)
		}
		entries, damaged = append(entries, l.entries...), append(damaged, l.damaged...)
	}
	sortByName(entries)
	return entries, damaged, nil
}

func sortByName(entries []Entry) {
	keys := make(map[string]string, len(entries)) // by identifier
	for _, e := range entries {
		keys[e.ID] = nameKey(e.Name)
	}
	slices.SortStableFunc(entries, func(a, b Entry) int {
		return cmp.Or(strings.Compare(keys[a.ID], keys[b.ID]), strings.Compare(a.ID, b.ID))
	})
}

// loadAll reads places, several at a time: most of it is parsing.
func (s *Store) loadAll(root *os.Root, places []place) []loaded {
	all := make([]loaded, len(places))
	var wait sync.WaitGroup
	workers := min(runtime.GOMAXPROCS(0), 8)
	for worker := range workers {
		wait.Go(func() {
			for i := worker; i < len(places); i += workers {
				all[i] = s.load(root, places[i])
			}
		})
	}
	wait.Wait()
	return all
}

// Get reads one profile. An error is a *NotFoundError, or says why the files cannot be read.
func (s *Store) Get(id string) (Entry, error) {
	root, err := s.open()
	if err != nil {
		return Entry{}, err
	}
	if root == nil {
		return Entry{}, &NotFoundError{id}
	}
	defer root.Close()
	e, _, err := s.get(root, id)
	return e, err
}

// get reads one profile, and what it was made of.
func (s *Store) get(root *os.Root, id string) (Entry, pair, error) {
	missing := &NotFoundError{id}
	if !isIdentifier(id) {
		return Entry{}, pair{}, missing
	}
	at, err := locate(root, id)
	if err != nil {
		return Entry{}, pair{}, err
	}
	l := s.load(root, at)
	for i, e := range l.entries {
		if e.ID == id {
			return e, l.pairs[i], nil
		}
	}
	if len(l.damaged) > 0 {
		d := l.damaged[0]
		return Entry{}, pair{}, fmt.Errorf("read %s: %w", filepath.Base(d.Path), d.Err)
	}
	return Entry{}, pair{}, missing
}

// locate finds the files of an identifier.
func locate(root *os.Root, id string) (place, error) {
	f, err := readFolder(root)
	if err != nil {
		return place{}, err
	}
	find := func(id string) (place, bool) {
		i, found := slices.BinarySearchFunc(f.places, id, func(p place, id string) int { return strings.Compare(p.id, id) })
		if !found {
			return place{id: id}, false
		}
		return f.places[i], true
	}
	at, found := find(id)
	if len(at.files) > 0 {
		return at, nil
	}
	if base, is := baseOf(id); is {
		if whole, found := find(base); found {
			return whole, nil
		}
	}
	if !found {
		return place{id: id}, nil
	}
	return at, nil
}

// Find reads the profile that a person means: by its name, by its identifier, or by how either begins. An error is a *NotFoundError or an
// *AmbiguousError, or says why the files cannot be read.
func (s *Store) Find(nameOrPrefix string) (Entry, error) {
	root, err := s.open()
	if err != nil {
		return Entry{}, err
	}
	if root == nil {
		return Entry{}, &NotFoundError{nameOrPrefix}
	}
	defer root.Close()
	known, err := s.index.read(s, root)
	if err != nil {
		return Entry{}, err
	}
	found, err := known.find(nameOrPrefix)
	if err != nil {
		return Entry{}, err
	}
	e, _, err := s.get(root, found.id)
	var missing *NotFoundError
	if errors.As(err, &missing) { // removed since it was found
		return Entry{}, &NotFoundError{nameOrPrefix}
	}
	return e, err
}
