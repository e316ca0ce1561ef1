package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/profiles/store"
)

func (a *app) renameCommand() *cobra.Command {
	var machine bool
	command := &cobra.Command{
		Use:               "rename PROFILE NAME [flags]",
		Example:           `  footbridge rename contoso "Contoso Amsterdam"`,
		Args:              exactly(2),
		ValidArgsFunction: a.completeProfiles(1),
		RunE: func(command *cobra.Command, args []string) error {
			return a.rename(command.Context(), args[0], args[1], machine)
		},
	}
	command.Flags().BoolVar(&machine, "machine", false, "")
	return command
}

type renameResult struct {
	document
	ID   string `json:"id"`
	Name string `json:"name"`
	Was  string `json:"was"`
}

func (a *app) rename(ctx context.Context, wanted, name string, machine bool) error {
	target, entry, err := a.changeable(ctx, wanted, machine, []string{"rename", "--machine", wanted, name})
	if err != nil {
		return err
	}
	renamed, err := target.Rename(entry.ID, name)
	var exists *store.ExistsError
	if errors.As(err, &exists) {
		return &commandError{code: "name-taken", exit: exitFailed, values: language.Values{"Name": exists.Entry.Name}, err: err}
	}
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(renameResult{newDocument(), renamed.ID, renamed.Name, entry.Name})
	}
	a.say("rename.done", language.Values{"Was": entry.Name, "Name": renamed.Name})
	return nil
}
