package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/azure"
	"github.com/footbridge-vpn/footbridge/client/language"
)

func (a *app) azureGatewaysCommand(flags *azureFlags) *cobra.Command {
	return &cobra.Command{
		Use:     "gateways",
		Example: "  footbridge azure gateways\n  footbridge azure gateways --subscription Production --json | jq '.gateways[].name'",
		Args:    exactly(0),
		RunE:    func(command *cobra.Command, _ []string) error { return a.azureGateways(command.Context(), *flags) },
	}
}

type azureGatewaysResult struct {
	document
	Gateways []azureGateway `json:"gateways"`
	Refused  []azureRefused `json:"refused"` // subscriptions that could not be searched
}

type azureGateway struct {
	azure.Gateway
	Notices []azure.Notice `json:"notices"`
}

type azureRefused struct {
	Subscription string  `json:"subscription"`
	Problem      failure `json:"problem"`
}

// azureGateways lists the gateways that clients can connect to.
func (a *app) azureGateways(ctx context.Context, flags azureFlags) error {
	service, err := a.azure(ctx, flags)
	if err != nil {
		return err
	}
	defer service.end()
	found, err := service.Gateways(ctx)
	if err != nil {
		return err
	}
	service.end()
	now := time.Now()
	result := azureGatewaysResult{newDocument(), []azureGateway{}, []azureRefused{}}
	var rows [][]cell
	for _, g := range found.Gateways {
		notices := azure.GatewayNotices(g, now)
		result.Gateways = append(result.Gateways, azureGateway{g, notNil(notices)})
		rows = append(rows, a.azureRow(g))
	}
	for _, refused := range found.Refused {
		result.Refused = append(result.Refused, azureRefused{refused.Subscription, explain(a.english(), refused.Err)})
	}
	if a.json {
		return a.printJSON(result)
	}
	if len(rows) == 0 {
		a.say("azure.gateways.none", nil)
	} else {
		a.out.table([]string{a.text("azure.name", nil), a.text("azure.kind", nil), a.text("azure.resource-group", nil), a.text("azure.subscription", nil),
			a.text("azure.authentication", nil), a.text("azure.protocols", nil), a.text("azure.pools", nil), a.text("azure.roots-expire", nil)}, rows)
	}
	for _, g := range result.Gateways {
		a.azureNotices(g.Name, g.Notices)
	}
	for _, refused := range found.Refused {
		a.err.marked(yellow, a.text("finding.warning", nil), refused.Subscription+": "+explain(a.texts(), refused.Err).Sentence)
	}
	return nil
}

func (a *app) azureRow(g azure.Gateway) []cell {
	row := cells(g.Name, a.text("azure.kind."+string(g.Kind), nil), g.ResourceGroup, g.SubscriptionName, "", "", "", "")
	p := g.PointToSite
	if p == nil {
		row[4].text = a.text("azure.not-set-up", nil)
		return row
	}
	row[4].text, row[5].text, row[6].text = azureList(p.Authentication), azureList(p.Protocols), joinedTexts(p.AddressPools)
	if expires := p.RootsExpire(); !expires.IsZero() {
		row[7].text = a.texts().Date(expires)
		if time.Until(expires) < azure.Ahead {
			row[7].style = yellow
		}
	}
	return row
}

// azureNotices says what will keep people out if nobody does anything.
func (a *app) azureNotices(name string, notices []azure.Notice) {
	for _, n := range notices {
		values := language.Values{"Subject": n.Subject, "Date": ""}
		if !n.When.IsZero() {
			values["Date"] = a.texts().Date(n.When)
		}
		a.err.marked(yellow, a.text("finding.warning", nil), name+": "+a.text("azure.notice."+string(n.Code), values))
	}
}
