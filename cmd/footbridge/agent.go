package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/adrg/xdg"
	"github.com/gofrs/flock"
	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/client/agent"
)

// agentCommand answers for sessions in the background. connect starts it, and the user's session manager with --autoconnect; people
// need not.
func (a *app) agentCommand() *cobra.Command {
	var autoConnect bool
	command := &cobra.Command{
		Use:    "agent",
		Hidden: true,
		Args:   exactly(0),
		RunE: func(command *cobra.Command, _ []string) error {
			if autoConnect {
				return a.autoConnect(command.Context())
			}
			return a.agent(command.Context())
		},
	}
	command.Flags().BoolVar(&autoConnect, "autoconnect", false, "")
	return command
}

// agent keeps the one session that is handed over on standard input.
func (a *app) agent(ctx context.Context) error {
	service := a.service()
	defer service.Close()
	return agent.Serve(ctx, a.in, a.out, agent.Options{Service: service, Tokens: a.tokens(), Notifier: a.notifier()})
}

// autoConnect keeps all of the user's connections that are to be up without being asked for. One process a user does.
func (a *app) autoConnect(ctx context.Context) error {
	unlock, err := lockAutoConnect()
	if err != nil {
		return err
	}
	defer unlock()
	profiles, err := a.userStore()
	if err != nil {
		return err
	}
	service := a.service()
	defer service.Close()
	keeping := client.AutoConnect{Service: service, Profiles: profiles, Tokens: a.tokens(), Notifier: a.notifier(),
		Logger: slog.New(slog.NewTextHandler(a.err, nil)),
		Passwords: func(ctx context.Context, prepared *client.Prepared, profile string) {
			allowed := false
			if policy, err := service.Policy(ctx); err == nil {
				allowed = policy.SavePasswords
			}
			a.usePasswords(ctx, prepared, profile, allowed)
		}}
	if err := keeping.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// lockAutoConnect keeps a second process from doing the same.
func lockAutoConnect() (unlock func(), err error) {
	dir := filepath.Join(xdg.RuntimeDir, "footbridge")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("keep connections: %w", err)
	}
	lock := flock.New(filepath.Join(dir, "autoconnect.lock"))
	locked, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("keep connections: %w", err)
	}
	if !locked {
		return nil, client.ErrAlreadyKept
	}
	return func() { lock.Close() }, nil
}
