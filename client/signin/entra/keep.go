package entra

import (
	"time"
)

// tokenKey says whose token it is.
type tokenKey struct {
	application string
	account     string // home account id
	groups      bool   // the groups were asked for
}

// How early a token is renewed.
const (
	renewalShare = 3                // a third of its life before it ends
	renewalMost  = 10 * time.Minute // and at most this
	lastMoments  = 10 * time.Second // that a token has left are too few to be given out
)

// renewalTime is when a token should be renewed: when the tenant says so, else a good while before it ends.
func (t Token) renewalTime() time.Time {
	margin := renewalMost
	if !t.Obtained.IsZero() {
		margin = min(margin, t.Expires.Sub(t.Obtained)/renewalShare)
	}
	due := t.Expires.Add(-margin)
	if !t.RefreshOn.IsZero() && t.RefreshOn.Before(due) {
		due = t.RefreshOn
	}
	return due
}

// serves reports whether a token is good enough for a request.
func (t Token) serves(request Request, now time.Time) bool {
	switch {
	case t.AccessToken == "" || request.Fresh || request.Claims != "":
		return false
	case request.MinValidity > 0:
		return t.Expires.Sub(now) >= request.MinValidity
	default:
		return now.Before(t.renewalTime())
	}
}

// isGood reports whether a token that should be renewed can still be used.
func (t Token) isGood(request Request, now time.Time) bool {
	return t.AccessToken != "" && !request.Fresh && request.Claims == "" && t.Expires.Sub(now) > max(lastMoments, request.MinValidity)
}

// keep remembers the last token of an account. MSAL's cache has none with a life under five minutes, and may return an older one than the last.
func (p *Provider) keep(key tokenKey, token Token) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tokens[key] = token
}

func (p *Provider) lastToken(key tokenKey) Token {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tokens[key]
}

// dropTokens forgets tokens. The caller holds p.mu.
func (p *Provider) dropTokens(which func(tokenKey) bool) {
	for key := range p.tokens {
		if which(key) {
			delete(p.tokens, key)
		}
	}
}
