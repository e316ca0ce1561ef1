package client

import (
	"context"
	"sync"

	"github.com/footbridge-vpn/footbridge/client/agent"
	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/client/signin/entra"
)

// Tokens gets access tokens from Entra ID for agents. open is called when the first token is wanted: opening the keyring may ask the user.
func Tokens(open func(context.Context) (*entra.Provider, error)) agent.TokenSource {
	return &tokens{open: open}
}

type tokens struct {
	open func(context.Context) (*entra.Provider, error)

	mu       sync.Mutex
	provider *entra.Provider
}

// Token implements agent.TokenSource.
func (t *tokens) Token(ctx context.Context, asker signin.Asker, request agent.TokenRequest) (agent.Token, error) {
	provider, err := t.opened(ctx)
	if err != nil {
		return agent.Token{}, err
	}
	token, err := provider.Token(ctx, entra.Request{Profile: request.Profile, Entra: request.Entra, Asker: asker, DeviceCode: request.DeviceCode,
		LoginHint: request.LoginHint, MinValidity: request.MinValidity, Fresh: request.Fresh, TrustAuthority: request.TrustAuthority})
	if err != nil {
		return agent.Token{}, err
	}
	return agent.Token{AccessToken: token.AccessToken, Account: token.Account, Expires: token.Expires}, nil
}

func (t *tokens) opened(ctx context.Context) (*entra.Provider, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.provider == nil {
		provider, err := t.open(ctx)
		if err != nil {
			return nil, err
		}
		t.provider = provider
	}
	return t.provider, nil
}
