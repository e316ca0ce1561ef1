package entra

import (
	"context"
	"errors"
	"sync"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"

	"github.com/footbridge-vpn/footbridge/client/signin"
)

// interact gets a token with the user's help.
func (p *Provider) interact(ctx context.Context, app *application, request Request, challenge string) (Token, error) {
	if request.Asker == nil {
		return Token{}, newProblem(CodeSignInNeeded, signin.ErrNobodyToAsk)
	}
	claims, err := wantedClaims(request.Entra.EnableGroupToken, challenge)
	if err != nil {
		return Token{}, newProblem(CodeBadClaims, err)
	}
	release, waited, err := p.turn(ctx, app.key)
	if err != nil {
		return Token{}, err
	}
	defer release()
	if waited && !request.Interactive { // somebody else signed in meanwhile, with luck
		if token, err := p.silently(ctx, app, request); err == nil {
			return token, nil
		}
	}
	result, err := p.ask(ctx, app, request, claims)
	if more := furtherClaims(err); more != "" && more != challenge && ctx.Err() == nil {
		p.logger.Info("the tenant wants more of the user", "profile", request.Profile)
		if claims, err = wantedClaims(request.Entra.EnableGroupToken, more); err != nil {
			return Token{}, newProblem(CodeBadClaims, err)
		}
		result, err = p.ask(ctx, app, request, claims)
	}
	if err != nil {
		return Token{}, err
	}
	token := p.tokenOf(app, result)
	p.keep(tokenKey{application: app.key, account: result.Account.HomeAccountID, groups: request.Entra.EnableGroupToken}, token)
	p.remember(ctx, app, request, result.Account.HomeAccountID)
	p.remember(ctx, app, Request{}, result.Account.HomeAccountID)
	p.logger.Info("signed in", "profile", request.Profile, "tenant", app.authority.tenant, "expires", token.Expires)
	return token, nil
}

// furtherClaims are what a sign-in that was not enough has to ask for: conditional access may say so only when the code is redeemed.
func furtherClaims(err error) string {
	var problem *Problem
	if errors.As(err, &problem) && problem.NeedsUser {
		return problem.Claims
	}
	return ""
}

func (p *Provider) ask(ctx context.Context, app *application, request Request, claims string) (public.AuthResult, error) {
	if request.DeviceCode {
		return p.deviceCode(ctx, app, request, claims)
	}
	return p.browser(ctx, app, request, claims)
}

// turn waits until no other sign-in to the same application asks the user. waited is true if there was one.
func (p *Provider) turn(ctx context.Context, application string) (release func(), waited bool, err error) {
	p.mu.Lock()
	gate := p.interactions[application]
	if gate == nil {
		gate = make(chan struct{}, 1)
		p.interactions[application] = gate
	}
	p.mu.Unlock()
	release = func() { <-gate }
	select {
	case gate <- struct{}{}:
		return release, false, nil
	default:
	}
	select {
	case gate <- struct{}{}:
		return release, true, nil
	case <-ctx.Done():
		return nil, true, ended(ctx)
	}
}

// inform lets the user know of something until the context ends, and returns how to wait for that to be over.
func inform(ctx context.Context, tell func(context.Context)) (over func()) {
	ctx, cancel := context.WithCancel(ctx)
	var telling sync.WaitGroup
	telling.Go(func() { tell(ctx) })
	return func() {
		cancel()
		telling.Wait()
	}
}
