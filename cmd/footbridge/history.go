package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/language"
)

func (a *app) historyCommand() *cobra.Command {
	var limit int
	command := &cobra.Command{
		Use:     "history [flags]",
		Example: "  footbridge history\n  footbridge history --limit 5 --json",
		Args:    exactly(0),
		RunE: func(command *cobra.Command, _ []string) error {
			if limit < 0 {
				return &usageError{"flag-value", language.Values{"Flag": "--limit", "Value": command.Flag("limit").Value.String()}}
			}
			return a.history(command.Context(), limit)
		},
	}
	command.Flags().IntVarP(&limit, "limit", "n", 20, "")
	return command
}

type historyResult struct {
	document
	Records []api.Record `json:"records"` // newest first
}

func (a *app) history(ctx context.Context, limit int) error {
	service := a.service()
	defer service.Close()
	history, err := service.History(ctx, limit)
	if err != nil {
		return err
	}
	if a.json {
		result := historyResult{newDocument(), history.Records}
		if result.Records == nil {
			result.Records = []api.Record{}
		}
		return a.printJSON(result)
	}
	if len(history.Records) == 0 {
		a.say("history.none", nil)
		return nil
	}
	texts := a.texts()
	var rows [][]cell
	for _, r := range history.Records {
		rows = append(rows, cells(texts.Moment(r.Started), r.Profile, texts.Duration(r.Ended.Sub(r.Started)),
			texts.Bytes(r.Traffic.BytesIn), texts.Bytes(r.Traffic.BytesOut), a.endReason(r)))
	}
	a.out.table([]string{a.text("history.started", nil), a.text("history.profile", nil), a.text("history.duration", nil),
		a.text("history.in", nil), a.text("history.out", nil), a.text("history.reason", nil)}, rows)
	return nil
}

// endReason says why a session ended.
func (a *app) endReason(r api.Record) string {
	if r.Problem != nil && r.Reason == api.EndedByProblem {
		return a.sentence(r.Problem)
	}
	return a.text("ended."+string(r.Reason), nil)
}
