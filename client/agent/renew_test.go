package agent

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/signin/entra"
	"github.com/footbridge-vpn/footbridge/profiles"
)

// notices counts what users are told.
type notices struct{ told []string }

func (n *notices) Notify(_ context.Context, _, sentence string) { n.told = append(n.told, sentence) }

// renewing is a session whose clock and tenant do as they are told.
type renewing struct {
	*Agent
	t      *testing.T
	clock  time.Time
	life   time.Duration // of new tokens
	tokens *source
	kept   *keptSession
	shown  notices
}

func newRenewing(t *testing.T, life time.Duration) *renewing {
	t.Helper()
	r := &renewing{t: t, clock: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), life: life, tokens: &source{}}
	service := api.Dial(t.TempDir() + "/nobody") // who is told through the service is seen through the notifier as well
	t.Cleanup(service.Close)
	r.Agent = New(Options{Service: service, Tokens: r.tokens, Notifier: &r.shown, Now: func() time.Time { return r.clock }})
	r.sessions["S1"] = api.Session{ID: "S1", Profile: "contoso"}
	r.Keep(t.Context(), "S1", Secrets{Type: profiles.EntraID, Entra: &profiles.Entra{Audience: "gateway", CacheSignInUser: true}})
	r.Agent.mu.Lock()
	r.kept = r.Agent.kept["S1"]
	r.Agent.mu.Unlock()
	r.get()
	return r
}

// grant lets the tenant give a token.
func (r *renewing) grant() {
	r.tokens.err = nil
	r.tokens.token = Token{AccessToken: "a token", Account: "alice@contoso.com", Expires: r.clock.Add(r.life)}
}

// get is the gateway's question.
func (r *renewing) get() {
	r.t.Helper()
	r.grant()
	if _, err := r.token(r.t.Context(), r.kept, false, minValidity, nil); err != nil {
		r.t.Fatal(err)
	}
}

// next lets time go by until the next renewal, and tells how long that was.
func (r *renewing) next() time.Duration {
	before := r.clock
	for !r.kept.isDue(r.clock) {
		r.clock = r.clock.Add(time.Second)
		if r.clock.Sub(before) > 24*time.Hour {
			r.t.Fatal("no renewal in a day")
		}
	}
	return r.clock.Sub(before)
}

func (r *renewing) left() time.Duration { return r.kept.token.Expires.Sub(r.clock) }

func TestWhenATokenIsRenewed(t *testing.T) {
	for life, want := range map[time.Duration]time.Duration{time.Hour: 45 * time.Minute, time.Minute: 45 * time.Second, 20 * time.Minute: 15 * time.Minute} {
		if got := newRenewing(t, life).next(); got != want {
			t.Errorf("life %v: renewed after %v, want %v", life, got, want)
		}
	}
	r := newRenewing(t, time.Hour)
	r.Keep(t.Context(), "S2", Secrets{Type: profiles.EntraID, Entra: &profiles.Entra{Audience: "gateway"}})
	r.clock = r.clock.Add(12 * time.Hour)
	if due := r.due(); len(due) != 1 || due[0].id != "S1" {
		t.Error("a session that no token was got for is due")
	}
}

// A minute's life, renewed over and over: the same account's, and each longer than the one before.
func TestRenewals(t *testing.T) {
	r := newRenewing(t, time.Minute)
	for range 10 {
		r.next()
		left := r.left()
		r.grant()
		r.renew(t.Context(), r.kept)
		request := r.tokens.requests[len(r.tokens.requests)-1]
		if r.left() != time.Minute || request.MinValidity != left+time.Second || request.LoginHint != "alice@contoso.com" || request.Fresh {
			t.Fatalf("%v left after asking for %+v", r.left(), request)
		}
	}
	if len(r.shown.told) != 0 {
		t.Errorf("told %q", r.shown.told)
	}
}

// A token that was good a little longer already does not move its renewal.
func TestTheSameTokenAgain(t *testing.T) {
	r := newRenewing(t, time.Hour)
	r.clock = r.clock.Add(30 * time.Minute)
	if _, err := r.token(t.Context(), r.kept, false, minValidity, nil); err != nil {
		t.Fatal(err)
	}
	if got := r.next(); got != 15*time.Minute {
		t.Errorf("renewed after another %v", got)
	}
}

