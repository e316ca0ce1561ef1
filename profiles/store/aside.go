package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// settleTime is how long a file that someone else put here must have been left alone before it counts as damaged: it may be being copied.
const settleTime = 5 * time.Second

// setAside renames damaged files of a place, so that they are kept and not read again. It is done only where no writer is at work and the
// files can be renamed. What is left of the place is read again.
func (s *Store) setAside(root *os.Root, at place, l loaded) loaded {
	s.tryWrite(root, func(w *writer) {
		l = s.load(root, at) // it may have been replaced meanwhile
		if len(l.asides) == 0 {
			return
		}
		name, err := w.aside(l.asides)
		if err != nil {
			s.logger.Warn("set damaged profile aside", "path", l.damaged[len(l.damaged)-1].Path, "error", err)
			return
		}
		if name == "" {
			return
		}
		reported := l.damaged
		reported[len(reported)-1].SetAsideAs = filepath.Join(s.dir, name)
		s.logger.Warn("damaged profile set aside", "path", reported[len(reported)-1].Path, "as", name, "error", reported[len(reported)-1].Err)
		at.files = slices.DeleteFunc(slices.Clone(at.files), func(file string) bool { return slices.Contains(l.asides, file) })
		l = s.load(root, at)
		l.damaged = append(reported, l.damaged...)
	})
	return l
}

// aside renames files. It returns the new name of the first; empty where they are too new for that.
func (w *writer) aside(names []string) (string, error) {
	stem, _ := profileStem(names[0])
	_, err := w.root.Lstat(stem + recordSuffix)
	isOurs := err == nil || strings.HasSuffix(names[0], recordSuffix)
	info, err := w.root.Stat(names[0])
	if err != nil {
		return "", err
	}
	if !isOurs && time.Since(info.ModTime()) < settleTime {
		return "", nil
	}
	suffix := damagedSuffix + time.Now().UTC().Format("20060102T150405Z")
	for number := 2; w.anyExists(names, suffix); number++ {
		suffix = fmt.Sprintf("%s%s-%d", damagedSuffix, time.Now().UTC().Format("20060102T150405Z"), number)
	}
	for _, name := range names {
		if err := w.root.Rename(name, name+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	return names[0] + suffix, w.sync()
}

func (w *writer) anyExists(names []string, suffix string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		_, err := w.root.Lstat(name + suffix)
		return err == nil
	})
}
