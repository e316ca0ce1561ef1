package main

import (
	"context"
	"errors"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/tunnel/host"
)

func (a *app) repairCommand() *cobra.Command {
	var stateDir string
	command := &cobra.Command{
		Use:     "repair [flags]",
		Example: "  footbridge repair\n  sudo footbridge repair",
		Args:    exactly(0),
		RunE:    func(command *cobra.Command, _ []string) error { return a.repair(command.Context(), stateDir) },
	}
	command.Flags().StringVar(&stateDir, "state-dir", host.DefaultStateDir, "")
	return command
}

type repairResult struct {
	document
	By       string   `json:"by"`     // "service", or "program": this one, since the service is not running
	Undone   []string `json:"undone"` // one sentence each; the program does not know them
	Remained []string `json:"remained"`
}

// repair has the service undo what killed tunnels left; without it, root does so itself.
func (a *app) repair(ctx context.Context, stateDir string) error {
	service := a.service()
	defer service.Close()
	done, err := service.Repair(ctx)
	var refusal *api.Error
	switch {
	case err == nil:
		return a.showRepair(repairResult{newDocument(), "service", notNil(done.Undone), notNil(done.Remained)})
	case errors.As(err, &refusal) && refusal.Code == api.NotRunning:
		return a.repairAlone(ctx, stateDir)
	default:
		return err
	}
}

func (a *app) repairAlone(ctx context.Context, stateDir string) error {
	if err := needRoot("repair-needs-root", "repair"); err != nil {
		return err
	}
	level := slog.LevelWarn
	if a.verbose {
		level = slog.LevelDebug
	}
	logger := slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: level}))
	if err := host.Cleanup(ctx, stateDir, logger); err != nil {
		if os.Geteuid() != 0 {
			return err
		}
		return &commandError{code: "repair-incomplete", exit: exitFailed, err: err}
	}
	return a.showRepair(repairResult{newDocument(), "program", []string{}, []string{}})
}

func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func (a *app) showRepair(result repairResult) error {
	if !a.json {
		for _, sentence := range result.Undone {
			a.out.line(a.translate(sentence))
		}
		for _, sentence := range result.Remained {
			a.err.marked(yellow, a.text("finding.warning", nil), a.translate(sentence))
		}
		if len(result.Remained) == 0 {
			a.say("repair.done", nil)
		}
	} else if err := a.printJSON(result); err != nil {
		return err
	}
	if len(result.Remained) > 0 {
		return &commandError{code: "repair-incomplete", exit: exitFailed, values: language.Values{}}
	}
	return nil
}
