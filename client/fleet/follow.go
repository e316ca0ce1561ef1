package fleet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/footbridge-vpn/footbridge/client/service/policy"
	"github.com/footbridge-vpn/footbridge/profiles/bundle"
	"github.com/footbridge-vpn/footbridge/profiles/store"
)

// Options says how a manifest is followed.
type Options struct {
	Dir       string            // where what came is kept, nobody else's; made where it is not there
	Transport http.RoundTripper // nil: one that goes through the proxy
	Proxy     func() string     // the policy's proxy, as a setting; nil or "": none is said there
	UserAgent string
	Now       func() time.Time // nil: time.Now
	Logger    *slog.Logger     // nil: nothing is logged
}

// Follower keeps profiles and a policy as a manifest says. Check, Leave and Reset are called one after the other; Status by anybody.
type Follower struct {
	options  Options
	logger   *slog.Logger
	profiles collection

	mu    sync.Mutex
	state state
}

// Open takes up what was followed before.
func Open(options Options) (*Follower, error) {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Proxy == nil {
		options.Proxy = func() string { return "" }
	}
	profiles, err := openCollection(filepath.Join(options.Dir, "profiles"), store.Options{Logger: options.Logger})
	if err != nil {
		return nil, fmt.Errorf("open fleet: %w", err)
	}
	f := &Follower{options: options, logger: options.Logger, profiles: profiles}
	if err := loadJSON(f.path(stateFile), &f.state); err != nil {
		f.logger.Warn("what was followed is not known any more", "error", err)
		f.state = state{} // the profiles stay until a manifest was read
	}
	return f, nil
}

func (f *Follower) path(name string) string { return filepath.Join(f.options.Dir, name) }

// Profiles are what the manifest brought.
func (f *Follower) Profiles() ([]store.Entry, []store.Damaged, error) { return f.profiles.store.List() }

// PolicyPath is where the manifest's policy is; empty: there is none.
func (f *Follower) PolicyPath() string {
	if _, err := os.Lstat(f.path(policyFile)); err != nil {
		return ""
	}
	return f.path(policyFile)
}

const policyFile = "policy.toml"

// Check looks at the manifest and does what it says: everything or, where one thing is wrong, nothing. changed reports whether profiles or
// policy differ now; also beside an error, which is a *Problem.
func (f *Follower) Check(ctx context.Context, source *Source) (changed bool, err error) {
	before := f.current(source)
	after, changed, err := f.follow(ctx, source, before)
	var problem *Problem
	if err != nil {
		problem = AsProblem(err)
		after = before
		after.Failures++
	} else {
		after.Failures, after.Succeeded = 0, f.options.Now()
		if !after.Expires.IsZero() && f.options.Now().After(after.Expires) {
			problem = &Problem{Code: Expired}
		}
	}
	if ctx.Err() != nil { // the service ends: this says nothing about the manifest
		return changed, err
	}
	after.Checked, after.Problem = f.options.Now(), note(problem)
	after.Next = after.Checked.Add(source.wait(after.Failures, problem))
	if problem != nil {
		f.logger.Error("manifest not followed", "address", source.Address(), "error", problem)
	}
	f.set(after)
	if saveErr := saveJSON(f.path(stateFile), after); saveErr != nil {
		problem = &Problem{Code: NotKept, Err: errors.Join(saveErr, err)}
	}
	if problem != nil {
		return changed, problem
	}
	return changed, nil
}

// current is what is known of a source. Of one that was not followed before only the profiles are taken over.
func (f *Follower) current(source *Source) state {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.state.Source == source.identity() {
		return f.state
	}
	return state{Source: source.identity(), Files: f.state.Files, Policy: f.state.Policy}
}

func (f *Follower) set(s state) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.state = s
}

