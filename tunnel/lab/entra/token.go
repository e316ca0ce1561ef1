package entra

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"
	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// tokenAnswer is a token response (https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#successful-response-2).
type tokenAnswer struct {
	Type         string `json:"token_type"`
	Scope        string `json:"scope"`
	ExpiresIn    int    `json:"expires_in"`
	ExtExpiresIn int    `json:"ext_expires_in"`
	RefreshIn    int    `json:"refresh_in,omitempty"`
	Access       string `json:"access_token"`
	Refresh      string `json:"refresh_token,omitempty"`
	ID           string `json:"id_token,omitempty"`
	ClientInfo   string `json:"client_info,omitempty"`
}

// backdated is how far before its making a token begins, as Entra does for clocks that are behind.
const backdated = 5 * time.Minute

// realTokenSize is the least size of a token that is not made small, in bytes: what users of Azure VPN have seen.
const realTokenSize = 2200

// tokens makes the tokens that a grant is for.
func (p *Provider) tokens(g *grant, refresh string, clientInfo bool) (*tokenAnswer, error) {
	switches, now := p.Switches(), p.now()
	lifetime := switches.tokenLifetime()
	access, err := p.accessToken(g, now, &switches)
	if err != nil {
		return nil, err
	}
	answer := &tokenAnswer{
		Type: "Bearer", Scope: g.resource + "/user_impersonation " + g.resource + "/.default",
		ExpiresIn: int(lifetime / time.Second), ExtExpiresIn: int(lifetime / time.Second), RefreshIn: int(switches.RefreshIn / time.Second),
		Access: access, Refresh: refresh,
	}
	if slices.Contains(g.scopes, oidc.ScopeOpenID) {
		if answer.ID, err = p.idToken(g, now); err != nil {
			return nil, err
		}
	}
	if clientInfo {
		info, err := json.Marshal(map[string]string{"uid": g.user.ObjectID, "utid": p.options.Tenant})
		if err != nil {
			return nil, err
		}
		answer.ClientInfo = base64.RawURLEncoding.EncodeToString(info)
	}
	return answer, nil
}

// accessToken is one in the shape of Entra's version 1, which the Azure VPN applications get.
func (p *Provider) accessToken(g *grant, now time.Time, switches *Switches) (string, error) {
	claims := map[string]any{
		"aud": g.resource, "iss": p.options.Issuer,
		"iat": now.Add(-backdated).Unix(), "nbf": now.Add(-backdated).Unix(), "exp": now.Add(switches.tokenLifetime()).Unix(),
		"acr": "1", "amr": g.methods, "appid": g.client, "appidacr": "0", "name": g.user.Name, "oid": g.user.ObjectID, "scp": "user_impersonation",
		"sub": subject(g, g.resource), "tid": p.options.Tenant, "unique_name": g.user.Username, "upn": g.user.Username, "uti": identifier(16), "ver": "1.0",
	}
	if switches.Groups || g.asksFor("groups") {
		claims["groups"] = append([]string{}, g.user.Groups...)
	}
	if !switches.SmallTokens {
		addDetail(claims, g)
	}
	token, err := p.sign(claims)
	if missing := realTokenSize - len(token); err == nil && !switches.SmallTokens && missing > 0 {
		claims["xms_ftd"] = identifier(featureSize + missing)
		token, err = p.sign(claims)
	}
	return token, err
}

// featureSize is the length of a claim that only Entra reads.
const featureSize = 86

// addDetail adds what Entra says besides.
func addDetail(claims map[string]any, g *grant) {
	given, family, _ := strings.Cut(g.user.Name, " ")
	more := map[string]any{
		"acct": 0, "aio": identifier(120), "given_name": given, "family_name": family, "idtyp": "user", "ipaddr": "203.0.113.10",
		"onprem_sid": "S-1-5-21-2000478354-1343024091-725345543-1104", "puid": "10032002C0FFEE01", "rh": "1.AX0A" + identifier(60) + ".",
		"sid": uuid.NewString(), "signin_state": []string{"kmsi"}, "wids": []string{uuid.NewString(), uuid.NewString()}, "xms_idrel": "1 26",
		"xms_ftd": identifier(featureSize), "xms_tcdt": 1577836800,
	}
	for name, value := range more {
		claims[name] = value
	}
}

// idToken is one in the shape of Entra's version 2. The audience is one name, not a list, which MSAL insists on.
func (p *Provider) idToken(g *grant, now time.Time) (string, error) {
	claims := map[string]any{
		"ver": "2.0", "iss": p.authority + "/v2.0", "aud": g.client, "sub": subject(g, g.client),
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		"name": g.user.Name, "preferred_username": g.user.Username, "oid": g.user.ObjectID, "tid": p.options.Tenant,
		"uti": identifier(16), "rh": "1.AX0A" + identifier(20) + ".",
	}
	if g.nonce != "" {
		claims["nonce"] = g.nonce
	}
	return p.sign(claims)
}

// subject is who the user is to one application: different for each, the same each time.
func subject(g *grant, audience string) string {
	sum := sha256.Sum256([]byte(g.user.ObjectID + " " + audience))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func (p *Provider) sign(claims map[string]any) (string, error) {
	key := p.keys.current()
	options := (&jose.SignerOptions{}).WithType("JWT").WithHeader("x5t", key.id)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key.private, KeyID: key.id}}, options)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return token, nil
}

// identifier is a random text of some length that means nothing.
func identifier(length int) string {
	random := make([]byte, (length*3+3)/4)
	rand.Read(random)
	return base64.RawURLEncoding.EncodeToString(random)[:length]
}

// AccessToken makes a token for the gateway without any sign-in, for tests of gateways. It obeys the switches about tokens.
func (p *Provider) AccessToken(username string) (string, error) {
	user, known := p.directory.find(username)
	if !known {
		return "", fmt.Errorf("find user %q: there is none", username)
	}
	switches := p.Switches()
	granted := &grant{user: user, client: p.options.Audience, resource: p.options.Audience, methods: []string{"pwd"}}
	return p.accessToken(granted, p.now(), &switches)
}
