package entra

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/client/signin"
	lab "github.com/footbridge-vpn/footbridge/tunnel/lab/entra"
)

func TestSignInWithTheBrowser(t *testing.T) {
	w := newWorld(t, lab.Switches{MFA: lab.TOTP, Consent: true})
	token := w.token(w.request())
	if token.Account != lab.AliceUsername || time.Until(token.Expires) < 50*time.Minute || token.Obtained.IsZero() {
		t.Errorf("token of %q until %v", token.Account, token.Expires)
	}
	eventually(t, "the finished page", func() bool { return w.lastPage().Done != "" })
	if page := w.lastPage(); page.Done != "You are signed in" {
		t.Errorf("page %+v", page)
	}
	query := addressOf(t, w.urls[0]).Query()
	for name, want := range map[string]string{
		"client_id": w.Audience(), "response_mode": "form_post", "response_type": "code", "code_challenge_method": "S256", "prompt": "select_account",
		"scope": "openid offline_access profile " + w.Audience() + "/.default", "claims": "", "login_hint": "",
	} {
		if got := query.Get(name); got != want {
			t.Errorf("%s=%q, want %q", name, got, want)
		}
	}
	if len(query.Get("state")) < 22 || len(query.Get("code_challenge")) != 43 || !strings.HasPrefix(query.Get("redirect_uri"), "http://localhost:") {
		t.Errorf("query %v", query)
	}
	if !isClosed(t, w.provider.options.Port) {
		t.Error("the listener is still there")
	}
	if again := w.token(w.silent()); again.AccessToken != token.AccessToken {
		t.Error("a second token, where the first is good")
	}
	if visits := w.Visits(); visits["authorization_code"] != 1 || visits["refresh_token"] != 0 {
		t.Errorf("visits %v", visits)
	}
	w.noSecrets(token.AccessToken.Reveal(), lab.AlicePassword, query.Get("state"))
}