// follow downloads everything before it changes anything.
func (f *Follower) follow(ctx context.Context, source *Source, before state) (after state, changed bool, err error) {
	fetcher, err := newFetcher(source, f.options.Transport, f.options.Proxy(), f.options.UserAgent)
	if err != nil {
		return before, false, err
	}
	etag := before.ETag
	if !f.isIntact(before) {
		etag = "" // what was lost is fetched again
	}
	manifest, got, err := fetcher.manifest(ctx, etag)
	if err != nil || got.unchanged {
		return before, false, err
	}
	digest := sum(got.data)
	switch {
	case before.Manifest == "" || before.Manifest == digest:
	case manifest.Serial < before.Serial:
		return before, false, &Problem{Code: OldManifest, Err: errors.New("its serial is " + strconv.FormatUint(manifest.Serial, 10))}
	case manifest.Serial == before.Serial:
		return before, false, &Problem{Code: SameSerial}
	}
	plan, err := f.plan(ctx, fetcher, manifest, before)
	if err != nil {
		return before, false, err
	}
	after = before
	after.Serial, after.Manifest, after.ETag, after.Expires = manifest.Serial, digest, got.etag, manifest.Expires
	changed, err = f.carryOut(plan, &after)
	return after, changed, err
}

// isIntact reports whether everything that came is still there.
func (f *Follower) isIntact(s state) bool {
	for _, file := range s.Files {
		if !f.profiles.intact(file.Profiles) {
			return false
		}
	}
	return f.policySum() == s.Policy
}

// policySum is the SHA-256 of the policy that is there; empty: there is none.
func (f *Follower) policySum() string {
	if f.options.Dir == "" {
		return ""
	}
	data, err := os.ReadFile(f.path(policyFile))
	if err != nil {
		return ""
	}
	return sum(data)
}

// plan is what a manifest asks for, downloaded and tried out.
type plan struct {
	files  []planned
	policy []byte // nil: as it is
	drop   bool   // there is no policy any more
}

// planned is a file: with what it has in it, or with what came from it before and is there still.
type planned struct {
	file fetched
	new  []wanted
}

func (f *Follower) plan(ctx context.Context, fetcher *fetcher, manifest *Manifest, before state) (*plan, error) {
	p := new(plan)
	var names []string
	for _, file := range manifest.Profiles {
		next := planned{file: fetched{SHA256: file.SHA256, Name: file.Name}}
		if old, there := f.sameFile(before, file); there {
			next.file = old
		} else {
			data, err := fetcher.file(ctx, file, bundle.MaxSize)
			if err != nil {
				return nil, err
			}
			if next.new, err = wantedFrom(data, fileName(file.URL), file.Name); err != nil {
				return nil, &Problem{Code: BadProfile, File: fileName(file.URL), Err: err}
			}
		}
		for _, name := range next.names() {
			for _, other := range names {
				if sameName(name, other) {
					return nil, &Problem{Code: BadManifest, File: fileName(file.URL), Err: fmt.Errorf("two profiles are called %q", name)}
				}
			}
			names = append(names, name)
		}
		p.files = append(p.files, next)
	}
	switch {
	case manifest.Policy == nil:
		p.drop = true
	case manifest.Policy.SHA256 != f.policySum():
		data, err := fetcher.file(ctx, *manifest.Policy, policy.MaxSize)
		if err != nil {
			return nil, err
		}
		if _, err := policy.Parse(data); err != nil {
			return nil, &Problem{Code: BadPolicy, File: fileName(manifest.Policy.URL), Err: err}
		}
		p.policy = data
	}
	return p, nil
}

func (p planned) names() []string {
	var names []string
	for _, w := range p.new {
		names = append(names, w.name)
	}
	for _, k := range p.file.Profiles {
		names = append(names, k.Name)
	}
	return names
}

// sameFile finds a file that was fetched before and whose profiles are there.
func (f *Follower) sameFile(before state, wanted File) (fetched, bool) {
	for _, file := range before.Files {
		if file.SHA256 == wanted.SHA256 && file.Name == wanted.Name && len(file.Profiles) > 0 && f.profiles.intact(file.Profiles) {
			return file, true
		}
	}
	return fetched{}, false
}

