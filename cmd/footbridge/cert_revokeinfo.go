package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/authority"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/client/signin"
)

func (a *app) certRevokeInfoCommand() *cobra.Command {
	var gateway authority.Gateway
	var password string
	command := &cobra.Command{
		Use:               "revoke-info FILE [flags]",
		Example:           "  footbridge cert revoke-info alice.cer --gateway vpngw --resource-group network",
		Args:              exactly(1),
		ValidArgsFunction: completeCertificates(),
		RunE: func(command *cobra.Command, args []string) error {
			return a.certRevokeInfo(command.Context(), args[0], password, gateway)
		},
	}
	command.Flags().StringVar(&password, "password-file", "", "")
	command.MarkFlagFilename("password-file")
	gatewayFlags(command, &gateway)
	return command
}

type certRevokeInfoResult struct {
	document
	authority.Revocation
}

func (a *app) certRevokeInfo(ctx context.Context, path, password string, gateway authority.Gateway) error {
	ask, err := a.passphrase(password)
	if err != nil {
		return err
	}
	contents, err := signin.ReadContents(ctx, path, ask)
	if err != nil {
		return err
	}
	if len(contents.Certificates) == 0 {
		return signin.ErrNoCertificate
	}
	info := authority.RevokeInfo(signin.Path(contents.Certificates[0], contents.Certificates)[0], gateway)
	if a.json {
		return a.printJSON(certRevokeInfoResult{newDocument(), info})
	}
	a.say("cert.revoke", language.Values{"Name": info.CommonName, "Thumbprint": info.Thumbprint})
	a.out.line(info.Portal)
	for _, text := range []string{info.CLI, info.PowerShell} {
		fmt.Fprintln(a.out, "\n"+text) // whole, so that it can be copied
	}
	a.out.line("\n" + a.text("cert.revoke-later", nil))
	return nil
}
