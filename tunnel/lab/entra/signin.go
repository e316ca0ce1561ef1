package entra

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// grant is what a finished sign-in lets an application have.
type grant struct {
	user       *account
	client     string
	scopes     []string
	resource   string
	nonce      string
	claims     string // that the application asked for, JSON
	methods    []string
	time       time.Time
	generation int // of the refresh tokens; see store.revoke
}

// asksFor reports whether the application asked for a claim in the access token
// (https://learn.microsoft.com/entra/identity-platform/claims-challenge).
func (g *grant) asksFor(claim string) bool {
	var asked struct {
		AccessToken map[string]json.RawMessage `json:"access_token"`
	}
	if json.Unmarshal([]byte(g.claims), &asked) != nil {
		return false
	}
	_, there := asked.AccessToken[claim]
	return there
}

// meetsConditionalAccess reports whether the sign-in brought the claims of the challenge.
func (g *grant) meetsConditionalAccess() bool { return g.asksFor("capolids") }

// asked is what an application wants when it sends somebody to sign in.
type asked struct {
	client    string
	scopes    []string
	claims    string
	prompts   []string
	loginHint string
	nonce     string
}

// signIn is somebody on their way through the pages. Its fields are guarded by the store.
type signIn struct {
	id      string
	created time.Time
	asked   asked
	request *authRequest // of an application with a browser
	device  *device      // of one without; see device

	confirmed bool // device: this is the application they meant
	user      *account
	password  bool // proven, or known from the browser's session
	factor    bool // the second one
	consented bool
	number    string // to be typed in again
	declined  bool
	finished  bool
}

// step is a page.
type step string

// The pages, in their order.
const (
	stepConfirm  step = "confirm"
	stepUsername step = "username"
	stepPassword step = "password"
	stepCode     step = "code"
	stepNumber   step = "number"
	stepConsent  step = "consent"
	stepDone     step = "done"
)

// next is the page to show.
func (s *signIn) next(switches Switches) step {
	switch {
	case s.declined || s.finished:
		return stepDone
	case s.device != nil && !s.confirmed:
		return stepConfirm
	case s.user == nil:
		return stepUsername
	case !s.password:
		return stepPassword
	case !s.factor && switches.MFA == TOTP:
		return stepCode
	case !s.factor && switches.MFA == Number:
		return stepNumber
	case switches.Consent && !s.consented:
		return stepConsent
	}
	return stepDone
}

// grant is what the finished sign-in gives.
func (s *signIn) grant(resource string, generation int, now time.Time) *grant {
	methods := []string{"pwd"}
	if s.factor {
		methods = append(methods, "mfa")
	}
	return &grant{
		user: s.user, client: s.asked.client, scopes: s.asked.scopes, resource: resource, nonce: s.asked.nonce, claims: s.asked.claims,
		methods: methods, time: now, generation: generation,
	}
}

// prompt reports whether the application asked for a prompt: login, select_account, consent, none.
func (s *signIn) prompt(wanted string) bool { return slices.Contains(s.asked.prompts, wanted) }

// authRequest is an authorization request. It implements op.AuthRequest.
type authRequest struct {
	signIn   *signIn
	redirect string
	state    string
	mode     oidc.ResponseMode
	pkce     *oidc.CodeChallenge
	granted  *grant // once the sign-in is finished
}

func newAuthRequest(request *oidc.AuthRequest, claims string) *authRequest {
	a := &authRequest{redirect: request.RedirectURI, state: request.State, mode: request.ResponseMode}
	if request.CodeChallenge != "" {
		a.pkce = &oidc.CodeChallenge{Challenge: request.CodeChallenge, Method: request.CodeChallengeMethod}
	}
	a.signIn = &signIn{request: a, asked: asked{
		client: request.ClientID, scopes: request.Scopes, claims: claims, prompts: request.Prompt, loginHint: request.LoginHint, nonce: request.Nonce,
	}}
	return a
}

func (a *authRequest) GetID() string                         { return a.signIn.id }
func (a *authRequest) GetACR() string                        { return "" }
func (a *authRequest) GetAudience() []string                 { return []string{a.signIn.asked.client} }
func (a *authRequest) GetClientID() string                   { return a.signIn.asked.client }
func (a *authRequest) GetCodeChallenge() *oidc.CodeChallenge { return a.pkce }
func (a *authRequest) GetNonce() string                      { return a.signIn.asked.nonce }
func (a *authRequest) GetRedirectURI() string                { return a.redirect }
func (a *authRequest) GetResponseType() oidc.ResponseType    { return oidc.ResponseTypeCode }
func (a *authRequest) GetResponseMode() oidc.ResponseMode    { return a.mode }
func (a *authRequest) GetScopes() []string                   { return a.signIn.asked.scopes }
func (a *authRequest) GetState() string                      { return a.state }
func (a *authRequest) Done() bool                            { return a.granted != nil }

func (a *authRequest) GetAMR() []string {
	if a.granted == nil {
		return nil
	}
	return a.granted.methods
}

func (a *authRequest) GetAuthTime() time.Time {
	if a.granted == nil {
		return time.Time{}
	}
	return a.granted.time
}

func (a *authRequest) GetSubject() string {
	if a.granted == nil {
		return ""
	}
	return a.granted.user.ObjectID
}

// refreshRequest is the use of a refresh token. It implements op.RefreshTokenRequest.
type refreshRequest struct {
	grant  *grant
	scopes []string
}

func (r *refreshRequest) GetAMR() []string            { return r.grant.methods }
func (r *refreshRequest) GetAudience() []string       { return []string{r.grant.client} }
func (r *refreshRequest) GetAuthTime() time.Time      { return r.grant.time }
func (r *refreshRequest) GetClientID() string         { return r.grant.client }
func (r *refreshRequest) GetScopes() []string         { return r.scopes }
func (r *refreshRequest) GetSubject() string          { return r.grant.user.ObjectID }
func (r *refreshRequest) SetCurrentScopes(s []string) { r.scopes = s }

// device is a computer that waits for somebody to type its code in elsewhere (RFC 8628).
type device struct {
	code, userCode string
	expires        time.Time
	signIn         *signIn
	granted        *grant
	denied         bool
}

// normalCode is a user code as it is kept: people type in lower case and with spaces.
func normalCode(code string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(code))
}
