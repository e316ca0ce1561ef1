package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

func (a *app) certCommand() *cobra.Command {
	command := &cobra.Command{
		Use:     "cert",
		Example: "  footbridge cert inspect alice.p12\n  footbridge cert new-root \"Contoso VPN\" -o root.p12\n  footbridge cert issue --for alice --root root.p12",
		Args:    unknownCommand,
		RunE:    func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	command.AddCommand(a.certInspectCommand(), a.certNewRootCommand(), a.certIssueCommand(), a.certRevokeInfoCommand())
	return command
}

// certificateSuffixes are how the names of files with certificates end.
func certificateSuffixes() []string { return []string{"pem", "crt", "cer", "p12", "pfx"} }

// completeCertificates completes the name of one file with a certificate.
func completeCertificates() completion {
	return cobra.FixedCompletions(certificateSuffixes(), cobra.ShellCompDirectiveFilterFileExt)
}

// passphrase asks for what unlocks a key: the given file first, then the user. A given one is tried once.
func (a *app) passphrase(file string) (signin.PassphraseFunc, error) {
	ask := (&asker{app: a}).KeyPassphrase
	if file == "" {
		return ask, nil
	}
	given, err := readSecretFile(file)
	if err != nil {
		return nil, err
	}
	return func(_ context.Context, request signin.PassphraseRequest) (secret.Text, error) {
		if request.Wrong {
			return "", &signin.PassphraseError{File: request.File, Wrong: true}
		}
		return given, nil
	}, nil
}

// newPassphrase is what will protect a key: the file's first line, or what the user types twice.
func (a *app) newPassphrase(ctx context.Context, file string) (secret.Text, error) {
	if file != "" {
		return readSecretFile(file)
	}
	answers, err := (&asker{app: a}).ask(ctx, question{fields: []field{{a.text("ask.new-passphrase", nil), false}, {a.text("ask.repeat", nil), false}}})
	switch {
	case err != nil:
		return "", err
	case answers[0] == "":
		return "", signin.ErrCancelled
	case answers[0] != answers[1]:
		return "", &commandError{code: "passphrases-differ", exit: exitUsage}
	}
	return secret.Text(answers[0]), nil
}
