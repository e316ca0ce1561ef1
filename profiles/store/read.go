package store

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/footbridge-vpn/footbridge/profiles"
)

const (
	recordSuffix = ".json"
	partSuffix   = ".part"
	damagedMark  = ".damaged-"
	lockFile     = ".lock"
)

// ownFile matches the files of profiles that have records. Their names change with their content.
var ownFile = regexp.MustCompile(`^[a-z0-9-]+\.[0-9a-f]{12}(\.azurevpnconfig\.xml|\.ovpn)$`)

// List returns all profiles by name, and what could not be read. Damaged files are set aside, the others still load.
func (s *Store) List() ([]Entry, []Damaged, error) {
	root, err := s.open()
	if root == nil {
		return nil, nil, err
	}
	defer root.Close()
	entries, damaged, err := s.list(root)
	if err != nil || len(damaged) == 0 || s.options.ReadOnly {
		return entries, damaged, err
	}
	return s.listAndSetAside(root)
}

// listAndSetAside reads once more when no other program is writing: what is damaged then, is.
func (s *Store) listAndSetAside(root *os.Root) ([]Entry, []Damaged, error) {
	unlock, err := s.lock()
	if err != nil {
		return s.list(root) // it is reported, and set aside another time
	}
	defer unlock()
	entries, damaged, err := s.list(root)
	if err != nil {
		return nil, nil, err
	}
	recovered := false
	for i := range damaged {
		damaged[i].SetAsideAs = s.setAside(root, damaged[i])
		recovered = recovered || strings.HasSuffix(damaged[i].Path, recordSuffix) && damaged[i].SetAsideAs != ""
	}
	if !recovered {
		return entries, damaged, nil
	}
	if err := s.adopt(root); err != nil { // profiles whose records are gone
		s.logger.Warn("profile without its record not taken back", "error", err)
	}
	entries, _, err = s.list(root)
	return entries, damaged, err
}

// Get returns the profile with an id.
func (s *Store) Get(id string) (Entry, error) {
	entries, _, err := s.List()
	if err != nil {
		return Entry{}, err
	}
	for _, entry := range entries {
		if entry.ID == id {
			return entry, nil
		}
	}
	return Entry{}, &NotFoundError{id}
}

// Find returns the profile that a person means: by id or name, without regard to case, or by how one of them begins.
func (s *Store) Find(wanted string) (Entry, error) {
	entries, _, err := s.List()
	if err != nil {
		return Entry{}, err
	}
	return Choose(entries, wanted)
}

// Choose is Find among given profiles.
func Choose(entries []Entry, wanted string) (Entry, error) {
	matches := []func(Entry) bool{
		func(e Entry) bool { return e.Name == wanted },
		func(e Entry) bool { return e.ID == wanted },
		func(e Entry) bool { return sameName(e.Name, wanted) },
		func(e Entry) bool {
			return wanted != "" && (strings.HasPrefix(strings.ToLower(e.Name), strings.ToLower(wanted)) || strings.HasPrefix(e.ID, wanted))
		},
	}
	for _, match := range matches {
		var found []Entry
		for _, entry := range entries {
			if match(entry) {
				found = append(found, entry)
			}
		}
		switch len(found) {
		case 0:
		case 1:
			return found[0], nil
		default:
			ambiguous := &AmbiguousError{Name: wanted}
			for _, entry := range found {
				ambiguous.Names = append(ambiguous.Names, entry.Name)
			}
			return Entry{}, ambiguous
		}
	}
	return Entry{}, &NotFoundError{wanted}
}

// list reads everything without waiting for writers.
func (s *Store) list(root *os.Root) ([]Entry, []Damaged, error) {
	files, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return nil, nil, fmt.Errorf("list profiles: %w", err)
	}
	var entries []Entry
	var damaged []Damaged
	named := map[string]bool{} // files that records name
	for _, file := range files {
		id, isRecord := strings.CutSuffix(file.Name(), recordSuffix)
		if !isRecord || hidden(file.Name()) {
			continue
		}
		if len(entries) >= MaxProfiles {
			return nil, nil, fmt.Errorf("list profiles: there are more than %d", MaxProfiles)
		}
		entry, r, bad := s.readPair(root, id)
		if r != nil {
			named[r.File] = true
		}
		switch {
		case bad == nil:
			entries = append(entries, entry)
		case !errors.Is(bad.Err, fs.ErrNotExist) || r != nil:
			damaged = append(damaged, *bad)
		}
	}
	for _, file := range files {
		if named[file.Name()] || hidden(file.Name()) || strings.HasSuffix(file.Name(), recordSuffix) || ownFile.MatchString(file.Name()) || file.IsDir() {
			continue
		}
		foreign, bad := s.readForeign(root, file.Name())
		if bad != nil {
			damaged = append(damaged, *bad)
		}
		for _, entry := range foreign {
			if !slices.ContainsFunc(entries, func(e Entry) bool { return e.ID == entry.ID }) {
				entries = append(entries, entry)
			}
		}
	}
	slices.SortFunc(entries, func(a, b Entry) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), strings.Compare(a.ID, b.ID))
	})
	return entries, damaged, nil
}

