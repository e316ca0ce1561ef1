//go:build !linux

package agent

import "context"

// Desktop shows notifications on the user's desktop. On this system the desktop app does that itself.
type Desktop struct{}

// Notify implements Notifier.
func (Desktop) Notify(context.Context, string, string) {}
