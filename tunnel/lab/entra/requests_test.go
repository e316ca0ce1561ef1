package entra_test

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/entra"
)

// What an application gets wrong itself is refused on the page, or by the endpoint, in Entra's words.
func TestRefusedRequests(t *testing.T) {
	w := newWorld(t, entra.Options{})
	good := url.Values{
		"client_id": {w.Audience()}, "response_type": {"code"}, "redirect_uri": {"http://localhost:2023"}, "scope": {w.Audience() + "/.default openid offline_access profile"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"}, "state": {"s"}, "response_mode": {"query"},
	}
	for _, test := range []struct{ name, value, want string }{
		{"client_id", "00000000-0000-4000-8000-000000000bad", "AADSTS700016"}, {"redirect_uri", "https://elsewhere.example/", "AADSTS50011"},
		{"scope", entra.LegacyAudience + "/.default", "AADSTS650057"}, {"scope", "https://graph.example/.default", "AADSTS500011"}, {"scope", "openid", "AADSTS70011"},
		{"code_challenge", "", "AADSTS90014"},
	} {
		request := maps.Clone(good)
		request.Set(test.name, test.value)
		page, err := w.browser.Open(w.ctx, w.Authority()+"oauth2/v2.0/authorize?"+request.Encode(), w.alice())
		if err != nil || !strings.HasPrefix(page.Error, test.want+": ") {
			t.Errorf("%s=%s: %+v, %v", test.name, test.value, page, err)
		}
	}
	for _, test := range []struct {
		tenant, want string
		form         url.Values
	}{
		{"00000000-0000-4000-8000-0000000000ff", "AADSTS90002", url.Values{"grant_type": {"refresh_token"}}},
		{w.Tenant(), "AADSTS70000", url.Values{"grant_type": {"refresh_token"}, "client_id": {w.Audience()}, "refresh_token": {"1.made-up"}}},
		{w.Tenant(), "AADSTS70008", url.Values{"grant_type": {"authorization_code"}, "client_id": {w.Audience()}, "code": {"made-up"}, "redirect_uri": {"http://localhost"}}},
		{w.Tenant(), "AADSTS70018", url.Values{"grant_type": {"device_code"}, "client_id": {w.Audience()}, "device_code": {"made-up"}}},
		{w.Tenant(), "AADSTS700016", url.Values{"grant_type": {"refresh_token"}, "client_id": {"nobody"}, "refresh_token": {"1.made-up"}}},
		{w.Tenant(), "AADSTS90014", url.Values{"grant_type": {"password"}, "client_id": {w.Audience()}}},
	} {
		response, err := w.HTTPClient().PostForm(strings.Replace(w.Authority(), w.Tenant(), test.tenant, 1)+"oauth2/v2.0/token", test.form)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode < 400 || !strings.Contains(string(text), test.want+": ") || !strings.Contains(string(text), `"correlation_id":"`) {
			t.Errorf("%v: %s %s, %v", test.form, response.Status, text, err)
		}
	}
}

// An application with a listener of its own gets its code in the address (response_mode=query), and tokens only with the verifier that goes with it.
func TestCodeInTheAddress(t *testing.T) {
	w := newWorld(t, entra.Options{})
	back := make(chan url.Values, 2)
	application := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { back <- r.URL.Query() }))
	defer application.Close()
	const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636 appendix B
	request := url.Values{
		"client_id": {w.Audience()}, "response_type": {"code"}, "redirect_uri": {application.URL + "/"}, "scope": {w.Audience() + "/.default openid offline_access profile"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"}, "state": {"s&s"}, "nonce": {"n"},
	}
	for _, mode := range []string{"query", ""} {
		request.Set("response_mode", mode)
		if page, err := w.browser.Open(w.ctx, w.Authority()+"oauth2/v2.0/authorize?"+request.Encode(), w.alice()); err != nil || page.Error != "" {
			t.Fatalf("%+v, %v", page, err)
		}
		got := <-back
		if got.Get("state") != "s&s" || got.Get("code") == "" {
			t.Fatalf("came back with %v", got)
		}
		for _, try := range []struct {
			verifier string
			status   int
		}{{"another" + verifier, http.StatusBadRequest}, {verifier, http.StatusOK}, {verifier, http.StatusBadRequest}} {
			response, err := w.HTTPClient().PostForm(w.Authority()+"oauth2/v2.0/token", url.Values{
				"grant_type": {"authorization_code"}, "client_id": {w.Audience()}, "redirect_uri": {application.URL + "/"}, "code": got["code"], "code_verifier": {try.verifier},
			})
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if response.StatusCode != try.status {
				t.Errorf("%s: %s", try.verifier, response.Status)
			}
		}
	}
	w.Set(func(s *entra.Switches) { s.AccessDenied = true })
	request.Set("prompt", "select_account")
	if page, err := w.browser.Open(w.ctx, w.Authority()+"oauth2/v2.0/authorize?"+request.Encode(), w.alice()); err != nil || page.Error != "" {
		t.Fatalf("%+v, %v", page, err)
	}
	if got := <-back; got.Get("error") != "access_denied" || got.Get("state") != "s&s" || !strings.HasPrefix(got.Get("error_description"), "AADSTS65004: ") {
		t.Errorf("came back with %v", got)
	}
	request.Set("prompt", "none")
	if page, err := w.browser.Open(w.ctx, w.Authority()+"oauth2/v2.0/authorize?"+request.Encode(), w.alice()); err != nil {
		t.Fatalf("%+v, %v", page, err)
	}
	if got := <-back; got.Get("error") != "login_required" {
		t.Errorf("came back with %v", got)
	}
}
