package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/client/signin/certinspect"
)

type certInspectFlags struct {
	key      string
	password string
	profile  string
}

func (a *app) certInspectCommand() *cobra.Command {
	var flags certInspectFlags
	command := &cobra.Command{
		Use:               "inspect FILE [flags]",
		Example:           "  footbridge cert inspect alice.p12\n  footbridge cert inspect alice.pem --key alice.key --profile contoso",
		Args:              exactly(1),
		ValidArgsFunction: completeCertificates(),
		RunE: func(command *cobra.Command, args []string) error {
			return a.certInspect(command.Context(), args[0], flags)
		},
	}
	f := command.Flags()
	f.StringVar(&flags.key, "key", "", "")
	f.StringVar(&flags.password, "password-file", "", "")
	f.StringVar(&flags.profile, "profile", "", "")
	command.MarkFlagFilename("key")
	command.MarkFlagFilename("password-file")
	command.RegisterFlagCompletionFunc("profile", a.completeProfiles(1<<10))
	return command
}

type certInspectResult struct {
	document
	Usable       bool                  `json:"usable"` // all of them
	Certificates []*certinspect.Report `json:"certificates"`
}

// certInspect shows what a gateway will see. A certificate that it will refuse is exit code 4, as connecting with it would be.
func (a *app) certInspect(ctx context.Context, path string, flags certInspectFlags) error {
	ask, err := a.passphrase(flags.password)
	if err != nil {
		return err
	}
	options := certinspect.Options{KeyFile: flags.key, Ask: ask}
	if flags.profile != "" {
		_, entry, err := a.changeable(ctx, flags.profile, false, nil)
		if err != nil {
			return err
		}
		options.Requirements = signin.SelectionFor(entry.Profile, nil).Requirements
	}
	reports, err := certinspect.File(ctx, path, options)
	if err != nil {
		return err
	}
	result := certInspectResult{newDocument(), true, reports}
	for _, report := range reports {
		result.Usable = result.Usable && report.Usable()
	}
	if a.json {
		err = a.printJSON(result)
	} else {
		for i, report := range reports {
			if i > 0 {
				fmt.Fprintln(a.out)
			}
			a.showCertificate(report)
		}
	}
	if err == nil && !result.Usable {
		return toldError{&commandError{code: "certificate-unusable", exit: exitSignIn}}
	}
	return err
}

func (a *app) showCertificate(r *certinspect.Report) {
	texts := a.texts()
	validity := texts.Text("cert.validity-days", language.Values{"From": texts.Date(r.NotBefore), "Until": texts.Date(r.NotAfter), "Days": texts.Number(int64(r.DaysLeft))})
	a.out.styledLine(bold, r.Subject)
	var path []string
	for _, step := range r.Path {
		name := step.Subject
		if step.Sent {
			name += " " + a.text("cert.sent", nil)
		}
		path = append(path, name)
	}
	a.out.facts([]fact{
		{"  " + a.text("cert.issuer", nil), cell{text: r.Issuer}},
		{"  " + a.text("cert.validity", nil), cell{text: validity}},
		{"  " + a.text("cert.thumbprint", nil), cell{text: r.Thumbprint}},
		{"  " + a.text("cert.uses", nil), cell{text: strings.Join(append(r.KeyUsage, r.ExtendedKeyUsage...), ", ")}},
		{"  " + a.text("cert.key-type", nil), cell{text: r.KeyType + ", " + r.SignatureAlgorithm}},
		{"  " + a.text("cert.names", nil), cell{text: strings.Join(r.AlternativeNames, ", ")}},
		{"  " + a.text("cert.group", nil), cell{text: r.UserGroup}},
		{"  " + a.text("cert.private-key", nil), cell{text: a.keyState(r.PrivateKey)}},
		{"  " + a.text("cert.path", nil), cell{text: strings.Join(path, "\n")}},
	})
	for _, f := range r.Findings {
		colour := plain
		switch f.Severity {
		case certinspect.Error:
			colour = red
		case certinspect.Warning:
			colour = yellow
		}
		text := a.translate(f.Sentence)
		if f.Detail != "" {
			text += " (" + f.Detail + ")"
		}
		a.out.marked(colour, a.text("finding."+string(f.Severity), nil), text)
		if f.Remedy != "" {
			a.out.line("  " + a.translate(f.Remedy))
		}
	}
}

func (a *app) keyState(state certinspect.KeyState) string {
	if state == "" {
		return ""
	}
	return a.text("cert.key."+string(state), nil)
}
