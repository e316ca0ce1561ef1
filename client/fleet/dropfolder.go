package fleet

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/footbridge-vpn/footbridge/profiles/bundle"
	"github.com/footbridge-vpn/footbridge/profiles/store"
)

// maxDropped bounds how many files of a drop folder are read.
const maxDropped = 1000

// DropFolder is a folder that deployment tools put profiles into, in any format, and take them out of. What it brought is kept in a store
// of its own, so that a file that is damaged later does not take a working profile away.
type DropFolder struct {
	dir      string
	trusted  func(fs.FileInfo) error
	logger   *slog.Logger
	profiles collection
	notes    string
	state    dropState
}

// dropState is what came from which file.
type dropState struct {
	Files map[string]dropped `json:"files"` // by name
}

type dropped struct {
	SHA256   string `json:"sha256"`
	Profiles []kept `json:"profiles"`
	Problem  string `json:"problem,omitempty"` // why the file as it is now is not used
}

// FileProblem says why a file of the folder is not used, in plain sentences.
type FileProblem struct {
	Path string
	Err  error
}

// OpenDropFolder takes up what a folder brought before, which is kept in state. trusted looks at the folder and at each open file before they
// are believed; nil: nothing does.
func OpenDropFolder(dir, state string, trusted func(fs.FileInfo) error, logger *slog.Logger) (*DropFolder, error) {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	if trusted == nil {
		trusted = func(fs.FileInfo) error { return nil }
	}
	profiles, err := openCollection(filepath.Join(state, "profiles"), store.Options{Logger: logger})
	if err != nil {
		return nil, fmt.Errorf("open drop folder: %w", err)
	}
	d := &DropFolder{dir: dir, trusted: trusted, logger: logger, profiles: profiles, notes: filepath.Join(state, stateFile)}
	if err := loadJSON(d.notes, &d.state); err != nil {
		logger.Warn("what the drop folder brought is not known any more", "error", err)
		d.state = dropState{}
	}
	return d, nil
}

// Profiles are what the folder brought.
func (d *DropFolder) Profiles() ([]store.Entry, []store.Damaged, error) {
	return d.profiles.store.List()
}

// Follow makes the profiles those of the files that are in the folder now. Files that cannot be used are told of; what they brought before
// stays for as long as they are there. An error means that the folder could not be looked at, and that nothing was withdrawn.
func (d *DropFolder) Follow() (changed bool, problems []FileProblem, err error) {
	names, err := d.list()
	if err != nil {
		return false, nil, fmt.Errorf("read drop folder: %w", err)
	}
	after := dropState{Files: map[string]dropped{}}
	taken := map[string]string{} // the file that a profile's name came from
	for _, name := range names {
		before := d.state.Files[name]
		next, changedOne, problem := d.file(name, before, taken)
		changed = changed || changedOne
		if problem != nil {
			path := filepath.Join(d.dir, name)
			problems = append(problems, FileProblem{path, problem})
			if next.Problem = problem.Error(); next.Problem != before.Problem {
				d.logger.Error("file in drop folder not used", "path", path, "error", problem)
			}
		}
		for _, k := range next.Profiles {
			taken[strings.ToLower(k.Name)] = name
		}
		after.Files[name] = next
	}
	var keep []kept
	for _, file := range after.Files {
		keep = append(keep, file.Profiles...)
	}
	removed, err := d.profiles.removeOthers(keep)
	changed = changed || removed
	if !sameDropped(d.state, after) {
		err = errors.Join(err, saveJSON(d.notes, after))
	}
	d.state = after
	if err != nil {
		return changed, problems, fmt.Errorf("follow drop folder: %w", err)
	}
	return changed, problems, nil
}

// list names the files that are meant to be profiles, in an order that stays.
func (d *DropFolder) list() ([]string, error) {
	info, err := os.Stat(d.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		err = d.trusted(info)
	}
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		if !entry.IsDir() && !isUnfinished(entry.Name()) {
			names = append(names, entry.Name())
		}
	}
	if len(names) > maxDropped {
		return nil, fmt.Errorf("there are more than %d files in it", maxDropped)
	}
	slices.Sort(names)
	return names, nil
}

// isUnfinished tells files that a program is still writing, and those that explain the folder.
func isUnfinished(name string) bool {
	lower := strings.ToLower(name)
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "~") || strings.HasPrefix(lower, "readme") ||
		slices.ContainsFunc([]string{"~", ".tmp", ".part", ".partial", ".new", ".swp", ".bak", ".dpkg-new", ".dpkg-old", ".rpmsave", ".rpmnew"}, func(suffix string) bool {
			return strings.HasSuffix(lower, suffix)
		})
}

// file brings one file's profiles into the store. Where it cannot be used, what it brought before stays.
func (d *DropFolder) file(name string, before dropped, taken map[string]string) (after dropped, changed bool, problem error) {
	data, err := d.read(name)
	if err != nil {
		return before, false, err
	}
	digest := sum(data)
	free := func(profile string) error {
		if other, is := taken[strings.ToLower(profile)]; is {
			return fmt.Errorf("%s has a profile %q already; take one of the two away", other, profile)
		}
		return nil
	}
	if before.SHA256 == digest && before.Problem == "" && len(before.Profiles) > 0 && d.profiles.intact(before.Profiles) {
		for _, k := range before.Profiles {
			problem = errors.Join(problem, free(k.Name))
		}
		if problem == nil {
			return before, false, nil
		}
		return dropped{SHA256: digest}, false, problem
	}
	all, err := wantedFrom(data, name, "")
	if err != nil {
		before.SHA256 = digest
		return before, false, err
	}
	for _, w := range all {
		problem = errors.Join(problem, free(w.name))
	}
	if problem != nil {
		return dropped{SHA256: digest}, false, problem
	}
	put, changed, err := d.profiles.put(all)
	if err != nil {
		return before, changed, err
	}
	return dropped{SHA256: digest, Profiles: put}, changed, nil
}

// read reads a regular file that can be trusted. Its sentences say what to do: an administrator reads them in the log.
func (d *DropFolder) read(name string) ([]byte, error) {
	path := filepath.Join(d.dir, name)
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return nil, plainError(err)
	case !info.Mode().IsRegular(): // before it is opened: opening a pipe would wait
		return nil, errors.New("it is not a regular file; put the file itself here")
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, plainError(err)
	}
	defer file.Close()
	if opened, err := file.Stat(); err != nil {
		return nil, plainError(err)
	} else if !os.SameFile(info, opened) {
		return nil, errors.New("it is being replaced")
	} else if err := d.trusted(opened); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(file, bundle.MaxSize+1))
	switch {
	case err != nil:
		return nil, plainError(err)
	case len(data) > bundle.MaxSize:
		return nil, fmt.Errorf("it has more than %d MB, which no profile has", bundle.MaxSize>>20)
	}
	return data, nil
}

// plainError says in words what the system says about a file.
func plainError(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return errors.New("the service may not read it; run: chgrp footbridge and chmod 640 on it")
	}
	return err
}

func sameDropped(a, b dropState) bool {
	if len(a.Files) != len(b.Files) {
		return false
	}
	for name, one := range a.Files {
		other, there := b.Files[name]
		if !there || one.SHA256 != other.SHA256 || one.Problem != other.Problem || !slices.Equal(one.Profiles, other.Profiles) {
			return false
		}
	}
	return true
}
