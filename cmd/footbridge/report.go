package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/diagnosis"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/client/report"
)

type reportFlags struct {
	file        string
	plain       bool
	noDiagnosis bool
	offline     bool
}

func (a *app) reportCommand() *cobra.Command {
	var flags reportFlags
	command := &cobra.Command{
		Use:               "report [PROFILE] [flags]",
		Example:           "  footbridge report contoso -o report.zip",
		Args:              between(0, 1),
		ValidArgsFunction: a.completeProfiles(1),
		RunE:              func(command *cobra.Command, args []string) error { return a.report(command.Context(), args, flags) },
	}
	f := command.Flags()
	f.StringVarP(&flags.file, "output", "o", "", "")
	f.BoolVar(&flags.plain, "plain", false, "")
	f.BoolVar(&flags.noDiagnosis, "no-diagnosis", false, "")
	f.BoolVar(&flags.offline, "offline", false, "")
	command.MarkFlagFilename("output", "zip")
	return command
}

type reportResult struct {
	document
	Path     string   `json:"path"`
	Size     int64    `json:"size"` // bytes
	Files    []string `json:"files"`
	Replaced int      `json:"replaced"` // different names and addresses
	Missing  []string `json:"missing"`
}

func (a *app) report(ctx context.Context, wanted []string, flags reportFlags) error {
	all, err := a.look(ctx)
	if err != nil {
		return err
	}
	chosen, err := all.only(wanted)
	if err != nil {
		return err
	}
	service := a.service()
	defer service.Close()
	options := report.Options{Plain: flags.plain, Service: service, Version: version}
	for _, p := range all.profiles {
		if p.Entry != nil {
			options.Profiles = append(options.Profiles, report.Profile{Profile: p.Entry.Profile, Settings: p.Settings})
		}
	}
	if !flags.noDiagnosis {
		if !a.json {
			a.say("report.diagnosing", nil)
		}
		diagnosed := diagnosis.Options{Service: service, Version: version, Probes: diagnosis.Probes{Off: flags.offline}}
		if chosen != nil && !chosen.Machine {
			release := a.prepareDiagnosis(ctx, chosen, &diagnosed)
			defer release()
		}
		result := diagnosis.Run(ctx, diagnosed, nil)
		options.Diagnosis = &result
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if flags.file == "" {
		flags.file = report.DefaultName(time.Now())
	}
	written, err := report.Write(ctx, flags.file, options)
	if err != nil {
		return err
	}
	return a.showReport(written, flags.plain)
}

func (a *app) showReport(w report.Written, inFull bool) error {
	if a.json {
		return a.printJSON(reportResult{newDocument(), w.Path, w.Size, notNil(w.Files), w.Replaced, notNil(w.Missing)})
	}
	a.say("report.done", language.Values{"Path": w.Path, "Size": a.texts().Bytes(uint64(w.Size))})
	for _, missing := range w.Missing {
		a.err.line("  " + a.translate(missing))
	}
	if inFull {
		a.say("report.plain", nil)
		return nil
	}
	a.out.line(a.texts().Count("report.replaced", w.Replaced, nil))
	return nil
}
