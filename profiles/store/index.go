package store

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
)

// known is what is remembered of an entry: enough to find it, and too little to keep its secrets in memory.
type known struct {
	id, name     string
	key          string // of the name
	importedName string // what the profile was called where it came from
	digest       string
	secondary    string // name of the profile to fail over to
	shared       bool   // its file has other profiles too
}

// index is what is known of a folder.
type index []known

// indexCache remembers what is known of a folder's files for as long as they are the same.
type indexCache struct {
	mutex sync.Mutex
	cache map[string]indexed // by the identifier of the place
}

type indexed struct {
	record, content signature
	file, part      string
	known           []known
	settled         bool
}

// read is the index of a folder. Files that are as they were are not read again.
func (c *indexCache) read(s *Store, root *os.Root) (index, error) {
	f, err := readFolder(root)
	if err != nil {
		return nil, err
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	fresh := make(map[string]indexed, len(f.places))
	var changed []place
	for _, at := range f.places {
		if old, ok := c.cache[at.id]; ok && old.isStill(root, at) {
			fresh[at.id] = old
			continue
		}
		changed = append(changed, at)
	}
	for i, l := range s.loadAll(root, changed) {
		fresh[changed[i].id] = newIndexed(l)
	}
	c.cache = fresh
	var all index
	for _, at := range f.places {
		all = append(all, fresh[at.id].known...)
	}
	return all, nil
}

func newIndexed(l loaded) indexed {
	var x indexed
	for i, e := range l.entries {
		p := l.pairs[i]
		k := known{id: e.ID, name: e.Name, key: nameKey(e.Name), importedName: e.Name, digest: digest(e.Profile), secondary: e.Profile.SecondaryProfile, shared: len(l.entries) > 1}
		if p.record != nil && p.record.ImportedName != "" {
			k.importedName = p.record.ImportedName
		}
		if e.Settings.SecondaryProfile != "" {
			k.secondary = e.Settings.SecondaryProfile
		}
		x.known = append(x.known, k)
	}
	if len(l.entries) == 1 && len(l.damaged) == 0 {
		p := l.pairs[0]
		x.record, x.content, x.file = signature{p.records.info}, signature{p.content.info}, p.file
		x.settled = x.record.isSettled() && x.content.isSettled()
		if p.record != nil {
			x.part = p.record.Part
		}
	}
	return x
}

// isStill reports whether the files are those that were read. Damaged ones, and those with several profiles, are always read again.
func (x indexed) isStill(root *os.Root, at place) bool {
	if !x.settled || !x.record.equal(sign(root, at.id+recordSuffix)) {
		return false
	}
	if x.record.info == nil && (len(at.files) == 0 || at.files[0] != x.file) {
		return false
	}
	if x.part != "" {
		if part := sign(root, x.part); part.info != nil {
			return x.content.equal(part)
		}
	}
	return x.content.equal(sign(root, x.file))
}

// find is the entry that a person means.
func (x index) find(text string) (known, error) {
	key := nameKey(text)
	if key == "" {
		return known{}, &NotFoundError{text}
	}
	for _, matches := range []func(known) bool{
		func(k known) bool { return k.id == text },
		func(k known) bool { return k.name == text },
		func(k known) bool { return k.key == key },
		func(k known) bool { return strings.HasPrefix(k.key, key) || strings.HasPrefix(k.id, key) },
	} {
		var found []known
		for _, k := range x {
			if matches(k) {
				found = append(found, k)
			}
		}
		switch {
		case len(found) == 1:
			return found[0], nil
		case len(found) > 1:
			return known{}, &AmbiguousError{Name: text, Names: displayNames(found)}
		}
	}
	return known{}, &NotFoundError{text}
}

// displayNames tells entries apart by their identifiers where their names do not.
func displayNames(found []known) []string {
	count := map[string]int{}
	for _, k := range found {
		count[k.key]++
	}
	var names []string
	for _, k := range found {
		name := k.name
		if count[k.key] > 1 {
			name = fmt.Sprintf("%s (%s)", name, k.id)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// named are the entries with a name, however it is written.
func (x index) named(name string) []known {
	key := nameKey(name)
	var found []known
	for _, k := range x {
		if k.key == key {
			found = append(found, k)
		}
	}
	return found
}