// While nobody answers it is tried again and again, ever less often, and not later than before the token ends. The user is told late, and once.
func TestRenewalInVain(t *testing.T) {
	r := newRenewing(t, time.Hour)
	r.tokens.err = &entra.Problem{Code: entra.CodeUnreachable, Sentence: "Nobody answers."}
	attempts := 0
	for r.next(); r.left() > 0; r.next() {
		r.renew(t.Context(), r.kept)
		if attempts++; len(r.shown.told) > 1 || len(r.shown.told) == 1 != (r.left() <= warnLeft) {
			t.Fatalf("told %d times with %v left", len(r.shown.told), r.left())
		}
	}
	if attempts < 6 || attempts > 30 {
		t.Errorf("%d attempts in the last quarter of an hour", attempts)
	}
	r.renew(t.Context(), r.kept)
	if pause := r.next(); pause != retryMost {
		t.Errorf("with no token left it is tried after %v", pause)
	}
	r.grant()
	r.renew(t.Context(), r.kept)
	if got := r.next(); got != 45*time.Minute || r.kept.told {
		t.Errorf("after the tenant is back: renewed after %v", got)
	}
}

// When silence is not enough the user is told at once, while there is time; when they signed in, in whatever program, it is found.
func TestRenewalThatNeedsTheUser(t *testing.T) {
	r := newRenewing(t, time.Hour)
	r.tokens.err = &entra.Problem{Code: entra.CodeRevoked, Sentence: "The sign-in was revoked.", NeedsUser: true}
	r.next()
	r.renew(t.Context(), r.kept)
	if want := "The sign-in was revoked. Sign in to go on: footbridge sign-in contoso."; len(r.shown.told) != 1 || r.shown.told[0] != want || r.left() < 14*time.Minute {
		t.Fatalf("told %q with %v left", r.shown.told, r.left())
	}
	if pause := r.next(); pause != retryOfUser {
		t.Errorf("next in %v", pause)
	}
	r.grant()
	r.renew(t.Context(), r.kept)
	r.tokens.err = &entra.Problem{Code: entra.CodeRevoked, Sentence: "Again.", NeedsUser: true}
	r.next()
	r.renew(t.Context(), r.kept)
	if len(r.shown.told) != 2 {
		t.Errorf("told %q", r.shown.told)
	}
}

// Where the sign-in may not be kept, one in another program is of no use before the gateway asks: nobody is sent to it.
func TestUserIsNotSentToSignInTooEarly(t *testing.T) {
	r := newRenewing(t, time.Hour)
	r.kept.secrets.Entra = &profiles.Entra{Audience: "gateway"}
	r.tokens.err = &entra.Problem{Code: entra.CodeRevoked, Sentence: "The sign-in was revoked.", NeedsUser: true}
	r.next()
	r.renew(t.Context(), r.kept)
	if len(r.shown.told) != 1 || r.shown.told[0] != "The sign-in was revoked." {
		t.Errorf("told %q", r.shown.told)
	}
	if password := (&keptSession{secrets: Secrets{Type: profiles.UsernamePassword}}).command(api.Session{Profile: "contoso"}); password != "footbridge connect contoso" {
		t.Errorf("a password is asked by %q", password)
	}
}

func TestRenewalWaitsAsLongAsTheTenantWants(t *testing.T) {
	r := newRenewing(t, time.Hour)
	r.tokens.err = &entra.Problem{Code: entra.CodeThrottled, RetryAfter: 3 * time.Minute}
	r.next()
	r.renew(t.Context(), r.kept)
	if pause := r.next(); pause != 3*time.Minute {
		t.Errorf("next in %v", pause)
	}
}

func TestCancelledRenewalIsNoProblem(t *testing.T) {
	r := newRenewing(t, time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r.tokens.err = context.Canceled
	r.next()
	r.renew(ctx, r.kept)
	if r.kept.vain != 0 || len(r.shown.told) != 0 {
		t.Errorf("%d in vain, told %q", r.kept.vain, r.shown.told)
	}
}

// Who takes a session over renews its token when it is due, without a question of the gateway, for the same account.
func TestTakenOverSessionIsRenewed(t *testing.T) {
	first := newRenewing(t, time.Hour)
	second := newRenewing(t, time.Hour)
	second.kept.token, second.kept.renewed = Token{}, time.Time{}
	second.resume("S1", Token{Account: first.kept.token.Account, Expires: first.kept.token.Expires}, first.kept.renewed)
	second.resume("S9", Token{Expires: second.clock}, second.clock)
	if got := second.next(); got != 45*time.Minute {
		t.Errorf("renewed after %v", got)
	}
	second.tokens.err = errors.New("no")
	second.renew(t.Context(), second.kept)
	if request := second.tokens.requests[len(second.tokens.requests)-1]; request.LoginHint != "alice@contoso.com" {
		t.Errorf("asked for %+v", request)
	}
}

// What a user is told to type works as it stands, whatever the profile is called.
func TestCommandsAreQuoted(t *testing.T) {
	kept := &keptSession{secrets: Secrets{Type: profiles.EntraID}}
	if got, want := kept.command(api.Session{Profile: "Bob's VNet (new)"}), `footbridge sign-in 'Bob'\''s VNet (new)'`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
