package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/tunnel/lab"
)

func upCommand() *cobra.Command {
	var flags labFlags
	var asJSON bool
	command := &cobra.Command{
		Use:   "up",
		Short: "Make a laptop and a gateway, and keep them until interrupted",
		Long: `Make a laptop and a gateway like Azure's in network namespaces, with a virtual network and an on-premises network behind
the gateway, and write the profile package that Azure would generate. Everything goes with an interrupt (Ctrl-C), or with "footbridge-lab down".
Root, or a user who may make user namespaces and open /dev/net/tun.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			options, err := flags.options()
			if err != nil {
				return err
			}
			return inNamespaces(func() error { return up(command, options, asJSON) })
		},
	}
	flags.add(command)
	command.Flags().BoolVar(&asJSON, "json", false, "say what was made as JSON")
	return command
}

func up(command *cobra.Command, options lab.Options, asJSON bool) (err error) {
	running, err := lab.Up(command.Context(), options)
	if err != nil {
		return err
	}
	defer func() {
		if closed := running.Close(); err == nil {
			err = closed
		}
	}()
	if err := running.Note(); err != nil {
		return err
	}
	state, err := running.State()
	if err != nil {
		return err
	}
	if asJSON {
		err = json.NewEncoder(command.OutOrStdout()).Encode(state)
	} else {
		err = describe(command.OutOrStdout(), state)
	}
	if err != nil {
		return err
	}
	<-command.Context().Done()
	return nil
}

// describe says what there is and what can be done with it.
func describe(out io.Writer, state *lab.State) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	laptop := self + " exec laptop -- "
	_, err = fmt.Fprintf(out, `The lab is up.

  gateway      %s (%s, %s port 443)
  package      %s
  certificate  %s
  key          %s
  PKCS#12      %s (password %q)
`, state.Host, state.Gateway, state.Transport, state.Files.Package, state.Files.Certificate, state.Files.Key, state.Files.PKCS12, lab.PKCS12Password)
	if err == nil && state.GatewayLog != "" {
		_, err = fmt.Fprintf(out, "  log          %s\n", state.GatewayLog)
	}
	if err == nil {
		err = describeSignIn(out, state)
	}
	if err == nil {
		err = describeAzure(out, state)
	}
	if err == nil {
		_, err = fmt.Fprintf(out, `
To try, in another terminal:

  %s%s run %s --cert %s --key %s
`, laptop, filepath.Join(filepath.Dir(self), "footbridge"), state.Files.Package, state.Files.Certificate, state.Files.Key)
	}
	for _, page := range append(append([]string(nil), state.Pages...), state.Outside) {
		if err == nil {
			_, err = fmt.Fprintf(out, "  %scurl http://%s/\n", laptop, page)
		}
	}
	if err == nil {
		_, err = fmt.Fprintf(out, "\nCtrl-C takes it down.\n")
	}
	return err
}
