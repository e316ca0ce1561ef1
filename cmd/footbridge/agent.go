package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/agent"
)

// agentCommand answers for a session in the background. connect starts it; people need not.
func (a *app) agentCommand() *cobra.Command {
	command := &cobra.Command{
		Use:    "agent",
		Hidden: true,
		Args:   exactly(0),
		RunE:   func(command *cobra.Command, _ []string) error { return a.agent(command.Context()) },
	}
	return command
}

func (a *app) agent(ctx context.Context) error {
	service := a.service()
	defer service.Close()
	return agent.Serve(ctx, a.in, a.out, agent.Options{Service: service, Tokens: a.tokens(), Notifier: a.notifier()})
}
