package main

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/client/agent"
	"github.com/footbridge-vpn/footbridge/client/signin/entra"
	"github.com/footbridge-vpn/footbridge/client/signin/keyring"
)

// tokens is where access tokens of Entra ID come from.
func (a *app) tokens() agent.TokenSource { return client.Tokens(a.provider) }

// notifier tells the user what a session in the background waits for.
func (a *app) notifier() agent.Notifier { return agent.Desktop{} }

// keyringVariable chooses where sign-ins and passwords rest, for machines without a desktop: auto, secret-service, file or memory.
const keyringVariable = "FOOTBRIDGE_KEYRING"

// keyring opens where the user's secrets rest, and says once what they should know of it.
func (a *app) keyring(ctx context.Context) (keyring.Keyring, error) {
	opened, choice, err := keyring.Open(ctx, keyring.Options{Preference: keyring.Preference(a.getenv(keyringVariable))})
	if err != nil {
		return nil, err
	}
	if choice.Warning != "" && !choice.Warned && !a.json {
		if choice.Kind == keyring.File {
			a.warn("keyring.file", nil)
		} else {
			a.err.line(choice.Warning)
		}
		if err := keyring.MarkWarned(keyring.UserDir()); err != nil && a.verbose {
			a.err.line(err.Error())
		}
	}
	return opened, nil
}

// provider signs users in with Entra ID.
func (a *app) provider(ctx context.Context) (*entra.Provider, error) {
	opened, err := a.keyring(ctx)
	if err != nil {
		return nil, err
	}
	return entra.New(entra.Options{Cache: opened, HTTPClient: http.DefaultClient, Page: client.FinishedPage(a.texts())}), nil
}

// usePasswords lets a session use a kept password, keep a new one and drop a refused one, where the administrator allows it.
func (a *app) usePasswords(ctx context.Context, prepared *client.Prepared, profile string, allowed bool) {
	passwords := client.Passwords{Open: a.keyring, NotKept: func() { a.warn("connect.not-remembered", nil) }}
	if a.verbose {
		passwords.Logger = slog.New(slog.NewTextHandler(a.err, nil))
	}
	passwords.Use(ctx, prepared, profile, allowed)
}
