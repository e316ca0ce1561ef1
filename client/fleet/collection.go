package fleet

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
	"github.com/footbridge-vpn/footbridge/profiles/store"
)

// kept is a profile that came from a file and is in the store.
type kept struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	SHA256 string `json:"sha256"` // of the store's files
}

// wanted is a profile that ought to be in the store.
type wanted struct {
	profile  *profiles.Profile
	name     string
	settings *settings.Settings
}

// collection is a store that has only what came from one place.
type collection struct{ store *store.Store }

func openCollection(dir string, options store.Options) (collection, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return collection{}, fmt.Errorf("make folder for profiles: %w", err)
	}
	opened, err := store.Open(dir, options)
	return collection{opened}, err
}

// wantedFrom are the profiles of a file's content. name is what to call its only one; empty: what it is called inside.
func wantedFrom(data []byte, file, name string) ([]wanted, error) {
	imported, err := importProfiles(data, file)
	if err != nil {
		return nil, err
	}
	if name != "" && len(imported.Profiles) > 1 {
		return nil, errors.New("it has several profiles, which cannot all have one name")
	}
	var all []wanted
	for _, p := range imported.Profiles {
		// What a file does not say is not set either, also where an earlier one said it.
		w := wanted{profile: p, name: p.Name, settings: client.WithManagement(settings.Settings{}, imported.Management[p])}
		if w.settings == nil {
			w.settings = new(settings.Settings)
		}
		if name != "" {
			w.name = name
		}
		all = append(all, w)
	}
	return all, nil
}

// put adds or replaces profiles.
func (c collection) put(all []wanted) ([]kept, bool, error) {
	var result []kept
	changed := false
	for _, w := range all {
		entry, outcome, err := c.store.Add(w.profile, store.AddOptions{Name: w.name, Replace: true, Settings: w.settings})
		if err != nil {
			return nil, changed, err
		}
		changed = changed || outcome != store.Unchanged
		result = append(result, kept{entry.ID, entry.Name, entry.SHA256})
	}
	return result, changed, nil
}

// removeOthers withdraws what is not to be kept any more. It goes on where one profile cannot be removed.
func (c collection) removeOthers(keep []kept) (changed bool, err error) {
	entries, _, err := c.store.List()
	if err != nil {
		return false, err
	}
	var problems []error
	for _, entry := range entries {
		if slices.ContainsFunc(keep, func(k kept) bool { return k.ID == entry.ID }) {
			continue
		}
		if err := c.store.Remove(entry.ID); err != nil {
			problems = append(problems, err)
			continue
		}
		changed = true
	}
	return changed, errors.Join(problems...)
}

// intact reports whether profiles are in the store as they were put there.
func (c collection) intact(all []kept) bool {
	return !slices.ContainsFunc(all, func(k kept) bool {
		entry, err := c.store.Get(k.ID)
		return err != nil || entry.SHA256 != k.SHA256
	})
}

// sameName reports whether people would take two names for the same.
func sameName(a, b string) bool { return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b)) }