func addressOf(t *testing.T, text string) *url.URL {
	t.Helper()
	address, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func TestAnotherProgramIsSignedInToo(t *testing.T) {
	w := newWorld(t, lab.Switches{})
	first := w.token(w.request())
	w.provider = w.newProvider(nil)
	if second := w.token(w.silent()); second.AccessToken != first.AccessToken || !second.Obtained.IsZero() || second.Account != lab.AliceUsername {
		t.Errorf("not the cached token: %+v", second)
	}
	request := w.silent()
	request.MinValidity = time.Hour + time.Minute
	if third := w.token(request); third.AccessToken == first.AccessToken || third.Obtained.IsZero() {
		t.Error("not renewed")
	}
	request = w.silent()
	request.Fresh = true
	before := w.token(w.silent())
	if fourth := w.token(request); fourth.AccessToken == before.AccessToken {
		t.Error("the refused token again")
	}
	if visits := w.Visits(); visits["refresh_token"] != 2 || visits["authorize"] != 1 {
		t.Errorf("visits %v", visits)
	}
}

func TestShortLivedTokensAreKept(t *testing.T) {
	w := newWorld(t, lab.Switches{TokenLifetime: time.Minute})
	first := w.token(w.request())
	for range 3 {
		if again := w.token(w.silent()); again.AccessToken != first.AccessToken {
			t.Fatal("a request for each call")
		}
	}
	request := w.silent()
	request.MinValidity = time.Minute
	if fresh := w.token(request); fresh.AccessToken == first.AccessToken {
		t.Error("not renewed")
	}
}

func TestOneRefreshAtATime(t *testing.T) {
	w := newWorld(t, lab.Switches{})
	w.token(w.request())
	w.Set(func(s *lab.Switches) { s.Slow = 300 * time.Millisecond })
	request := w.silent()
	request.MinValidity = 59*time.Minute + 59*time.Second + 950*time.Millisecond
	time.Sleep(100 * time.Millisecond) // makes the token older than the request allows
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if _, err := w.provider.Token(w.ctx, request); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if visits := w.Visits(); visits["refresh_token"] > 2 {
		t.Errorf("%d refreshes at once", visits["refresh_token"])
	}
}

func TestWhoIsNotSignedInIsToldSo(t *testing.T) {
	w := newWorld(t, lab.Switches{})
	problem := w.refused(w.silent(), CodeSignInNeeded)
	if !problem.NeedsUser || problem.Temporary() {
		t.Errorf("%+v", problem)
	}
	if visits := w.Visits(); len(visits) != 0 {
		t.Errorf("asked the tenant: %v", visits)
	}
	request := w.silent()
	request.Interactive = true
	if problem := w.refused(request, CodeSignInNeeded); !errors.Is(problem, signin.ErrNobodyToAsk) {
		t.Errorf("%v", problem.Err)
	}
}

func TestDeviceCode(t *testing.T) {
	w := newWorld(t, lab.Switches{MFA: lab.TOTP})
	request := w.request()
	request.DeviceCode = true
	go w.typeCode()
	token := w.token(request)
	if token.Account != lab.AliceUsername || len(w.urls) != 0 {
		t.Errorf("token of %q, browser opened with %v", token.Account, w.urls)
	}
	if again := w.token(w.silent()); again.AccessToken != token.AccessToken {
		t.Error("not kept")
	}
	w.noSecrets(token.AccessToken.Reveal())
}

// typeCode types the next code into the provider's page.
func (w *world) typeCode() {
	select {
	case code := <-w.asked.codes:
		if code.Profile != "contoso" || code.Message == "" || time.Until(code.Expires) <= 0 {
			w.t.Errorf("device code %+v", code)
		}
		page, err := w.browser.OpenDevice(w.ctx, code.VerificationURL, code.UserCode, w.person)
		if err != nil || page.Done == "" {
			w.t.Errorf("device page %+v, %v", page, err)
		}
	case <-w.ctx.Done():
	}
}

func TestDeviceCodeSurvivesFaults(t *testing.T) {
	w := newWorld(t, lab.Switches{})
	w.provider.pause = 10 * time.Millisecond
	request := w.request()
	request.DeviceCode = true
	go func() {
		select {
		case code := <-w.asked.codes:
			w.Set(func(s *lab.Switches) { s.ServerError = 503 })
			eventually(t, "a fault that is met", func() bool { return strings.Contains(w.log.String(), "trying again") })
			w.Set(func(s *lab.Switches) { s.ServerError = 0 })
			w.asked.codes <- code
			w.typeCode()
		case <-w.ctx.Done():
		}
	}()
	w.token(request)
}

func TestDeviceCodeExpires(t *testing.T) {
	w := newWorld(t, lab.Switches{DeviceCodeLifetime: time.Second})
	request := w.request()
	request.DeviceCode = true
	problem := w.refused(request, CodeCodeExpired)
	if !problem.NeedsUser {
		t.Errorf("%+v", problem)
	}
}

func TestCancelClosesTheListener(t *testing.T) {
	w := newWorld(t, lab.Switches{})
	opened := make(chan string, 1)
	w.provider = w.newProvider(func(o *Options) {
		o.OpenBrowser = func(_ context.Context, url string) error { opened <- url; return errNoBrowser }
	})
	ctx, cancel := context.WithCancel(w.ctx)
	ended := make(chan error, 1)
	go func() {
		_, err := w.provider.Token(ctx, w.request())
		ended <- err
	}()
	<-opened
	if isClosed(t, w.provider.options.Port) {
		t.Error("nobody listens while the sign-in waits")
	}
	eventually(t, "the address that is shown", func() bool {
		w.asked.mu.Lock()
		defer w.asked.mu.Unlock()
		return len(w.asked.browsers) == 1 && !w.asked.browsers[0].Opened && strings.HasPrefix(w.asked.browsers[0].URL, w.Authority())
	})
	cancel()
	err := <-ended
	if !errors.Is(err, context.Canceled) || !errors.Is(err, signin.ErrCancelled) || problemOf(err).Code != CodeCancelled {
		t.Errorf("error %v", err)
	}
	if !isClosed(t, w.provider.options.Port) {
		t.Error("the listener outlives the sign-in")
	}
	if accounts, err := w.provider.Accounts(w.ctx); err != nil || len(accounts) != 0 {
		t.Errorf("accounts %v, %v", accounts, err)
	}
}

func TestTimeOutClosesTheListener(t *testing.T) {
	w := newWorld(t, lab.Switches{})
	w.provider = w.newProvider(func(o *Options) {
		o.SignInLimit = 200 * time.Millisecond
		o.OpenBrowser = func(context.Context, string) error { return nil }
	})
	w.refused(w.request(), CodeTimedOut)
	if !isClosed(t, w.provider.options.Port) {
		t.Error("the listener outlives the sign-in")
	}
}

func TestMemoryOnly(t *testing.T) {
	w := newWorld(t, lab.Switches{})
	request := w.request()
	request.Entra.CacheSignInUser, request.Connection = false, "session-1"
	w.token(request)
	silent := request
	silent.Asker = nil
	w.token(silent)
	if _, found, err := w.ring.Get(w.ctx, cacheKey); found || err != nil {
		t.Errorf("something was kept: %v", err)
	}
	w.refused(w.silent(), CodeSignInNeeded) // another connection, whose sign-ins are kept
	silent.Connection = "session-2"
	w.refused(silent, CodeSignInNeeded)
	w.provider.Forget("session-1")
	silent.Connection = "session-1"
	w.refused(silent, CodeSignInNeeded)
}

func TestGroups(t *testing.T) {
	w := newWorld(t, lab.Switches{})
	request := w.request()
	request.Entra.EnableGroupToken = true
	token := w.token(request)
	if claims := w.check(token); len(claims.Groups) == 0 {
		t.Errorf("no groups in %+v", claims)
	}
	if got := addressOf(t, w.urls[0]).Query().Get("claims"); got != groupClaims {
		t.Errorf("claims %q", got)
	}
	request.Asker, request.Fresh = nil, true
	if claims := w.check(w.token(request)); len(claims.Groups) == 0 {
		t.Errorf("no groups in the renewed %+v", claims)
	}
}

// What conditional access wants besides is asked for at once, and once: a tenant that is never content is not asked for ever.
func TestClaimsChallengeAtTheFirstSignIn(t *testing.T) {
	for _, how := range []string{"browser", "device code"} {
		w := newWorld(t, lab.Switches{ConditionalAccess: true})
		request := w.request()
		if request.DeviceCode = how == "device code"; request.DeviceCode {
			go func() {
				for code := range w.asked.codes {
					w.browser.OpenDevice(w.ctx, code.VerificationURL, code.UserCode, w.person)
				}
			}()
		}
		w.token(request)
		if visits := len(w.urls); !request.DeviceCode && (visits != 2 || !strings.Contains(addressOf(t, w.urls[1]).Query().Get("claims"), "capolids")) {
			t.Errorf("%d visits: %q", visits, w.urls)
		}
		w.newBrowser()
		w.Set(func(s *lab.Switches) { s.ConditionalAccess, s.Error, s.ErrorPlace = false, 50076, lab.AtTokenEndpoint })
		request.Interactive, request.DeviceCode = true, false
		before := len(w.urls)
		w.refused(request, CodeMFA)
		if visits := len(w.urls) - before; visits > 2 {
			t.Errorf("%d visits in vain", visits)
		}
	}
}

func TestClaimsChallenge(t *testing.T) {
	w := newWorld(t, lab.Switches{})
	w.token(w.request())
	w.Set(func(s *lab.Switches) { s.ConditionalAccess = true })
	request := w.silent()
	request.Fresh = true
	problem := w.refused(request, CodeMFA)
	if !problem.NeedsUser || !strings.Contains(problem.Claims, "capolids") || problem.Number != 50076 {
		t.Errorf("%+v", problem)
	}
	request.Asker = &w.asked
	token := w.token(request)
	if got := addressOf(t, w.urls[len(w.urls)-1]).Query().Get("claims"); !strings.Contains(got, "capolids") {
		t.Errorf("claims %q", got)
	}
	if again := w.token(w.silent()); again.AccessToken != token.AccessToken {
		t.Error("the older token of the cache is back")
	}
}

func TestAccounts(t *testing.T) {
	w := newWorld(t, lab.Switches{})
	alice := w.token(w.request())
	w.newBrowser()
	w.person.Username, w.person.Password = lab.BobUsername, lab.BobPassword
	request := w.request()
	request.Interactive = true
	bob := w.token(request)
	if bob.Account != lab.BobUsername {
		t.Fatalf("signed in %q", bob.Account)
	}
	accounts, err := w.provider.Accounts(w.ctx)
	if err != nil || len(accounts) != 2 || accounts[0].Username != lab.AliceUsername || !accounts[0].Fits(w.request().Entra) {
		t.Fatalf("accounts %+v, %v", accounts, err)
	}
	if last := w.token(w.silent()); last.Account != lab.BobUsername {
		t.Errorf("%q, not who signed in last", last.Account)
	}
	hinted := w.silent()
	hinted.LoginHint = strings.ToUpper(lab.AliceUsername)
	if got := w.token(hinted); got.AccessToken != alice.AccessToken {
		t.Errorf("%q, not who was hinted at", got.Account)
	}
	hinted.LoginHint = "carol@contoso.com"
	w.refused(hinted, CodeSignInNeeded)

	if err := w.provider.SignOut(w.ctx, accounts[0]); err != nil {
		t.Fatal(err)
	}
	hinted.LoginHint = lab.AliceUsername
	w.refused(hinted, CodeSignInNeeded)
	w.token(w.silent())
	data, _, err := w.ring.Get(w.ctx, cacheKey)
	if err != nil || strings.Contains(string(data), accounts[0].ID) || !strings.Contains(string(data), accounts[1].ID) {
		t.Errorf("what is kept of who signed out: %v", err)
	}
	w.token(w.silent())
	if err := w.provider.SignOutAll(w.ctx); err != nil {
		t.Fatal(err)
	}
	w.refused(w.silent(), CodeSignInNeeded)
	for _, key := range []string{cacheKey, lastKey} {
		if _, found, err := w.ring.Get(w.ctx, key); found || err != nil {
			t.Errorf("%s is still kept: %v", key, err)
		}
	}
	another := w.newProvider(nil)
	if _, err := another.Token(w.ctx, w.silent()); problemOf(err).Code != CodeSignInNeeded {
		t.Errorf("another program: %v", err)
	}
}

// Who is hinted at by another of their names is asked once, and who has to prove more is not asked who they are.
func TestHints(t *testing.T) {
	w := newWorld(t, lab.Switches{})
	request := w.request()
	request.LoginHint = "Alice.Alias@corp.example"
	if token := w.token(request); token.Account != lab.AliceUsername {
		t.Fatalf("signed in %q", token.Account)
	}
	if got := addressOf(t, w.urls[0]).Query(); got.Get("login_hint") != request.LoginHint || got.Has("prompt") {
		t.Errorf("query %v", got)
	}
	request.Asker = nil
	w.token(request)
	w.RevokeRefreshTokens()
	again := w.request()
	again.Fresh = true
	w.token(again)
	if got := addressOf(t, w.urls[1]).Query(); got.Get("login_hint") != lab.AliceUsername {
		t.Errorf("query %v", got)
	}
}

// A browser that never opens, and an opener that never returns, do not keep anybody who goes away.
func TestOpenerThatHangs(t *testing.T) {
	w := newWorld(t, lab.Switches{})
	hung := make(chan struct{})
	defer close(hung)
	w.provider = w.newProvider(func(o *Options) {
		o.SignInLimit = 100 * time.Millisecond
		o.OpenBrowser = func(context.Context, string) error { <-hung; return nil }
	})
	w.refused(w.request(), CodeTimedOut)
}

func TestSeveralAccountsAndNoneUsedLast(t *testing.T) {
	w := newWorld(t, lab.Switches{})
	w.token(w.request())
	w.newBrowser()
	w.person.Username, w.person.Password = lab.BobUsername, lab.BobPassword
	request := w.request()
	request.Interactive = true
	w.token(request)
	if err := w.ring.Delete(w.ctx, lastKey); err != nil {
		t.Fatal(err)
	}
	w.provider = w.newProvider(nil)
	if problem := w.refused(w.silent(), CodeSeveralAccounts); !problem.NeedsUser {
		t.Errorf("%+v", problem)
	}
}

func TestSignInsOfTwoProgramsAtOnce(t *testing.T) {
	w := newWorld(t, lab.Switches{})
	w.token(w.request())
	w.newBrowser()
	w.person.Username, w.person.Password = lab.BobUsername, lab.BobPassword
	other := w.newProvider(nil)
	request := w.request()
	request.Interactive = true
	if _, err := other.Token(w.ctx, request); err != nil {
		t.Fatal(err)
	}
	fresh := w.silent()
	fresh.Fresh, fresh.LoginHint = true, lab.AliceUsername
	w.token(fresh) // writes the cache anew
	accounts, err := w.newProvider(nil).Accounts(w.ctx)
	if err != nil || len(accounts) != 2 {
		t.Errorf("accounts %v, %v", accounts, err)
	}
}
