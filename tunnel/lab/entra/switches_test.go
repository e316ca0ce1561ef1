package entra_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	msalerrors "github.com/AzureAD/microsoft-authentication-library-for-go/apps/errors"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/entra"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/entra/visitor"
)

// refresh asks for new tokens with the refresh token, whatever is in MSAL's cache.
func (w *world) refresh(account public.Account) (public.AuthResult, error) {
	return w.silent(account, public.WithClaims("{}"))
}

func TestAccessDenied(t *testing.T) {
	w := newWorld(t, entra.Options{})
	w.Set(func(s *entra.Switches) { s.AccessDenied = true })
	_, ended, err := w.signIn(w.alice())
	if err == nil || ended.err != nil || !strings.Contains(err.Error(), "AADSTS65004: User declined to consent") || !strings.Contains(err.Error(), "Trace ID: ") {
		t.Errorf("%v; browser: %+v, %v", err, ended.page, ended.err)
	}
	w.Set(func(s *entra.Switches) { *s = entra.Switches{Consent: true} })
	person := w.alice()
	person.Decline = true
	if _, ended, err = w.signIn(person); err == nil || ended.err != nil || !strings.Contains(err.Error(), "AADSTS65004") {
		t.Errorf("declined by the user: %v; %v", err, ended.err)
	}
	w.mustSignIn()
}

func TestConditionalAccess(t *testing.T) {
	w := newWorld(t, entra.Options{})
	account := w.mustSignIn().Account
	w.Set(func(s *entra.Switches) { s.ConditionalAccess = true })
	_, err := w.refresh(account)
	text := refused(t, err, "interaction_required", "50076")
	if !strings.Contains(text, `"suberror":"basic_action"`) {
		t.Errorf("no suberror in %s", text)
	}
	var answer struct{ Claims string }
	if err := json.Unmarshal([]byte(text[strings.Index(text, "{"):]), &answer); err != nil || !strings.Contains(answer.Claims, "capolids") {
		t.Fatalf("claims %q, %v", answer.Claims, err)
	}
	_, _, err = w.signIn(w.alice())
	refused(t, err, "interaction_required", "50076") // without the claims
	stepped := w.mustSignIn(public.WithClaims(answer.Claims))
	w.validate(stepped.AccessToken)
	if _, err := w.refresh(stepped.Account); err != nil {
		t.Errorf("silently after the claims: %v", err)
	}
}

func TestRefreshTokensRevoked(t *testing.T) {
	w := newWorld(t, entra.Options{})
	account := w.mustSignIn().Account
	w.RevokeRefreshTokens()
	_, err := w.refresh(account)
	if text := refused(t, err, "invalid_grant", "50173"); !strings.Contains(text, `"suberror":"bad_token"`) {
		t.Errorf("no suberror in %s", text)
	}
	account = w.mustSignIn().Account // the browser's session is revoked too: Alice's password was asked, which signIn knows
	if _, err := w.refresh(account); err != nil {
		t.Errorf("after signing in again: %v", err)
	}
	w.Set(func(s *entra.Switches) { s.RefreshRevoked = true })
	_, err = w.refresh(account)
	refused(t, err, "invalid_grant", "50173")
}

func TestServerError(t *testing.T) {
	w := newWorld(t, entra.Options{})
	account := w.mustSignIn().Account
	w.Set(func(s *entra.Switches) { s.ServerError, s.RetryAfter = http.StatusServiceUnavailable, 7*time.Second })
	_, err := w.refresh(account)
	refused(t, err, "temporarily_unavailable", "90033")
	var call msalerrors.CallErr
	if errors.As(err, &call) && (call.Resp.StatusCode != http.StatusServiceUnavailable || call.Resp.Header.Get("Retry-After") != "7") {
		t.Errorf("%s, Retry-After %q", call.Resp.Status, call.Resp.Header.Get("Retry-After"))
	}
	w.Set(func(s *entra.Switches) { s.ServerError = 0 })
	if _, err := w.refresh(account); err != nil {
		t.Error(err)
	}
}

