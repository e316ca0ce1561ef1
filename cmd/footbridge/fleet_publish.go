package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/fleet"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/client/service/policy"
	"github.com/footbridge-vpn/footbridge/client/shell"
	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

type fleetPublishFlags struct {
	folder   string
	key      string
	password string
	policy   string
	expires  time.Duration
}

func (a *app) fleetPublishCommand() *cobra.Command {
	var flags fleetPublishFlags
	command := &cobra.Command{
		Use: "publish --out FOLDER [PROFILE|FILE…] [flags]",
		Example: `  minisign -G -p fleet.pub -s fleet.key
  footbridge fleet publish --out /srv/www/vpn --key fleet.key contoso vpnprofile.zip --policy policy.toml`,
		ValidArgsFunction: cobra.FixedCompletions(profileSuffixes(), cobra.ShellCompDirectiveFilterFileExt),
		RunE: func(command *cobra.Command, args []string) error {
			return a.fleetPublish(command.Context(), args, flags)
		},
	}
	f := command.Flags()
	f.StringVarP(&flags.folder, "out", "o", "", "")
	f.StringVar(&flags.key, "key", "", "")
	f.StringVar(&flags.password, "key-password-file", "", "")
	f.StringVar(&flags.policy, "policy", "", "")
	f.DurationVar(&flags.expires, "expires-in", 0, "")
	command.MarkFlagDirname("out")
	return command
}

type fleetPublishResult struct {
	document
	Folder    string   `json:"folder"`
	Serial    uint64   `json:"serial"`
	SHA256    string   `json:"sha256"`               // of the manifest
	PublicKey string   `json:"public_key,omitempty"` // that it is signed with
	Profiles  []string `json:"profiles"`
	Files     []string `json:"files"`
}

// fleetPublish writes the manifest that computers are to follow, and what it names.
func (a *app) fleetPublish(ctx context.Context, wanted []string, flags fleetPublishFlags) error {
	if flags.folder == "" {
		return &usageError{"flag-required", language.Values{"Flag": dashed("out")}}
	}
	var p fleet.Publication
	all, err := a.deployable(ctx, wanted)
	if err != nil {
		return err
	}
	for _, profile := range all {
		p.Profiles = append(p.Profiles, fleet.Content{Extension: profile.Extension, Data: profile.Content})
	}
	if flags.policy != "" {
		if p.Policy, err = readPolicyFile(flags.policy); err != nil {
			return err
		}
	}
	if flags.expires > 0 {
		p.Expires = time.Now().Add(flags.expires).UTC().Truncate(time.Second)
	}
	if flags.key != "" {
		ask, err := a.passphrase(flags.password)
		if err != nil {
			return err
		}
		p.Key, err = fleet.OpenKey(flags.key, func() (secret.Text, error) {
			return ask(ctx, signin.PassphraseRequest{File: flags.key})
		})
		if err != nil {
			return err
		}
	}
	done, err := fleet.Publish(flags.folder, p)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(fleetPublishResult{newDocument(), flags.folder, done.Serial, done.SHA256, done.PublicKey, notNil(done.Profiles), done.Files})
	}
	a.say("fleet.published", language.Values{"Serial": fmt.Sprint(done.Serial), "Count": fmt.Sprint(len(done.Profiles)), "Folder": flags.folder})
	trust := []string{"--sha256", done.SHA256}
	if done.PublicKey != "" {
		trust = []string{"--public-key", done.PublicKey}
	}
	a.say("fleet.published.next", nil)
	fmt.Fprintln(a.out, "  "+shell.Command(append([]string{"sudo", "footbridge", "import", "--machine", "--from-url", "https://…/manifest.json"}, trust...)...))
	return nil
}

// readPolicyFile reads a policy that can be followed.
func readPolicyFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read policy: %w", err)
	}
	if info.Size() > policy.MaxSize {
		return nil, &commandError{code: "bad-policy", exit: exitFailed, values: language.Values{"File": path}}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read policy: %w", err)
	}
	if _, err := policy.Parse(data); err != nil {
		return nil, &commandError{code: "bad-policy", exit: exitFailed, values: language.Values{"File": path}, err: err}
	}
	return data, nil
}
