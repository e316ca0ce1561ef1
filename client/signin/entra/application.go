package entra

import (
	"errors"
	"strings"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"

	"github.com/footbridge-vpn/footbridge/profiles"
)

// application is a registration that a profile's users sign in to, at one tenant.
type application struct {
	key        string
	authority  authority
	clientID   string
	scope      string // of the gateway
	connection string // whose memory its sign-ins are; empty: they are kept
	storage    *storage
	msal       public.Client
}

// application is the one that a request is for.
func (p *Provider) application(request Request) (*application, error) {
	of, err := p.judge(request)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if known := p.applications[of.key]; known != nil {
		return known, nil
	}
	of.storage = p.storageOf(of.connection)
	// Discovery of the instance is off: for Microsoft's hosts it says what is known, and for others it would ask Microsoft about them.
	of.msal, err = public.New(of.clientID, public.WithAuthority(of.authority.url()), public.WithCache(&accessor{storage: of.storage}), public.WithHTTPClient(p.client),
		public.WithInstanceDiscovery(false))
	if err != nil {
		return nil, newProblem(CodeNoTenant, errors.New("prepare sign-in: the tenant's address is not taken"))
	}
	p.applications[of.key] = of
	return of, nil
}

// judge takes from a profile what a sign-in needs.
func (p *Provider) judge(request Request) (*application, error) {
	entra := request.Entra
	authority, ok := parseAuthority(entra.Tenant)
	if !ok {
		return nil, newProblem(CodeNoTenant, errors.New("read tenant: it is no https address with a tenant in it"))
	}
	if !authority.isMicrosoft() && !request.TrustAuthority {
		problem := newProblem(CodeForeignAuthority, nil)
		problem.Detail = authority.host
		return nil, problem
	}
	if entra.Audience == "" {
		return nil, newProblem(CodeNoAudience, nil)
	}
	of := &application{authority: authority, clientID: clientID(entra), scope: entra.Audience + "/.default"}
	if !entra.CacheSignInUser {
		if of.connection = request.Connection; of.connection == "" {
			of.connection = request.Profile
		}
		if of.connection == "" {
			of.connection = "memory"
		}
	}
	of.key = strings.Join([]string{of.authority.url(), of.clientID, of.scope, of.connection}, " ")
	return of, nil
}

// clientID is the application that a profile's users sign in to. Microsoft's registrations take themselves.
func clientID(entra profiles.Entra) string {
	if entra.ApplicationID != "" {
		return entra.ApplicationID
	}
	return entra.Audience
}

// groupClaims asks for the groups of the user in the access token, as a gateway with user groups wants them.
const groupClaims = `{"access_token":{"groups":{"essential":true}}}`

// storageOf is where the sign-ins of a connection are. The caller holds p.mu.
func (p *Provider) storageOf(connection string) *storage {
	if connection == "" {
		return p.kept
	}
	if p.passing[connection] == nil {
		p.passing[connection] = newStorage(nil, p.logger)
	}
	return p.passing[connection]
}
