package main

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/azure"
	"github.com/footbridge-vpn/footbridge/client/language"
)

type azureSessionsFlags struct {
	sort string
	user string
	csv  bool
	blob string
}

// The orders of sessions.
const (
	sortUser    = "user"
	sortSince   = "since"
	sortBytes   = "bytes"
	sortAddress = "address"
)

func (a *app) azureSessionsCommand(shared *azureFlags) *cobra.Command {
	var flags azureSessionsFlags
	command := &cobra.Command{
		Use: "sessions GATEWAY [flags]",
		Example: `  footbridge azure sessions contoso-gateway
  footbridge azure sessions contoso-gateway --user alice --sort bytes
  footbridge azure sessions contoso-gateway --csv > sessions.csv`,
		Args: exactly(1),
		RunE: func(command *cobra.Command, args []string) error {
			return a.azureSessions(command.Context(), args[0], *shared, flags)
		},
	}
	f := command.Flags()
	f.StringVar(&flags.sort, "sort", sortUser, "")
	f.StringVar(&flags.user, "user", "", "")
	f.BoolVar(&flags.csv, "csv", false, "")
	f.StringVar(&flags.blob, "blob-url", "", "")
	command.RegisterFlagCompletionFunc("sort", cobra.FixedCompletions([]string{sortUser, sortSince, sortBytes, sortAddress}, cobra.ShellCompDirectiveNoFileComp))
	return command
}

type azureSessionsResult struct {
	document
	Gateway  string          `json:"gateway"` // its resource id
	Sessions []azure.Session `json:"sessions"`
	Totals   *azure.Totals   `json:"totals,omitempty"` // of Virtual WAN, which says no more without --blob-url
}

// azureSessions shows who is connected to a gateway.
func (a *app) azureSessions(ctx context.Context, name string, shared azureFlags, flags azureSessionsFlags) error {
	if err := oneOf("sort", flags.sort, sortUser, sortSince, sortBytes, sortAddress); err != nil {
		return err
	}
	if flags.csv && a.json {
		return &usageError{"flags-together", language.Values{"Flags": "--csv, --json"}}
	}
	service, err := a.azure(ctx, shared)
	if err != nil {
		return err
	}
	defer service.end()
	g, err := service.Gateway(ctx, name)
	if err != nil {
		return err
	}
	all, err := service.Sessions(ctx, g, flags.blob)
	var problem *azure.Problem
	if errors.As(err, &problem) && problem.Code == azure.NoDetails && flags.user == "" && !flags.csv {
		return a.azureTotals(ctx, service, g)
	}
	if err != nil {
		return err
	}
	service.end()
	all = slices.DeleteFunc(all, func(s azure.Session) bool {
		return !strings.Contains(strings.ToLower(s.User), strings.ToLower(flags.user))
	})
	slices.SortStableFunc(all, sessionOrder(flags.sort))
	switch {
	case a.json:
		return a.printJSON(azureSessionsResult{newDocument(), g.ID, all, nil})
	case flags.csv:
		return a.sessionsCSV(all)
	}
	if len(all) == 0 {
		a.say("azure.sessions.none", nil)
		return nil
	}
	var rows [][]cell
	for _, s := range all {
		since := ""
		if !s.Since.IsZero() {
			since = a.texts().Moment(s.Since)
		}
		rows = append(rows, cells(s.User, s.PublicAddress, addressText(s.PrivateAddress), since, a.texts().Duration(time.Duration(s.Seconds)*time.Second),
			a.texts().Bytes(uint64(max(0, s.BytesIn))), a.texts().Bytes(uint64(max(0, s.BytesOut))), s.ID))
	}
	a.out.table([]string{a.text("azure.user", nil), a.text("azure.from", nil), a.text("azure.address", nil), a.text("azure.since", nil), a.text("azure.for", nil),
		a.text("azure.bytes-in", nil), a.text("azure.bytes-out", nil), a.text("azure.id", nil)}, rows)
	return nil
}

// addressText is an address; nothing where there is none.
func addressText(address netip.Addr) string {
	if !address.IsValid() {
		return ""
	}
	return address.String()
}

func sessionOrder(by string) func(x, y azure.Session) int {
	return func(x, y azure.Session) int {
		switch by {
		case sortSince:
			return x.Since.Compare(y.Since)
		case sortBytes:
			return cmp.Compare(y.BytesIn+y.BytesOut, x.BytesIn+x.BytesOut)
		case sortAddress:
			return x.PrivateAddress.Compare(y.PrivateAddress)
		}
		return strings.Compare(strings.ToLower(x.User), strings.ToLower(y.User))
	}
}

