package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
)

// shells are those that commands can be completed in.
func shells() []string { return []string{"bash", "zsh", "fish", "powershell"} }

func (a *app) completionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "completion bash|zsh|fish|powershell",
		Example: `  source <(footbridge completion bash)
  footbridge completion zsh > "${fpath[1]}/_footbridge"
  footbridge completion fish > ~/.config/fish/completions/footbridge.fish
  footbridge completion powershell | Out-String | Invoke-Expression`,
		Args:      exactly(1),
		ValidArgs: shells(),
		RunE: func(command *cobra.Command, args []string) error {
			root := command.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(a.out, true)
			case "zsh":
				return root.GenZshCompletion(a.out)
			case "fish":
				return root.GenFishCompletion(a.out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(a.out)
			default:
				return &usageError{"shell", language.Values{"Value": args[0], "Allowed": strings.Join(shells(), ", ")}}
			}
		},
	}
}

// completion completes one word of a command line.
type completion = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective)

// completeProfiles completes the names of profiles for the first so many arguments.
func (a *app) completeProfiles(most int) completion {
	return func(command *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		if len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return a.profileNames(command.Context(), begun, args), cobra.ShellCompDirectiveNoFileComp
	}
}

func (a *app) profileNames(ctx context.Context, begun string, taken []string) []string {
	if ctx == nil {
		ctx = context.Background()
	}
	all, err := a.look(ctx)
	if err != nil {
		return nil
	}
	var names []string
	for _, p := range all.profiles {
		if hasPrefixFold(p.Name, begun) && !contains(taken, p.Name) {
			names = append(names, p.Name+"\t"+a.signInName(p.Authentication))
		}
	}
	return names
}

func contains(list []string, wanted string) bool {
	for _, item := range list {
		if item == wanted {
			return true
		}
	}
	return false
}

func hasPrefixFold(text, prefix string) bool {
	return len(text) >= len(prefix) && strings.EqualFold(text[:len(prefix)], prefix)
}

// completeSettings completes a profile, then settings and their values.
func (a *app) completeSettings(command *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return a.profileNames(command.Context(), begun, nil), cobra.ShellCompDirectiveNoFileComp
	}
	var words []string
	key, _, assigned := strings.Cut(begun, "=")
	for _, setting := range settings.Keys() {
		switch {
		case !assigned && strings.HasPrefix(setting.Name, begun):
			words = append(words, setting.Name+"=\t"+a.translate(setting.Help))
		case assigned && key == setting.Name:
			for _, value := range a.settingValues(command.Context(), key) {
				words = append(words, key+"="+value)
			}
		}
	}
	if assigned && isFile(key) {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return words, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
}

// settingValues are those that a setting can have, where there are few.
func (a *app) settingValues(ctx context.Context, key string) []string {
	switch key {
	case "autoconnect", "remember-password":
		return []string{"true", "false"}
	case "transport":
		return []string{"tcp", "udp"}
	case "sign-in":
		return []string{"browser", "device-code"}
	case "secondary-profile":
		return a.profileNames(ctx, "", nil)
	default:
		return nil
	}
}
