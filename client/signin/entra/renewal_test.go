package entra

import (
	"context"
	"errors"
	"testing"
	"time"

	lab "github.com/footbridge-vpn/footbridge/tunnel/lab/entra"
)

// script is a Renewer whose clock and tenant do as they are told.
type script struct {
	*Renewer
	clock time.Time
	life  time.Duration // of new tokens
	err   error
	asked Request
}

func newScript(life time.Duration) *script {
	s := &script{clock: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), life: life}
	token := Token{AccessToken: "first", Obtained: s.clock, Expires: s.clock.Add(life)}
	s.Renewer = &Renewer{now: func() time.Time { return s.clock }, token: token, get: func(_ context.Context, r Request) (Token, error) {
		s.asked = r
		if s.err != nil {
			return Token{}, s.err
		}
		return Token{AccessToken: "new", Obtained: s.clock, Expires: s.clock.Add(s.life)}, nil
	}}
	return s
}

// in is how long it is until the next renewal.
func (s *script) in() time.Duration { return s.Next().Sub(s.clock) }

func TestWhenATokenIsRenewed(t *testing.T) {
	for life, want := range map[time.Duration]time.Duration{time.Hour: 50 * time.Minute, time.Minute: 40 * time.Second, 8 * time.Hour: 8*time.Hour - 10*time.Minute, 15 * time.Minute: 10 * time.Minute} {
		if got := newScript(life).in(); got != want {
			t.Errorf("life %v: renewed after %v, want %v", life, got, want)
		}
	}
	s := newScript(24 * time.Hour)
	s.token.RefreshOn = s.clock.Add(12 * time.Hour)
	if s.in() != 12*time.Hour {
		t.Errorf("the tenant's wish: %v", s.in())
	}
	s = newScript(time.Hour)
	s.token.Obtained = time.Time{}
	if s.in() != 50*time.Minute {
		t.Errorf("from the cache: %v", s.in())
	}
}

func TestRenewals(t *testing.T) {
	s := newScript(time.Minute)
	for range 10 {
		s.clock = s.Next()
		before := s.Token()
		token, err := s.Renew(t.Context())
		if err != nil || token.AccessToken != "new" || !token.Expires.After(before.Expires) || s.Token() != token || s.Problem() != nil {
			t.Fatalf("%+v, %v", token, err)
		}
		if s.asked.Asker != nil || s.asked.MinValidity != 21*time.Second {
			t.Errorf("asked for %+v", s.asked)
		}
	}
}

// While nobody answers it is tried again and again, ever less often, and not later than before the token ends.
func TestRenewalInVain(t *testing.T) {
	s := newScript(time.Hour)
	s.err = newProblem(CodeUnreachable, errors.New("no route"))
	attempts := 0
	for s.clock = s.Next(); s.clock.Before(s.token.Expires); s.clock = s.Next() {
		if _, err := s.Renew(t.Context()); err == nil || s.Problem().Code != CodeUnreachable {
			t.Fatal(err)
		}
		if attempts++; s.in() <= 0 || s.in() > retryMost {
			t.Fatalf("attempt %d: next in %v", attempts, s.in())
		}
	}
	if attempts < 6 || attempts > 20 {
		t.Errorf("%d attempts in the last ten minutes", attempts)
	}
	if s.Token().AccessToken != "first" {
		t.Error("the present token is lost")
	}
	s.err = nil
	if _, err := s.Renew(t.Context()); err != nil || s.Problem() != nil || s.in() != 50*time.Minute {
		t.Errorf("%v, next in %v", err, s.in())
	}
}

func TestRenewalThatNeedsTheUser(t *testing.T) {
	s := newScript(time.Hour)
	s.err = newProblem(CodeRevoked, nil)
	s.clock = s.Next()
	_, err := s.Renew(t.Context())
	problem := s.Problem()
	if err == nil || problem == nil || !problem.NeedsUser || s.token.Expires.Sub(s.clock) < 9*time.Minute {
		t.Fatalf("told too late: %v, %+v", err, problem)
	}
	if s.in() != retryOfUser {
		t.Errorf("next in %v", s.in())
	}
	s.Replace(Token{AccessToken: "signed in", Obtained: s.clock, Expires: s.clock.Add(time.Hour)})
	if s.Problem() != nil || s.in() != 50*time.Minute || s.Token().AccessToken != "signed in" {
		t.Errorf("after the sign-in: %+v, next in %v", s.Problem(), s.in())
	}
}

func TestRenewalWaitsAsLongAsTheTenantWants(t *testing.T) {
	s := newScript(time.Hour)
	problem := newProblem(CodeThrottled, nil)
	problem.RetryAfter = 3 * time.Minute
	s.err = problem
	s.clock = s.Next()
	if _, err := s.Renew(t.Context()); err == nil || s.in() != 3*time.Minute {
		t.Errorf("next in %v", s.in())
	}
}

func TestCancelledRenewalIsNoProblem(t *testing.T) {
	s := newScript(time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.err = context.Canceled
	next := s.Next()
	if _, err := s.Renew(ctx); err == nil || s.Problem() != nil || s.Next() != next {
		t.Errorf("%v, next %v", s.Problem(), s.Next())
	}
}

// A minute's life, renewed over and over with the tenant itself, until the sign-in is revoked.
func TestRenewerWithTheTenant(t *testing.T) {
	w := newWorld(t, lab.Switches{TokenLifetime: time.Minute})
	token := w.token(w.request())
	renewer := w.provider.Renewer(w.request(), token)
	for range 5 {
		renewed, err := renewer.Renew(w.ctx)
		if err != nil || renewed.AccessToken == token.AccessToken || renewed.Account != lab.AliceUsername {
			t.Fatalf("%v, the same token: %v", err, renewed.AccessToken == token.AccessToken)
		}
		w.check(renewed)
		token = renewed
	}
	w.newBrowser()
	w.person.Username, w.person.Password = lab.BobUsername, lab.BobPassword
	w.token(func() Request { r := w.request(); r.Interactive = true; return r }())
	if renewed, err := renewer.Renew(w.ctx); err != nil || renewed.Account != lab.AliceUsername {
		t.Fatalf("renewed for %q: %v", renewed.Account, err)
	}
	token = renewer.Token()
	w.RevokeRefreshTokens()
	if _, err := renewer.Renew(w.ctx); err == nil || !renewer.Problem().NeedsUser || renewer.Token() != token {
		t.Fatalf("%v", err)
	}
	renewer.Replace(w.token(func() Request { r := w.request(); r.Interactive = true; return r }()))
	if _, err := renewer.Renew(w.ctx); err != nil || renewer.Problem() != nil {
		t.Errorf("%v", err)
	}
}
