package entra

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"

	"github.com/footbridge-vpn/footbridge/client/signin"
)

// attempt is what ties a sign-in in the browser to this program (RFC 7636, RFC 6749 section 10.12).
type attempt struct {
	state    string
	verifier string
}

func newAttempt() attempt {
	return attempt{state: rand.Text(), verifier: rand.Text() + rand.Text()} // 128 bits and 256
}

// challenge is the S256 code challenge of RFC 7636 section 4.2.
func (a attempt) challenge() string {
	sum := sha256.Sum256([]byte(a.verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// browser signs the user in with the browser (authorization code flow with PKCE, RFC 8252).
func (p *Provider) browser(ctx context.Context, app *application, request Request, claims string) (public.AuthResult, error) {
	ctx, cancel := context.WithTimeout(ctx, p.options.SignInLimit)
	defer cancel()
	at, err := listenLoopback(p.options.Port)
	if err != nil {
		return public.AuthResult{}, newProblem(CodeNoListener, err)
	}
	attempt := newAttempt()
	reception := receive(at, attempt.state, p.options.Page, p.logger)
	over := func() {}
	defer func() {
		reception.close() // at once, whatever the user is still being told
		over()
	}()
	watched, o := observed(ctx)
	address, err := app.authCodeURL(watched, at.redirectURI(), attempt, request, claims)
	if err != nil {
		return public.AuthResult{}, explain(ctx, err, o, CodeInternal)
	}
	over = inform(ctx, func(ctx context.Context) { p.open(ctx, request, address) })
	answer, err := reception.wait(ctx)
	if err != nil {
		return public.AuthResult{}, err
	}
	result, problem := p.redeem(ctx, app, answer, at.redirectURI(), attempt, claims)
	if problem != nil {
		reception.show(ctx, problemPage(problem))
		return public.AuthResult{}, problem
	}
	reception.show(ctx, donePage())
	return result, nil
}

// authCodeURL is the address of the tenant's page.
func (app *application) authCodeURL(ctx context.Context, redirectURI string, attempt attempt, request Request, claims string) (string, error) {
	var options []public.AuthCodeURLOption
	if request.LoginHint != "" {
		options = append(options, public.WithLoginHint(request.LoginHint))
	}
	if claims != "" {
		options = append(options, public.WithClaims(claims))
	}
	scopes := []string{"openid", "offline_access", "profile", app.scope} // MSAL adds them to token requests only
	made, err := app.msal.AuthCodeURL(ctx, app.clientID, redirectURI, scopes, options...)
	if err != nil {
		return "", err
	}
	address, err := url.Parse(made)
	if err != nil {
		return "", fmt.Errorf("read the tenant's address: %w", err)
	}
	if address.Scheme != "https" {
		return "", fmt.Errorf("the tenant's page has no https address")
	}
	query := address.Query()
	query.Set("state", attempt.state)
	query.Set("code_challenge", attempt.challenge())
	query.Set("code_challenge_method", "S256")
	query.Set("response_mode", "form_post") // keeps the code out of addresses and histories
	query.Set("client_info", "1")           // says who the account is in all tenants
	if request.LoginHint == "" {
		query.Set("prompt", "select_account")
	}
	address.RawQuery = query.Encode()
	return address.String(), nil
}

// open shows the tenant's page to the user, and says where it is if that does not work.
func (p *Provider) open(ctx context.Context, request Request, address string) {
	opened := make(chan error, 1)
	go func() { opened <- p.options.OpenBrowser(ctx, address) }()
	var err error
	select {
	case err = <-opened:
	case <-ctx.Done():
		return
	}
	if err != nil {
		p.logger.Info("no browser opened", "error", err)
	}
	request.Asker.Browser(ctx, signin.BrowserRequest{Profile: request.Profile, URL: address, Opened: err == nil})
}

// redeem gets a token for what the browser brought.
func (p *Provider) redeem(ctx context.Context, app *application, answer redirect, redirectURI string, attempt attempt, claims string) (public.AuthResult, *Problem) {
	if answer.refused != nil {
		return public.AuthResult{}, answer.refused.problem()
	}
	options := []public.AcquireByAuthCodeOption{public.WithChallenge(attempt.verifier)}
	if claims != "" {
		options = append(options, public.WithClaims(claims))
	}
	watched, o := observed(ctx)
	result, err := app.msal.AcquireTokenByAuthCode(watched, answer.code, redirectURI, []string{app.scope}, options...)
	if err != nil {
		return public.AuthResult{}, explain(ctx, err, o, CodeInternal)
	}
	return result, nil
}
