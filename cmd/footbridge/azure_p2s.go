package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/azure"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/client/signin"
)

func (a *app) azureP2SCommand(shared *azureFlags) *cobra.Command {
	command := &cobra.Command{
		Use: "p2s",
		Example: `  footbridge azure p2s show contoso-gateway
  footbridge azure p2s set contoso-gateway --add-root contoso-root.cer`,
		Args: unknownCommand,
		RunE: func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	show := &cobra.Command{
		Use:     "show GATEWAY",
		Example: "  footbridge azure p2s show contoso-gateway\n  footbridge azure p2s show contoso-gateway --json | jq .gateway.point_to_site.roots",
		Args:    exactly(1),
		RunE: func(command *cobra.Command, args []string) error {
			return a.azureP2SShow(command.Context(), args[0], *shared)
		},
	}
	command.AddCommand(show, a.azureP2SEnableCommand(shared), a.azureP2SSetCommand(shared))
	return command
}

func (a *app) azureP2SEnableCommand(shared *azureFlags) *cobra.Command {
	var flags changeFlags
	command := &cobra.Command{
		Use: "enable GATEWAY --address-pool POOL --auth WAYS [flags]",
		Example: `  footbridge azure p2s enable contoso-gateway --address-pool 172.16.201.0/24 --auth cert --add-root contoso-root.cer
  footbridge azure p2s enable contoso-gateway --address-pool 172.16.201.0/24 --auth entra --entra-tenant 0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0`,
		Args: exactly(1),
		RunE: func(command *cobra.Command, args []string) error {
			flags.enable = true
			if len(flags.protocols) == 0 {
				flags.protocols = []string{string(azure.OpenVPN)}
			}
			return a.azureP2SChange(command, args[0], *shared, flags)
		},
	}
	flags.declare(command)
	return command
}

func (a *app) azureP2SSetCommand(shared *azureFlags) *cobra.Command {
	var flags changeFlags
	command := &cobra.Command{
		Use: "set GATEWAY [flags]",
		Example: `  footbridge azure p2s set contoso-gateway --add-root contoso-root.cer --dry-run
  footbridge azure p2s set contoso-gateway --revoke alice=alice.pem --yes
  footbridge azure p2s set contoso-gateway --custom-route 10.20.0.0/16,192.0.2.0/24
  footbridge azure p2s set contoso-gateway --auth cert,entra --entra-tenant 0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0`,
		Args: exactly(1),
		RunE: func(command *cobra.Command, args []string) error {
			return a.azureP2SChange(command, args[0], *shared, flags)
		},
	}
	flags.declare(command)
	return command
}

type azureP2SResult struct {
	document
	Gateway azure.Gateway  `json:"gateway"`
	Notices []azure.Notice `json:"notices"`
}

// azureP2SShow shows how a gateway is set up for clients.
func (a *app) azureP2SShow(ctx context.Context, name string, shared azureFlags) error {
	service, err := a.azure(ctx, shared)
	if err != nil {
		return err
	}
	defer service.end()
	g, err := service.Gateway(ctx, name)
	if err != nil {
		return err
	}
	service.end()
	notices := azure.GatewayNotices(g, time.Now())
	if a.json {
		return a.printJSON(azureP2SResult{newDocument(), g, notNil(notices)})
	}
	a.showGateway(g)
	a.azureNotices(g.Name, notices)
	return nil
}

func (a *app) showGateway(g azure.Gateway) {
	facts := []fact{
		{a.text("azure.name", nil), cell{text: g.Name}},
		{a.text("azure.kind", nil), cell{text: a.text("azure.kind."+string(g.Kind), nil)}},
		{a.text("azure.id", nil), cell{text: g.ID}},
		{a.text("azure.state", nil), cell{text: g.State}},
		{a.text("azure.server-configuration", nil), cell{text: g.ServerConfiguration}},
		{a.text("azure.shared-with", nil), cell{text: strings.Join(g.SharedWith, ", ")}},
	}
	p := g.PointToSite
	if p == nil {
		a.out.facts(append(facts, fact{a.text("azure.p2s", nil), cell{text: a.text("azure.not-set-up", nil)}}))
		return
	}
	field := func(f azure.Field) string { return a.text("azure.field."+string(f), nil) }
	facts = append(facts,
		fact{field(azure.FieldProtocols), cell{text: azureList(p.Protocols)}},
		fact{field(azure.FieldAuthentication), cell{text: azureList(p.Authentication)}},
		fact{field(azure.FieldAddressPools), cell{text: joinedTexts(p.AddressPools)}},
		fact{field(azure.FieldCustomRoutes), cell{text: joinedTexts(p.CustomRoutes)}},
		fact{field(azure.FieldDNSServers), cell{text: joinedTexts(p.DNSServers)}},
		fact{field(azure.FieldRADIUS), cell{text: joinedTexts(p.RADIUS)}})
	if p.Entra != nil {
		facts = append(facts, fact{field(azure.FieldTenant), cell{text: p.Entra.Tenant}}, fact{field(azure.FieldAudience), cell{text: p.Entra.Audience}},
			fact{field(azure.FieldIssuer), cell{text: p.Entra.Issuer}})
	}
	for _, root := range p.Roots {
		words := root.String()
		if !root.Expires.IsZero() {
			words = a.text("azure.root", language.Values{"Root": words, "Date": a.texts().Date(root.Expires)})
		}
		facts = append(facts, fact{field(azure.FieldRoots), cell{text: words}})
	}
	for _, revoked := range p.Revoked {
		facts = append(facts, fact{field(azure.FieldRevoked), cell{text: revoked.String()}})
	}
	a.out.facts(facts)
}

func joinedTexts[T any](all []T) string {
	var words []string
	for _, one := range all {
		words = append(words, fmt.Sprint(one))
	}
	return strings.Join(words, ", ")
}

type azureChangeResult struct {
	document
	Gateway     string             `json:"gateway"`     // its resource id
	SharedWith  []string           `json:"shared_with"` // gateways that change too
	Differences []azure.Difference `json:"differences"`
	NewProfiles bool               `json:"new_profiles"` // clients need new ones
	Disconnects bool               `json:"disconnects"`  // connections are cut
	Applied     bool               `json:"applied"`
}

// azureP2SChange shows what a change of a gateway's settings would do, asks, and makes it.
func (a *app) azureP2SChange(command *cobra.Command, name string, shared azureFlags, flags changeFlags) error {
	ctx := command.Context()
	cloud, err := a.azure(ctx, shared)
	if err != nil {
		return err
	}
	defer cloud.end()
	change, err := flags.change(command, cloud.cloud)
	if err != nil {
		return err
	}
	g, err := cloud.Gateway(ctx, name)
	if err != nil {
		return err
	}
	plan, err := cloud.Plan(ctx, g, change)
	if err != nil {
		return err
	}
	cloud.end()
	result := azureChangeResult{newDocument(), g.ID, notNil(plan.Gateway.SharedWith), notNil(plan.Differences), plan.NewProfiles, plan.Disconnects, false}
	if !a.json {
		a.showPlan(plan)
	}
	if len(plan.Differences) > 0 && !flags.dryRun {
		if err := a.confirm(ctx, flags.yes, a.text("azure.p2s.ask", language.Values{"Gateway": g.Name})); err != nil {
			return err
		}
		if err := cloud.Apply(ctx, plan); err != nil {
			return err
		}
		cloud.end()
		result.Applied = true
	}
	switch {
	case a.json:
		return a.printJSON(result)
	case result.Applied:
		a.say("azure.p2s.done", language.Values{"Gateway": g.Name})
	}
	return nil
}

func (a *app) showPlan(plan *azure.Plan) {
	if len(plan.Differences) == 0 {
		a.say("azure.p2s.same", language.Values{"Gateway": plan.Gateway.Name})
		return
	}
	a.say("azure.p2s.plan", language.Values{"Gateway": plan.Gateway.Name})
	a.showDifferences(plan.Differences)
	if len(plan.Gateway.SharedWith) > 0 {
		a.err.marked(yellow, a.text("finding.warning", nil), a.text("azure.p2s.shared", language.Values{"Names": strings.Join(plan.Gateway.SharedWith, ", ")}))
	}
	if plan.Disconnects {
		a.err.marked(yellow, a.text("finding.warning", nil), a.text("azure.p2s.disconnects", nil))
	}
	if plan.NewProfiles {
		a.err.marked(yellow, a.text("finding.warning", nil), a.text("azure.p2s.new-profiles", nil))
	}
}

// confirm asks before something is done in Azure. Scripts say --yes.
func (a *app) confirm(ctx context.Context, yes bool, question string) error {
	if yes {
		return nil
	}
	if a.json {
		return &usageError{"azure-needs-yes", nil}
	}
	agreed, err := a.agreeTo(ctx, question)
	switch {
	case errors.Is(err, signin.ErrNobodyToAsk):
		return &usageError{"azure-needs-yes", nil}
	case err != nil:
		return err
	case !agreed:
		return signin.ErrCancelled
	}
	return nil
}
