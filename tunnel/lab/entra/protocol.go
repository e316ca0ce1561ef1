package entra

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// protocol is the OAuth and OpenID library's server with answers in Entra's shape.
type protocol struct {
	*op.LegacyServer
	provider *Provider
}

// protocol makes the library's handler. Its addresses are below the tenant's.
func (p *Provider) protocol() (http.Handler, error) {
	config := &op.Config{
		CodeMethodS256: true, GrantTypeRefreshToken: true,
		DeviceAuthorization: op.DeviceAuthorizationConfig{
			Lifetime: defaultDeviceCodeLifetime, PollInterval: devicePollInterval, UserFormURL: p.deviceAuthURL(),
			UserCode: op.UserCodeConfig{CharSet: "ABCDEFGHJKLMNPQRSTUVWXYZ23456789", CharAmount: 9},
		},
		SupportedScopes: []string{oidc.ScopeOpenID, oidc.ScopeProfile, oidc.ScopeEmail, oidc.ScopeOfflineAccess},
	}
	rand.Read(config.CryptoKey[:])
	provider, err := op.NewProvider(config, p.store, op.StaticIssuer(p.authority+"/v2.0"))
	if err != nil {
		return nil, fmt.Errorf("set up OpenID provider: %w", err)
	}
	at := func(path string) *op.Endpoint { return op.NewEndpointWithURL(path, p.authority+path) }
	server := &protocol{provider: p, LegacyServer: op.NewLegacyServer(provider, op.Endpoints{
		Authorization: at(authorizePath), Token: at(tokenPath), DeviceAuthorization: at(devicePath), JwksURI: at(keysPath),
	})}
	return op.RegisterLegacyServer(server, op.AuthorizeCallbackHandler(provider), op.WithServerCORSOptions(nil)), nil
}

// devicePollInterval is how often a device should ask, as Entra says.
const devicePollInterval = 5 * time.Second

func (p *Provider) loginURL(id string) string {
	return p.authority + loginPath + "?" + url.Values{"request": {id}}.Encode()
}

func (p *Provider) deviceAuthURL() string { return p.authority + deviceAuthPath }

// callbackURL is where the browser goes when its sign-in is finished, to be sent back to the application.
func (p *Provider) callbackURL(id string) string {
	return p.authority + authorizePath + "/callback?" + url.Values{"id": {id}}.Encode()
}

// Authorize refuses silent requests, which Entra answers from the browser's session: there is none without a page here.
func (s *protocol) Authorize(ctx context.Context, r *op.ClientRequest[oidc.AuthRequest]) (*op.Redirect, error) {
	if slices.Contains(r.Data.Prompt, oidc.PromptNone) {
		return nil, oidc.ErrLoginRequired().WithDescription("%s", refuse(50058).Error())
	}
	if r.Data.CodeChallenge == "" {
		return nil, exchangeOf(ctx).refuse(refuse(90014))
	}
	return s.LegacyServer.Authorize(ctx, r)
}

// CodeExchange gives tokens for an authorization code.
func (s *protocol) CodeExchange(ctx context.Context, r *op.ClientRequest[oidc.AccessTokenRequest]) (*op.Response, error) {
	response, err := s.LegacyServer.CodeExchange(ctx, r)
	return s.inShape(ctx, response, err)
}

// RefreshToken gives new tokens for a refresh token.
func (s *protocol) RefreshToken(ctx context.Context, r *op.ClientRequest[oidc.RefreshTokenRequest]) (*op.Response, error) {
	response, err := s.LegacyServer.RefreshToken(ctx, r)
	return s.inShape(ctx, response, err)
}

// DeviceToken gives tokens to a device for which somebody has signed in.
func (s *protocol) DeviceToken(ctx context.Context, r *op.ClientRequest[oidc.DeviceAccessTokenRequest]) (*op.Response, error) {
	response, err := s.LegacyServer.DeviceToken(ctx, r)
	if err == nil {
		s.provider.store.forgetDevice(r.Data.DeviceCode)
	}
	return s.inShape(ctx, response, err)
}

// inShape makes the tokens of a response Entra's.
func (s *protocol) inShape(ctx context.Context, response *op.Response, err error) (*op.Response, error) {
	if err != nil {
		return nil, err
	}
	exchange := exchangeOf(ctx)
	granted, isTokens := response.Data.(*oidc.AccessTokenResponse)
	if !isTokens || exchange.grant == nil {
		return nil, errors.New("the library answered without tokens")
	}
	answer, err := s.provider.tokens(exchange.grant, granted.RefreshToken, exchange.clientInfo)
	if err != nil {
		return nil, err
	}
	return op.NewResponse(answer), nil
}

// deviceAnswer is the answer to a device (https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code).
type deviceAnswer struct {
	UserCode        string `json:"user_code"`
	DeviceCode      string `json:"device_code"`
	VerificationURI string `json:"verification_uri"`
	ExpiresIn       int    `json:"expires_in"`
	Interval        int    `json:"interval"`
	Message         string `json:"message"`
}

// DeviceAuthorization gives a device its codes.
func (s *protocol) DeviceAuthorization(ctx context.Context, r *op.ClientRequest[oidc.DeviceAuthorizationRequest]) (*op.Response, error) {
	switches := s.provider.Switches()
	response, err := s.LegacyServer.DeviceAuthorization(ctx, r)
	if err != nil {
		return nil, err
	}
	codes, isCodes := response.Data.(*oidc.DeviceAuthorizationResponse)
	if !isCodes {
		return nil, errors.New("the library answered without codes")
	}
	return op.NewResponse(deviceAnswer{
		UserCode: codes.UserCode, DeviceCode: codes.DeviceCode, VerificationURI: codes.VerificationURI,
		ExpiresIn: int(switches.deviceCodeLifetime() / time.Second), Interval: codes.Interval,
		Message: fmt.Sprintf("To sign in, use a web browser to open the page %s and enter the code %s to authenticate.", codes.VerificationURI, codes.UserCode),
	}), nil
}

// forgetDevice makes a device's code worthless: it has been used.
func (s *store) forgetDevice(code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.devices, code)
}
