package main

import (
	"cmp"
	"context"
	"os/user"
	"slices"
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
	"github.com/footbridge-vpn/footbridge/profiles/store"
)

// userStore is where the user's own profiles are.
func (a *app) userStore() (*store.Store, error) {
	return store.Open(store.UserDir(), store.Options{})
}

// serviceGroup may read machine profiles: the service is in it.
const serviceGroup = "footbridge"

// machineStore is where the profiles for everybody on this computer are. Only administrators can write it.
func (a *app) machineStore() (*store.Store, error) {
	options := store.Options{Machine: true}
	if _, err := user.LookupGroup(serviceGroup); err == nil {
		options.Group = serviceGroup
	}
	return store.Open(a.machineDir, options)
}

// known is a profile that the user can connect with, and whether it is.
type known struct {
	ID             string
	Name           string
	Machine        bool
	Authentication profiles.AuthenticationType
	Servers        []string
	Settings       settings.Settings
	Entry          *store.Entry // the user's own
	Session        *api.Session // nil: not connected
}

// secondary is the profile to connect with where this one cannot be; empty: none. The client that a profile comes from writes "None" too.
func (k known) secondary() string {
	name := k.Settings.SecondaryProfile
	if name == "" && k.Entry != nil {
		name = k.Entry.Profile.SecondaryProfile
	}
	if strings.EqualFold(name, "none") || strings.EqualFold(name, k.Name) {
		return ""
	}
	return name
}

// landscape is all that the user can see of profiles and connections.
type landscape struct {
	profiles []known
	damaged  []store.Damaged
	snapshot *api.Snapshot // nil: the service did not answer
	silence  error         // why it did not
}

// serviceLimit bounds how long a command that can do without waits for the service.
const serviceLimit = 2 * time.Second

// look reads the profiles, and asks the service for its part where it runs.
func (a *app) look(ctx context.Context) (*landscape, error) {
	own, err := a.userStore()
	if err != nil {
		return nil, err
	}
	entries, damaged, err := own.List()
	if err != nil {
		return nil, err
	}
	all := &landscape{damaged: damaged}
	for _, entry := range entries {
		all.profiles = append(all.profiles, known{ID: entry.ID, Name: entry.Name, Authentication: entry.Profile.Authentication.Type,
			Servers: client.Servers(entry.Profile), Settings: entry.Settings, Entry: &entry})
	}
	ctx, cancel := context.WithTimeout(ctx, serviceLimit)
	defer cancel()
	service := a.service()
	defer service.Close()
	if all.snapshot, all.silence = service.Status(ctx); all.silence != nil {
		all.snapshot = nil
	} else if machine, err := service.MachineProfiles(ctx); err == nil {
		for _, p := range machine.Profiles {
			all.profiles = append(all.profiles, known{ID: p.ID, Name: p.Name, Machine: true, Authentication: p.Authentication,
				Servers: p.Servers, Settings: p.Settings})
		}
	}
	all.connect()
	slices.SortStableFunc(all.profiles, func(x, y known) int { return cmp.Compare(strings.ToLower(x.Name), strings.ToLower(y.Name)) })
	return all, nil
}

// connect finds the session of each profile.
func (l *landscape) connect() {
	if l.snapshot == nil {
		return
	}
	for i, p := range l.profiles {
		for _, session := range l.snapshot.Sessions {
			mine := session.UID == l.snapshot.UID && session.Machine == "" && !p.Machine && session.Profile == p.Name
			if mine || p.Machine && session.Machine == p.ID {
				l.profiles[i].Session = &session
			}
		}
	}
}

// find returns the profile that a person means: by its id or name, or how one of them begins. The user's own go before everybody's.
func (l *landscape) find(wanted string) (known, error) {
	for _, machine := range []bool{false, true} {
		for _, p := range l.profiles {
			if p.Machine == machine && (p.ID == wanted || strings.EqualFold(p.Name, wanted)) {
				return p, nil
			}
		}
	}
	var candidates []known
	var names []string
	for _, p := range l.profiles {
		if wanted != "" && (hasPrefixFold(p.Name, wanted) || strings.HasPrefix(p.ID, wanted)) {
			candidates, names = append(candidates, p), append(names, p.Name)
		}
	}
	switch len(candidates) {
	case 0:
		return known{}, &store.NotFoundError{Name: wanted}
	case 1:
		return candidates[0], nil
	default:
		return known{}, &store.AmbiguousError{Name: wanted, Names: names}
	}
}

// session returns the session that a person means: of the profile, or with the id.
func (l *landscape) session(wanted string) (*api.Session, error) {
	if l.snapshot != nil {
		for _, session := range l.snapshot.Sessions {
			if session.ID == wanted {
				return &session, nil
			}
		}
		for _, session := range l.snapshot.Sessions {
			if strings.EqualFold(session.Profile, wanted) {
				return &session, nil
			}
		}
	}
	p, err := l.find(wanted)
	if err != nil {
		return nil, err
	}
	return p.Session, nil
}

// signInName is how a profile signs in, in the user's language.
func (a *app) signInName(t profiles.AuthenticationType) string {
	switch t {
	case profiles.EntraID:
		return a.text("sign-in.entra", nil)
	case profiles.UsernamePassword:
		return a.text("sign-in.password", nil)
	default:
		return a.text("sign-in.certificate", nil)
	}
}
