package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
)

// maxAttempts bounds how often a pair is read again because it was changed meanwhile.
const maxAttempts = 200

// pair is a record and the profile's file that goes with it, as they were at one moment.
type pair struct {
	id      string
	record  *record // nil: none
	file    string  // the profile's; empty where there is none
	content file
	records file // the record's file

	recordErr  error // why the record cannot be used
	contentErr error // why the profile's file cannot be read
}

// readPair reads what lies under an identifier. Where a writer is at work it is what was there before the change or after it: a record that
// is the same before and after the content was read is the content's. files is where to look without a record.
func (s *Store) readPair(root *os.Root, id string, files []string) pair {
	for attempt := 0; ; attempt++ {
		p := s.readOnce(root, id, files)
		changing := errors.Is(p.recordErr, errReplaced) || errors.Is(p.contentErr, errReplaced)
		if attempt == maxAttempts || !changing && s.isStill(root, p) {
			return p
		}
	}
}

// isStill reports whether the record is the one that was read. Its times do not tell: they are coarser than changes can be quick.
func (s *Store) isStill(root *os.Root, p pair) bool {
	now, err := s.readFile(root, p.id+recordSuffix)
	if err != nil {
		return p.records.data == nil && !errors.Is(err, errReplaced)
	}
	return p.records.data != nil && bytes.Equal(now.data, p.records.data)
}

func (s *Store) readOnce(root *os.Root, id string, files []string) pair {
	p := pair{id: id}
	name := id + recordSuffix
	records, err := s.readFile(root, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		p.recordErr = err
	default:
		p.records = records
		if p.record, err = parseRecord(records.data, id); err != nil {
			p.recordErr = err
		}
	}
	candidates := files
	if p.record != nil && p.record.File != "" {
		candidates = []string{p.record.File}
	}
	if p.record != nil && p.record.Part != "" {
		p.content, p.contentErr = s.readFile(root, p.record.Part)
		if !errors.Is(p.contentErr, fs.ErrNotExist) {
			p.file = p.record.File
			return p
		}
	}
	p.contentErr = nil
	for _, candidate := range candidates {
		p.content, p.contentErr = s.readFile(root, candidate)
		if errors.Is(p.contentErr, fs.ErrNotExist) {
			p.contentErr = nil
			continue
		}
		p.file = candidate
		break
	}
	return p
}

// pairs are the profiles of a file, each with its pair: several only where the file is a ZIP that someone else put there. An error is about
// the file.
func (s *Store) pairs(root *os.Root, p pair) ([]*profiles.Profile, []pair, error) {
	imported, err := profiles.Import(bytes.NewReader(p.content.data), profiles.ImportOptions{Name: p.file})
	if err != nil {
		return nil, nil, err
	}
	pairs := []pair{p}
	for number := 2; number <= len(imported.Profiles); number++ {
		next := s.readPair(root, p.id+numberMark+strconv.Itoa(number), nil)
		next.content, next.file, next.contentErr = p.content, p.file, nil
		pairs = append(pairs, next)
	}
	return imported.Profiles, pairs, nil
}

func (s *Store) entry(p pair, profile *profiles.Profile) (Entry, error) {
	e := Entry{ID: p.id, Profile: profile, Imported: p.content.info.ModTime(), Path: filepath.Join(s.dir, p.file),
		SHA256: sum([]byte(sum(p.content.data) + sum(p.records.data)))}
	if r := p.record; r != nil {
		if c := r.Completion; c != nil && c.SHA256 == sum(p.content.data) {
			if err := c.apply(profile); err != nil {
				return Entry{}, err
			}
		}
		if name := cleanName(r.Name); name != "" {
			profile.Name = name
		}
		if !r.Imported.IsZero() {
			e.Imported = r.Imported
		}
		e.Settings = settings.Settings(r.Settings)
	}
	e.Name = profile.Name
	return e, nil
}

// loaded is what reading a place gave.
type loaded struct {
	entries []Entry
	pairs   []pair // of the entries
	damaged []Damaged
	asides  []string // files to set aside, all for the last of damaged
}

func (l *loaded) report(s *Store, name string, err error, asides ...string) {
	l.damaged = append(l.damaged, Damaged{Path: filepath.Join(s.dir, name), Err: err})
	l.asides = asides
}

// reportRecord tells of a record that cannot be used. The entry is left out: without its settings it would connect in another way.
func (l *loaded) reportRecord(s *Store, p pair) {
	name := p.id + recordSuffix
	if p.records.data != nil && !errors.Is(p.recordErr, errNewer) || errors.Is(p.recordErr, errTooLarge) {
		l.report(s, name, p.recordErr, name)
		return
	}
	l.report(s, name, p.recordErr)
}

// load reads a place. Damaged files are told of and left where they are.
func (s *Store) load(root *os.Root, at place) loaded {
	var l loaded
	p := s.readPair(root, at.id, at.files)
	stem, _ := profileStem(p.file)
	switch {
	case p.file == "" && p.recordErr == nil: // it was removed, or has never had a profile
		return l
	case p.file != "" && stem != at.id: // one of several profiles of a file, which is read with that
		return l
	case p.file == "" && isNumbered(at.id):
		return l
	case p.recordErr != nil:
		l.reportRecord(s, p)
		return l
	case errors.Is(p.contentErr, errTooLarge):
		l.report(s, p.file, p.contentErr, p.file, at.id+recordSuffix)
		return l
	case p.contentErr != nil:
		l.report(s, p.file, p.contentErr)
		return l
	}
	found, pairs, err := s.pairs(root, p)
	if err != nil {
		l.report(s, p.file, err, p.file, at.id+recordSuffix)
		return l
	}
	s.loadPairs(&l, found, pairs)
	for _, other := range at.files {
		if other != p.file && (p.record == nil || other != p.record.Replaces) && sign(root, other).info != nil {
			l.report(s, other, fmt.Errorf("it has the same name as %s, which is read instead; rename one of them", p.file), l.asides...)
		}
	}
	return l
}

func (s *Store) loadPairs(l *loaded, found []*profiles.Profile, pairs []pair) {
	for i, p := range pairs {
		if p.recordErr != nil {
			l.reportRecord(s, p)
			continue
		}
		e, err := s.entry(p, found[i])
		if err != nil {
			name := p.id + recordSuffix
			l.report(s, name, err, name)
			continue
		}
		l.entries, l.pairs = append(l.entries, e), append(l.pairs, p)
	}
}

func isNumbered(id string) bool {
	_, is := baseOf(id)
	return is
}

// baseOf is the identifier of the file that a numbered identifier is of.
func baseOf(id string) (string, bool) {
	at := strings.LastIndex(id, numberMark)
	if at < 0 || !isNumber(id[at+len(numberMark):]) {
		return "", false
	}
	return id[:at], true
}
