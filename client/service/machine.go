package service

import (
	"slices"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
	"github.com/footbridge-vpn/footbridge/profiles/store"
)

// readMachineProfiles reads what administrators installed. A folder that cannot be read keeps what was read before.
func (s *Service) readMachineProfiles() (changed bool) {
	var entries []store.Entry
	var damaged []store.Damaged
	var err error
	if s.options.Profiles != "" {
		var folder *store.Store
		if folder, err = store.Open(s.options.Profiles, store.Options{Machine: true, ReadOnly: true, Logger: s.logger}); err == nil {
			entries, damaged, err = folder.List()
		}
	}
	var origins map[string]api.Origin
	if err == nil {
		entries, origins, err = s.withManaged(entries)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.logger.Error("machine profiles not read", "error", err)
		return false
	}
	same := slices.EqualFunc(s.machines, entries, func(a, b store.Entry) bool { return a.ID == b.ID && a.SHA256 == b.SHA256 })
	if len(damaged) > 0 && len(damaged) != len(s.damaged) {
		for _, file := range damaged {
			s.logger.Error("machine profile damaged", "path", file.Path, "error", file.Err)
		}
	}
	s.machines, s.damaged, s.origins = entries, damaged, origins
	return !same
}

// reloadMachineProfiles follows a folder that may have changed.
func (s *Service) reloadMachineProfiles() {
	if !s.readMachineProfiles() {
		return
	}
	s.mu.Lock()
	s.logger.Info("machine profiles changed", "count", len(s.machines))
	for _, c := range s.sessions {
		if c.machine != "" && !slices.ContainsFunc(s.machines, func(e store.Entry) bool { return e.ID == c.machine }) {
			c.end(api.EndedByPolicy)
		}
	}
	for stream := range s.streams {
		stream.send(api.Change{Machine: true})
	}
	s.mu.Unlock()
	s.reconcile()
}

// machineProfile finds a machine profile by its id, or by its name.
func (s *Service) machineProfile(id string) (store.Entry, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, matches := range []func(store.Entry) bool{func(e store.Entry) bool { return e.ID == id }, func(e store.Entry) bool { return e.Name == id }} {
		if i := slices.IndexFunc(s.machines, matches); i >= 0 {
			return s.machines[i], true
		}
	}
	return store.Entry{}, false
}

// isDevice reports whether a machine profile signs in with the administrator's certificate, so that nobody is asked.
func isDevice(entry store.Entry) bool {
	source := entry.Settings.Certificate
	files := source != nil && (source.CertificateFile != "" || source.PKCS12File != "")
	return files && (entry.Profile.Authentication.Type == profiles.Certificate || entry.Profile.Authentication.Type == "") && !entry.Profile.Authentication.AuthUserPass
}

// machineProfiles is what users may know of the machine profiles.
func (s *Service) machineProfiles(role api.Role) api.MachineProfiles {
	s.mu.Lock()
	defer s.mu.Unlock()
	view := api.MachineProfiles{Profiles: []api.MachineProfile{}}
	for _, entry := range s.machines {
		view.Profiles = append(view.Profiles, s.machineView(entry))
	}
	if role == api.Manage {
		for _, file := range s.damaged {
			view.Damaged = append(view.Damaged, api.DamagedProfile{Path: file.Path, Sentence: file.Err.Error()})
		}
	}
	return view
}

func (s *Service) machineView(entry store.Entry) api.MachineProfile {
	p := entry.Profile
	shown := entry.Settings.Clone()
	shown.AutoConnect = shown.AutoConnect || s.policy.IsAlwaysOn(entry.ID, entry.Name)
	if err := s.policy.Force(entry.ID, entry.Name, &shown); err != nil {
		s.logger.Error("policy does not fit machine profile", "profile", entry.Name, "error", err)
	}
	shown.Certificate = hidePaths(shown.Certificate)
	view := api.MachineProfile{ID: entry.ID, Name: entry.Name, Transport: p.Transport, Authentication: p.Authentication.Type,
		Device: isDevice(entry), Settings: shown.Redacted(), SHA256: entry.SHA256, Origin: s.origins[entry.ID]}
	for _, server := range p.Servers {
		view.Servers = append(view.Servers, hostAndPort(server.Host, server.Port))
	}
	if entra := p.Authentication.Entra; entra != nil && p.Authentication.Type == profiles.EntraID {
		view.Entra = &api.Entra{Audience: entra.Audience, Issuer: entra.Issuer, Tenant: entra.Tenant, ApplicationID: entra.ApplicationID,
			CacheSignInUser: entra.CacheSignInUser, EnableGroupToken: entra.EnableGroupToken}
	}
	if wanted := p.Authentication.Certificate; wanted != nil {
		view.Thumbprint, view.Issuer = wanted.Thumbprint, wanted.Issuer
	}
	return view
}

// hidePaths keeps where the administrator's key is from users, who cannot read it anyway.
func hidePaths(source *settings.CertificateSource) *settings.CertificateSource {
	if source == nil || source.Thumbprint == "" && source.Issuer == "" {
		return nil
	}
	return &settings.CertificateSource{Thumbprint: source.Thumbprint, Issuer: source.Issuer}
}
