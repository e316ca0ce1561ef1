package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/language"
)

func (a *app) fleetCommand() *cobra.Command {
	command := &cobra.Command{
		Use:     "fleet",
		Example: "  footbridge fleet status\n  footbridge fleet publish --out site --key fleet.key contoso.xml",
		Args:    unknownCommand,
		RunE:    func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	command.AddCommand(
		&cobra.Command{
			Use:     "status",
			Example: "  footbridge fleet status\n  footbridge fleet status --json | jq .problem",
			Args:    exactly(0),
			RunE:    func(command *cobra.Command, _ []string) error { return a.fleetStatus(command.Context()) },
		},
		&cobra.Command{
			Use:     "check",
			Example: "  sudo footbridge fleet check",
			Args:    exactly(0),
			RunE:    func(command *cobra.Command, _ []string) error { return a.fleetCheck(command.Context()) },
		},
		&cobra.Command{
			Use:     "leave",
			Example: "  sudo footbridge fleet leave",
			Args:    exactly(0),
			RunE:    func(*cobra.Command, []string) error { return a.fleetLeave() },
		},
		a.fleetPublishCommand(),
	)
	return command
}

type fleetResult struct {
	document
	api.Fleet
}

func (a *app) fleetStatus(ctx context.Context) error {
	service := a.service()
	defer service.Close()
	view, err := service.Fleet(ctx)
	if err != nil {
		return err
	}
	return a.showFleet(*view)
}

// fleetCheck has the service look at the manifest. That it was not followed is the exit code too.
func (a *app) fleetCheck(ctx context.Context) error {
	service := a.service()
	defer service.Close()
	view, err := service.CheckFleet(ctx)
	var refusal *api.Error
	if errors.As(err, &refusal) && refusal.Code == api.NotPermitted {
		if err := needRoot("fleet-needs-root", "fleet", "check"); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	if view.Address == "" && view.Problem == nil {
		return &commandError{code: "no-fleet", exit: exitNotFound}
	}
	if err := a.showFleet(*view); err != nil || view.Problem == nil {
		return err
	}
	return toldError{&commandError{code: "fleet-not-followed", exit: exitFailed}}
}

func (a *app) showFleet(view api.Fleet) error {
	if a.json {
		return a.printJSON(fleetResult{newDocument(), view})
	}
	if view.Address == "" {
		a.say("fleet.none", nil)
	} else {
		trust := "fleet.pinned"
		if view.Signed {
			trust = "fleet.signed"
		}
		a.out.facts([]fact{
			{a.text("fleet.address", nil), cell{text: view.Address + " (" + a.text(trust, nil) + ")"}},
			{a.text("fleet.serial", nil), cell{text: strconv.FormatUint(view.Serial, 10)}},
			{a.text("fleet.checked", nil), cell{text: a.moment(view.Checked)}},
			{a.text("fleet.succeeded", nil), cell{text: a.moment(view.Succeeded)}},
			{a.text("fleet.next", nil), cell{text: a.moment(view.Next)}},
			{a.text("fleet.profiles", nil), cell{text: strings.Join(view.Profiles, ", ")}},
		})
	}
	if view.DropFolder != "" && len(view.Dropped) > 0 {
		a.say("fleet.dropped", language.Values{"Folder": view.DropFolder, "Names": strings.Join(view.Dropped, ", ")})
	}
	if view.Problem != nil {
		a.err.marked(red, a.text("finding.error", nil), a.fleetProblem(*view.Problem))
	}
	for _, file := range view.Unused {
		a.err.marked(yellow, a.text("finding.warning", nil), file.Path+": "+a.translate(file.Sentence))
	}
	return nil
}

// fleetProblem is why a manifest was not followed, in the user's language.
func (a *app) fleetProblem(p api.FleetProblem) string {
	return a.text("fleet.problem."+p.Code, language.Values{"File": p.File, "Detail": p.Detail})
}

// moment is a time that may not have been yet.
func (a *app) moment(t *time.Time) string {
	if t == nil {
		return a.text("fleet.never", nil)
	}
	return a.texts().Moment(*t)
}

// settingsPath is where a file of the administrator's lies: beside the folder of machine profiles.
func (a *app) settingsPath(name string) string {
	return filepath.Join(filepath.Dir(a.machineDir), name)
}

type fleetLeaveResult struct {
	document
	Left bool `json:"left"` // a manifest was followed
}

// fleetLeave takes the choice of a manifest away. The service withdraws what came from there.
func (a *app) fleetLeave() error {
	if err := needRoot("fleet-needs-root", "fleet", "leave"); err != nil {
		return err
	}
	err := os.Remove(a.settingsPath("fleet.toml"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if a.json {
		return a.printJSON(fleetLeaveResult{newDocument(), err == nil})
	}
	if err != nil {
		a.say("fleet.none", nil)
		return nil
	}
	a.say("fleet.left", nil)
	return nil
}
