package client

import (
	"context"
	"log/slog"

	"github.com/footbridge-vpn/footbridge/client/signin/keyring"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// Passwords lets connections use passwords that the user had kept.
type Passwords struct {
	// Open opens where the user's secrets rest. It is called when a connection needs it.
	Open   func(context.Context) (keyring.Keyring, error)
	Logger *slog.Logger
	// NotKept is told that a password the user wanted kept could not be; nil: nobody is.
	NotKept func()
}

// Use lets a prepared connection use a kept password, keep a new one and drop a refused one, where the administrator allows it.
func (p Passwords) Use(ctx context.Context, prepared *Prepared, profileID string, allowed bool) {
	s := &prepared.Secrets
	if !allowed || s.Password != "" || s.Entra != nil || s.Certificate != nil || p.Open == nil {
		return
	}
	logger := p.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	opened, err := p.Open(ctx)
	if err != nil {
		logger.Info("keyring not opened", "error", err) // the user types it, as without a keyring
		return
	}
	kept := keyring.Passwords{Keyring: opened, Allowed: allowed}
	if username, password, found, err := kept.Get(ctx, profileID, s.Username); err == nil && found {
		s.Username, s.Password = username, password
	}
	s.Remember = func(username string, password secret.Text) {
		if err := kept.Set(context.WithoutCancel(ctx), profileID, username, password); err != nil {
			logger.Warn("password not kept", "error", err)
			if p.NotKept != nil {
				p.NotKept()
			}
		}
	}
	s.Forget = func(username string) {
		if err := kept.Delete(context.WithoutCancel(ctx), profileID, username); err != nil {
			logger.Info("password not dropped", "error", err)
		}
	}
}
