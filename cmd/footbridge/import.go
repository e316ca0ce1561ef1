package main

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/client/fleet"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/store"
)

type importFlags struct {
	name    string
	force   bool
	machine bool
	dryRun  bool
	yes     bool

	fromOfficial bool
	source       fleet.Source // of a manifest to follow
}

func (a *app) importCommand() *cobra.Command {
	var flags importFlags
	command := &cobra.Command{
		Use: "import PATH…|URL|-|--from-azure-vpn-client|--from-url URL [flags]",
		Example: `  footbridge import vpnprofile.zip
  footbridge import azurevpnconfig.xml --name "Contoso Amsterdam"
  footbridge import https://intranet.example/vpn/azurevpnconfig.xml --force
  sudo footbridge import --machine --force vpnprofile.zip
  footbridge import --from-azure-vpn-client
  sudo footbridge import --machine --from-url https://vpn.contoso.com/manifest.json --public-key RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3`,
		RunE: func(command *cobra.Command, sources []string) error {
			if flags.source != (fleet.Source{}) {
				return a.followManifest(command.Context(), sources, flags)
			}
			if flags.fromOfficial {
				found, err := officialProfiles(sources)
				if err != nil {
					return err
				}
				sources = found
			} else if err := atLeast(1)(command, sources); err != nil {
				return err
			}
			return a.importAll(command.Context(), sources, flags)
		},
		ValidArgsFunction: cobra.FixedCompletions(profileSuffixes(), cobra.ShellCompDirectiveFilterFileExt),
	}
	f := command.Flags()
	f.StringVar(&flags.name, "name", "", "")
	f.BoolVarP(&flags.force, "force", "f", false, "")
	f.BoolVar(&flags.machine, "machine", false, "")
	f.BoolVar(&flags.dryRun, "dry-run", false, "")
	f.BoolVar(&flags.fromOfficial, "from-azure-vpn-client", false, "")
	f.BoolVarP(&flags.yes, "yes", "y", false, "")
	sourceFlags(command, &flags.source)
	return command
}

// profileSuffixes are how the names of files with profiles end.
func profileSuffixes() []string {
	return []string{"zip", "xml", "azvpn", "ovpn", "AzureVpnProfile", "mobileconfig", "pbk", "json"}
}

// importFileCommand is the program itself. It imports a file as the official client does: azurevpn -i FILE -f.
func (a *app) importFileCommand() *cobra.Command {
	var file string
	var force bool
	root := &cobra.Command{
		Use:     "footbridge [-i FILE [-f]]",
		Example: "  footbridge import vpnprofile.zip\n  footbridge list\n  footbridge status\n  footbridge disconnect contoso",
		Version: version,
		Args:    unknownCommand,
		RunE: func(command *cobra.Command, _ []string) error {
			switch {
			case file != "":
				return a.importAll(command.Context(), []string{file}, importFlags{force: force})
			case force:
				return &usageError{"force-alone", nil}
			default:
				return command.Help()
			}
		},
	}
	root.Flags().StringVarP(&file, "import", "i", "", "")
	root.Flags().BoolVarP(&force, "force", "f", false, "")
	root.MarkFlagFilename("import", profileSuffixes()...)
	return root
}

// importResult is what --json prints.
type importResult struct {
	document
	DryRun   bool              `json:"dry_run"`
	Machine  bool              `json:"machine"`
	Profiles []importedProfile `json:"profiles"`
	Findings []findingJSON     `json:"findings"`
	Failed   []importFailure   `json:"failed"`
	Policy   string            `json:"policy,omitempty"` // of one that came along: "added", "unchanged", "conflict", "not-applied"
}

type importedProfile struct {
	ID             string                      `json:"id,omitempty"` // with dry_run only of one that is there
	Name           string                      `json:"name"`
	Source         string                      `json:"source"`
	Outcome        string                      `json:"outcome"` // "added", "replaced", "unchanged"; with dry_run what would be, "exists" too
	Authentication profiles.AuthenticationType `json:"authentication"`
	Servers        []string                    `json:"servers"`
}

type importFailure struct {
	Source   string  `json:"source"`
	ExitCode int     `json:"exit_code"`
	Problem  failure `json:"problem"`
}

