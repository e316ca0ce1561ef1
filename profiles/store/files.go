package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// putRecord writes a record, which makes what it names the profile, and then removes what was the profile's file before.
func (s *Store) putRecord(root *os.Root, id string, r *record) error {
	r.Version = recordVersion
	data, err := r.encode()
	if err != nil {
		return err
	}
	if err := s.replace(root, id+recordSuffix, data); err != nil {
		return err
	}
	s.sweep(root)
	return nil
}

// replace writes a file beside and renames it.
func (s *Store) replace(root *os.Root, name string, data []byte) (err error) {
	part := name + partSuffix
	file, err := root.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("write profile: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("write profile: %w", err), root.Remove(part))
		}
	}()
	_, err = file.Write(data)
	if err == nil && s.options.GID != 0 {
		err = file.Chown(-1, s.options.GID)
	}
	if err == nil {
		err = file.Chmod(s.options.Mode)
	}
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err = root.Rename(part, name); err != nil {
		return err
	}
	return syncFolder(root)
}

// syncFolder makes renames last. Some systems cannot, and need not.
func syncFolder(root *os.Root) error {
	folder, err := root.Open(".")
	if err != nil {
		return fmt.Errorf("write profile: %w", err)
	}
	defer folder.Close()
	if err := folder.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrInvalid) && !errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("write profile: %w", err)
	}
	return nil
}

// sweep removes what interrupted writers left: parts, and profile files of the store's own that no record names. The lock is held.
func (s *Store) sweep(root *os.Root) {
	files, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return
	}
	named := map[string]bool{}
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), recordSuffix) || hidden(file.Name()) {
			continue
		}
		data, err := s.readFile(root, file.Name())
		if err != nil {
			return // what it names is not known: nothing is removed
		}
		r, err := parseRecord(data)
		if err != nil {
			return
		}
		named[r.File] = true
	}
	for _, file := range files {
		if strings.HasSuffix(file.Name(), partSuffix) || ownFile.MatchString(file.Name()) && !named[file.Name()] {
			if err := root.Remove(file.Name()); err != nil {
				s.logger.Debug("leftover not removed", "file", file.Name(), "error", err)
			}
		}
	}
}

// setAside renames a damaged file, so that it is looked at once and never lost. It returns the new path; empty: it stayed.
func (s *Store) setAside(root *os.Root, bad Damaged) string {
	if errors.Is(bad.Err, ErrUnsafe) || errors.Is(bad.Err, fs.ErrNotExist) || errors.Is(bad.Err, fs.ErrPermission) {
		return ""
	}
	name := filepath.Base(bad.Path)
	aside := name + damagedMark + time.Now().UTC().Format("20060102T150405.000")
	if err := root.Rename(name, aside); err != nil {
		s.logger.Warn("damaged file not set aside", "file", name, "error", err)
		return ""
	}
	s.logger.Warn("damaged file set aside", "file", name, "as", aside, "error", bad.Err)
	if !strings.HasSuffix(name, recordSuffix) {
		s.setAsideRecords(root, name, aside)
	}
	return filepath.Join(s.dir, aside)
}

// setAsideRecords sets the record of a damaged profile aside with it: its settings are in there.
func (s *Store) setAsideRecords(root *os.Root, file, aside string) {
	files, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return
	}
	for _, other := range files {
		if !strings.HasSuffix(other.Name(), recordSuffix) || hidden(other.Name()) {
			continue
		}
		data, err := s.readFile(root, other.Name())
		if err != nil {
			continue
		}
		if r, err := parseRecord(data); err == nil && r.File == file {
			mark := aside[strings.LastIndex(aside, damagedMark):]
			if err := root.Rename(other.Name(), other.Name()+mark); err != nil {
				s.logger.Warn("record of damaged profile not set aside", "file", other.Name(), "error", err)
			}
		}
	}
}

// adopt writes records for profile files of the store's own whose records were damaged: under the names inside them.
func (s *Store) adopt(root *os.Root) error {
	entries, _, err := s.list(root)
	if err != nil {
		return err
	}
	named := map[string]bool{}
	for _, entry := range entries {
		named[filepath.Base(entry.Path)] = true
	}
	files, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return fmt.Errorf("list profiles: %w", err)
	}
	var failures []error
	for _, file := range files {
		if named[file.Name()] || !ownFile.MatchString(file.Name()) {
			continue
		}
		content, err := s.readFile(root, file.Name())
		if err == nil {
			err = s.adoptFile(root, file.Name(), content, &entries)
		}
		failures = append(failures, err)
	}
	return errors.Join(failures...)
}

func (s *Store) adoptFile(root *os.Root, name string, content []byte, entries *[]Entry) error {
	profile, err := only(content, "")
	if err != nil {
		return fmt.Errorf("take %s back: %w", name, err)
	}
	id, _, _ := strings.Cut(name, ".")
	r := &record{Name: profile.Name, File: name, Imported: time.Now().UTC().Truncate(time.Second)}
	for n := 2; nameTaken(*entries, r.Name); n++ {
		r.Name = fmt.Sprintf("%s (%d)", profile.Name, n)
	}
	r.Version = recordVersion
	data, err := r.encode()
	if err != nil {
		return err
	}
	if err := s.replace(root, id+recordSuffix, data); err != nil {
		return err
	}
	entry, err := s.entry(id, r, content)
	*entries = append(*entries, entry)
	return err
}

func nameTaken(entries []Entry, name string) bool {
	for _, entry := range entries {
		if sameName(entry.Name, name) {
			return true
		}
	}
	return false
}
