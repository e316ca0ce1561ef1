package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/deploy"
	"github.com/footbridge-vpn/footbridge/client/fleet"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/store"
)

type deployFlags struct {
	folder string
	name   string
	policy string
	source fleet.Source
}

func (a *app) deployCommand() *cobra.Command {
	var flags deployFlags
	command := &cobra.Command{
		Use: "deploy TOOL --out FOLDER [PROFILE|FILE…] [flags]",
		Example: `  footbridge deploy intune --out contoso-vpn contoso
  footbridge deploy ansible --out contoso-vpn vpnprofile.zip --policy policy.toml
  footbridge deploy jamf --out contoso-vpn --from-url https://vpn.contoso.com/manifest.json --public-key RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3`,
		Args:              atLeast(1),
		ValidArgsFunction: completeTools,
		RunE: func(command *cobra.Command, args []string) error {
			return a.deploy(command.Context(), args[0], args[1:], flags)
		},
	}
	f := command.Flags()
	f.StringVarP(&flags.folder, "out", "o", "", "")
	f.StringVar(&flags.name, "name", "footbridge-profiles", "")
	f.StringVar(&flags.policy, "policy", "", "")
	sourceFlags(command, &flags.source)
	command.MarkFlagDirname("out")
	return command
}

// sourceFlags are those that name a manifest.
func sourceFlags(command *cobra.Command, source *fleet.Source) {
	f := command.Flags()
	f.StringVar(&source.URL, "from-url", "", "")
	f.StringVar(&source.SHA256, "sha256", "", "")
	f.StringVar(&source.PublicKey, "public-key", "", "")
	f.StringVar(&source.Interval, "interval", "", "")
	f.StringVar(&source.Proxy, "proxy", "", "")
}

func toolNames() []string {
	var names []string
	for _, tool := range deploy.Tools() {
		names = append(names, string(tool))
	}
	return names
}

func completeTools(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return toolNames(), cobra.ShellCompDirectiveNoFileComp
	}
	return profileSuffixes(), cobra.ShellCompDirectiveFilterFileExt
}

type deployResult struct {
	document
	Tool     string   `json:"tool"`
	Folder   string   `json:"folder"`
	Profiles []string `json:"profiles"`
	Files    []string `json:"files"`
}

// deploy writes a package for a tool that installs things on many computers.
func (a *app) deploy(ctx context.Context, tool string, wanted []string, flags deployFlags) error {
	if err := oneOf("tool", tool, toolNames()...); err != nil {
		return err
	}
	if flags.folder == "" {
		return &usageError{"flag-required", language.Values{"Flag": dashed("out")}}
	}
	p := deploy.Package{Name: flags.name}
	var err error
	if p.Profiles, err = a.deployable(ctx, wanted); err != nil {
		return err
	}
	if flags.policy != "" {
		if p.Policy, err = readPolicyFile(flags.policy); err != nil {
			return err
		}
	}
	if flags.source != (fleet.Source{}) {
		if err := flags.source.Validate(); err != nil {
			return sourceProblem(err)
		}
		if p.Fleet, err = flags.source.Encode(); err != nil {
			return err
		}
	}
	if len(p.Profiles) == 0 && p.Policy == nil && p.Fleet == nil {
		return &usageError{"nothing-to-deploy", nil}
	}
	if deploy.Tool(tool) == deploy.Jamf {
		p.Apple = appleProfile(p, flags.name)
	}
	files, err := deploy.Write(deploy.Tool(tool), flags.folder, p)
	if errors.Is(err, deploy.ErrExists) {
		return &commandError{code: "folder-not-empty", exit: exitFailed, values: language.Values{"Folder": flags.folder}, err: err}
	}
	if err != nil {
		return err
	}
	result := deployResult{newDocument(), tool, flags.folder, []string{}, files}
	for _, profile := range p.Profiles {
		result.Profiles = append(result.Profiles, profile.Name)
	}
	if a.json {
		return a.printJSON(result)
	}
	a.say("deploy.done", language.Values{"Folder": flags.folder, "File": filepath.Join(flags.folder, "README.md")})
	return nil
}