// hidden reports whether a file is not a profile's: a lock, a part, one that was set aside.
func hidden(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasSuffix(name, partSuffix) || strings.Contains(name, damagedMark) || strings.HasSuffix(name, "~")
}

// mostReadings is how often a pair is read anew because a writer replaced it meanwhile.
const mostReadings = 20

// readPair reads a record and the profile that it names. The record is returned where that much is right.
func (s *Store) readPair(root *os.Root, id string) (Entry, *record, *Damaged) {
	var bad *Damaged
	var r *record
	for range mostReadings {
		data, err := s.readFile(root, id+recordSuffix)
		if err != nil {
			return Entry{}, nil, s.damaged(id+recordSuffix, err)
		}
		if r, err = parseRecord(data); err != nil {
			return Entry{}, nil, s.damaged(id+recordSuffix, err)
		}
		content, err := s.readFile(root, r.File)
		if errors.Is(err, fs.ErrNotExist) {
			bad = s.damaged(r.File, err)
			continue // replaced since: the record names another by now
		}
		if err != nil {
			return Entry{}, r, s.damaged(r.File, err)
		}
		entry, err := s.entry(id, r, content)
		if err != nil {
			return Entry{}, r, s.damaged(r.File, err)
		}
		return entry, r, nil
	}
	return Entry{}, r, bad
}

func (s *Store) entry(id string, r *record, content []byte) (Entry, error) {
	sum := digest(content)
	if ownFile.MatchString(r.File) && !strings.Contains(r.File, "."+sum[:12]+".") {
		return Entry{}, errors.New("its content is not what was written")
	}
	profile, err := only(content, r.Inside)
	if err != nil {
		return Entry{}, err
	}
	if r.Gateway != nil {
		if profile.Gateway, err = r.Gateway.identity(); err != nil {
			return Entry{}, err
		}
	}
	profile.Name = r.Name
	return Entry{ID: id, Name: r.Name, Profile: profile, Settings: r.Settings, Imported: r.Imported,
		Path: filepath.Join(s.dir, r.File), SHA256: sum}, nil
}

// readForeign reads a file that no record names: one that somebody, or a deployment tool, put into the folder.
func (s *Store) readForeign(root *os.Root, name string) ([]Entry, *Damaged) {
	content, err := s.readFile(root, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, s.damaged(name, err)
	}
	imported, err := profiles.Import(strings.NewReader(string(content)), profiles.ImportOptions{Name: name})
	if err != nil {
		return nil, s.damaged(name, err)
	}
	var entries []Entry
	for _, profile := range imported.Profiles {
		entry := Entry{ID: idOf(profile.Name), Name: profile.Name, Profile: profile, Path: filepath.Join(s.dir, name), SHA256: digest(content)}
		if info, err := root.Stat(name); err == nil {
			entry.Imported = info.ModTime()
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

// readFile reads a bounded file of the folder, which must be a file.
func (s *Store) readFile(root *os.Root, name string) ([]byte, error) {
	info, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if info.Mode().IsDir() || !info.Mode().IsRegular() && s.options.Administered {
		return nil, fmt.Errorf("%w: it is not a plain file", ErrUnsafe)
	}
	file, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if info, err = file.Stat(); err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a plain file")
	}
	if s.options.Administered {
		if err := administered(info); err != nil {
			return nil, err
		}
	}
	data, err := io.ReadAll(io.LimitReader(file, MaxFile+1))
	if err == nil && len(data) > MaxFile {
		err = fmt.Errorf("it has more than %d MiB", MaxFile>>20)
	}
	return data, err
}

func (s *Store) damaged(name string, err error) *Damaged {
	return &Damaged{Path: filepath.Join(s.dir, name), Err: err}
}
