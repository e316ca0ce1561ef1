package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/language"
)

func (a *app) statusCommand() *cobra.Command {
	var watch bool
	command := &cobra.Command{
		Use:               "status [PROFILE] [flags]",
		Example:           "  footbridge status\n  footbridge status contoso --watch\n  footbridge status --json | jq '.sessions[] | {profile, state}'",
		Args:              between(0, 1),
		ValidArgsFunction: a.completeProfiles(1),
		RunE: func(command *cobra.Command, args []string) error {
			wanted := ""
			if len(args) > 0 {
				wanted = args[0]
			}
			if watch {
				return a.watchStatus(command.Context(), wanted)
			}
			return a.status(command.Context(), wanted)
		},
	}
	command.Flags().BoolVarP(&watch, "watch", "w", false, "")
	return command
}

type statusResult struct {
	document
	Service  string        `json:"service"` // its version
	Role     api.Role      `json:"role"`
	Sessions []api.Session `json:"sessions"`
	Others   int           `json:"others"`                   // sessions of others, which the user may not see
	Problem  string        `json:"policy_problem,omitempty"` // why nobody may connect
}

// statusLine is a result among others: of status --watch.
type statusLine struct {
	line
	statusResult
}

func (a *app) status(ctx context.Context, wanted string) error {
	service := a.service()
	defer service.Close()
	snapshot, err := service.Status(ctx)
	if err != nil {
		return err
	}
	result, err := a.statusOf(ctx, snapshot, wanted)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(result)
	}
	a.showStatus(result, wanted, nil)
	return nil
}

// statusOf is the part of a snapshot that was asked for.
func (a *app) statusOf(ctx context.Context, snapshot *api.Snapshot, wanted string) (statusResult, error) {
	result := statusResult{newDocument(), snapshot.Service, snapshot.Role, snapshot.Sessions, snapshot.Others, policyProblem(snapshot)}
	if wanted != "" {
		all, err := a.look(ctx)
		if err != nil {
			return result, err
		}
		session, err := all.session(wanted)
		if err != nil {
			return result, err
		}
		result.Others, result.Sessions = 0, nil
		if session != nil {
			result.Sessions = []api.Session{*session}
		}
	}
	if result.Sessions == nil {
		result.Sessions = []api.Session{}
	}
	return result, nil
}

// policyProblem is why the administrator's policy cannot be followed; empty: it can.
func policyProblem(snapshot *api.Snapshot) string {
	if snapshot.Policy == nil {
		return ""
	}
	return snapshot.Policy.Problem
}

// showPolicyProblem tells of a policy because of which nobody may connect.
func (a *app) showPolicyProblem(problem string) {
	if problem != "" {
		a.out.styledLine(red, a.text("status.policy-problem", language.Values{"Problem": problem}))
	}
}

// refreshInterval is how often status --watch asks again while nothing happens: traffic grows without events.
const refreshInterval = time.Second

// watchStatus shows the status anew whenever it changes, until Ctrl-C, which is how it is ended.
func (a *app) watchStatus(ctx context.Context, wanted string) error {
	service := a.service()
	defer service.Close()
	ticker := time.NewTicker(refreshInterval)
	defer ticker.Stop()
	screen := a.newScreen()
	defer screen.close()
	var before *measured
	for {
		snapshot, err := service.Status(ctx)
		if err == nil {
			var result statusResult
			if result, err = a.statusOf(ctx, snapshot, wanted); err == nil {
				err = a.showWatched(screen, result, wanted, before)
				before = measure(result)
			}
		}
		if errors.Is(context.Cause(ctx), errInterrupted) {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}

func (a *app) showWatched(screen *screen, result statusResult, wanted string, before *measured) error {
	if a.json {
		return a.printLine(statusLine{line{"status"}, result})
	}
	return screen.draw(func() { a.showStatus(result, wanted, before) })
}

// measured is traffic at a moment, by session.
type measured struct {
	when    time.Time
	in, out map[string]uint64
}

func measure(result statusResult) *measured {
	m := &measured{time.Now(), map[string]uint64{}, map[string]uint64{}}
	for _, session := range result.Sessions {
		m.in[session.ID], m.out[session.ID] = session.Traffic.BytesIn, session.Traffic.BytesOut
	}
	return m
}

// rate is how much goes through a session a second; false where that is not known.
func (m *measured) rate(session api.Session) (in, out float64, known bool) {
	if m == nil {
		return 0, 0, false
	}
	seconds := time.Since(m.when).Seconds()
	before, known := m.in[session.ID]
	if !known || seconds <= 0 || session.Traffic.BytesIn < before {
		return 0, 0, false
	}
	return float64(session.Traffic.BytesIn-before) / seconds, float64(session.Traffic.BytesOut-m.out[session.ID]) / seconds, true
}

func (a *app) showStatus(result statusResult, wanted string, before *measured) {
	if len(result.Sessions) == 0 {
		if wanted != "" {
			a.say("status.not-connected", language.Values{"Name": wanted})
		} else {
			a.say("status.none", nil)
		}
	}
	for i, session := range result.Sessions {
		if i > 0 {
			fmt.Fprintln(a.out)
		}
		a.showSessionStatus(session, before)
	}
	a.showPolicyProblem(result.Problem)
	if result.Others > 0 {
		a.out.line(a.texts().Count("status.others", result.Others, nil))
	}
}
