package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/authority"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/client/signin"
)

type certNewRootFlags struct {
	file     string
	password string
	years    int
	keyType  string
	gateway  authority.Gateway
}

func (a *app) certNewRootCommand() *cobra.Command {
	var flags certNewRootFlags
	command := &cobra.Command{
		Use:     "new-root NAME [flags]",
		Example: "  footbridge cert new-root \"Contoso VPN root 2026\" -o contoso-root.p12",
		Args:    exactly(1),
		RunE: func(command *cobra.Command, args []string) error {
			return a.certNewRoot(command.Context(), args[0], flags)
		},
	}
	f := command.Flags()
	f.StringVarP(&flags.file, "output", "o", "", "")
	f.StringVar(&flags.password, "password-file", "", "")
	f.IntVar(&flags.years, "years", 10, "")
	f.StringVar(&flags.keyType, "key-type", string(authority.RSA2048), "")
	gatewayFlags(command, &flags.gateway)
	command.MarkFlagFilename("output", "p12", "pem")
	command.MarkFlagFilename("password-file")
	command.RegisterFlagCompletionFunc("key-type", cobra.FixedCompletions([]string{"rsa2048", "rsa4096"}, cobra.ShellCompDirectiveNoFileComp))
	return command
}

// gatewayFlags name the gateway in the commands that an administrator is shown.
func gatewayFlags(command *cobra.Command, gateway *authority.Gateway) {
	command.Flags().StringVar(&gateway.ResourceGroup, "resource-group", "", "")
	command.Flags().StringVar(&gateway.Name, "gateway", "", "")
}

type certNewRootResult struct {
	document
	File       string               `json:"file"`        // certificate and key, under the password
	PublicFile string               `json:"public_file"` // the certificate alone
	Thumbprint string               `json:"thumbprint"`
	NotAfter   string               `json:"not_after"`
	Upload     authority.RootUpload `json:"upload"`
}

func (a *app) certNewRoot(ctx context.Context, name string, flags certNewRootFlags) error {
	if flags.file == "" {
		flags.file = authority.FileName(name) + ".p12"
	}
	public := strings.TrimSuffix(flags.file, filepath.Ext(flags.file)) + ".cer"
	for _, path := range []string{flags.file, public} {
		if _, err := os.Lstat(path); err == nil {
			return &commandError{code: "file-exists", exit: exitFailed, values: language.Values{"File": path}}
		}
	}
	password, err := a.newPassphrase(ctx, flags.password)
	if err != nil {
		return err
	}
	root, err := authority.NewRoot(authority.RootOptions{CommonName: name, Years: flags.years, KeyType: authority.KeyType(flags.keyType)})
	if err != nil {
		return authorityProblem(err)
	}
	if err := root.Save(flags.file, password); err != nil {
		return authorityProblem(err)
	}
	if err := authority.WriteRoot(public, root.Certificate); err != nil {
		return errors.Join(authorityProblem(err), os.Remove(flags.file))
	}
	result := certNewRootResult{newDocument(), flags.file, public, signin.Thumbprint(root.Certificate),
		root.Certificate.NotAfter.UTC().Format("2006-01-02T15:04:05Z07:00"), authority.UploadInfo(root.Certificate, flags.gateway)}
	if a.json {
		return a.printJSON(result)
	}
	a.say("cert.root-made", language.Values{"File": flags.file, "Public": public, "Until": a.texts().Date(root.Certificate.NotAfter)})
	a.say("cert.root-keep", nil)
	a.heading("cert.root-upload")
	a.out.line(result.Upload.Portal)
	for _, text := range []string{result.Upload.PublicData, result.Upload.CLI, result.Upload.PowerShell} {
		fmt.Fprintln(a.out, "\n"+text) // whole, so that it can be copied
	}
	return nil
}

// authorityProblem finds the words for what an administrator asked wrongly for.
func authorityProblem(err error) error {
	for code, kind := range map[string]error{"cert-name": authority.ErrName, "cert-key-type": authority.ErrKeyType,
		"cert-validity": authority.ErrValidity, "cert-password": authority.ErrNoPassword} {
		if errors.Is(err, kind) {
			return &commandError{code: code, exit: exitUsage, err: err, values: language.Values{"Reason": err.Error()}}
		}
	}
	switch {
	case errors.Is(err, authority.ErrNotAuthority):
		return &commandError{code: "cert-not-authority", exit: exitFailed, err: err}
	case errors.Is(err, authority.ErrExists):
		return &commandError{code: "file-exists", exit: exitFailed, err: err, values: language.Values{"File": err.Error()}}
	default:
		return err
	}
}