// azureTotals shows what Virtual WAN says by itself, and what it takes to see more.
func (a *app) azureTotals(ctx context.Context, service *administration, g azure.Gateway) error {
	totals, err := service.Totals(ctx, g)
	if err != nil {
		return err
	}
	service.end()
	if a.json {
		return a.printJSON(azureSessionsResult{newDocument(), g.ID, []azure.Session{}, &totals})
	}
	a.out.line(a.texts().Count("azure.sessions.totals", totals.Sessions, language.Values{
		"In": a.texts().Bytes(uint64(max(0, totals.BytesIn))), "Out": a.texts().Bytes(uint64(max(0, totals.BytesOut)))}))
	if len(totals.Addresses) > 0 {
		a.out.line(a.text("azure.sessions.addresses", language.Values{"Addresses": joinedTexts(totals.Addresses)}))
	}
	a.warn("azure.sessions.need-blob", nil)
	return nil
}

// sessionsCSV writes sessions for spreadsheets and scripts: names, times and numbers are the same in every language (RFC 4180).
func (a *app) sessionsCSV(all []azure.Session) error {
	w := csv.NewWriter(a.out)
	w.Write([]string{"user", "public_address", "private_address", "since", "seconds", "bytes_in", "bytes_out", "id"})
	for _, s := range all {
		since := ""
		if !s.Since.IsZero() {
			since = s.Since.Format(time.RFC3339)
		}
		w.Write([]string{safeForSpreadsheet(s.User), s.PublicAddress, addressText(s.PrivateAddress), since, strconv.FormatInt(s.Seconds, 10),
			strconv.FormatInt(s.BytesIn, 10), strconv.FormatInt(s.BytesOut, 10), s.ID})
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return fmt.Errorf("write sessions: %w", err)
	}
	return nil
}

// safeForSpreadsheet keeps a user's name from being taken for a formula (https://owasp.org/www-community/attacks/CSV_Injection).
func safeForSpreadsheet(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

type azureDisconnectFlags struct {
	user string
	blob string
	yes  bool
}

func (a *app) azureDisconnectCommand(shared *azureFlags) *cobra.Command {
	var flags azureDisconnectFlags
	command := &cobra.Command{
		Use: "disconnect GATEWAY [ID…] [flags]",
		Example: `  footbridge azure disconnect contoso-gateway OVPN_1A2B3C4D
  footbridge azure disconnect contoso-gateway --user alice@contoso.com --yes`,
		Args: atLeast(1),
		RunE: func(command *cobra.Command, args []string) error {
			return a.azureDisconnect(command.Context(), args[0], args[1:], *shared, flags)
		},
	}
	command.Flags().StringVar(&flags.user, "user", "", "")
	command.Flags().StringVar(&flags.blob, "blob-url", "", "")
	command.Flags().BoolVarP(&flags.yes, "yes", "y", false, "")
	return command
}

type azureDisconnectResult struct {
	document
	Gateway      string   `json:"gateway"` // its resource id
	Disconnected []string `json:"disconnected"`
}

// azureDisconnect cuts sessions at the gateway. Whoever may still sign in can connect again.
func (a *app) azureDisconnect(ctx context.Context, name string, ids []string, shared azureFlags, flags azureDisconnectFlags) error {
	if (len(ids) == 0) == (flags.user == "") {
		return &usageError{"azure-disconnect-whom", nil}
	}
	service, err := a.azure(ctx, shared)
	if err != nil {
		return err
	}
	defer service.end()
	g, err := service.Gateway(ctx, name)
	if err != nil {
		return err
	}
	if flags.user != "" {
		all, err := service.Sessions(ctx, g, flags.blob)
		if err != nil {
			return err
		}
		for _, s := range all {
			if strings.EqualFold(s.User, flags.user) {
				ids = append(ids, s.ID)
			}
		}
		if len(ids) == 0 {
			return &azure.Problem{Code: azure.NoSession, Subject: g.Name, Names: []string{flags.user}}
		}
	}
	service.end()
	if err := a.confirm(ctx, flags.yes, a.texts().Count("azure.disconnect.ask", len(ids), language.Values{"Gateway": g.Name})); err != nil {
		return err
	}
	if err := service.Disconnect(ctx, g, ids, flags.blob); err != nil {
		return err
	}
	service.end()
	if a.json {
		return a.printJSON(azureDisconnectResult{newDocument(), g.ID, ids})
	}
	a.out.line(a.texts().Count("azure.disconnect.done", len(ids), language.Values{"Gateway": g.Name}))
	return nil
}
