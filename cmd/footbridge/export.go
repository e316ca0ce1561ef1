package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/store"
)

type exportFlags struct {
	file         string
	as           string
	force        bool
	machine      bool
	organization string
	identifier   string
	official     bool
}

// The forms that a profile is exported in: files for people's clients, and for device managements.
const (
	asAzure        = "azure"
	asOVPN         = "ovpn"
	asMobileconfig = "mobileconfig"
	asVPNv2        = "vpnv2"
)

func exportForms() []string { return []string{asAzure, asOVPN, asMobileconfig, asVPNv2} }

func (a *app) exportCommand() *cobra.Command {
	var flags exportFlags
	command := &cobra.Command{
		Use: "export PROFILE [flags]",
		Example: `  footbridge export contoso -o contoso.xml
  footbridge export contoso --as ovpn -o contoso.ovpn
  footbridge export contoso > azurevpnconfig.xml
  footbridge export contoso --as mobileconfig --organization Contoso -o contoso.mobileconfig
  footbridge export contoso --as vpnv2 -o ProfileXML.xml`,
		Args:              exactly(1),
		ValidArgsFunction: a.completeProfiles(1),
		RunE:              func(command *cobra.Command, args []string) error { return a.export(command.Context(), args[0], flags) },
	}
	f := command.Flags()
	f.StringVarP(&flags.file, "output", "o", "", "")
	f.StringVar(&flags.as, "as", asAzure, "")
	f.StringVar(&flags.organization, "organization", "", "")
	f.StringVar(&flags.identifier, "identifier", "", "")
	f.BoolVar(&flags.official, "for-azure-vpn-client", false, "")
	f.BoolVar(&flags.force, "force", false, "")
	f.BoolVar(&flags.machine, "machine", false, "")
	command.MarkFlagFilename("output")
	command.RegisterFlagCompletionFunc("as", cobra.FixedCompletions(exportForms(), cobra.ShellCompDirectiveNoFileComp))
	return command
}

type exportResult struct {
	document
	ID      string `json:"id"`
	Name    string `json:"name"`
	As      string `json:"as"`
	File    string `json:"file,omitempty"`
	Content string `json:"content,omitempty"` // without --output; it holds the profile's secrets
}

func (a *app) export(ctx context.Context, wanted string, flags exportFlags) error {
	if err := oneOf("as", flags.as, exportForms()...); err != nil {
		return err
	}
	target, entry, err := a.changeable(ctx, wanted, flags.machine, []string{"export", "--machine", wanted})
	if err != nil {
		return err
	}
	if entry, err = target.Get(entry.ID); err != nil {
		return err
	}
	content, err := exported(entry, flags)
	if err != nil {
		return err
	}
	result := exportResult{document: newDocument(), ID: entry.ID, Name: entry.Name, As: flags.as}
	if flags.file != "" && flags.file != "-" {
		result.File = flags.file
		if err := writeSecretFile(flags.file, content, flags.force); err != nil {
			return err
		}
	} else {
		result.Content = string(content)
	}
	switch {
	case a.json:
		return a.printJSON(result)
	case result.File == "":
		_, err := a.out.Write(content)
		return err
	}
	a.say("export.done", language.Values{"Name": entry.Name, "File": flags.file})
	if !entry.Settings.IsZero() && (flags.as == asAzure || flags.as == asOVPN) {
		a.warn("export.without-settings", nil)
	}
	return nil
}

// exported writes a profile in the wanted form. Device managements are told of its settings too: what can be said in the profile itself,
// and when to connect.
func exported(entry store.Entry, flags exportFlags) ([]byte, error) {
	switch flags.as {
	case asAzure:
		return profiles.Export(entry.Profile, profiles.FormatAzureXML)
	case asOVPN:
		return profiles.Export(entry.Profile, profiles.FormatOVPN)
	}
	profile, err := entry.Settings.Apply(entry.Profile)
	if err != nil {
		return nil, err
	}
	options := client.ManagedOptions(entry.Settings)
	options.Identifier, options.Organization, options.ForOfficial = flags.identifier, flags.organization, flags.official
	if flags.as == asVPNv2 {
		return profiles.ExportVPNv2(profile, options)
	}
	return profiles.ExportMobileconfig(entry.Name, []*profiles.Profile{profile}, options)
}

// writeSecretFile writes a file that only its owner may read, beside its place first, so that there is never half of it.
func writeSecretFile(path string, content []byte, overwrite bool) (err error) {
	if _, err := os.Lstat(path); err == nil && !overwrite {
		return &commandError{code: "file-exists", exit: exitFailed, values: language.Values{"File": path}}
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("write file: %w", err)
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".footbridge-*")
	if err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	defer os.Remove(file.Name()) // gone already when renamed
	_, err = file.Write(content)
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	return nil
}
