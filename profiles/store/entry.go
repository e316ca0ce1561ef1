package store

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
)

// Entry is a profile in a store.
type Entry struct {
	ID       string            // names it for programs; stays through renames
	Name     string            // names it for people; also Profile.Name
	Profile  *profiles.Profile // without Settings, which Settings.Apply puts in
	Settings settings.Settings
	Imported time.Time // when the profile came in, or was last replaced
	Path     string    // of the profile's file
	SHA256   string    // of that file and of the settings beside it, in hex: differs when anything about the entry does
}

// Damaged is a file that no profile, or no settings, can be read from.
type Damaged struct {
	Path       string
	SetAsideAs string // what it was renamed to; empty where it was left as it is
	Err        error  // why, in plain sentences
}

// Outcome is what Add did.
type Outcome string

// What Add can do.
const (
	Added     Outcome = "added"
	Replaced  Outcome = "replaced"
	Unchanged Outcome = "unchanged" // the same profile is there already
)

// Reasons why a store is not changed.
var (
	ErrReadOnly = errors.New("the profiles here can only be read")
	ErrTooMany  = fmt.Errorf("there are %d profiles already; remove some first", MaxProfiles)
	ErrNoName   = errors.New("a profile needs a name")
	ErrBusy     = errors.New("another program is changing the profiles") // what a *LockedError is
)

// NotFoundError says that there is no such profile.
type NotFoundError struct{ Name string }

// Error implements error.
func (e *NotFoundError) Error() string { return fmt.Sprintf("there is no profile %q", e.Name) }

// AmbiguousError says that several profiles could be meant.
type AmbiguousError struct {
	Name  string
	Names []string // of the profiles
}

// Error implements error.
func (e *AmbiguousError) Error() string {
	const shown = 10
	names := strings.Join(e.Names[:min(len(e.Names), shown)], ", ")
	if len(e.Names) > shown {
		names += ", …"
	}
	return fmt.Sprintf("%q could be any of these profiles: %s", e.Name, names)
}

// ExistsError says that another profile has the name.
type ExistsError struct{ Entry Entry }

// Error implements error.
func (e *ExistsError) Error() string {
	return fmt.Sprintf("there is another profile %q already; replace it or choose another name", e.Entry.Name)
}

// LockedError says that another program went on changing the profiles for too long.
type LockedError struct {
	Dir    string
	Waited time.Duration
}

// Error implements error.
func (e *LockedError) Error() string {
	return fmt.Sprintf("another program has been changing the profiles in %s for more than %s; try again when it is done", e.Dir, e.Waited)
}

// Is reports that the error is ErrBusy.
func (e *LockedError) Is(target error) bool { return target == ErrBusy }
