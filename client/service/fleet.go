package service

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/fleet"
	"github.com/footbridge-vpn/footbridge/profiles/store"
)

// managed is what comes to this computer from elsewhere, in the service's own folder. The service's mutex guards source, problem, unused
// and policy.
type managed struct {
	follower *fleet.Follower   // nil: no manifest is followed
	dropping sync.Mutex        // of drop, which several goroutines may be about to follow
	drop     *fleet.DropFolder // nil: there is none
	asked    chan chan struct{}

	source  *fleet.Source       // as it was read last; nil: there is none
	problem error               // why it cannot be read
	unused  []fleet.FileProblem // of the drop folder
	policy  string              // path of the policy that holds
}

// openFleet takes up what was followed before the service was started.
func (s *Service) openFleet() {
	s.fleet.asked = make(chan chan struct{}, 1)
	var err error
	if s.options.Fleet != "" {
		s.fleet.follower, err = fleet.Open(fleet.Options{Dir: filepath.Join(s.options.StateDir, "fleet"), Transport: s.options.FleetTransport,
			Proxy: s.policyProxy, UserAgent: "footbridged/" + s.options.Version, Logger: s.logger})
		if err != nil {
			s.logger.Error("manifest not followed", "error", err)
			s.fleet.follower = nil
		}
	}
	if s.options.Drop != "" {
		s.fleet.drop, err = fleet.OpenDropFolder(s.options.Drop, filepath.Join(s.options.StateDir, "drop-folder"), trustPolicy, s.logger)
		if err != nil {
			s.logger.Error("drop folder not followed", "error", err)
			s.fleet.drop = nil
		}
	}
}

// policyProxy is the proxy that the policy forces on connections; empty: none.
func (s *Service) policyProxy() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.policy.Settings["proxy"]
}

// policyPath is the policy that holds: an administrator's on this computer goes before the manifest's.
func (s *Service) policyPath() string {
	if s.fleet.follower == nil {
		return s.options.Policy
	}
	if _, err := os.Lstat(s.options.Policy); os.IsNotExist(err) {
		if path := s.fleet.follower.PolicyPath(); path != "" {
			return path
		}
	}
	return s.options.Policy
}

// withManaged adds to what an administrator installed what came from elsewhere. Where two have one name, the administrator's is used, then
// the manifest's.
func (s *Service) withManaged(entries []store.Entry) ([]store.Entry, map[string]api.Origin, error) {
	origins := map[string]api.Origin{}
	add := func(more []store.Entry, origin api.Origin) {
		for _, entry := range more {
			if slices.ContainsFunc(entries, func(e store.Entry) bool { return e.ID == entry.ID || strings.EqualFold(e.Name, entry.Name) }) {
				s.logger.Debug("machine profile hidden by another one of its name", "profile", entry.Name, "origin", string(origin))
				continue
			}
			entries = append(entries, entry)
			origins[entry.ID] = origin
		}
	}
	if s.fleet.follower != nil {
		more, _, err := s.fleet.follower.Profiles()
		if err != nil {
			return nil, nil, err
		}
		add(more, api.FromFleet)
	}
	if s.fleet.drop != nil {
		more, _, err := s.fleet.drop.Profiles()
		if err != nil {
			return nil, nil, err
		}
		add(more, api.FromDropFolder)
	}
	return entries, origins, nil
}

// followDropFolder brings what is in the drop folder now.
func (s *Service) followDropFolder() {
	if s.fleet.drop == nil {
		return
	}
	s.fleet.dropping.Lock()
	_, unused, err := s.fleet.drop.Follow()
	s.fleet.dropping.Unlock()
	if err != nil {
		s.logger.Error("drop folder not followed", "error", err)
		return
	}
	s.mu.Lock()
	s.fleet.unused = unused
	s.mu.Unlock()
}

// fleetRecheck bounds how long a computer that slept goes on waiting: timers stand still meanwhile.
const fleetRecheck = time.Minute

