package entra

import (
	"context"
	"sync"
	"time"
)

// Renewer keeps the token of one connection fresh while its tunnel is up. It asks nobody: when silence is not enough it says so while the
// present token is still good. It is safe for concurrent use.
type Renewer struct {
	get     func(context.Context, Request) (Token, error)
	now     func() time.Time
	request Request

	mu       sync.Mutex
	token    Token
	problem  *Problem  // of the last attempt; nil: it succeeded
	attempts int       // in vain since the last success
	tried    time.Time // when the last attempt ended
}

// When an attempt in vain is repeated.
const (
	retryFirst  = 5 * time.Second
	retryMost   = 5 * time.Minute
	retryOfUser = time.Minute // somebody may have signed in, in another program
)

// Renewer returns a Renewer for a token and the request that it was got with.
func (p *Provider) Renewer(request Request, token Token) *Renewer {
	request.Asker, request.Interactive, request.Fresh = nil, false, false
	if token.Account != "" {
		request.LoginHint = token.Account // whoever signs in meanwhile
	}
	return &Renewer{get: p.Token, now: p.now, request: request, token: token}
}

// Token is the present token, which may have ended.
func (r *Renewer) Token() Token {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.token
}

// Replace takes over a token that was got in another way, such as by a sign-in of the user.
func (r *Renewer) Replace(token Token) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if token.Account != "" {
		r.request.LoginHint = token.Account
	}
	r.token, r.problem, r.attempts = token, nil, 0
}

// Problem is why the last renewal was in vain; nil if it was not. With NeedsUser the user has to sign in before the token ends.
func (r *Renewer) Problem() *Problem {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.problem
}

// Next is when Renew should be called.
func (r *Renewer) Next() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.problem == nil {
		return r.token.renewalTime()
	}
	return r.tried.Add(r.pause())
}

// pause is how long to wait after an attempt in vain. While the token is still good there is time for one more attempt before it ends.
func (r *Renewer) pause() time.Duration {
	wait := retryFirst << min(r.attempts-1, 10)
	if r.problem.NeedsUser || !r.problem.Temporary() {
		wait = max(wait, retryOfUser)
	}
	wait = min(wait, retryMost)
	if left := r.token.Expires.Sub(r.tried) - lastMoments; left > 0 {
		wait = min(wait, max(left/2, retryFirst))
	}
	return max(wait, r.problem.RetryAfter)
}

// Renew gets a token that lives longer than the present one, silently. After an error the present token is unchanged.
func (r *Renewer) Renew(ctx context.Context) (Token, error) {
	r.mu.Lock()
	present, request := r.token, r.request
	r.mu.Unlock()
	request.MinValidity = max(present.Expires.Sub(r.now()), 0) + time.Second
	token, err := r.get(ctx, request)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		if ctx.Err() == nil {
			r.problem, r.tried = problemOf(err), r.now()
			r.attempts++
		}
		return Token{}, err
	}
	r.token, r.problem, r.attempts = token, nil, 0
	return token, nil
}
