package azure

import (
	"context"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// once lets one sign-in run at a time, and keeps its token: the SDK has a client for each kind of resource, and each asks by itself.
type once struct {
	credential azcore.TokenCredential
	turn       chan struct{} // holds one element while nobody signs in
	tokens     map[string]azcore.AccessToken
}

func signInOnce(credential azcore.TokenCredential) azcore.TokenCredential {
	o := &once{credential: credential, turn: make(chan struct{}, 1), tokens: map[string]azcore.AccessToken{}}
	o.turn <- struct{}{}
	return o
}

// spare is how long a token that is kept has to be good at least.
const spare = 5 * time.Minute

// GetToken implements azcore.TokenCredential.
func (o *once) GetToken(ctx context.Context, request policy.TokenRequestOptions) (azcore.AccessToken, error) {
	select {
	case <-o.turn:
	case <-ctx.Done():
		return azcore.AccessToken{}, context.Cause(ctx)
	}
	defer func() { o.turn <- struct{}{} }()
	key := strings.Join(append([]string{request.TenantID}, request.Scopes...), " ")
	if kept, ok := o.tokens[key]; ok && request.Claims == "" && time.Until(kept.ExpiresOn) > spare {
		return kept, nil
	}
	token, err := o.credential.GetToken(ctx, request)
	if err != nil {
		return azcore.AccessToken{}, finalError{err}
	}
	o.tokens[key] = token
	return token, nil
}

// finalError keeps the SDK from trying again: who could not sign in is not asked four times more.
type finalError struct{ error }

// NonRetriable tells azcore so (azcore/internal/errorinfo).
func (finalError) NonRetriable() {}

// Unwrap returns the error itself.
func (e finalError) Unwrap() error { return e.error }
