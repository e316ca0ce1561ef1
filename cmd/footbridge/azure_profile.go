package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/azure"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/store"
)

type azureProfileFlags struct {
	authentication string
	global         bool
	reuse          bool
	file           string
	toImport       bool
	importing      importFlags
}

func (a *app) azureProfileCommand(shared *azureFlags) *cobra.Command {
	var flags azureProfileFlags
	command := &cobra.Command{
		Use: "profile GATEWAY [flags]",
		Example: `  footbridge azure profile contoso-gateway --import
  footbridge azure profile network/contoso-gateway --auth entra -o contoso.zip
  footbridge azure profile contoso-hub-gateway --global --import --name Contoso
  sudo footbridge azure profile contoso-gateway --sign-in device-code --import --machine`,
		Args: exactly(1),
		RunE: func(command *cobra.Command, args []string) error {
			return a.azureProfile(command.Context(), args[0], *shared, flags)
		},
	}
	f := command.Flags()
	f.StringVar(&flags.authentication, "auth", "", "")
	f.BoolVar(&flags.global, "global", false, "")
	f.BoolVar(&flags.reuse, "reuse", false, "")
	f.StringVarP(&flags.file, "output", "o", "", "")
	f.BoolVar(&flags.toImport, "import", false, "")
	f.BoolVar(&flags.importing.machine, "machine", false, "")
	f.StringVar(&flags.importing.name, "name", "", "")
	f.BoolVarP(&flags.importing.force, "force", "f", false, "")
	command.MarkFlagFilename("output", "zip")
	command.RegisterFlagCompletionFunc("auth", cobra.FixedCompletions(authenticationNames(), cobra.ShellCompDirectiveNoFileComp))
	return command
}

func authenticationNames() []string {
	return []string{string(azure.CertificateAuthentication), string(azure.EntraAuthentication), string(azure.RADIUSAuthentication)}
}

type azureProfileResult struct {
	document
	Gateway        string           `json:"gateway"` // its resource id
	Authentication string           `json:"authentication"`
	File           string           `json:"file,omitempty"`
	Imported       *importedProfile `json:"imported,omitempty"`
	Findings       []findingJSON    `json:"findings"`
}

// azureProfile has Azure generate a profile, and keeps it in a file, in the store, or both.
func (a *app) azureProfile(ctx context.Context, name string, shared azureFlags, flags azureProfileFlags) error {
	if flags.authentication != "" {
		if err := oneOf("auth", flags.authentication, authenticationNames()...); err != nil {
			return err
		}
	}
	if !flags.toImport && flags.file == "" {
		return &usageError{"azure-profile-nowhere", nil}
	}
	if !flags.toImport && (flags.importing != importFlags{force: flags.importing.force}) {
		return &usageError{"azure-profile-not-imported", nil}
	}
	var target *store.Store
	if flags.toImport {
		var err error
		if target, err = a.importStore([]string{name}, flags.importing); err != nil { // before Azure is kept busy
			return err
		}
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
	found, err := service.Profile(ctx, azure.ProfileRequest{Gateway: g, Authentication: azure.Authentication(flags.authentication), Global: flags.global, Reuse: flags.reuse})
	if err != nil {
		return err
	}
	service.end()
	return a.keepPackage(found, target, flags)
}

// keepPackage puts what Azure generated where it is wanted.
func (a *app) keepPackage(found azure.Package, target *store.Store, flags azureProfileFlags) error {
	result := azureProfileResult{document: newDocument(), Gateway: found.Gateway.ID, Authentication: string(found.Authentication), Findings: []findingJSON{}}
	for _, f := range found.Findings {
		result.Findings = append(result.Findings, toFindingJSON(f))
		if !a.json {
			a.showFinding(f)
		}
	}
	if flags.file != "" {
		if err := writeSecretFile(flags.file, found.Data, flags.importing.force); err != nil {
			return err
		}
		result.File = flags.file
		if !a.json {
			a.say("azure.profile.saved", language.Values{"File": flags.file, "Gateway": found.Gateway.Name})
		}
	}
	if target != nil {
		added, err := addFromAzure(target, found.Profile, found.Gateway, flags.importing)
		if err != nil {
			return err
		}
		added.Source = found.Gateway.ID
		result.Imported = &added
		a.showImported(added, flags.importing)
	}
	if a.json {
		return a.printJSON(result)
	}
	return nil
}

// addFromAzure keeps a profile, and which gateway it is of.
func addFromAzure(target *store.Store, profile *profiles.Profile, g azure.Gateway, flags importFlags) (importedProfile, error) {
	added, err := addProfile(target, profile, profiles.Management{}, flags)
	if err != nil || flags.dryRun {
		return added, err
	}
	return added, azure.KeepOrigin(target, added.ID, g)
}
