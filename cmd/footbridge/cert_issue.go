package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/authority"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

type certIssueFlags struct {
	root         string
	rootPassword string
	folder       string
	format       string
	legacy       bool
	password     string
	options      authority.IssueOptions
	keyType      string
}

func (a *app) certIssueCommand() *cobra.Command {
	var flags certIssueFlags
	command := &cobra.Command{
		Use: "issue --for USER --root FILE [flags]",
		Example: `  footbridge cert issue --for alice --root contoso-root.p12
  footbridge cert issue --for laptop --count 20 --root contoso-root.p12 -o certificates/ --days 180`,
		Args: exactly(0),
		RunE: func(command *cobra.Command, _ []string) error { return a.certIssue(command.Context(), flags) },
	}
	f := command.Flags()
	f.StringVar(&flags.options.For, "for", "", "")
	f.IntVar(&flags.options.Count, "count", 1, "")
	f.IntVar(&flags.options.Days, "days", 365, "")
	f.StringVar(&flags.keyType, "key-type", string(authority.RSA2048), "")
	f.BoolVar(&flags.options.WithoutAltName, "without-alternative-name", false, "")
	f.StringVar(&flags.root, "root", "", "")
	f.StringVar(&flags.rootPassword, "root-password-file", "", "")
	f.StringVarP(&flags.folder, "output", "o", ".", "")
	f.StringVar(&flags.format, "format", string(authority.PKCS12), "")
	f.BoolVar(&flags.legacy, "legacy", false, "")
	f.StringVar(&flags.password, "password-file", "", "")
	command.MarkFlagFilename("root", "p12", "pfx", "pem")
	command.MarkFlagFilename("root-password-file")
	command.MarkFlagFilename("password-file")
	command.MarkFlagDirname("output")
	command.RegisterFlagCompletionFunc("key-type", cobra.FixedCompletions([]string{"rsa2048", "rsa4096", "p256"}, cobra.ShellCompDirectiveNoFileComp))
	command.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"pkcs12", "pem"}, cobra.ShellCompDirectiveNoFileComp))
	return command
}

type certIssueResult struct {
	document
	Certificates []issuedCertificate `json:"certificates"`
}

// issuedCertificate is authority.Written, with the password where it was made here: nobody else knows it.
type issuedCertificate struct {
	authority.Written
	Password string `json:"password,omitempty"`
}

func (a *app) certIssue(ctx context.Context, flags certIssueFlags) error {
	for _, required := range []struct{ name, value string }{{"for", flags.options.For}, {"root", flags.root}} {
		if required.value == "" {
			return &usageError{"flag-required", language.Values{"Flag": dashed(required.name)}}
		}
	}
	if err := oneOf("format", flags.format, string(authority.PKCS12), string(authority.PEM)); err != nil {
		return err
	}
	ask, err := a.passphrase(flags.rootPassword)
	if err != nil {
		return err
	}
	root, err := authority.Open(ctx, flags.root, ask)
	if err != nil {
		return authorityProblem(err)
	}
	options := authority.WriteOptions{Format: authority.Format(flags.format)}
	if flags.legacy {
		options.Encryption = authority.Legacy
	}
	if flags.password != "" {
		if options.Password, err = readSecretFile(flags.password); err != nil {
			return err
		}
	}
	flags.options.KeyType = authority.KeyType(flags.keyType)
	clients, err := root.Issue(ctx, flags.options)
	if err != nil {
		return authorityProblem(err)
	}
	written, err := authority.Write(flags.folder, clients, options)
	if err != nil {
		return authorityProblem(err)
	}
	return a.showIssued(written)
}

func (a *app) showIssued(written []authority.Written) error {
	result := certIssueResult{newDocument(), []issuedCertificate{}}
	heading := []string{a.text("cert.name", nil), a.text("cert.file", nil), a.text("cert.password", nil)}
	var rows [][]cell
	for _, w := range written {
		shown := secret.Text("")
		if w.Generated {
			shown = w.Password
		}
		result.Certificates = append(result.Certificates, issuedCertificate{w, shown.Reveal()})
		rows = append(rows, cells(w.Name, w.File, shown.Reveal()))
	}
	if a.json {
		return a.printJSON(result)
	}
	for _, row := range rows { // not cut to the terminal's width: a password must be whole
		a.out.facts([]fact{{heading[0], row[0]}, {heading[1], row[1]}, {heading[2], row[2]}})
		fmt.Fprintln(a.out)
	}
	a.say("cert.passwords-once", nil)
	return nil
}