func TestSlow(t *testing.T) {
	w := newWorld(t, entra.Options{})
	account := w.mustSignIn().Account
	w.Set(func(s *entra.Switches) { s.Slow = 200 * time.Millisecond })
	begun := time.Now()
	if _, err := w.refresh(account); err != nil || time.Since(begun) < 200*time.Millisecond {
		t.Errorf("after %v: %v", time.Since(begun), err)
	}
	w.Set(func(s *entra.Switches) { s.Slow = time.Hour })
	ctx, cancel := context.WithTimeout(w.ctx, 200*time.Millisecond)
	defer cancel()
	if _, err := w.app.AcquireTokenSilent(ctx, w.scopes(), public.WithSilentAccount(account), public.WithClaims("{}")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

func TestKeyRotation(t *testing.T) {
	w := newWorld(t, entra.Options{})
	result := w.mustSignIn()
	remote := entra.Verifier{Issuer: w.Issuer(), Audience: w.Audience(), Keys: entra.RemoteKeys(w.KeysURL(), w.HTTPClient())}
	both := func(token string) (here, there error) {
		_, here = w.Validate(token)
		_, there = remote.Validate(w.ctx, token)
		return here, there
	}
	if here, there := both(result.AccessToken); here != nil || there != nil {
		t.Errorf("at first: %v, %v", here, there)
	}
	if err := w.RotateKeys(false); err != nil {
		t.Fatal(err)
	}
	fresh, err := w.refresh(result.Account)
	if err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{"old": result.AccessToken, "new": fresh.AccessToken} {
		if here, there := both(token); here != nil || there != nil {
			t.Errorf("%s token after rotation: %v, %v", name, here, there)
		}
	}
	if err := w.RotateKeys(true); err != nil {
		t.Fatal(err)
	}
	if here, _ := both(fresh.AccessToken); here == nil {
		t.Error("a token of a forgotten key is valid")
	}
	latest, err := w.refresh(result.Account)
	if err != nil {
		t.Fatal(err)
	}
	if here, there := both(latest.AccessToken); here != nil || there != nil {
		t.Errorf("the new key's token: %v, %v", here, there)
	}
	if keys := w.Visits()["keys"]; keys != 3 {
		t.Errorf("keys fetched %d times", keys)
	}
}

func TestShortLives(t *testing.T) {
	w := newWorld(t, entra.Options{Switches: entra.Switches{TokenLifetime: time.Minute, RefreshIn: 30 * time.Second}})
	result := w.mustSignIn()
	if left := time.Until(result.ExpiresOn); left < 50*time.Second || left > 61*time.Second {
		t.Errorf("expires in %v", left)
	}
	if expires := w.validate(result.AccessToken); time.Until(expires.Expires()) > 61*time.Second {
		t.Errorf("expires at %v", expires.Expires())
	}
	if again, err := w.silent(result.Account); err != nil || again.AccessToken == result.AccessToken {
		t.Errorf("a token this short-lived came from MSAL's cache: %v", err)
	}
}

func TestGroupsByClaims(t *testing.T) {
	w := newWorld(t, entra.Options{})
	result := w.mustSignIn(public.WithClaims(`{"access_token":{"groups":{"essential":true}}}`))
	if claims := w.validate(result.AccessToken); len(claims.Groups) != 2 {
		t.Errorf("groups %q", claims.Groups)
	}
}

func TestChosenErrors(t *testing.T) {
	w := newWorld(t, entra.Options{})
	account := w.mustSignIn().Account
	for _, test := range []struct{ code, oauth, suberror string }{
		{"53003", "invalid_grant", "message_only"}, {"50105", "invalid_grant", "message_only"}, {"65001", "invalid_grant", "consent_required"},
		{"50079", "interaction_required", "basic_action"}, {"70043", "invalid_grant", "bad_token"}, {"650057", "invalid_resource", ""},
		{"1234567", "invalid_grant", ""},
	} {
		t.Run(test.code, func(t *testing.T) {
			w.Set(func(s *entra.Switches) {
				*s = entra.Switches{}
				if err := s.Set("error", "AADSTS"+test.code); err != nil {
					t.Fatal(err)
				}
			})
			_, ended, err := w.signIn(w.alice())
			if !errors.Is(err, context.Canceled) || ended.err != nil || !strings.HasPrefix(ended.page.Error, "AADSTS"+test.code+": ") {
				t.Errorf("on the page: %v; %+v, %v", err, ended.page, ended.err)
			}
			_, err = w.refresh(account)
			if text := refused(t, err, test.oauth, test.code); test.suberror != "" && !strings.Contains(text, `"suberror":"`+test.suberror+`"`) {
				t.Errorf("no suberror in %s", text)
			}
			w.Set(func(s *entra.Switches) { s.ErrorPlace = entra.OnPage })
			if _, err := w.refresh(account); err != nil {
				t.Errorf("silently, with the error on the page only: %v", err)
			}
			w.Set(func(s *entra.Switches) { s.ErrorPlace = entra.AtTokenEndpoint })
			_, ended, err = w.signIn(w.alice())
			if refused(t, err, test.oauth, test.code); ended.err != nil || ended.page.Error != "" {
				t.Errorf("on the page: %+v, %v", ended.page, ended.err)
			}
		})
	}
}

func TestControl(t *testing.T) {
	w := newWorld(t, entra.Options{})
	socket := filepath.Join(t.TempDir(), "control.sock")
	stop, err := w.ServeControl(socket)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(socket); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("socket %v, %v", info.Mode(), err)
	}
	remote := entra.Remote{Socket: socket}
	values, err := remote.Set(w.ctx, map[string]string{"mfa": "number", "retry-after": "5s", "groups": "on"})
	if err != nil || values["mfa"] != "number" || values["groups"] != "on" || values["consent"] != "off" {
		t.Errorf("values %v, %v", values, err)
	}
	if _, err := remote.Set(w.ctx, map[string]string{"mfa": "off", "server-error": "200"}); err == nil || !strings.Contains(err.Error(), "200") {
		t.Errorf("a bad value: %v", err)
	}
	if got := w.Switches(); got.MFA != entra.Number || got.ServerError != 0 {
		t.Errorf("half of it was set: %+v", got)
	}
	w.Set(func(s *entra.Switches) { s.MFA = entra.TOTP })
	person := w.alice()
	person.Code = func() (string, error) { return remote.OneTimeCode(w.ctx, entra.AliceUsername) }
	result, ended, err := w.signIn(person)
	if err != nil || ended.err != nil {
		t.Fatalf("%v, %v", err, ended.err)
	}
	if err := remote.RevokeRefreshTokens(w.ctx); err != nil {
		t.Error(err)
	}
	_, err = w.refresh(result.Account)
	refused(t, err, "invalid_grant", "50173")
	if err := remote.RotateKeys(w.ctx, true); err != nil {
		t.Error(err)
	}
	if _, err := w.Validate(result.AccessToken); err == nil {
		t.Error("the old key is still good")
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if _, err := remote.Switches(w.ctx); err == nil {
		t.Error("answered after the end")
	}
}

func TestBrowserSessionEndsWithRevocation(t *testing.T) {
	w := newWorld(t, entra.Options{})
	w.mustSignIn()
	w.RevokeRefreshTokens()
	if _, ended, err := w.signIn(visitor.Person{Username: entra.AliceUsername}, public.WithLoginHint(entra.AliceUsername)); err == nil || !errors.Is(ended.err, visitor.ErrRefused) {
		t.Errorf("without a password: %v, %v", err, ended.err)
	}
}
