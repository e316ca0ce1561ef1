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
		if attempt == maxAttempts || !changing && sign(root, id+recordSuffix).equal(signature{p.records.info}) {
			return p
		}
	}
}

func (s *Store) readOnce(root *os.Root, id string, files []string) pair {
	p := pair{id: id}
	name := id + recordSuffix
	records, err := s.readFile(root, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		p.recordErr = err
		p.records.info = sign(root, name).info
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

// entries are the profiles of a pair: several only where the file is a ZIP that someone else put there. An error is about the profile's file.
func (s *Store) entries(root *os.Root, p pair) ([]Entry, []pair, error) {
	imported, err := profiles.Import(bytes.NewReader(p.content.data), profiles.ImportOptions{Name: p.file})
	if err != nil {
		return nil, nil, err
	}
	var all []Entry
	var pairs []pair
	for i, profile := range imported.Profiles {
		each := p
		if i > 0 {
			each = s.readOnce(root, p.id+numberMark+strconv.Itoa(i+1), []string{p.file})
			each.content, each.file = p.content, p.file
		}
		e, err := s.entry(each, profile)
		if err != nil {
			return nil, nil, err
		}
		all, pairs = append(all, e), append(pairs, each)
	}
	return all, pairs, nil
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

// load reads a place. Damaged files are told of and left where they are.
func (s *Store) load(root *os.Root, at place) loaded {
	var l loaded
	report := func(name string, err error) {
		l.damaged = append(l.damaged, Damaged{Path: filepath.Join(s.dir, name), Err: err})
	}
	p := s.readPair(root, at.id, at.files)
	switch {
	case p.recordErr != nil && (p.file != "" || p.records.data != nil):
		report(at.id+recordSuffix, p.recordErr)
		if p.records.data != nil && !errors.Is(p.recordErr, errNewer) {
			l.asides = []string{at.id + recordSuffix}
		}
		return l
	case p.contentErr != nil:
		report(p.file, p.contentErr)
		if errors.Is(p.contentErr, errTooLarge) {
			l.asides = []string{p.file, at.id + recordSuffix}
		}
		return l
	case p.file == "": // it was removed, or never had a profile
		return l
	}
	entries, pairs, err := s.entries(root, p)
	if err != nil {
		report(p.file, err)
		l.asides = []string{p.file, at.id + recordSuffix}
		return l
	}
	l.entries, l.pairs = entries, pairs
	for _, other := range at.files {
		if other != p.file && (p.record == nil || other != p.record.Replaces) && sign(root, other).info != nil {
			report(other, fmt.Errorf("it has the same name as %s, which is read instead; rename one of them", p.file))
		}
	}
	return l
}

// baseOf is the identifier of the file that a numbered identifier is of.
func baseOf(id string) (string, bool) {
	at := strings.LastIndex(id, numberMark)
	if at < 0 || !isNumber(id[at+len(numberMark):]) {
		return "", false
	}
	return id[:at], true
}
