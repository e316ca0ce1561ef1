// Package importing brings profiles into the user's store from files, drops, the clipboard and Azure.
package importing

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/client/azure"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/finding"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
	"github.com/footbridge-vpn/footbridge/profiles/store"
)

// Choice is what becomes of a profile whose name is taken.
type Choice string

// The choices.
const (
	Skip     Choice = "skip"
	Replace  Choice = "replace"
	KeepBoth Choice = "keep-both"
)

// Conflict is a profile whose name another one has.
type Conflict struct {
	Name    string
	Profile *profiles.Profile
	managed profiles.Management
	gateway *azure.Gateway // that it was generated for; nil: that is not known
}

// Done is a profile that is in the store now.
type Done struct {
	ID, Name string
	Outcome  store.Outcome
}

// Failed is a source that no profile could be read from, or a profile that could not be kept.
type Failed struct {
	Source string
	Err    error
}

// Result is what an import did, and what is left to decide.
type Result struct {
	Done      []Done
	Conflicts []Conflict
	Warnings  []finding.Finding
	Failed    []Failed

	defaults Defaults
}

// Defaults are the settings of new profiles that sign in in a way; nil settings: there are none.
type Defaults func(profiles.AuthenticationType) (*settings.Settings, error)

// Source is where profiles are read from: a file, a text, or what Azure generated.
type Source struct {
	Path  string
	Text  string         // instead of Path
	Azure *azure.Package // instead of both
}

// Run reads every source and keeps what it can. It goes on after an error.
func Run(ctx context.Context, into *store.Store, sources []Source, defaults Defaults) Result {
	r := Result{defaults: defaults}
	for _, source := range sources {
		if ctx.Err() != nil {
			break
		}
		r.read(into, source)
	}
	return r
}

func (r *Result) read(into *store.Store, source Source) {
	if generated := source.Azure; generated != nil {
		r.warn(generated.Findings)
		r.keep(into, Conflict{Name: generated.Profile.Name, Profile: generated.Profile, gateway: &generated.Gateway}, store.AddOptions{}, generated.Gateway.Name)
		return
	}
	imported, err := open(source)
	if err != nil {
		r.Failed = append(r.Failed, Failed{source.Path, err})
		return
	}
	r.warn(imported.Findings)
	for _, profile := range imported.Profiles {
		r.keep(into, Conflict{Name: profile.Name, Profile: profile, managed: imported.Management[profile]}, store.AddOptions{}, source.Path)
	}
}

// warn keeps what the user should know.
func (r *Result) warn(findings []finding.Finding) {
	for _, f := range findings {
		if f.Severity >= finding.Warning {
			r.Warnings = append(r.Warnings, f)
		}
	}
}

func open(source Source) (*profiles.Imported, error) {
	if source.Path == "" {
		return profiles.Import(strings.NewReader(source.Text), profiles.ImportOptions{})
	}
	return profiles.ImportFile(source.Path)
}

func (r *Result) keep(into *store.Store, c Conflict, options store.AddOptions, source string) {
	name := c.Name
	if options.Name != "" {
		name = options.Name
	}
	options.Settings = client.ManagedSettings(into, name, c.managed)
	if _, err := into.Find(name); err != nil && options.Settings == nil && r.defaults != nil {
		var err error
		if options.Settings, err = r.defaults(c.Profile.Authentication.Type); err != nil {
			r.Failed = append(r.Failed, Failed{source, err}) // the profile comes in without them
		}
	}
	entry, outcome, err := into.Add(c.Profile, options)
	var exists *store.ExistsError
	switch {
	case errors.As(err, &exists):
		r.Conflicts = append(r.Conflicts, c)
	case err != nil:
		r.Failed = append(r.Failed, Failed{source, err})
	default:
		r.Done = append(r.Done, Done{entry.ID, entry.Name, outcome})
		if c.gateway == nil {
			return
		}
		if err := azure.KeepOrigin(into, entry.ID, *c.gateway); err != nil {
			r.Failed = append(r.Failed, Failed{source, err})
		}
	}
}

// mostCopies bounds the search for a free name.
const mostCopies = 1000

// Decide does with a conflict what the user chose.
func Decide(into *store.Store, c Conflict, choice Choice) Result {
	var r Result
	switch choice {
	case Replace:
		r.keep(into, c, store.AddOptions{Replace: true}, "")
	case KeepBoth:
		for n := 2; n < mostCopies; n++ {
			r = Result{}
			r.keep(into, c, store.AddOptions{Name: c.Name + " (" + strconv.Itoa(n) + ")"}, "")
			if len(r.Conflicts) == 0 {
				break
			}
		}
	}
	return r
}

// add puts the results of two imports together.
func (r *Result) add(other Result) {
	r.Done = append(r.Done, other.Done...)
	r.Warnings = append(r.Warnings, other.Warnings...)
	r.Failed = append(r.Failed, other.Failed...)
}
