package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/client/shell"
)

func (a *app) removeCommand() *cobra.Command {
	var machine bool
	command := &cobra.Command{
		Use:               "remove PROFILE… [flags]",
		Aliases:           []string{"rm"},
		Example:           "  footbridge remove contoso\n  sudo footbridge remove --machine contoso",
		Args:              atLeast(1),
		ValidArgsFunction: a.completeProfiles(1 << 10),
		RunE:              func(command *cobra.Command, args []string) error { return a.remove(command.Context(), args, machine) },
	}
	command.Flags().BoolVar(&machine, "machine", false, "")
	return command
}

type removeResult struct {
	document
	Removed []removedProfile `json:"removed"`
}

type removedProfile struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// remove deletes profiles, all of them or, where one of the names is wrong, none.
func (a *app) remove(ctx context.Context, wanted []string, machine bool) error {
	result := removeResult{document: newDocument(), Removed: []removedProfile{}}
	for _, name := range wanted {
		_, entry, err := a.changeable(ctx, name, machine, append([]string{"remove", "--machine"}, wanted...))
		if err != nil {
			return err
		}
		if err := a.refuseConnected(ctx, entry.Name, machine); err != nil {
			return err
		}
		result.Removed = append(result.Removed, removedProfile{entry.ID, entry.Name})
	}
	for _, removed := range result.Removed {
		target, _, err := a.changeable(ctx, removed.ID, machine, nil)
		if err != nil {
			return err
		}
		if err := target.Remove(removed.ID); err != nil {
			return err
		}
		if !a.json {
			a.say("remove.done", language.Values{"Name": removed.Name})
		}
	}
	if a.json {
		return a.printJSON(result)
	}
	return nil
}

// refuseConnected keeps a profile that is in use.
func (a *app) refuseConnected(ctx context.Context, name string, machine bool) error {
	if machine {
		return nil // the service has what it needs, and tells its users
	}
	all, err := a.look(ctx)
	if err != nil {
		return err
	}
	found, err := all.find(name)
	if err != nil || found.Session == nil {
		return err
	}
	return &commandError{code: "profile-connected", exit: exitFailed, values: language.Values{"Name": name},
		command: shell.Command("footbridge", "disconnect", name)}
}
