package agent

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
	"github.com/footbridge-vpn/footbridge/tunnel"
)

// typist is an Asker whose user types what is prepared, and then gives up.
type typist struct {
	passwords []string
	asked     []signin.PasswordRequest
	remember  bool
}

func (k *typist) Password(_ context.Context, request signin.PasswordRequest) (signin.PasswordAnswer, error) {
	k.asked = append(k.asked, request)
	if len(k.passwords) == 0 {
		return signin.PasswordAnswer{}, signin.ErrCancelled
	}
	typed := k.passwords[0]
	k.passwords = k.passwords[1:]
	return signin.PasswordAnswer{Username: "alice", Password: secret.Text(typed), Response: "42", Remember: k.remember}, nil
}

func (k *typist) Challenge(_ context.Context, request signin.ChallengeRequest) (secret.Text, error) {
	return secret.Text("answer to " + request.Text), nil
}

func (k *typist) KeyPassphrase(context.Context, signin.PassphraseRequest) (secret.Text, error) {
	return "", signin.ErrCancelled
}

func (k *typist) Browser(context.Context, signin.BrowserRequest) {}

func (k *typist) DeviceCode(context.Context, signin.DeviceCode) {}

// ring is where passwords are kept.
type ring struct{ kept, forgotten []string }

func (r *ring) secrets(password secret.Text) Secrets {
	return Secrets{Profile: "Contoso", Type: profiles.UsernamePassword, Username: "alice", Password: password, MayRemember: true,
		Remember: func(_ string, password secret.Text) { r.kept = append(r.kept, password.Reveal()) },
		Forget:   func(username string) { r.forgotten = append(r.forgotten, username) }}
}

var refusal = &tunnel.Problem{Code: tunnel.AuthFailed, Sentence: "The gateway refused the sign-in."}

// A kept password is given once. Refused, it is forgotten and the user is asked; what they type is kept when the gateway took it.
func TestRefusedPassword(t *testing.T) {
	user, kept := &typist{passwords: []string{"second"}, remember: true}, &ring{}
	a := New(Options{Asker: user})
	a.Keep(t.Context(), "S1", kept.secrets("first"))
	session := a.kept["S1"]
	answer, err := a.password(t.Context(), session, api.Question{Kind: api.AskCredential})
	if err != nil || answer.Password != "first" || len(user.asked) != 0 {
		t.Fatalf("%+v, %v, asked %+v", answer.Username, err, user.asked)
	}
	answer, err = a.password(t.Context(), session, api.Question{Kind: api.AskCredential, Refused: refusal})
	if err != nil || answer.Password != "second" || len(user.asked) != 1 || user.asked[0].Refused != refusal || !user.asked[0].MayRemember {
		t.Fatalf("%v, asked %+v", err, user.asked)
	}
	if !slices.Equal(kept.forgotten, []string{"alice"}) || len(kept.kept) != 0 {
		t.Errorf("before the gateway took it: forgotten %q, kept %d", kept.forgotten, len(kept.kept))
	}
	a.Accepted("S1")
	a.Accepted("S1")
	if !slices.Equal(kept.kept, []string{"second"}) {
		t.Errorf("kept %d passwords", len(kept.kept))
	}
	if answer, err = a.password(t.Context(), session, api.Question{Kind: api.AskCredential}); err != nil || answer.Password != "second" {
		t.Errorf("a reconnect: %v", err)
	}
}

// Gateways lock accounts: after a few refused passwords nobody is asked any more, and no refused one is ever given again.
func TestPasswordsAreTriedAFewTimes(t *testing.T) {
	user := &typist{passwords: []string{"a", "b", "c", "d", "e"}}
	a := New(Options{Asker: user})
	a.Keep(t.Context(), "S1", (&ring{}).secrets(""))
	given := map[string]bool{}
	question := api.Question{Kind: api.AskCredential}
	for {
		answer, err := a.password(t.Context(), a.kept["S1"], question)
		if err != nil {
			if !errors.Is(err, refusal) {
				t.Errorf("ended with %v", err)
			}
			break
		}
		if given[answer.Password] {
			t.Fatal("the same password again")
		}
		given[answer.Password], question.Refused = true, refusal
	}
	if len(given) != mostTries || len(user.asked) != mostTries {
		t.Errorf("%d passwords went to the gateway", len(given))
	}
}

// With nobody there a refused password waits for the user, and does not go to the gateway again.
func TestRefusedPasswordInTheBackground(t *testing.T) {
	kept := &ring{}
	a := New(Options{})
	a.Keep(t.Context(), "S1", kept.secrets("first"))
	for range 2 {
		if _, err := a.password(t.Context(), a.kept["S1"], api.Question{Kind: api.AskCredential, Refused: refusal}); !errors.Is(err, signin.ErrNobodyToAsk) {
			t.Errorf("%v", err)
		}
	}
	if !slices.Equal(kept.forgotten, []string{"alice"}) {
		t.Errorf("forgotten %q", kept.forgotten)
	}
}

// What a gateway asks besides the password is asked each time: a code is good once.
func TestQuestionWithThePassword(t *testing.T) {
	user := &typist{passwords: []string{"first", "first"}}
	a := New(Options{Asker: user})
	a.Keep(t.Context(), "S1", (&ring{}).secrets("first"))
	for range 2 {
		answer, err := a.password(t.Context(), a.kept["S1"], api.Question{Kind: api.AskCredential, Text: "Code?", Echo: true})
		if err != nil || answer.Response != "42" {
			t.Errorf("%v", err)
		}
	}
	if len(user.asked) != 2 || user.asked[0].Text != "Code?" || !user.asked[0].Echo {
		t.Errorf("asked %+v", user.asked)
	}
	answer, err := a.find(t.Context(), a.kept["S1"], api.Session{}, api.Question{Kind: api.AskChallenge, Text: "Next code?"})
	if err != nil || answer.Response != "answer to Next code?" {
		t.Errorf("%v", err)
	}
	if _, err := a.password(t.Context(), a.kept["S1"], api.Question{Kind: api.AskCredential, Text: "Code?"}); !errors.Is(err, signin.ErrCancelled) {
		t.Errorf("given up: %v", err)
	}
}