// followFleet looks at the manifest again and again until ctx ends.
func (s *Service) followFleet(ctx context.Context) {
	if s.fleet.follower == nil {
		return
	}
	var done chan struct{} // closed when a check that was asked for is over
	for {
		source := s.readSource()
		due := time.Now().Add(fleetRecheck)
		if source != nil {
			due = s.fleet.follower.Due(source)
		}
		if source != nil && (done != nil || !due.After(time.Now())) {
			s.checkFleet(ctx, source)
			due = s.fleet.follower.Due(source)
		}
		if done != nil {
			close(done)
			done = nil
		}
		timer := time.NewTimer(max(time.Second, min(time.Until(due), fleetRecheck)))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case done = <-s.fleet.asked:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// readSource reads which manifest to follow; nil: none, or not known.
func (s *Service) readSource() *fleet.Source {
	trust := s.options.TrustPolicy
	if trust == nil {
		trust = trustPolicy
	}
	source, err := fleet.ReadSource(s.options.Fleet, trust)
	s.mu.Lock()
	if err != nil && (s.fleet.problem == nil || s.fleet.problem.Error() != err.Error()) {
		s.logger.Error("manifest not followed", "error", err)
	}
	s.fleet.source, s.fleet.problem = source, err
	s.mu.Unlock()
	if err != nil || source != nil {
		return source
	}
	if status := s.fleet.follower.Status(); !status.Checked.IsZero() { // an administrator took the file away
		changed, err := s.fleet.follower.Leave()
		if err != nil {
			s.logger.Error("manifest not left", "error", err)
		}
		s.logger.Info("manifest is not followed any more")
		if changed {
			s.Reload()
		}
	}
	return nil
}

func (s *Service) checkFleet(ctx context.Context, source *fleet.Source) {
	changed, err := s.fleet.follower.Check(ctx, source)
	if changed {
		s.logger.Info("manifest brought changes", "serial", s.fleet.follower.Status().Serial, "complete", err == nil)
		s.Reload()
	}
}

// nudgeFleet lets followFleet look at the administrator's file now.
func (s *Service) nudgeFleet() {
	select {
	case s.fleet.asked <- nil:
	default: // it is about to
	}
}

func (s *Service) getFleet(w http.ResponseWriter, _ *http.Request, _ uint32, role api.Role) {
	write(w, http.StatusOK, s.fleetView(role))
}

// checkLimit is how long a caller waits for a check; it goes on afterwards.
const checkLimit = requestTimeout - 3*time.Second

// postFleet looks at the manifest now, for an administrator who has just published one.
func (s *Service) postFleet(w http.ResponseWriter, r *http.Request, uid uint32, role api.Role) {
	if role != api.Manage {
		s.logger.Warn("request refused", "uid", uid, "method", r.Method, "path", r.URL.Path)
		writeError(w, refuse("Only an administrator may have the manifest looked at.", "Run it with sudo."))
		return
	}
	if s.fleet.follower != nil {
		s.checkNow(r.Context())
	}
	write(w, http.StatusOK, s.fleetView(role))
}

// checkNow has the manifest looked at, and waits for the end of that, but not for long.
func (s *Service) checkNow(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	done := make(chan struct{})
	select {
	case s.fleet.asked <- done:
	case <-ctx.Done():
		return
	}
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// fleetView is what the computer follows, as a caller may see it.
func (s *Service) fleetView(role api.Role) api.Fleet {
	s.mu.Lock()
	defer s.mu.Unlock()
	view := api.Fleet{DropFolder: s.options.Drop}
	for _, entry := range s.machines {
		if s.origins[entry.ID] == api.FromDropFolder {
			view.Dropped = append(view.Dropped, entry.Name)
		}
	}
	if role == api.Manage {
		for _, file := range s.fleet.unused {
			view.Unused = append(view.Unused, api.DamagedProfile{Path: file.Path, Sentence: file.Err.Error()})
		}
	}
	if s.fleet.problem != nil {
		view.Problem = &api.FleetProblem{Code: string(fleet.BadSource), Detail: s.fleet.problem.Error()}
	}
	source := s.fleet.source
	if source == nil || s.fleet.follower == nil {
		return view
	}
	status := s.fleet.follower.Status()
	view.Address, view.Signed, view.Interval, view.Serial = source.Address(), source.PublicKey != "", source.Every().String(), status.Serial
	view.Checked, view.Succeeded, view.Next = moment(status.Checked), moment(status.Succeeded), moment(status.Next)
	view.Profiles, view.Policy = status.Profiles, status.Policy
	if p := status.Problem; p != nil {
		view.Problem = &api.FleetProblem{Code: string(p.Code), File: p.File}
		if p.Err != nil {
			view.Problem.Detail = p.Err.Error()
		}
	}
	return view
}

// moment is a time that may not have been yet.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
