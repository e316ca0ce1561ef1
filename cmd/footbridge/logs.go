package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/language"
)

type logsFlags struct {
	follow bool
	level  string
	since  string
}

// logLevels are those that --level takes, the most talkative first.
func logLevels() []string { return []string{"debug", "info", "warn", "error"} }

func (a *app) logsCommand() *cobra.Command {
	var flags logsFlags
	command := &cobra.Command{
		Use: "logs [PROFILE] [flags]",
		Example: `  footbridge logs --since 1h
  footbridge logs contoso --follow --level debug
  footbridge logs --since 2026-11-23T09:00:00+01:00 --json`,
		Args:              between(0, 1),
		ValidArgsFunction: a.completeProfiles(1),
		RunE: func(command *cobra.Command, args []string) error {
			return a.logs(command.Context(), args, flags)
		},
	}
	f := command.Flags()
	f.BoolVarP(&flags.follow, "follow", "f", false, "")
	f.StringVar(&flags.level, "level", "info", "")
	f.StringVar(&flags.since, "since", "", "")
	command.RegisterFlagCompletionFunc("level", cobra.FixedCompletions(logLevels(), cobra.ShellCompDirectiveNoFileComp))
	return command
}

type logLine struct {
	line
	api.LogRecord
}

func (a *app) logs(ctx context.Context, profile []string, flags logsFlags) error {
	if err := oneOf("level", flags.level, logLevels()...); err != nil {
		return err
	}
	since, err := parseSince(flags.since, time.Now())
	if err != nil {
		return err
	}
	query := api.LogQuery{Follow: flags.follow, Level: flags.level, Since: since}
	if len(profile) > 0 {
		all, err := a.look(ctx)
		if err != nil {
			return err
		}
		session, err := all.session(profile[0])
		if err != nil {
			return err
		}
		if session == nil {
			return &commandError{code: "not-connected", exit: exitNotFound, values: language.Values{"Name": profile[0]}}
		}
		query.Session = session.ID
	}
	service := a.service()
	defer service.Close()
	err = service.Logs(ctx, query, func(record api.LogRecord) error {
		if a.json {
			return a.printLine(logLine{line{"log"}, record})
		}
		a.showRecord(record)
		return nil
	})
	if flags.follow && errors.Is(context.Cause(ctx), errInterrupted) {
		return nil // that is how following ends
	}
	return err
}

// parseSince reads a duration before now, or a moment.
func parseSince(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if moment, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return moment, nil
		}
	}
	return time.Time{}, &usageError{"since", language.Values{"Value": text}}
}

// showRecord prints a line of the log.
func (a *app) showRecord(r api.LogRecord) {
	colour := plain
	switch strings.ToUpper(r.Level) {
	case "ERROR":
		colour = red
	case "WARN":
		colour = yellow
	case "DEBUG":
		colour = dim
	}
	text := fmt.Sprintf("%s %s %s", a.texts().Moment(r.Time), a.out.styled(colour, fmt.Sprintf("%-5s", printable(r.Level))), printable(r.Message))
	for _, name := range slices.Sorted(maps.Keys(r.Attributes)) {
		text += " " + a.out.styled(dim, printable(name)+"=") + printable(r.Attributes[name])
	}
	fmt.Fprintln(a.out, strings.ReplaceAll(text, "\n", " "))
}
