package store

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"
)

// writer changes a folder while it holds the lock.
type writer struct {
	store *Store
	root  *os.Root
	dry   bool // there is no lock, and nothing is written
}

// put makes a record and, unless data is nil, new content of its file hold, both or neither: from the moment that the record is renamed,
// it says that the part is the content.
func (w *writer) put(id string, r *record, data []byte) error {
	r.Part = ""
	if data != nil {
		r.Part = partPrefix + id + "-" + strings.ToLower(rand.Text()[:8])
		if err := w.create(r.Part, data); err != nil {
			return fmt.Errorf("write profile: %w", err)
		}
	}
	encoded, err := r.encode()
	if err == nil {
		err = w.replace(id+recordSuffix, encoded)
	}
	if err != nil {
		if r.Part != "" {
			err = errors.Join(err, w.root.Remove(r.Part))
		}
		return err
	}
	if err := w.finish(r); err != nil || r.Replaces == "" {
		return err
	}
	cleared := *r // or a file that someone puts there later would be taken for the replaced one
	cleared.Part, cleared.Replaces = "", ""
	if encoded, err = cleared.encode(); err != nil {
		return err
	}
	return w.replace(id+recordSuffix, encoded)
}

// step comes before each change of a file.
func (w *writer) step() {
	if w.store.beforeStep != nil {
		w.store.beforeStep()
	}
}

// get reads an entry, after what a killed writer left of it is put right.
func (w *writer) get(id string) (Entry, pair, error) {
	e, p, err := w.store.get(w.root, id)
	if err == nil && !w.dry && p.record != nil && p.record.Replaces != "" {
		err = w.finish(p.record)
	}
	return e, p, err
}

// finish puts the part of a record that holds in its place. Where it is interrupted it is done again by the next writer.
func (w *writer) finish(r *record) error {
	if r.Part != "" {
		w.step()
		if err := w.root.Rename(r.Part, r.File); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("write profile: %w", err)
		}
	}
	if r.Replaces != "" && r.Replaces != r.File {
		if err := w.remove(r.Replaces); err != nil {
			return fmt.Errorf("write profile: %w", err)
		}
	}
	return w.sync()
}

// replace writes a file beside and renames it.
func (w *writer) replace(name string, data []byte) error {
	temporary := newPrefix + name
	if err := w.remove(temporary); err != nil {
		return err
	}
	if err := w.create(temporary, data); err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	w.step()
	if err := w.root.Rename(temporary, name); err != nil {
		return errors.Join(fmt.Errorf("write settings: %w", err), w.remove(temporary))
	}
	return w.sync()
}

// create writes a new file and waits until it is on the disk.
func (w *writer) create(name string, data []byte) error {
	w.step()
	file, err := w.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	w.step()
	_, err = file.Write(data)
	if err == nil && w.store.group >= 0 {
		err = file.Chown(-1, w.store.group)
	}
	if err == nil {
		err = file.Chmod(w.store.options.Mode)
	}
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return errors.Join(err, w.remove(name))
	}
	return nil
}

func (w *writer) remove(name string) error {
	w.step()
	if err := w.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// sync waits until the names in the folder are on the disk.
func (w *writer) sync() error {
	dir, err := w.root.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(syncFolder(dir), dir.Close())
}

// tidy ends what a writer began that was killed.
func (w *writer) tidy() error {
	f, err := readFolder(w.root)
	if err != nil {
		return err
	}
	for _, name := range f.news {
		if err := w.remove(name); err != nil {
			return fmt.Errorf("tidy profiles up: %w", err)
		}
	}
	for _, name := range f.parts {
		if err := w.tidyPart(name); err != nil {
			return fmt.Errorf("tidy profiles up: %w", err)
		}
	}
	for _, at := range f.places {
		if len(at.files) > 0 {
			continue
		}
		if err := w.tidyRecord(at.id); err != nil {
			return fmt.Errorf("tidy profiles up: %w", err)
		}
	}
	return nil
}

// tidyRecord removes a record whose profile was removed. New ones may be those of files that are being copied here.
func (w *writer) tidyRecord(id string) error {
	p := w.store.readOnce(w.root, id, nil)
	if p.record == nil || p.record.File == "" || p.file != "" || p.contentErr != nil || time.Since(p.records.info.ModTime()) < settleTime {
		return nil
	}
	return w.remove(id + recordSuffix)
}

// tidyPart puts content in its place that a record names, and removes what never came to hold.
func (w *writer) tidyPart(name string) error {
	id := strings.TrimPrefix(name, partPrefix)
	if at := strings.LastIndexByte(id, '-'); at > 0 {
		id = id[:at]
	}
	p := w.store.readOnce(w.root, id, nil)
	switch {
	case p.recordErr != nil: // it may be this part's, so that it is all there is
		return nil
	case p.record != nil && p.record.Part == name:
		return w.finish(p.record)
	default:
		return w.remove(name)
	}
}