// carryOut adds before it withdraws, so that where it is interrupted there is too much and not too little. An error is a *Problem.
func (f *Follower) carryOut(p *plan, after *state) (changed bool, err error) {
	var files []fetched
	var keep []kept
	for _, next := range p.files {
		if len(next.new) > 0 {
			put, changedOne, err := f.profiles.put(next.new)
			changed = changed || changedOne
			if err != nil {
				return changed, &Problem{Code: NotKept, Err: err}
			}
			next.file.Profiles = put
		}
		files, keep = append(files, next.file), append(keep, next.file.Profiles...)
	}
	changedPolicy, err := f.putPolicy(p)
	changed = changed || changedPolicy
	if err != nil {
		return changed, &Problem{Code: NotKept, Err: err}
	}
	removed, err := f.profiles.removeOthers(keep)
	changed = changed || removed
	if err != nil {
		return changed, &Problem{Code: NotKept, Err: err}
	}
	after.Files, after.Policy = files, f.policySum()
	return changed, nil
}

func (f *Follower) putPolicy(p *plan) (changed bool, err error) {
	switch {
	case p.policy != nil:
		return true, replaceFile(f.path(policyFile), p.policy, 0o600)
	case p.drop:
		err := os.Remove(f.path(policyFile))
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		return err == nil, err
	}
	return false, nil
}

// Leave withdraws everything that came from the manifest: the computer follows none any more.
func (f *Follower) Leave() (changed bool, err error) {
	changed, err = f.profiles.removeOthers(nil)
	removed, policyErr := f.putPolicy(&plan{drop: true})
	err = errors.Join(err, policyErr)
	if err == nil {
		f.set(state{})
		if err = os.Remove(f.path(stateFile)); errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	}
	if err != nil {
		return changed || removed, fmt.Errorf("leave fleet: %w", err)
	}
	return changed || removed, nil
}

// Status is how following goes.
type Status struct {
	Serial    uint64
	Checked   time.Time // zero: not yet
	Succeeded time.Time // zero: not yet
	Next      time.Time
	Problem   *Problem // of the last check; nil: none
	Profiles  []string // names
	Policy    bool     // the manifest has one
}

// Status is how following goes, for those who ask.
func (f *Follower) Status() Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := Status{Serial: f.state.Serial, Checked: f.state.Checked, Succeeded: f.state.Succeeded, Next: f.state.Next, Policy: f.state.Policy != ""}
	if n := f.state.Problem; n != nil {
		s.Problem = &Problem{Code: n.Code, File: n.File}
		if n.Detail != "" {
			s.Problem.Err = errors.New(n.Detail)
		}
	}
	for _, file := range f.state.Files {
		for _, k := range file.Profiles {
			s.Profiles = append(s.Profiles, k.Name)
		}
	}
	return s
}

// Due is when a source is to be looked at again: at once where it was not followed before.
func (f *Follower) Due(source *Source) time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.options.Now()
	if f.state.Source != source.identity() || f.state.Checked.After(now) { // or the clock was put back
		return now
	}
	if latest := f.state.Checked.Add(source.Every() * 2); f.state.Next.After(latest) {
		return latest // the interval was shortened
	}
	return f.state.Next
}

// Try downloads and tries out what a source has now, and keeps nothing of it.
func Try(ctx context.Context, source *Source, options Options) (*Manifest, []string, error) {
	proxy := ""
	if options.Proxy != nil {
		proxy = options.Proxy()
	}
	fetcher, err := newFetcher(source, options.Transport, proxy, options.UserAgent)
	if err != nil {
		return nil, nil, err
	}
	manifest, _, err := fetcher.manifest(ctx, "")
	if err != nil {
		return nil, nil, err
	}
	p, err := new(Follower).plan(ctx, fetcher, manifest, state{})
	if err != nil {
		return nil, nil, err
	}
	var names []string
	for _, file := range p.files {
		names = append(names, file.names()...)
	}
	return manifest, names, nil
}
