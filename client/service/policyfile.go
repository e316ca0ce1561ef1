package service

import (
	"context"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/service/policy"
)

// rules are the administrator's, or the refusal where they cannot be known.
func (s *Service) rules() (*policy.Policy, *api.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.policyProblem != "" {
		return nil, refuse("Nobody may connect: the administrator's policy cannot be followed: "+s.policyProblem+".", "Ask your administrator to mend it: footbridged check-policy says what is wrong.")
	}
	return s.policy, nil
}

// readPolicy reads the policy. With one that cannot be followed nobody may connect; what runs goes on.
func (s *Service) readPolicy() {
	if s.options.Policy == "" {
		return
	}
	trust := s.options.TrustPolicy
	if trust == nil {
		trust = trustPolicy
	}
	path := s.policyPath()
	read, err := policy.Read(path, trust)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fleet.policy = path
	if err != nil {
		if problem := err.Error(); problem != s.policyProblem { // it is read again and again, and said once
			s.logger.Error("policy cannot be followed", "error", err)
			s.policyProblem = problem
		}
	} else {
		s.policy, s.policyProblem = read, ""
	}
}

// reloadPolicy follows a policy that may have changed: who was allowed may not be any more, and sessions that it forbids end.
func (s *Service) reloadPolicy() {
	s.readPolicy()
	s.mu.Lock()
	for _, c := range s.sessions {
		if s.policyProblem == "" && s.forbidden(c) {
			s.logger.Info("policy ends session", "session", c.id, "uid", c.uid)
			c.end(api.EndedByPolicy)
		}
	}
	for stream := range s.streams {
		view := s.policyView()
		stream.role = s.role(stream.uid)
		stream.send(api.Change{Policy: &view})
	}
	s.mu.Unlock()
	s.reconcile()
}

// forbidden reports whether a running session could not be started any more. The mutex is held.
func (s *Service) forbidden(c *session) bool {
	if c.shared {
		return false
	}
	return s.policy.MachineProfilesOnly && c.machine == "" || s.role(c.uid) == api.Observe || s.role(c.uid) == ""
}

// policyView is the policy as users see it. The mutex is held.
func (s *Service) policyView() api.Policy {
	view := api.Policy{Problem: s.policyProblem, MachineProfilesOnly: s.policy.MachineProfilesOnly, SavePasswords: s.policy.MaySavePasswords(),
		Locked: s.policy.Locked()}
	if s.options.Policy != "" {
		view.Source = s.fleet.policy
	}
	for _, entry := range s.machines {
		if s.policy.IsAlwaysOn(entry.ID, entry.Name) {
			view.AlwaysOn = append(view.AlwaysOn, entry.ID)
		}
	}
	return view
}

// Reload reads the policy and the machine profiles anew, as on SIGHUP.
func (s *Service) Reload() {
	s.reloadPolicy()
	s.followDropFolder()
	s.reloadMachineProfiles()
}

// The times of watching the administrator's files: changes come in bursts, and a notice may be lost.
const (
	settleTime  = 200 * time.Millisecond
	recheckTime = time.Minute
)

// watch follows the administrator's files until ctx ends.
func (s *Service) watch(ctx context.Context) {
	if s.options.Policy == "" && s.options.Profiles == "" && s.options.Fleet == "" && s.options.Drop == "" {
		return
	}
	var events <-chan fsnotify.Event
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		s.logger.Warn("changes of policy and machine profiles are noticed late", "error", err)
	} else {
		defer watcher.Close()
		events = watcher.Events
	}
	recheck := time.NewTicker(recheckTime)
	defer recheck.Stop()
	var settled <-chan time.Time
	for {
		if watcher != nil && s.watchFolders(watcher) && settled == nil {
			settled = time.After(settleTime) // what came into a folder before it was watched was told by nobody
		}
		select {
		case <-ctx.Done():
			return
		case <-events:
			settled = time.After(settleTime)
		case <-settled:
			settled = nil
			s.Reload()
			s.nudgeFleet()
		case <-recheck.C:
			s.Reload()
		}
	}
}

// watchFolders adds what is not watched yet, and reports whether there was any. A folder that does not exist is waited for in the one above it.
func (s *Service) watchFolders(watcher *fsnotify.Watcher) (added bool) {
	watched := map[string]bool{}
	for _, path := range watcher.WatchList() {
		watched[path] = true
	}
	var wanted []string
	if s.options.Policy != "" {
		wanted = append(wanted, filepath.Dir(s.options.Policy))
	}
	if s.options.Profiles != "" {
		wanted = append(wanted, s.options.Profiles)
	}
	if s.options.Drop != "" {
		wanted = append(wanted, s.options.Drop)
	}
	if s.options.Fleet != "" {
		wanted = append(wanted, filepath.Dir(s.options.Fleet))
	}
	for _, path := range wanted {
		for !watched[path] && path != filepath.Dir(path) {
			if watcher.Add(path) == nil {
				added = true
				break
			}
			path = filepath.Dir(path)
		}
	}
	return added
}
