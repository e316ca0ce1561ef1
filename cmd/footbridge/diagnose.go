package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/diagnosis"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/client/signin"
)

type diagnoseFlags struct {
	host    string
	offline bool
}

func (a *app) diagnoseCommand() *cobra.Command {
	var flags diagnoseFlags
	command := &cobra.Command{
		Use:               "diagnose [PROFILE] [flags]",
		Example:           "  footbridge diagnose contoso\n  footbridge diagnose contoso --host intranet.corp.contoso.com:443\n  footbridge diagnose --json | jq .summary",
		Args:              between(0, 1),
		ValidArgsFunction: a.completeProfiles(1),
		RunE: func(command *cobra.Command, args []string) error {
			return a.diagnose(command.Context(), args, flags)
		},
	}
	command.Flags().StringVar(&flags.host, "host", "", "")
	command.Flags().BoolVar(&flags.offline, "offline", false, "")
	return command
}

type diagnoseResult struct {
	document
	diagnosis.Result
}

func (a *app) diagnose(ctx context.Context, wanted []string, flags diagnoseFlags) error {
	service := a.service()
	defer service.Close()
	options := diagnosis.Options{Service: service, Version: version, Host: flags.host, Probes: diagnosis.Probes{Off: flags.offline}}
	all, err := a.look(ctx)
	if err != nil {
		return err
	}
	chosen, err := all.only(wanted)
	if err != nil {
		return err
	}
	if chosen != nil {
		if chosen.Machine {
			return &commandError{code: "diagnose-machine-profile", exit: exitPermission, values: language.Values{"Name": chosen.Name}}
		}
		release := a.prepareDiagnosis(ctx, chosen, &options)
		defer release()
	}
	observe := a.showCheck
	if a.json {
		observe = nil
	}
	result := diagnosis.Run(ctx, options, observe)
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if a.json {
		err = a.printJSON(diagnoseResult{newDocument(), result})
	} else {
		a.showSummary(result.Summary)
	}
	if err == nil && result.Summary.Verdict == diagnosis.Failed {
		return toldError{&commandError{code: string(result.Summary.ID), exit: checkExit(result.Summary)}}
	}
	return err
}

// only is the profile that was named, or the only one there is; nil where none was named and there are several or none.
func (l *landscape) only(wanted []string) (*known, error) {
	if len(wanted) > 0 {
		chosen, err := l.find(wanted[0])
		return &chosen, err
	}
	if len(l.profiles) == 1 && !l.profiles[0].Machine {
		return &l.profiles[0], nil
	}
	return nil, nil
}

// prepareDiagnosis puts in what is known of a profile. Nobody is asked for a passphrase: a diagnosis may run unattended.
func (a *app) prepareDiagnosis(ctx context.Context, chosen *known, options *diagnosis.Options) (release func()) {
	options.Profile, options.Settings, options.Session = chosen.Entry.Profile, &chosen.Settings, chosen.Session
	certificate, err := signin.Load(ctx, signin.SelectionFor(chosen.Entry.Profile, chosen.Settings.Certificate), nil)
	switch {
	case err == nil:
		options.Certificate = certificate
		return func() { signin.Release(certificate) }
	case !errors.Is(err, signin.ErrNoSource) || errors.Is(err, fs.ErrNotExist):
		options.CertificateError = err
	}
	return func() {}
}

// checkExit is the exit code for what is broken.
func checkExit(check diagnosis.Check) int {
	switch check.Stage {
	case diagnosis.StageService:
		return exitService
	case diagnosis.StagePermission, diagnosis.StagePolicy:
		return exitPermission
	case diagnosis.StageNetwork, diagnosis.StageInternet, diagnosis.StagePortal, diagnosis.StageProxy, diagnosis.StageNames, diagnosis.StageReach:
		return exitUnreachable
	case diagnosis.StageCredential, diagnosis.StageSignIn:
		return exitSignIn
	default:
		return exitFailed
	}
}

// verdictMark is how a verdict looks.
func verdictMark(verdict diagnosis.Verdict) (string, style) {
	switch verdict {
	case diagnosis.OK:
		return "✓", green
	case diagnosis.Warning:
		return "!", yellow
	case diagnosis.Failed:
		return "✗", red
	case diagnosis.Skipped:
		return "-", dim
	default:
		return "?", dim
	}
}

// showCheck prints a check as soon as it is done. What was skipped is for those who want to know everything.
func (a *app) showCheck(check diagnosis.Check) {
	if check.Verdict == diagnosis.Skipped && !a.verbose {
		return
	}
	mark, colour := verdictMark(check.Verdict)
	sentence, remedy := a.texts().Explain(language.Checks, string(check.ID), check.Sentence, check.Remedy)
	a.out.marked(colour, mark, sentence)
	if check.Detail != "" && (a.verbose || check.Verdict != diagnosis.OK) {
		a.out.styledLine(dim, "  "+check.Detail)
	}
	if remedy != "" && check.Verdict != diagnosis.OK {
		a.out.line("  " + remedy)
	}
}

func (a *app) showSummary(check diagnosis.Check) {
	fmt.Fprintln(a.out)
	sentence, remedy := a.texts().Explain(language.Checks, string(check.ID), check.Sentence, check.Remedy)
	_, colour := verdictMark(check.Verdict)
	a.out.marked(colour, a.text("diagnose.result", nil), sentence)
	if remedy != "" {
		a.out.line(remedy)
	}
	if check.Who != "" && check.Who != diagnosis.User {
		a.say("diagnose.who."+string(check.Who), nil)
	}
}
