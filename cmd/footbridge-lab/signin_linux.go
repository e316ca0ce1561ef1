package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/tunnel/lab"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/authentication"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/entra"
)

// describeSignIn says who can sign in, and where.
func describeSignIn(out io.Writer, state *lab.State) error {
	var text strings.Builder
	if provider := state.Entra; provider != nil {
		fmt.Fprintf(&text, "\n  Entra ID     %s\n  audience     %s\n", provider.Authority, provider.Audience)
		describeUsers(&text, provider.Users)
		fmt.Fprintf(&text, "  root         %s\n", state.Files.Root)
	}
	if server := state.RADIUS; server != nil {
		fmt.Fprintf(&text, "\n  RADIUS       %s\n", server.Address)
		describeUsers(&text, server.Users)
	}
	_, err := io.WriteString(out, text.String())
	return err
}

func describeUsers(text *strings.Builder, users []lab.Login) {
	for _, user := range users {
		note := ""
		if user.Note != "" {
			note = ", " + user.Note
		}
		fmt.Fprintf(text, "  user         %s (password %q%s)\n", user.Username, user.Password, note)
	}
}

func entraCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "entra",
		Short: "Change how the identity provider of the lab that is up behaves",
	}
	command.AddCommand(entraSetCommand(), entraShowCommand(),
		entraAction("revoke", "Make all refresh tokens worthless", func(ctx context.Context, remote entra.Remote) error {
			return remote.RevokeRefreshTokens(ctx)
		}),
		entraRotateCommand(), entraCodeCommand())
	return command
}

// provider is the identity provider of the lab that is up.
func provider() (entra.Remote, error) {
	state, err := lab.Running()
	if err != nil {
		return entra.Remote{}, err
	}
	if state.Entra == nil {
		return entra.Remote{}, errors.New("the lab that is up has no identity provider: start it with --auth entra")
	}
	return entra.Remote{Socket: state.Entra.Control}, nil
}

func entraSetCommand() *cobra.Command {
	var switches strings.Builder
	for _, known := range entra.SwitchNames() {
		fmt.Fprintf(&switches, "  %-21s %s\n", known.Name, known.Help)
	}
	return setSwitchesCommand("\"off\" is what each starts with.", switches.String(), "  footbridge-lab entra set mfa=totp token-lifetime=60s\n  footbridge-lab entra set error=53003",
		func(ctx context.Context, changes map[string]string) error {
			remote, err := provider()
			if err != nil {
				return err
			}
			_, err = remote.Set(ctx, changes)
			return err
		})
}

func entraShowCommand() *cobra.Command {
	return showSwitchesCommand(func(ctx context.Context) (map[string]string, error) {
		remote, err := provider()
		if err != nil {
			return nil, err
		}
		return remote.Switches(ctx)
	})
}

func entraAction(name, short string, do func(context.Context, entra.Remote) error) *cobra.Command {
	return &cobra.Command{
		Use:   name,
		Short: short,
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			remote, err := provider()
			if err != nil {
				return err
			}
			return do(command.Context(), remote)
		},
	}
}

func entraRotateCommand() *cobra.Command {
	var forget bool
	command := entraAction("rotate-keys", "Sign tokens with a new key", func(ctx context.Context, remote entra.Remote) error {
		return remote.RotateKeys(ctx, forget)
	})
	command.Flags().BoolVar(&forget, "forget", false, "forget the old keys: tokens signed with them are no longer valid")
	return command
}

func entraCodeCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "code USER",
		Short:   "Say what the user's authenticator app shows",
		Example: "  footbridge-lab entra code " + entra.AliceUsername,
		Args:    cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			remote, err := provider()
			if err != nil {
				return err
			}
			code, err := remote.OneTimeCode(command.Context(), args[0])
			if err == nil {
				fmt.Fprintln(command.OutOrStdout(), code)
			}
			return err
		},
	}
}

// checkCommand is what OpenVPN's gateway starts for each login. It is for nobody else.
func checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:    authentication.CheckCommand + " SETTINGS",
		Short:  "Decide about a login",
		Args:   cobra.ExactArgs(1),
		Hidden: true,
		RunE: func(command *cobra.Command, args []string) error {
			code, why := authentication.Check(command.Context(), args[0])
			if why != nil {
				fmt.Fprintln(os.Stderr, why)
			}
			if code != 0 {
				return exitError(code)
			}
			return nil
		},
	}
}