// appleProfile is the same as one configuration profile; nil where its format has no words for one of the profiles.
func appleProfile(p deploy.Package, name string) []byte {
	var all []*profiles.Profile
	each := map[*profiles.Profile]profiles.Management{}
	for _, file := range p.Profiles {
		imported, err := profiles.Import(bytes.NewReader(file.Content), profiles.ImportOptions{Name: file.Name + file.Extension})
		if err != nil {
			return nil
		}
		all = append(all, imported.Profiles...)
		maps.Copy(each, imported.Management)
	}
	data, err := profiles.ExportMobileconfig(name, all, profiles.ManagedOptions{Each: each, Policy: p.Policy})
	if err != nil {
		return nil
	}
	return data
}

// deployable are the profiles that are to go to other computers: files, or the user's own by name.
func (a *app) deployable(ctx context.Context, wanted []string) ([]deploy.Profile, error) {
	var all []deploy.Profile
	for _, one := range wanted {
		found, err := a.deployableOne(ctx, one)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

func (a *app) deployableOne(ctx context.Context, wanted string) ([]deploy.Profile, error) {
	if info, err := os.Stat(wanted); err != nil || info.IsDir() {
		_, entry, err := a.changeable(ctx, wanted, false, []string{"export", "--machine", wanted})
		if err != nil {
			return nil, err
		}
		data, extension, err := wholeEntry(entry)
		if err != nil {
			return nil, err
		}
		return []deploy.Profile{{Name: entry.Name, Extension: extension, Content: data}}, nil
	}
	imported, err := profiles.ImportFile(wanted)
	if err != nil {
		return nil, err
	}
	for _, f := range imported.Findings {
		if !a.json {
			a.showFinding(f)
		}
	}
	var names []string
	for _, p := range imported.Profiles {
		names = append(names, p.Name)
	}
	data, err := os.ReadFile(wanted)
	if err != nil {
		return nil, fmt.Errorf("read profile: %w", err)
	}
	alone, err := profiles.Import(bytes.NewReader(data), profiles.ImportOptions{Name: filepath.Base(wanted)})
	if err == nil && len(alone.Profiles) == len(imported.Profiles) {
		return []deploy.Profile{{Name: strings.Join(names, ", "), Extension: strings.ToLower(filepath.Ext(wanted)), Content: data}}, nil
	}
	var all []deploy.Profile // a configuration that names other files, which do not go along
	for _, p := range imported.Profiles {
		data, extension, err := wholeProfile(p)
		if err != nil {
			return nil, err
		}
		all = append(all, deploy.Profile{Name: p.Name, Extension: extension, Content: data})
	}
	return all, nil
}

// wholeProfile writes a profile in the first form that has words for it.
func wholeProfile(p *profiles.Profile) ([]byte, string, error) {
	data, err := profiles.Export(p, profiles.FormatAzureXML)
	if err == nil {
		return data, ".xml", nil
	}
	data, other := profiles.Export(p, profiles.FormatOVPN)
	if other == nil {
		return data, ".ovpn", nil
	}
	return nil, "", errors.Join(err, other)
}

// wholeEntry writes a profile with its settings, when to connect by itself included where a form has words for that.
func wholeEntry(entry store.Entry) ([]byte, string, error) {
	if entry.Settings.AutoConnect || len(entry.Settings.TrustedNetworks) > 0 {
		if data, err := exported(entry, exportFlags{as: asMobileconfig}); err == nil {
			return data, ".mobileconfig", nil
		}
	}
	applied, err := entry.Settings.Apply(entry.Profile)
	if err != nil {
		return nil, "", err
	}
	return wholeProfile(applied)
}
