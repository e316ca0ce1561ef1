package main

import "github.com/footbridge-vpn/footbridge/client/agent"

// tokens is where access tokens of Entra ID come from.
func (a *app) tokens() agent.TokenSource { return nil }

// notifier tells the user what a session in the background waits for.
func (a *app) notifier() agent.Notifier { return agent.Desktop{} }
