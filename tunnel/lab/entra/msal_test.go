package entra_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	msalerrors "github.com/AzureAD/microsoft-authentication-library-for-go/apps/errors"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/entra"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/entra/visitor"
)

// world is a provider, an application on MSAL, and its user's browser.
type world struct {
	*entra.Provider
	t       *testing.T
	ctx     context.Context
	app     public.Client
	browser *visitor.Visitor
}

func newWorld(t *testing.T, options entra.Options) *world {
	t.Helper()
	provider, err := entra.Start(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := provider.Close(); err != nil {
			t.Error(err)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	t.Cleanup(cancel)
	w := &world{Provider: provider, t: t, ctx: ctx}
	w.app = w.application(provider.Audience())
	if w.browser, err = visitor.New(provider.HTTPClient()); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) application(id string) public.Client {
	w.t.Helper()
	app, err := public.New(id, public.WithAuthority(w.Authority()), public.WithHTTPClient(w.HTTPClient()), public.WithInstanceDiscovery(false))
	if err != nil {
		w.t.Fatal(err)
	}
	return app
}

func (w *world) scopes() []string { return []string{w.Audience() + "/.default"} }

func (w *world) alice() visitor.Person {
	return visitor.Person{Username: entra.AliceUsername, Password: entra.AlicePassword, Code: func() (string, error) { return w.OneTimeCode(entra.AliceUsername) }}
}

// visit is the end of the browser's way, which the application may never hear of.
type visit struct {
	page *visitor.Page
	err  error
}

// signIn signs somebody in with the browser. It returns as soon as the application or the browser is stuck.
func (w *world) signIn(person visitor.Person, options ...public.AcquireInteractiveOption) (public.AuthResult, visit, error) {
	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	visits := make(chan visit, 1)
	options = append(options, public.WithOpenURL(func(url string) error {
		go func() {
			page, err := w.browser.Open(w.ctx, url, person)
			if err != nil || page.Error != "" {
				cancel() // the browser never returns to the application
			}
			visits <- visit{page, err}
		}()
		return nil
	}))
	result, err := w.app.AcquireTokenInteractive(ctx, w.scopes(), options...)
	select {
	case ended := <-visits:
		return result, ended, err
	case <-w.ctx.Done():
		w.t.Fatalf("the browser never came to an end: %v", err)
		panic("unreachable")
	}
}

// mustSignIn signs Alice in.
func (w *world) mustSignIn(options ...public.AcquireInteractiveOption) public.AuthResult {
	w.t.Helper()
	result, ended, err := w.signIn(w.alice(), options...)
	if err != nil || ended.err != nil {
		w.t.Fatalf("sign in: %v; browser: %+v, %v", err, ended.page, ended.err)
	}
	return result
}

func (w *world) silent(account public.Account, options ...public.AcquireSilentOption) (public.AuthResult, error) {
	return w.app.AcquireTokenSilent(w.ctx, w.scopes(), append(options, public.WithSilentAccount(account))...)
}

func (w *world) validate(token string) entra.Claims {
	w.t.Helper()
	claims, err := w.Validate(token)
	if err != nil {
		w.t.Fatal(err)
	}
	return claims
}

// refused checks that MSAL was refused with a number, and returns what was said.
func refused(t *testing.T, err error, oauth, number string) string {
	t.Helper()
	var call msalerrors.CallErr
	if !errors.As(err, &call) {
		t.Fatalf("error %T: %v", err, err)
	}
	text := call.Error()
	for _, want := range []string{`"error":"` + oauth + `"`, "AADSTS" + number + ":", `"error_codes":[` + number + `]`, "Trace ID: ", "Correlation ID: ", "Timestamp: ", `"correlation_id":"`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	return text
}

func TestInteractiveSignInWithMSAL(t *testing.T) {
	for _, mfa := range []entra.MFA{entra.NoMFA, entra.TOTP, entra.Number} {
		t.Run("second factor "+string(mfa), func(t *testing.T) {
			w := newWorld(t, entra.Options{Switches: entra.Switches{MFA: mfa, Consent: true}})
			result := w.mustSignIn()
			claims := w.validate(result.AccessToken)
			if claims.Username != entra.AliceUsername || claims.Tenant != w.Tenant() || claims.Scope != "user_impersonation" || claims.ClientID != w.Audience() {
				t.Errorf("claims %+v", claims)
			}
			if hasMFA := strings.Contains(strings.Join(claims.Methods, " "), "mfa"); hasMFA != (mfa != entra.NoMFA) {
				t.Errorf("methods %q", claims.Methods)
			}
			account := result.Account
			if account.PreferredUsername != entra.AliceUsername || account.Realm != w.Tenant() || account.HomeAccountID != claims.ObjectID+"."+w.Tenant() {
				t.Errorf("account %+v", account)
			}
			if again, err := w.silent(account); err != nil || again.AccessToken != result.AccessToken {
				t.Errorf("from the cache: %v", err)
			}
			fresh, err := w.silent(account, public.WithClaims("{}"))
			if err != nil || fresh.AccessToken == result.AccessToken {
				t.Errorf("refreshed: %v", err)
			}
			w.validate(fresh.AccessToken)
			if visits := w.Visits(); visits["authorization_code"] != 1 || visits["refresh_token"] != 1 || visits["authorize"] != 1 || visits["discovery"] == 0 {
				t.Errorf("visits %v", visits)
			}
		})
	}
}

func TestDeviceCodeWithMSAL(t *testing.T) {
	start := func(w *world) public.DeviceCode {
		code, err := w.app.AcquireTokenByDeviceCode(w.ctx, w.scopes())
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(code.Result.Message, code.Result.UserCode) || !strings.HasPrefix(code.Result.VerificationURL, "https://localhost:") {
			t.Errorf("message %q", code.Result.Message)
		}
		return code
	}
	t.Run("signs in", func(t *testing.T) {
		w := newWorld(t, entra.Options{Switches: entra.Switches{MFA: entra.TOTP}})
		code := start(w)
		page, err := w.browser.OpenDevice(w.ctx, code.Result.VerificationURL, " "+strings.ToLower(code.Result.UserCode), w.alice())
		if err != nil || page.Done == "" {
			t.Fatalf("browser: %+v, %v", page, err)
		}
		result, err := code.AuthenticationResult(w.ctx)
		if err != nil {
			t.Fatal(err)
		}
		w.validate(result.AccessToken)
		if _, err := w.silent(result.Account, public.WithClaims("{}")); err != nil {
			t.Errorf("silently: %v", err)
		}
		if again, err := code.AuthenticationResult(w.ctx); err == nil {
			t.Errorf("the code was taken twice: %+v", again.Account)
		}
	})
	t.Run("pending until then", func(t *testing.T) {
		w := newWorld(t, entra.Options{})
		code := start(w)
		ended := make(chan error, 1)
		go func() {
			_, err := code.AuthenticationResult(w.ctx)
			ended <- err
		}()
		for w.Visits()["device_code"] < 2 {
			select {
			case err := <-ended:
				t.Fatalf("ended before anybody signed in: %v", err)
			case <-time.After(10 * time.Millisecond):
			}
		}
		if _, err := w.browser.OpenDevice(w.ctx, code.Result.VerificationURL, code.Result.UserCode, w.alice()); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Run("declined", func(t *testing.T) {
		w := newWorld(t, entra.Options{})
		code, person := start(w), w.alice()
		person.Decline = true
		if _, err := w.browser.OpenDevice(w.ctx, code.Result.VerificationURL, code.Result.UserCode, person); err != nil {
			t.Fatal(err)
		}
		_, err := code.AuthenticationResult(w.ctx)
		refused(t, err, "authorization_declined", "65004")
	})
	t.Run("expired", func(t *testing.T) {
		w := newWorld(t, entra.Options{Switches: entra.Switches{DeviceCodeLifetime: time.Millisecond}})
		code := start(w)
		if page, err := w.browser.OpenDevice(w.ctx, code.Result.VerificationURL, code.Result.UserCode, w.alice()); !errors.Is(err, visitor.ErrRefused) {
			t.Errorf("browser: %+v, %v", page, err)
		}
	})
	t.Run("blocked", func(t *testing.T) {
		w := newWorld(t, entra.Options{Switches: entra.Switches{DeviceCodeBlocked: true}})
		code := start(w)
		page, err := w.browser.OpenDevice(w.ctx, code.Result.VerificationURL, code.Result.UserCode, w.alice())
		if err != nil || !strings.HasPrefix(page.Error, "AADSTS53003: ") {
			t.Errorf("browser: %+v, %v", page, err)
		}
	})
}

func TestSeveralAccountsInOneBrowser(t *testing.T) {
	w := newWorld(t, entra.Options{})
	first := w.mustSignIn()
	second, ended, err := w.signIn(visitor.Person{Username: entra.BobUsername, Password: entra.BobPassword})
	if err != nil || ended.err != nil {
		t.Fatalf("%v, %v", err, ended.err)
	}
	if first.Account.HomeAccountID == second.Account.HomeAccountID || w.validate(second.AccessToken).Username != entra.BobUsername {
		t.Errorf("accounts %+v and %+v", first.Account, second.Account)
	}
	// Alice is known to the browser: chosen by the hint she needs no password.
	if _, ended, err := w.signIn(visitor.Person{}, public.WithLoginHint(entra.AliceUsername)); err != nil || ended.err != nil {
		t.Errorf("with a hint: %v, %v", err, ended.err)
	}
	accounts, err := w.app.Accounts(w.ctx)
	if err != nil || len(accounts) != 2 {
		t.Errorf("accounts %+v, %v", accounts, err)
	}
}

func TestWrongPassword(t *testing.T) {
	w := newWorld(t, entra.Options{})
	person := w.alice()
	person.Password = "a guess"
	if _, ended, err := w.signIn(person); err == nil || !errors.Is(ended.err, visitor.ErrRefused) || !strings.Contains(ended.err.Error(), "password is incorrect") {
		t.Errorf("%v, %v", err, ended.err)
	}
	person.Username = "mallory@corp.example"
	if _, ended, err := w.signIn(person); err == nil || !strings.Contains(ended.err.Error(), "username may be incorrect") {
		t.Errorf("%v, %v", err, ended.err)
	}
	person = w.alice()
	person.Code = func() (string, error) { return "000000x", nil }
	w.Set(func(s *entra.Switches) { s.MFA = entra.TOTP })
	if _, ended, err := w.signIn(person); err == nil || !strings.Contains(ended.err.Error(), "verification code") {
		t.Errorf("%v, %v", err, ended.err)
	}
}

func TestInstanceDiscovery(t *testing.T) {
	w := newWorld(t, entra.Options{})
	for endpoint, status := range map[string]int{
		w.Authority() + "oauth2/v2.0/authorize":                   http.StatusOK,
		"https://login.elsewhere.example/t/oauth2/v2.0/authorize": http.StatusBadRequest,
	} {
		answer, err := w.HTTPClient().Get(strings.TrimSuffix(w.Authority(), w.Tenant()+"/") + "common/discovery/instance?api-version=1.1&authorization_endpoint=" + endpoint)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != status {
			t.Errorf("%s: %s", endpoint, answer.Status)
		}
	}
}
