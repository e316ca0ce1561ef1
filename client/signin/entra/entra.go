// Package entra signs users in with Microsoft Entra ID and keeps their sign-ins: in the system's browser or with a code on another screen, and
// silently as long as the tenant allows it.
//
// It stands on MSAL's public client (github.com/AzureAD/microsoft-authentication-library-for-go), with a listener, a token cache and errors of its own.
package entra

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/client/signin/keyring"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// Options describes a Provider. The zero value keeps sign-ins in memory and opens the system's browser.
type Options struct {
	Cache       keyring.Keyring                             // where sign-ins rest; nil: memory only
	HTTPClient  *http.Client                                // whose roots, proxies and time limits hold; nil: the system's, and 30 seconds a request
	OpenBrowser func(ctx context.Context, url string) error // shows a page to the user and returns at once; nil: OpenBrowser
	SignInLimit time.Duration                               // for the user to sign in with the browser; 0: 10 minutes
	Port        uint16                                      // that the browser returns to where it is free; 0: DefaultPort
	Page        func(Page) Page                             // says the finished page in the user's language; nil: English
	Now         func() time.Time                            // nil: time.Now
	Logger      *slog.Logger                                // nil: silent
}

// DefaultPort is the port of http://localhost:2023, the address that Microsoft's registrations of the Azure VPN client have for Linux.
const DefaultPort = 2023

// Request says for what a token is wanted, and what may be done to get it.
type Request struct {
	Profile        string         // its name, for what the user is shown
	Connection     string         // whose memory the sign-in is where the profile wants none kept (CacheSignInUser false); empty: Profile
	Entra          profiles.Entra // whom to ask, and for what
	Asker          signin.Asker   // nil: silently only
	DeviceCode     bool           // with a code on another screen, not the browser
	Interactive    bool           // ask the user even if it could be done silently
	LoginHint      string         // the account, "alice@contoso.com"; empty: the one that was used last
	Claims         string         // JSON that the gateway's or the tenant's challenge asked for (OpenID Connect Core section 5.5); empty: none
	MinValidity    time.Duration  // how long the token has to be good at least; zero: as long as is sensible
	Fresh          bool           // not a token that was given out before: it was refused
	TrustAuthority bool           // the profile is an administrator's, or the user confirmed where it signs in
}

// Token is an access token.
type Token struct {
	AccessToken secret.Text
	Account     string    // "alice@contoso.com"
	Tenant      string    // as the profile names it, most often a GUID
	Expires     time.Time // when it ends
	RefreshOn   time.Time // when the tenant wants it to be renewed; zero: it did not say
	Obtained    time.Time // when it was issued; zero: it was in the cache, and that is not known
}

// Provider signs users in and renews their tokens. It is safe for concurrent use.
type Provider struct {
	options Options
	client  *http.Client
	logger  *slog.Logger
	now     func() time.Time
	flights flights
	pause   time.Duration // before a provider that could not be asked is asked again

	mu           sync.Mutex
	kept         *storage                 // of the sign-ins that outlive the process
	passing      map[string]*storage      // by connection: of those that do not
	applications map[string]*application  // by application key
	tokens       map[tokenKey]Token       // the last of each account
	interactions map[string]chan struct{} // by application key: one sign-in at a time asks the user
}

// New returns a Provider. Nothing is read or asked before it is used.
func New(options Options) *Provider {
	if options.Cache == nil {
		options.Cache = keyring.NewMemory()
	}
	if options.OpenBrowser == nil {
		options.OpenBrowser = OpenBrowser
	}
	if options.SignInLimit <= 0 {
		options.SignInLimit = 10 * time.Minute
	}
	if options.Port == 0 {
		options.Port = DefaultPort
	}
	if options.Page == nil {
		options.Page = func(p Page) Page { return p }
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	return &Provider{
		options: options, client: observedClient(options.HTTPClient), logger: options.Logger, now: options.Now, pause: devicePause,
		kept: newStorage(options.Cache, options.Logger), passing: map[string]*storage{}, applications: map[string]*application{},
		tokens: map[tokenKey]Token{}, interactions: map[string]chan struct{}{},
	}
}

// Token returns an access token: the last one while it is good, else a new one, silently where that is possible, else with the user's help where
// there is an Asker. Every error is a *Problem, or the error of a context that ended.
func (p *Provider) Token(ctx context.Context, request Request) (Token, error) {
	app, err := p.application(request)
	if err != nil {
		return Token{}, err
	}
	if request.Interactive {
		return p.interact(ctx, app, request, request.Claims)
	}
	token, err := p.silently(ctx, app, request)
	if err == nil || ctx.Err() != nil {
		return token, err
	}
	problem := problemOf(err)
	if !problem.NeedsUser {
		return Token{}, err
	}
	if request.Asker == nil {
		problem.Err = errors.Join(problem.Err, signin.ErrNobodyToAsk)
		return Token{}, problem
	}
	p.logger.Info("sign-in needs the user", "profile", request.Profile, "code", problem.Code, "aadsts", problem.Number)
	claims := request.Claims
	if problem.Claims != "" {
		claims = problem.Claims
	}
	return p.interact(ctx, app, p.hinted(ctx, app, request, problem), claims)
}

// hinted is a request that offers the account whose sign-in is no longer enough, where another one would not be better.
func (p *Provider) hinted(ctx context.Context, app *application, request Request, problem *Problem) Request {
	if request.LoginHint != "" || problem.Code == CodeNoSuchUser || problem.Code == CodeWrongTenantUser || problem.Code == CodeSeveralAccounts {
		return request
	}
	if account, err := p.account(ctx, app, request); err == nil {
		request.LoginHint = account.PreferredUsername
	}
	return request
}
