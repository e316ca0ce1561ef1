package diagnosis

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles"
)

// step looks at one stage.
type step struct {
	stage Stage
	limit time.Duration
	after []Stage // what they found out is wanted, whatever it is
	needs []Stage // where one of them failed, this one cannot matter
	look  func(ctx context.Context, x *examination, f facts) ([]Check, learned)
}

// learned adds what a step found out to what is known; nil: nothing.
type learned func(*facts)

// overtime is how long a step may take beyond its limit to end by itself.
const overtime = 500 * time.Millisecond

// examination is one run.
type examination struct {
	Options
	profile *profiles.Profile // with its settings; nil: none

	mu    sync.Mutex
	facts facts
}

func newExamination(options Options) *examination {
	x := &examination{Options: options, profile: options.Profile}
	if x.Dial == nil {
		x.Dial = new(net.Dialer).DialContext
	}
	if x.Resolver == nil {
		x.Resolver = &net.Resolver{PreferGo: true} // the C library's cannot be ended
	}
	if x.Computer == nil {
		x.Computer = ThisComputer
	}
	if x.Environment == nil {
		x.Environment = os.Getenv
	}
	if x.Logger == nil {
		x.Logger = slog.New(slog.DiscardHandler)
	}
	if x.Probes.InternetURL == "" {
		x.Probes.InternetURL, x.Probes.Expected = defaultInternetURL, defaultExpected
	}
	x.Probes.ClockURL = cmp.Or(x.Probes.ClockURL, defaultClockURL)
	if x.profile != nil && x.Settings != nil {
		x.profile, x.facts.settingsErr = x.Settings.Apply(x.profile)
		if x.facts.settingsErr != nil {
			x.profile = options.Profile
		}
	}
	return x
}

func (x *examination) now() time.Time {
	if x.Now != nil {
		return x.Now()
	}
	return time.Now()
}

// known is a copy of what is known by now.
func (x *examination) known() facts {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.facts
}

// progress is how far a step is.
type progress struct {
	done   chan struct{}
	checks []Check // valid when done
}

// failed is whether the step found a fault, or could not be looked at because of another's.
func (p *progress) failed() bool {
	return slices.ContainsFunc(p.checks, func(c Check) bool { return c.Verdict == Failed || c.ID == CannotMatter })
}

// run takes all steps, each as soon as those it follows are done, and tells their checks in order.
func (x *examination) run(ctx context.Context, steps []step, observe func(Check)) []Check {
	all := make(map[Stage]*progress, len(steps))
	for _, s := range steps {
		all[s.stage] = &progress{done: make(chan struct{})}
	}
	for _, s := range steps {
		go func() {
			defer close(all[s.stage].done)
			for _, before := range slices.Concat(s.after, s.needs) {
				<-all[before].done
			}
			started := time.Now()
			checks := x.take(ctx, s, all)
			for i := range checks {
				checks[i].Stage, checks[i].Took = s.stage, time.Since(started)
			}
			all[s.stage].checks = checks
		}()
	}
	var checks []Check
	for _, s := range steps {
		<-all[s.stage].done
		for _, check := range all[s.stage].checks {
			checks = append(checks, check)
			if observe != nil {
				observe(check)
			}
		}
	}
	return checks
}

// take takes one step, or says why not. A step that does not end in time is left behind: what it finds out later is not used.
func (x *examination) take(ctx context.Context, s step, all map[Stage]*progress) []Check {
	for _, needed := range s.needs {
		if all[needed].failed() {
			return []Check{say(CannotMatter, "because of: "+cause(all, s.needs))}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, s.limit)
	defer cancel()
	type outcome struct {
		checks []Check
		learn  learned
	}
	ended := make(chan outcome, 1)
	go func() {
		checks, learn := s.look(ctx, x, x.known())
		ended <- outcome{checks, learn}
	}()
	select {
	case o := <-ended:
		x.mu.Lock()
		defer x.mu.Unlock()
		if o.learn != nil {
			o.learn(&x.facts)
		}
		return o.checks
	case <-patience(ctx):
		return []Check{say(NotFinished, fmt.Sprintf("not within %v", s.limit))}
	}
}

// patience fires a little after ctx has ended, so that a step can still tell what it found by then.
func patience(ctx context.Context) <-chan struct{} {
	fires := make(chan struct{})
	context.AfterFunc(ctx, func() { time.AfterFunc(overtime, func() { close(fires) }) })
	return fires
}

// cause names the finding that a skipped step was skipped for, through other skipped ones.
func cause(all map[Stage]*progress, needs []Stage) string {
	for _, needed := range needs {
		for _, check := range all[needed].checks {
			if check.Verdict == Failed {
				return string(check.ID)
			}
			if check.ID == CannotMatter {
				return check.Detail[len("because of: "):]
			}
		}
	}
	return ""
}
