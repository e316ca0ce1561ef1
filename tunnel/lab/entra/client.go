package entra

import (
	"slices"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// client is an application that may sign in: a public one, on a computer. It implements op.Client.
type client struct {
	id        string
	redirects []string
	login     func(id string) string
}

// client finds an application by its id, or refuses it as Entra does.
func (p *Provider) client(id string) (*client, *refusal) {
	known := append([]string{p.options.Audience, DefaultAudience, LegacyAudience}, p.options.Clients...)
	if !slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, id) }) {
		return nil, refuse(700016)
	}
	return &client{id: id, redirects: append([]string{"http://localhost", "http://localhost/"}, p.options.Redirects...), login: p.loginURL}, nil
}

// resource is what a request's scopes are for: the part of "<resource>/.default" before the slash.
func (p *Provider) resource(scopes []string) (string, *refusal) {
	for _, scope := range scopes {
		at := strings.LastIndexByte(scope, '/')
		if at < 0 {
			continue // openid, profile, offline_access
		}
		resource := scope[:at]
		for _, known := range append([]string{p.options.Audience, "api://" + p.options.Audience}, p.options.Resources...) {
			if strings.EqualFold(resource, known) {
				return resource, nil
			}
		}
		if isGUID(resource) {
			return "", refuse(650057)
		}
		return "", refuse(500011)
	}
	return "", refuse(70011)
}

func (c *client) GetID() string                       { return c.id }
func (c *client) RedirectURIs() []string              { return c.redirects }
func (c *client) PostLogoutRedirectURIs() []string    { return nil }
func (c *client) ApplicationType() op.ApplicationType { return op.ApplicationTypeNative }
func (c *client) AuthMethod() oidc.AuthMethod         { return oidc.AuthMethodNone }
func (c *client) LoginURL(id string) string           { return c.login(id) }
func (c *client) ClockSkew() time.Duration            { return 0 }
func (c *client) DevMode() bool                       { return false }
func (c *client) IDTokenLifetime() time.Duration      { return time.Hour }
func (c *client) IsScopeAllowed(string) bool          { return true }

// AccessTokenType is the one that is cheap to make: the provider replaces it by one in Entra's shape.
func (c *client) AccessTokenType() op.AccessTokenType  { return op.AccessTokenTypeBearer }
func (c *client) IDTokenUserinfoClaimsAssertion() bool { return false }
func (c *client) ResponseTypes() []oidc.ResponseType {
	return []oidc.ResponseType{oidc.ResponseTypeCode}
}
func (c *client) RestrictAdditionalIdTokenScopes() filter     { return none }
func (c *client) RestrictAdditionalAccessTokenScopes() filter { return none }

func (c *client) GrantTypes() []oidc.GrantType {
	return []oidc.GrantType{oidc.GrantTypeCode, oidc.GrantTypeRefreshToken, oidc.GrantTypeDeviceCode}
}

type filter = func([]string) []string

func none([]string) []string { return nil }
