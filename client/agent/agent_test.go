package agent

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// source is a TokenSource that notes what it is asked for.
type source struct {
	token    Token
	err      error
	requests []TokenRequest
	memories map[string]secret.Text

	forgotten []string
}

func (s *source) Token(_ context.Context, _ signin.Asker, request TokenRequest) (Token, error) {
	s.requests = append(s.requests, request)
	return s.token, s.err
}

func (s *source) Memory(connection string) secret.Text { return s.memories[connection] }

func (s *source) Recall(_ context.Context, connection string, memory secret.Text) error {
	if memory == "" {
		return errors.New("nothing to recall")
	}
	s.memories[connection] = memory
	return nil
}

func (s *source) Forget(connection string) { s.forgotten = append(s.forgotten, connection) }

// A sign-in that the profile wants nowhere kept is its connection's, and goes with it.
func TestSignInEndsWithItsConnection(t *testing.T) {
	tokens := &source{token: Token{AccessToken: "a token"}}
	a := New(Options{Tokens: tokens})
	entra := &profiles.Entra{Audience: "gateway"}
	for id, secrets := range map[string]Secrets{"S1": {Type: profiles.EntraID, Entra: entra}, "S2": {Type: profiles.EntraID, Entra: entra}, "S3": {Type: profiles.Certificate}} {
		a.Keep(t.Context(), id, secrets)
	}
	if _, err := a.token(t.Context(), a.kept["S1"], false, 0, nil); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"S1", "S3", "S1", "S9"} {
		a.forget(id)
	}
	if len(tokens.requests) != 1 || tokens.requests[0].Connection != "S1" || !slices.Equal(tokens.forgotten, []string{"S1"}) || a.Kept() != 1 {
		t.Errorf("asked for %+v, forgot %q, %d left", tokens.requests, tokens.forgotten, a.Kept())
	}
}
