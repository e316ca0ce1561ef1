package service

import (
	"bytes"
	"net"
	"strconv"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/service/policy"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
	"github.com/footbridge-vpn/footbridge/profiles/store"
)

// connect checks a request and starts its tunnel.
func (s *Service) connect(uid uint32, request *api.ConnectRequest) (*api.Session, *api.Error) {
	wanted, refusal := s.planFor(uid, request)
	if refusal != nil {
		return nil, refusal
	}
	c, refusal := s.start(wanted)
	if refusal != nil {
		return nil, refusal
	}
	s.resume(wanted.machine)
	s.mu.Lock()
	defer s.mu.Unlock()
	view := c.view(uid)
	return &view, nil
}

// planFor reads the profile that is wanted and puts the settings into it: the user's where they may, then the administrator's.
func (s *Service) planFor(uid uint32, request *api.ConnectRequest) (plan, *api.Error) {
	rules, refusal := s.rules()
	if refusal != nil {
		return plan{}, refusal
	}
	wanted := settings.Settings{}
	if request.Settings != nil {
		wanted = settings.Settings(*request.Settings)
	}
	result := plan{uid: uid, leaveDNS: request.LeaveDNS, endWithMe: request.EndWithMe, certificate: callersCertificate(request.Certificate)}
	if request.MachineProfile != "" {
		entry, found := s.machineProfile(request.MachineProfile)
		if !found {
			return plan{}, &api.Error{Code: api.NotFound, Sentence: "There is no such machine profile.", Remedy: "An administrator may have removed it."}
		}
		return s.machinePlan(result, entry, wanted.Username)
	}
	if rules.MachineProfilesOnly {
		return plan{}, refuse("On this computer only the connections that your administrator set up may be used.", "Connect with one of them, or ask your administrator.")
	}
	profile, refusal := choose(request)
	if refusal != nil {
		return plan{}, refusal
	}
	result.profile, refusal = applied(rules, profile, "", wanted)
	return result, refusal
}

// machinePlan is the plan for a machine profile. Of the user's settings only the user name counts.
func (s *Service) machinePlan(result plan, entry store.Entry, username string) (plan, *api.Error) {
	rules, refusal := s.rules()
	if refusal != nil {
		return plan{}, refusal
	}
	wanted := entry.Settings.Clone()
	if wanted.Username == "" {
		wanted.Username = username
	}
	result.machine, result.leaveDNS = entry.ID, false
	result.profile, refusal = applied(rules, entry.Profile, entry.ID, wanted)
	if refusal == nil && isDevice(entry) {
		result.certificate = administratorsCertificate(*entry.Settings.Certificate)
	}
	return result, refusal
}

// applied puts settings into a profile, the administrator's last.
func applied(rules *policy.Policy, profile *profiles.Profile, id string, wanted settings.Settings) (*profiles.Profile, *api.Error) {
	bad := func(err error) *api.Error {
		return &api.Error{Code: api.BadProfile, Sentence: "The profile cannot be used with its settings: " + err.Error() + ".", Remedy: "Change the settings."}
	}
	name := ""
	if id != "" {
		name = profile.Name
	}
	if err := rules.Force(id, name, &wanted); err != nil {
		return nil, bad(err)
	}
	result, err := wanted.Apply(profile)
	if err != nil {
		return nil, bad(err)
	}
	if proxy := result.Proxy; proxy != nil && !rules.MayUseProxy(net.JoinHostPort(proxy.Host, strconv.Itoa(int(proxy.Port)))) {
		return nil, refuse("Your administrator does not allow this proxy.", "Connect without it, or through one that is allowed.")
	}
	return result, nil
}

// choose reads the posted profile anew: what a caller says of it is not believed.
func choose(request *api.ConnectRequest) (*profiles.Profile, *api.Error) {
	bad := func(sentence string) *api.Error {
		return &api.Error{Code: api.BadProfile, Sentence: sentence, Remedy: "Import the profile again."}
	}
	if len(request.Completion) > 0 {
		profile, err := store.Decode(request.Profile, request.Completion)
		if err != nil {
			return nil, bad("The profile cannot be used: " + err.Error() + ".")
		}
		return named(profile, request.Name), nil
	}
	imported, err := profiles.Import(bytes.NewReader(request.Profile), profiles.ImportOptions{})
	if err != nil {
		return nil, bad("The profile cannot be used: " + err.Error())
	}
	if len(imported.Profiles) == 1 {
		return named(imported.Profiles[0], request.Name), nil
	}
	for _, profile := range imported.Profiles {
		if profile.Name == request.Name {
			return profile, nil
		}
	}
	return nil, &api.Error{Code: api.BadProfile, Sentence: "The file does not hold the wanted profile, or holds several.", Remedy: "Name one that it holds."}
}

// longestName bounds what a caller calls a profile, in bytes.
const longestName = 256

// named calls a profile what its owner calls it.
func named(profile *profiles.Profile, name string) *profiles.Profile {
	if name != "" && len(name) <= longestName {
		profile.Name = name
	}
	return profile
}
