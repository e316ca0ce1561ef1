package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"
)

// place is what lies in a folder under one identifier.
type place struct {
	id    string
	files []string // profiles, the one that is read first; empty where only a record was seen
}

// folder is what lies in a store's folder.
type folder struct {
	places []place  // by identifier
	parts  []string // content that is not in its place yet, or that a killed writer left
	news   []string // records that are being written, or that a killed writer left
	names  []string // everything
}

// hasName reports whether there is a file of a name on a file system that takes upper and lower case for the same.
func (f *folder) hasName(name string) bool {
	return slices.ContainsFunc(f.names, func(other string) bool { return strings.EqualFold(other, name) })
}

// maxNames bounds how much of a folder is listed.
const maxNames = 10 * MaxProfiles

// readFolder lists a folder. Names of other kinds than the store's are not looked at.
func readFolder(root *os.Root) (*folder, error) {
	dir, err := root.Open(".")
	if err != nil {
		return nil, fmt.Errorf("list profiles: %w", err)
	}
	defer dir.Close()
	names, err := dir.Readdirnames(maxNames)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("list profiles: %w", err)
	}
	if len(names) == maxNames {
		return nil, fmt.Errorf("list profiles: there are more than %d files in the folder", maxNames-1)
	}
	f := &folder{names: names}
	byID := map[string][]string{}
	for _, name := range names {
		switch {
		case strings.HasPrefix(name, partPrefix):
			f.parts = append(f.parts, name)
		case strings.HasPrefix(name, newPrefix):
			f.news = append(f.news, name)
		case strings.HasSuffix(name, recordSuffix):
			if id := strings.TrimSuffix(name, recordSuffix); isIdentifier(id) {
				byID[id] = append(byID[id], "")
			}
		default:
			if stem, ok := profileStem(name); ok {
				byID[stem] = append(byID[stem], name)
			}
		}
	}
	for id, files := range byID {
		files = slices.DeleteFunc(files, func(name string) bool { return name == "" })
		slices.SortFunc(files, compareFiles)
		f.places = append(f.places, place{id: id, files: files})
	}
	slices.SortFunc(f.places, func(a, b place) int { return strings.Compare(a.id, b.id) })
	return f, nil
}

// compareFiles orders files that differ in their extension only.
func compareFiles(a, b string) int {
	rank := func(name string) int {
		return slices.IndexFunc(profileExtensions(), func(extension string) bool {
			return len(name) >= len(extension) && strings.EqualFold(name[len(name)-len(extension):], extension)
		})
	}
	if d := rank(a) - rank(b); d != 0 {
		return d
	}
	return strings.Compare(a, b)
}

// The ways in which a file is refused without being read.
var (
	errIrregular = errors.New("it is not a regular file; put the file itself here")
	errLink      = errors.New("it is a link; put the file itself here")
	errOutside   = errors.New("it leads out of the folder; put the file itself here")
	errTooLarge  = fmt.Errorf("it has more than %d MB, which no profile has", MaxFile>>20)
	errReplaced  = errors.New("it is being replaced; try again")
	errForbidden = errors.New("you may not read it")
)

// file is what was read from a folder.
type file struct {
	data []byte
	info fs.FileInfo
}

// readFile reads a regular file. In an administrator's folder it refuses links and what others could have written.
func (s *Store) readFile(root *os.Root, name string) (file, error) {
	info, err := root.Lstat(name)
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		if s.options.Machine {
			return file{}, errLink
		}
		if info, err = root.Stat(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return file{}, errOutside
		}
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		return file{}, errForbidden
	case err != nil:
		return file{}, err
	case !info.Mode().IsRegular(): // before it is opened: opening a pipe would wait
		return file{}, errIrregular
	case info.Size() > MaxFile:
		return file{}, errTooLarge
	}
	return s.readOpened(root, name, info)
}

func (s *Store) readOpened(root *os.Root, name string, seen fs.FileInfo) (file, error) {
	opened, err := root.Open(name)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return file{}, errForbidden
	case err != nil:
		return file{}, err
	}
	defer opened.Close()
	info, err := opened.Stat()
	if err != nil {
		return file{}, err
	}
	if !os.SameFile(info, seen) {
		return file{}, errReplaced
	}
	if s.options.Machine {
		if err := checkFile(info); err != nil {
			return file{}, err
		}
	}
	data, err := io.ReadAll(io.LimitReader(opened, MaxFile+1))
	switch {
	case err != nil:
		return file{}, err
	case len(data) > MaxFile:
		return file{}, errTooLarge
	}
	return file{data, info}, nil
}

// signature tells a file from what was under its name before; the zero value is no file.
type signature struct {
	info fs.FileInfo
}

func (g signature) equal(other signature) bool {
	if g.info == nil || other.info == nil {
		return g.info == nil && other.info == nil
	}
	return os.SameFile(g.info, other.info) && g.info.Size() == other.info.Size() && g.info.ModTime().Equal(other.info.ModTime())
}

// isSettled reports whether a file is old enough for its times to tell it from the next one: file systems count in milliseconds.
func (g signature) isSettled() bool {
	const granularity = 100 * time.Millisecond
	return g.info == nil || time.Since(g.info.ModTime()) > granularity
}

// sign looks at a file without opening it.
func sign(root *os.Root, name string) signature {
	info, err := root.Stat(name)
	if err != nil {
		return signature{}
	}
	return signature{info}
}
