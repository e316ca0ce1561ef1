package entra

import (
	"context"
	"strings"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"

	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// anyClaims make MSAL pass its cache by: there is no other way to ask for a new token.
const anyClaims = "{}"

// silently returns a token without asking the user.
func (p *Provider) silently(ctx context.Context, app *application, request Request) (Token, error) {
	claims, err := wantedClaims(request.Entra.EnableGroupToken, request.Claims)
	if err != nil {
		return Token{}, newProblem(CodeBadClaims, err)
	}
	account, err := p.account(ctx, app, request)
	if err != nil {
		return Token{}, err
	}
	key := tokenKey{application: app.key, account: account.HomeAccountID, groups: request.Entra.EnableGroupToken}
	for {
		if last := p.lastToken(key); last.serves(request, p.now()) {
			return last, nil
		}
		asked := p.now()
		token, joined, err := p.flights.do(ctx, strings.Join([]string{key.application, key.account, claims}, "\n"), func(ctx context.Context) (Token, error) {
			return p.refresh(ctx, app, account, key, claims, request)
		})
		if err == nil && joined && !token.Obtained.After(asked) && !token.serves(request, p.now()) {
			continue // what the other caller asked for is too little
		}
		if err == nil {
			p.remember(ctx, app, request, account.HomeAccountID)
		}
		return token, err
	}
}

// refresh gets a token from MSAL's cache or from the tenant.
func (p *Provider) refresh(ctx context.Context, app *application, account public.Account, key tokenKey, claims string, request Request) (Token, error) {
	last := p.lastToken(key)
	if claims == "" && last.AccessToken == "" && !request.Fresh {
		token, err := p.acquire(ctx, app, account, "")
		if err != nil || token.serves(request, p.now()) || !token.Obtained.IsZero() {
			return p.settle(token, err, key, request)
		}
		last = token // from the cache, and too old
	}
	if claims == "" {
		claims = anyClaims
	}
	token, err := p.acquire(ctx, app, account, claims)
	if err == nil {
		return p.settle(token, nil, key, request)
	}
	problem := problemOf(err)
	if !problem.NeedsUser && last.isGood(request, p.now()) && ctx.Err() == nil {
		p.logger.Warn("token not renewed, the last one is still good", "profile", request.Profile, "code", problem.Code, "until", last.Expires, "error", problem.Err)
		return p.settle(last, nil, key, request)
	}
	return Token{}, err
}

// settle keeps a token that was got.
func (p *Provider) settle(token Token, err error, key tokenKey, request Request) (Token, error) {
	if err != nil {
		return Token{}, err
	}
	p.keep(key, token)
	p.logger.Debug("token", "profile", request.Profile, "expires", token.Expires, "new", !token.Obtained.IsZero())
	return token, nil
}

// acquire asks MSAL for a token.
func (p *Provider) acquire(ctx context.Context, app *application, account public.Account, claims string) (Token, error) {
	options := []public.AcquireSilentOption{public.WithSilentAccount(account)}
	if claims != "" {
		options = append(options, public.WithClaims(claims))
	}
	watched, o := observed(ctx)
	result, err := app.msal.AcquireTokenSilent(watched, []string{app.scope}, options...)
	if err == nil {
		return p.tokenOf(app, result), nil
	}
	problem := explain(ctx, err, o, CodeSignInNeeded)
	if result.AccessToken != "" && !problem.NeedsUser { // it should be refreshed, and could not be
		if result.Account.PreferredUsername == "" {
			result.Account = account
		}
		return p.tokenOf(app, result), nil
	}
	return Token{}, problem
}

func (p *Provider) tokenOf(app *application, result public.AuthResult) Token {
	token := Token{
		AccessToken: secret.Text(result.AccessToken), Account: result.Account.PreferredUsername, Tenant: app.authority.tenant,
		Expires: result.ExpiresOn, RefreshOn: result.Metadata.RefreshOn,
	}
	if result.Metadata.TokenSource == public.TokenSourceIdentityProvider {
		token.Obtained = p.now()
	}
	return token
}

// account is the one to use silently: the one that is hinted at, the only one, or the one that was used last.
func (p *Provider) account(ctx context.Context, app *application, request Request) (public.Account, error) {
	all, err := app.msal.Accounts(ctx)
	if err != nil {
		return public.Account{}, explain(ctx, err, &observation{}, CodeInternal)
	}
	if ctx.Err() != nil {
		return public.Account{}, ended(ctx)
	}
	var fitting []public.Account
	for _, account := range all {
		if strings.EqualFold(account.Environment, app.authority.host) && strings.EqualFold(account.Realm, app.authority.tenant) {
			fitting = append(fitting, account)
		}
	}
	for _, account := range fitting {
		if request.LoginHint != "" && strings.EqualFold(account.PreferredUsername, request.LoginHint) {
			return account, nil
		}
	}
	last := app.storage.lastAccount(ctx, lastOf(app, request))
	for _, account := range fitting {
		if last != "" && account.HomeAccountID == last {
			return account, nil
		}
	}
	switch {
	case request.LoginHint != "" || len(fitting) == 0:
		return public.Account{}, newProblem(CodeSignInNeeded, nil)
	case len(fitting) == 1:
		return fitting[0], nil
	default:
		return public.Account{}, newProblem(CodeSeveralAccounts, nil)
	}
}

// lastOf is by what the account is remembered that was used last. A hint is part of it: who is hinted at by another of their names signs in
// once all the same.
func lastOf(app *application, request Request) string {
	return strings.TrimSpace(app.authority.url() + " " + app.clientID + " " + strings.ToLower(request.LoginHint))
}

// remember notes which account was used.
func (p *Provider) remember(ctx context.Context, app *application, request Request, id string) {
	if id != "" && app.storage.lastAccount(ctx, lastOf(app, request)) != id {
		app.storage.setLastAccount(ctx, lastOf(app, request), id)
	}
}
