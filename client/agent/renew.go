package agent

import (
	"context"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/profiles"
)

// renewalCheck is how often it is looked whether a token is due.
const renewalCheck = 5 * time.Second

// renewAll renews tokens while their tunnels are up, before they end: the gateway may ask for one at any time, and the user is told while
// there is still time to sign in.
func (a *Agent) renewAll(ctx context.Context) {
	ticker := time.NewTicker(renewalCheck)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for _, kept := range a.due() {
			a.renew(ctx, kept)
		}
	}
}

// due are the sessions whose tokens are to be renewed now.
func (a *Agent) due() []*keptSession {
	a.mu.Lock()
	defer a.mu.Unlock()
	var due []*keptSession
	for _, kept := range a.kept {
		if kept.secrets.Type == profiles.EntraID && kept.isDue(a.options.Now()) {
			due = append(due, kept)
		}
	}
	return due
}

// isDue reports whether a token has used up most of its life. After a failure it is tried again when half of the rest is over.
func (k *keptSession) isDue(now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.token.AccessToken == "" || !now.Before(k.token.Expires) {
		return false
	}
	life := k.token.Expires.Sub(k.renewed)
	if k.err != nil {
		return now.After(k.renewed.Add(life / 2))
	}
	return now.After(k.renewed.Add(life * 3 / 4))
}

// renew gets a new token silently. Where that takes the user, they are told, and the tunnel stays up until the gateway wants a token.
func (a *Agent) renew(ctx context.Context, kept *keptSession) {
	kept.mu.Lock()
	before := kept.token
	left := before.Expires.Sub(a.options.Now())
	kept.mu.Unlock()
	token, err := a.token(ctx, kept, false, left+time.Second, nil)
	if err == nil && token.Expires.After(before.Expires) {
		a.tellExpiry(ctx, kept.id, token)
		return
	}
	if ctx.Err() != nil {
		return
	}
	kept.mu.Lock()
	first := kept.err == nil
	kept.err, kept.renewed = err, a.options.Now()
	kept.mu.Unlock()
	if err == nil || !first {
		return
	}
	a.logger.Warn("token not renewed", "session", kept.id, "error", err)
	a.mu.Lock()
	session, known := a.sessions[kept.id]
	a.mu.Unlock()
	if !known {
		return
	}
	expires := before.Expires
	session.SignIn = &api.SignIn{Account: before.Account, Expires: &expires}
	a.tell(ctx, session, err)
}
