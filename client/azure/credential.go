package azure

import (
	"context"
	"errors"
	"net/http"
	"os/exec"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/client/signin/entra"
	"github.com/footbridge-vpn/footbridge/profiles"
)

// SignIn is how an administrator signs in.
type SignIn string

// The ways for an administrator to sign in.
const (
	Automatically       SignIn = ""            // the first of those below that is there
	WithEnvironment     SignIn = "environment" // AZURE_TENANT_ID, AZURE_CLIENT_ID and a secret or a certificate, as azidentity reads them
	WithManagedIdentity SignIn = "managed-identity"
	WithAzureCLI        SignIn = "cli" // az login was done
	WithBrowser         SignIn = "browser"
	WithDeviceCode      SignIn = "device-code"
)

// SignIns are the ways that can be asked for by name.
func SignIns() []string {
	return []string{string(WithAzureCLI), string(WithEnvironment), string(WithManagedIdentity), string(WithBrowser), string(WithDeviceCode)}
}

// applicationID is the Azure CLI's, which is registered in every tenant and may ask for Azure Resource Manager on behalf of users.
const applicationID = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"

// CredentialOptions describe how an administrator signs in.
type CredentialOptions struct {
	Cloud      Cloud
	SignIn     SignIn
	Tenant     string // GUID or name; empty: the one that was used last, or the account's own
	HTTPClient *http.Client
	Provider   func(context.Context) (*entra.Provider, error) // of WithBrowser and WithDeviceCode
	Asker      signin.Asker                                   // nil: nobody can be asked
	Getenv     func(string) string
}

// Credential signs an administrator in when it is first needed. It is safe for concurrent use.
func Credential(options CredentialOptions) (azcore.TokenCredential, error) {
	credential, err := credentialOf(options)
	if err != nil {
		return nil, &Problem{Code: SignInRefused, Detail: firstLine(err.Error()), Err: err}
	}
	return signInOnce(credential), nil
}

func credentialOf(options CredentialOptions) (azcore.TokenCredential, error) {
	client := policy.ClientOptions{Cloud: options.Cloud.configuration()}
	if options.HTTPClient != nil {
		client.Transport = ownBodies{options.HTTPClient}
	}
	// Of clouds that Microsoft does not know, Microsoft is not asked.
	private := options.Cloud.isPrivate()
	switch options.SignIn {
	case WithEnvironment:
		return azidentity.NewEnvironmentCredential(&azidentity.EnvironmentCredentialOptions{ClientOptions: client, DisableInstanceDiscovery: private})
	case WithManagedIdentity:
		identity := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: client}
		if id := options.Getenv("AZURE_CLIENT_ID"); id != "" {
			identity.ID = azidentity.ClientID(id)
		}
		return azidentity.NewManagedIdentityCredential(identity)
	case WithAzureCLI:
		return azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: options.Tenant})
	case WithBrowser, WithDeviceCode:
		return &person{options}, nil
	}
	if options.Getenv("AZURE_CLIENT_ID") != "" && options.Getenv("AZURE_TENANT_ID") != "" {
		options.SignIn = WithEnvironment
		return credentialOf(options)
	}
	if options.Getenv("IDENTITY_ENDPOINT") != "" || options.Getenv("MSI_ENDPOINT") != "" {
		options.SignIn = WithManagedIdentity
		return credentialOf(options)
	}
	return &automatic{options: options}, nil
}

func (c Cloud) isPrivate() bool {
	for _, known := range Clouds() {
		if c.Authority == known.Authority {
			return false
		}
	}
	return true
}

// automatic takes a sign-in that was kept, then the Azure CLI's, and asks a person last.
type automatic struct {
	options CredentialOptions
	chosen  azcore.TokenCredential
}

// GetToken implements azcore.TokenCredential.
func (a *automatic) GetToken(ctx context.Context, request policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if a.chosen != nil {
		return a.chosen.GetToken(ctx, request)
	}
	quiet := a.options
	quiet.Asker = nil
	token, err := (&person{quiet}).GetToken(ctx, request)
	if err == nil {
		a.chosen = &person{a.options}
		return token, nil
	}
	if _, missing := exec.LookPath("az"); missing == nil {
		tool, failed := azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: a.options.Tenant})
		if failed != nil {
			return azcore.AccessToken{}, failed
		}
		if token, err = tool.GetToken(ctx, request); err == nil {
			a.chosen = tool
			return token, nil
		}
		if ctx.Err() != nil {
			return azcore.AccessToken{}, context.Cause(ctx)
		}
	}
	if a.options.Asker == nil {
		return azcore.AccessToken{}, &Problem{Code: SignInNeeded, Err: err}
	}
	a.chosen = &person{a.options}
	return a.chosen.GetToken(ctx, request)
}

// person is an administrator who signs in with a browser, here or on another screen.
type person struct{ options CredentialOptions }

// anyTenant lets the account decide (https://learn.microsoft.com/entra/identity-platform/msal-client-application-configuration).
const anyTenant = "organizations"

// GetToken implements azcore.TokenCredential: silently where someone is signed in, else with the person.
func (p *person) GetToken(ctx context.Context, request policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if len(request.Scopes) == 0 {
		return azcore.AccessToken{}, errors.New("sign in to Azure: no scope is asked for")
	}
	provider, err := p.options.Provider(ctx)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	wanted := entra.Request{
		Profile: "Azure", Claims: request.Claims, TrustAuthority: p.options.Cloud.isPrivate(),
		Entra: profiles.Entra{Audience: strings.TrimSuffix(request.Scopes[0], "/.default"), ApplicationID: applicationID, CacheSignInUser: true},
	}
	var first error
	for _, tenant := range p.tenants(ctx, provider, request.TenantID) {
		wanted.Entra.Tenant = p.options.Cloud.Authority + "/" + tenant + "/"
		token, err := provider.Token(ctx, wanted)
		if err == nil {
			return azcore.AccessToken{Token: token.AccessToken.Reveal(), ExpiresOn: token.Expires}, nil
		}
		if first == nil {
			first = err
		}
	}
	if p.options.Asker == nil {
		return azcore.AccessToken{}, &Problem{Code: SignInNeeded, Err: first}
	}
	wanted.Entra.Tenant = p.options.Cloud.Authority + "/" + p.first(request.TenantID) + "/"
	wanted.Asker, wanted.DeviceCode, wanted.Interactive = p.options.Asker, p.options.SignIn == WithDeviceCode, true
	token, err := provider.Token(ctx, wanted)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	return azcore.AccessToken{Token: token.AccessToken.Reveal(), ExpiresOn: token.Expires}, nil
}

// first is the tenant to sign in at.
func (p *person) first(asked string) string {
	for _, tenant := range []string{asked, p.options.Tenant} {
		if tenant != "" {
			return tenant
		}
	}
	return anyTenant
}

// tenants are those where someone may be signed in: the one that was asked for, or all of the accounts that are there.
func (p *person) tenants(ctx context.Context, provider *entra.Provider, asked string) []string {
	if tenant := p.first(asked); tenant != anyTenant {
		return []string{tenant}
	}
	accounts, err := provider.Accounts(ctx)
	if err != nil {
		return nil
	}
	host := strings.TrimPrefix(p.options.Cloud.Authority, "https://")
	var all []string
	for _, account := range accounts {
		if strings.EqualFold(account.Host, host) && !containsFold(all, account.Tenant) {
			all = append(all, account.Tenant)
		}
	}
	return all
}

func containsFold(list []string, text string) bool {
	for _, one := range list {
		if strings.EqualFold(one, text) {
			return true
		}
	}
	return false
}
