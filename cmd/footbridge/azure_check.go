package main

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/azure"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/client/shell"
	"github.com/footbridge-vpn/footbridge/profiles/store"
)

type azureCheckFlags struct {
	gateway string
	update  bool
	machine bool
}

func (a *app) azureCheckCommand(shared *azureFlags) *cobra.Command {
	var flags azureCheckFlags
	command := &cobra.Command{
		Use: "check PROFILE [flags]",
		Example: `  footbridge azure check contoso
  footbridge azure check contoso --update
  footbridge azure check contoso --gateway contoso-gateway --json`,
		Args:              exactly(1),
		ValidArgsFunction: a.completeProfiles(1),
		RunE: func(command *cobra.Command, args []string) error {
			return a.azureCheck(command.Context(), args[0], *shared, flags)
		},
	}
	f := command.Flags()
	f.StringVar(&flags.gateway, "gateway", "", "")
	f.BoolVar(&flags.update, "update", false, "")
	f.BoolVar(&flags.machine, "machine", false, "")
	return command
}

type azureCheckResult struct {
	document
	Profile     string             `json:"profile"`
	Gateway     string             `json:"gateway"` // its resource id
	Current     bool               `json:"current"` // Azure would generate the same
	Differences []azure.Difference `json:"differences"`
	ByHand      []azure.Difference `json:"by_hand"` // only in the profile: nothing that Azure generates
	Notices     []azure.Notice     `json:"notices"`
	Updated     bool               `json:"updated"`
}

// azureCheck finds out whether a profile is still what its gateway would give, and takes the new one over on request.
func (a *app) azureCheck(ctx context.Context, wanted string, shared azureFlags, flags azureCheckFlags) error {
	target, entry, err := a.changeable(ctx, wanted, flags.machine, []string{"azure", "check", "--machine", wanted})
	if err != nil {
		return err
	}
	name := flags.gateway
	if name == "" {
		name = entry.Settings.AzureGateway
	}
	if name == "" {
		return &azure.Problem{Code: azure.Untold, Subject: entry.Name}
	}
	service, err := a.azure(ctx, shared)
	if err != nil {
		return err
	}
	defer service.end()
	g, err := service.Gateway(ctx, name)
	if err != nil {
		return err
	}
	check, err := service.Check(ctx, entry.Profile, g, time.Now())
	if err != nil {
		return err
	}
	service.end()
	result := azureCheckResult{newDocument(), entry.Name, g.ID, len(check.Differences) == 0, notNil(check.Differences), notNil(check.ByHand), notNil(check.Notices), false}
	if flags.update {
		if err := takeOver(target, entry, check); err != nil {
			return err
		}
		result.Updated = !result.Current
	}
	if a.json {
		if err := a.printJSON(result); err != nil {
			return err
		}
	} else {
		a.showAzureCheck(result, check)
	}
	if result.Current || result.Updated {
		return nil
	}
	return toldError{&commandError{code: "azure-profile-differs", exit: exitFailed, values: language.Values{"Name": entry.Name}}}
}

// takeOver replaces a profile with the one that Azure gives now. What was added to it by hand goes into its settings.
func takeOver(target *store.Store, entry store.Entry, check azure.Check) error {
	kept := azure.KeepByHand(entry.Profile, check.Fresh, entry.Settings)
	kept.AzureGateway = check.Gateway.ID
	if len(check.Differences) == 0 {
		kept = entry.Settings
		kept.AzureGateway = check.Gateway.ID
		_, err := target.Change(entry.ID, func(e *store.Entry) error { e.Settings = kept; return nil })
		return err
	}
	_, _, err := target.Add(check.Fresh, store.AddOptions{Name: entry.Name, Replace: true, Settings: &kept})
	return err
}

func (a *app) showAzureCheck(result azureCheckResult, check azure.Check) {
	switch {
	case result.Current:
		a.say("azure.check.current", language.Values{"Name": result.Profile, "Gateway": check.Gateway.Name})
	case result.Updated:
		a.say("azure.check.updated", language.Values{"Name": result.Profile, "Gateway": check.Gateway.Name})
	default:
		a.say("azure.check.differs", language.Values{"Name": result.Profile, "Gateway": check.Gateway.Name})
	}
	a.showDifferences(result.Differences)
	if len(result.ByHand) > 0 {
		a.say("azure.check.by-hand", nil)
		a.showDifferences(result.ByHand)
	}
	a.azureNotices(result.Profile, result.Notices)
	if !result.Current && !result.Updated {
		a.say("azure.check.update", language.Values{"Command": shell.Command("footbridge", "azure", "check", result.Profile, "--update")})
	}
}

// showDifferences shows what goes and what comes, a line each.
func (a *app) showDifferences(all []azure.Difference) {
	for _, d := range all {
		name := a.text("azure.field."+string(d.Field), nil)
		if d.Field == azure.FieldSecret {
			a.out.line("  " + name + ": " + a.text("azure.check.other-secret", nil))
			continue
		}
		a.out.line("  " + name + ":")
		for _, before := range d.Before {
			if !slices.Contains(d.After, before) {
				a.out.styledLine(red, "    - "+before)
			}
		}
		for _, after := range d.After {
			if !slices.Contains(d.Before, after) {
				a.out.styledLine(green, "    + "+after)
			}
		}
	}
}
