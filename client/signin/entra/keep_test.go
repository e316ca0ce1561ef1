package entra

import (
	"testing"
	"time"

	lab "github.com/footbridge-vpn/footbridge/tunnel/lab/entra"
)

func TestWhenATokenIsDue(t *testing.T) {
	start := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name  string
		token Token
		want  time.Duration
	}{
		{"an hour", Token{Obtained: start, Expires: start.Add(time.Hour)}, 50 * time.Minute},
		{"a minute", Token{Obtained: start, Expires: start.Add(time.Minute)}, 40 * time.Second},
		{"eight hours", Token{Obtained: start, Expires: start.Add(8 * time.Hour)}, 8*time.Hour - 10*time.Minute},
		{"a quarter of an hour", Token{Obtained: start, Expires: start.Add(15 * time.Minute)}, 10 * time.Minute},
		{"the tenant's wish", Token{Obtained: start, Expires: start.Add(24 * time.Hour), RefreshOn: start.Add(12 * time.Hour)}, 12 * time.Hour},
		{"the tenant's wish too late", Token{Obtained: start, Expires: start.Add(time.Hour), RefreshOn: start.Add(2 * time.Hour)}, 50 * time.Minute},
		{"from the cache", Token{Expires: start.Add(time.Hour)}, 50 * time.Minute},
	} {
		token := c.token
		token.AccessToken = "a token"
		if got := token.renewalTime().Sub(start); got != c.want {
			t.Errorf("%s: due after %v, want %v", c.name, got, c.want)
		}
		due := start.Add(c.want)
		if !token.serves(Request{}, due.Add(-time.Second)) || token.serves(Request{}, due) || !token.isGood(Request{}, due) {
			t.Errorf("%s: given out too long, or too short", c.name)
		}
	}
	token := Token{AccessToken: "a token", Obtained: start, Expires: start.Add(time.Hour)}
	end := token.Expires
	if !token.serves(Request{MinValidity: time.Minute}, end.Add(-time.Minute)) || token.serves(Request{MinValidity: time.Minute}, end.Add(-59*time.Second)) {
		t.Error("the wanted life is not what counts")
	}
	if token.serves(Request{Fresh: true}, start) || token.serves(Request{Claims: anyClaims}, start) || token.isGood(Request{Fresh: true}, start) {
		t.Error("what was refused is given out again")
	}
	if token.isGood(Request{}, end.Add(-lastMoments)) || !token.isGood(Request{}, end.Add(-lastMoments-time.Second)) {
		t.Error("the last moments do not count")
	}
}

// A minute's life, renewed over and over with the tenant itself, for the account whose tunnel it is, until the sign-in is revoked.
func TestRenewalsWithTheTenant(t *testing.T) {
	w := newWorld(t, lab.Switches{TokenLifetime: time.Minute})
	token := w.token(w.request())
	renewal := w.silent()
	renewal.LoginHint = token.Account
	for range 5 {
		renewal.MinValidity = time.Until(token.Expires) + time.Second
		time.Sleep(1100 * time.Millisecond) // tokens end at whole seconds
		renewed := w.token(renewal)
		if renewed.AccessToken == token.AccessToken || renewed.Account != lab.AliceUsername || !renewed.Expires.After(token.Expires) {
			t.Fatalf("the token of %q until %v after the one until %v", renewed.Account, renewed.Expires, token.Expires)
		}
		token = renewed
	}
	w.newBrowser()
	w.person.Username, w.person.Password = lab.BobUsername, lab.BobPassword
	other := w.request()
	other.Interactive = true
	w.token(other)
	renewal.MinValidity, renewal.Fresh = 0, true
	if renewed := w.token(renewal); renewed.Account != lab.AliceUsername {
		t.Fatalf("renewed for %q", renewed.Account)
	}
	w.RevokeRefreshTokens()
	if problem := w.refused(renewal, CodeRevoked); !problem.NeedsUser {
		t.Errorf("%+v", problem)
	}
	w.newBrowser()
	w.person.Username, w.person.Password = lab.AliceUsername, lab.AlicePassword
	again := w.request()
	again.Interactive = true
	w.token(again)
	w.token(renewal)
}
