package agent

import (
	"context"
	"errors"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/signin/entra"
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

// When a renewal that was in vain is tried again.
const (
	retryFirst  = 5 * time.Second
	retryMost   = 5 * time.Minute
	retryOfUser = time.Minute // somebody may have signed in, in another program
)

// isDue reports whether a token is to be renewed.
func (k *keptSession) isDue(now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	due := k.renewalTime()
	return !due.IsZero() && !now.Before(due)
}

// renewalTime is when a token is to be renewed: when it has used up most of its life, and after an attempt in vain a while later. Zero: there
// was no token yet. The mutex is held.
func (k *keptSession) renewalTime() time.Time {
	switch {
	case k.token.Expires.IsZero():
		return time.Time{}
	case k.vain == 0:
		return k.renewed.Add(k.token.Expires.Sub(k.renewed) * 3 / 4)
	default:
		return k.tried.Add(k.pause())
	}
}

// pause is how long to wait after an attempt in vain: ever longer, but while the token is good so that there is another attempt before it
// ends. The mutex is held.
func (k *keptSession) pause() time.Duration {
	left := k.token.Expires.Sub(k.tried)
	if left <= 0 {
		return retryMost // the tunnel is up for as long as the gateway does not ask
	}
	wait := min(retryFirst<<min(k.vain-1, 10), retryMost)
	problem, known := errorAs[*entra.Problem](k.problem)
	if known && !problem.Temporary() {
		wait = max(wait, retryOfUser)
	}
	wait = min(wait, max(left/2, retryFirst))
	if known {
		wait = max(wait, problem.RetryAfter)
	}
	return wait
}

// warnLeft is how much of a token's life is left when users are told of a tenant that could not be asked for the next one. Before, it is
// tried again without a word.
const warnLeft = 5 * time.Minute

// renew gets a new token silently. Where that takes the user, they are told, and the tunnel stays up until the gateway wants a token.
func (a *Agent) renew(ctx context.Context, kept *keptSession) {
	kept.mu.Lock()
	before := kept.token
	kept.mu.Unlock()
	left := max(before.Expires.Sub(a.options.Now()), 0)
	token, err := a.token(ctx, kept, false, left+time.Second, nil)
	if err == nil && token.Expires.After(before.Expires) {
		a.tellExpiry(ctx, kept.id, token)
		return
	}
	if ctx.Err() != nil {
		return
	}
	if err == nil {
		err = errors.New("renew token: the next one ends no later")
	}
	problem, known := errorAs[*entra.Problem](err)
	temporary := !known || problem.Temporary()
	kept.mu.Lock()
	kept.problem, kept.tried = err, a.options.Now()
	kept.vain++
	tell := !kept.told && (!temporary || known && left <= warnLeft)
	kept.told = kept.told || tell
	kept.mu.Unlock()
	a.logger.Warn("token not renewed", "session", kept.id, "error", err)
	if !tell {
		return
	}
	a.mu.Lock()
	session, known := a.sessions[kept.id]
	a.mu.Unlock()
	if !known {
		return
	}
	expires := before.Expires
	session.SignIn = &api.SignIn{Account: before.Account, Expires: &expires}
	command := ""
	if kept.secrets.Entra.CacheSignInUser { // else another program's sign-in is of use only once the gateway has asked
		command = kept.command(session)
	}
	a.tell(ctx, session, err, command)
}

// resume goes on with a token that another process of the user got: it is the gateway's, and only when it ends is of interest here.
func (a *Agent) resume(session string, token Token, obtained time.Time) {
	a.mu.Lock()
	kept := a.kept[session]
	a.mu.Unlock()
	if kept == nil || token.Expires.IsZero() {
		return
	}
	kept.mu.Lock()
	defer kept.mu.Unlock()
	if kept.token.Expires.IsZero() { // no question was answered meanwhile
		kept.token, kept.renewed = token, obtained
	}
}