// importAll imports from every source, and goes on where one cannot be imported.
func (a *app) importAll(ctx context.Context, sources []string, flags importFlags) error {
	if flags.name != "" && len(sources) > 1 {
		return &usageError{"name-for-several", nil}
	}
	target, err := a.importStore(sources, flags)
	if err != nil {
		return err
	}
	result := importResult{document: newDocument(), DryRun: flags.dryRun, Machine: flags.machine, Profiles: []importedProfile{},
		Findings: []findingJSON{}, Failed: []importFailure{}}
	var first error
	for _, source := range sources {
		err := a.importSource(ctx, target, source, flags, &result)
		if flags.fromOfficial && hasNoProfile(err) {
			continue
		}
		if err != nil {
			if first == nil {
				first = err
			}
			if !a.json && len(sources) > 1 {
				a.failAbout(ctx, filepath.Base(source), err)
			}
			result.Failed = append(result.Failed, importFailure{source, exitCode(ctx, err), explain(a.english(), err)})
		}
	}
	switch {
	case flags.fromOfficial && first == nil && len(result.Profiles) == 0:
		return &commandError{code: "no-azure-vpn-client", exit: exitNotFound}
	case a.json && (len(sources) > 1 || first == nil):
		if err := a.printJSON(result); err != nil {
			return err
		}
		if first != nil {
			return toldError{first}
		}
	case first != nil && len(sources) > 1:
		return toldError{first}
	}
	return first
}

// importStore is where profiles go to.
func (a *app) importStore(sources []string, flags importFlags) (*store.Store, error) {
	if !flags.machine {
		return a.userStore()
	}
	return a.administered(importArguments(sources, flags))
}

// importArguments is how what was asked for is typed.
func importArguments(sources []string, flags importFlags) []string {
	words := []string{"import", "--machine"}
	if flags.force {
		words = append(words, "--force")
	}
	if flags.dryRun {
		words = append(words, "--dry-run")
	}
	if flags.yes {
		words = append(words, "--yes")
	}
	if flags.name != "" {
		words = append(words, "--name", flags.name)
	}
	return append(words, sources...)
}

// importSource imports what one file, address or standard input holds.
func (a *app) importSource(ctx context.Context, target *store.Store, source string, flags importFlags, result *importResult) error {
	imported, err := a.readProfiles(ctx, source)
	if err != nil {
		return err
	}
	for _, f := range imported.Findings {
		result.Findings = append(result.Findings, toFindingJSON(f))
		if !a.json {
			a.showFinding(f)
		}
	}
	if flags.name != "" && len(imported.Profiles) > 1 {
		return &usageError{"name-for-several", nil}
	}
	var failures error
	for _, profile := range imported.Profiles {
		if flags.fromOfficial && isThere(result.Profiles, profile) {
			continue
		}
		added, err := addProfile(target, profile, imported.Management[profile], flags)
		if err != nil {
			failures = errors.Join(failures, err)
			continue
		}
		added.Source = source
		result.Profiles = append(result.Profiles, added)
		a.showImported(added, flags)
	}
	if imported.Policy == nil || !flags.machine {
		return failures
	}
	outcome, err := a.importPolicy(ctx, imported.Policy, flags)
	if err != nil {
		return errors.Join(failures, err)
	}
	result.Policy = outcome
	if !a.json {
		a.say("import.policy."+outcome, language.Values{"File": a.settingsPath("policy.toml")})
	}
	return failures
}

// addProfile keeps a profile, or finds out what would happen.
func addProfile(target *store.Store, profile *profiles.Profile, managed profiles.Management, flags importFlags) (importedProfile, error) {
	added := importedProfile{Name: profile.Name, Authentication: profile.Authentication.Type, Servers: client.Servers(profile)}
	if flags.name != "" {
		added.Name = flags.name
	}
	options := store.AddOptions{Name: flags.name, Replace: flags.force, DryRun: flags.dryRun, Settings: client.ManagedSettings(target, added.Name, managed)}
	entry, outcome, err := target.Add(profile, options)
	var exists *store.ExistsError
	switch {
	case errors.As(err, &exists) && flags.dryRun:
		added.Outcome = "exists"
		return added, nil
	case err != nil:
		return added, err
	}
	added.ID, added.Outcome = entry.ID, string(outcome)
	if entry.Name != "" {
		added.Name = entry.Name
	}
	return added, nil
}

func (a *app) showImported(p importedProfile, flags importFlags) {
	if a.json {
		return
	}
	group := "import."
	if flags.dryRun {
		group = "import.would."
	}
	a.say(group+p.Outcome, language.Values{"Name": p.Name, "SignIn": a.signInName(p.Authentication), "Server": strings.Join(p.Servers, ", ")})
}
