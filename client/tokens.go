package client

import (
	"context"
	"sync"

	"github.com/footbridge-vpn/footbridge/client/agent"
	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/client/signin/entra"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// Tokens gets access tokens from Entra ID for agents. open is called when the first token is wanted: opening the keyring may ask the user.
func Tokens(open func(context.Context) (*entra.Provider, error)) agent.TokenSource {
	return &tokens{open: open}
}

type tokens struct {
	open    func(context.Context) (*entra.Provider, error)
	opening sync.Mutex // held while the user may be asked

	mu       sync.Mutex
	provider *entra.Provider // nil: not opened yet
}

// Token implements agent.TokenSource.
func (t *tokens) Token(ctx context.Context, asker signin.Asker, request agent.TokenRequest) (agent.Token, error) {
	provider, err := t.opened(ctx)
	if err != nil {
		return agent.Token{}, err
	}
	token, err := provider.Token(ctx, entra.Request{Profile: request.Profile, Connection: request.Connection, Entra: request.Entra, Asker: asker,
		DeviceCode: request.DeviceCode, LoginHint: request.LoginHint, MinValidity: request.MinValidity, Fresh: request.Fresh, TrustAuthority: request.TrustAuthority})
	if err != nil {
		return agent.Token{}, err
	}
	return agent.Token{AccessToken: token.AccessToken, Account: token.Account, Expires: token.Expires}, nil
}

// Memory implements agent.TokenSource.
func (t *tokens) Memory(connection string) secret.Text {
	if provider := t.present(); provider != nil {
		return provider.Memory(connection)
	}
	return ""
}

// Recall implements agent.TokenSource.
func (t *tokens) Recall(ctx context.Context, connection string, memory secret.Text) error {
	provider, err := t.opened(ctx)
	if err != nil {
		return err
	}
	return provider.Recall(connection, memory)
}

// Forget implements agent.TokenSource.
func (t *tokens) Forget(connection string) {
	if provider := t.present(); provider != nil {
		provider.Forget(connection)
	}
}

func (t *tokens) present() *entra.Provider {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.provider
}

func (t *tokens) opened(ctx context.Context) (*entra.Provider, error) {
	t.opening.Lock()
	defer t.opening.Unlock()
	if provider := t.present(); provider != nil {
		return provider, nil
	}
	provider, err := t.open(ctx)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.provider = provider
	return provider, nil
}
