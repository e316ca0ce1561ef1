package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/tunnel/lab"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/arm"
)

// describeAzure says what the resource manager has, and how to sign in to it.
func describeAzure(out io.Writer, state *lab.State) error {
	azure := state.Azure
	if azure == nil {
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	var text strings.Builder
	fmt.Fprintf(&text, "\n  Azure        %s\n  tenant       %s\n", azure.Endpoint, azure.Tenant)
	for _, id := range azure.Gateways {
		fmt.Fprintf(&text, "  gateway      %s\n", id)
	}
	fmt.Fprintf(&text, "  to sign in   %s exec laptop -- %s azure gateways --sign-in device-code --tenant %s\n", self, filepath.Join(filepath.Dir(self), "footbridge"), azure.Tenant)
	_, err = io.WriteString(out, text.String())
	return err
}

func azureCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "azure",
		Short: "Change how the resource manager of the lab that is up behaves",
	}
	command.AddCommand(azureSetCommand(), azureShowCommand(), azureBlobCommand())
	return command
}

// resourceManager is that of the lab that is up.
func resourceManager() (arm.Remote, error) {
	state, err := lab.Running()
	if err != nil {
		return arm.Remote{}, err
	}
	if state.Azure == nil {
		return arm.Remote{}, errors.New("the lab that is up has no resource manager: start it with --azure")
	}
	return arm.Remote{Socket: state.Azure.Control}, nil
}

func azureSetCommand() *cobra.Command {
	var switches strings.Builder
	for _, known := range arm.Switches() {
		fmt.Fprintf(&switches, "  %-17s %s\n", known.Name, known.Help)
	}
	return setSwitchesCommand("\"off\" switches each off.", switches.String(), "  footbridge-lab azure set throttle=3 retry-after=2s\n  footbridge-lab azure set forbid=Microsoft.Network/p2svpnGateways/read",
		func(ctx context.Context, changes map[string]string) error {
			remote, err := resourceManager()
			if err != nil {
				return err
			}
			_, err = remote.Set(ctx, changes)
			return err
		})
}

func azureShowCommand() *cobra.Command {
	return showSwitchesCommand(func(ctx context.Context) (map[string]string, error) {
		remote, err := resourceManager()
		if err != nil {
			return nil, err
		}
		return remote.Set(ctx, nil)
	})
}

func azureBlobCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "blob",
		Short:   "Make the address of a blob that sessions can be written to",
		Example: "  footbridge azure sessions hub-gateway --blob-url \"$(footbridge-lab azure blob)\"",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			remote, err := resourceManager()
			if err != nil {
				return err
			}
			address, err := remote.Blob(command.Context())
			if err == nil {
				fmt.Fprintln(command.OutOrStdout(), address)
			}
			return err
		},
	}
}
