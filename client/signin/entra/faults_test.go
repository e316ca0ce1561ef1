package entra

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/profiles"
	lab "github.com/footbridge-vpn/footbridge/tunnel/lab/entra"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/pki"
)

// Every number that a gateway's users meet leads to its own words, whichever way it comes: as an answer to a refresh, or after the browser returned.
func TestRefusalsOfTheTenant(t *testing.T) {
	w := newWorld(t, lab.Switches{})
	w.token(w.request())
	for _, c := range []struct {
		number    int
		code      Code
		needsUser bool
	}{
		{650057, CodeWrongResource, false}, {65001, CodeConsent, true}, {700016, CodeAppNotFound, false}, {50105, CodeNotAssigned, false},
		{50076, CodeMFA, true}, {50079, CodeMFASetUp, true}, {53003, CodeConditionalAccess, false}, {53000, CodeDeviceCompliance, false},
		{53001, CodeDeviceUnknown, false}, {50011, CodeRedirect, false}, {50059, CodeTenantNotFound, false}, {90002, CodeTenantNotFound, false},
		{650054, CodePermission, false}, {900383, CodeWrongCloud, false}, {70020, CodeCodeExpired, true}, {70019, CodeCodeExpired, true},
		{50173, CodeRevoked, true}, {70043, CodeFrequency, true}, {700082, CodeExpired, true}, {50158, CodeInteraction, true}, {50057, CodeDisabled, false},
		{50053, CodeLocked, false}, {90033, CodeUnavailable, false}, {500011, CodeResourceNotFound, false}, {50034, CodeNoSuchUser, true}, {12345678, CodeInteraction, true},
	} {
		w.Set(func(s *lab.Switches) { s.Error, s.ErrorPlace = c.number, lab.AtTokenEndpoint })
		request := w.silent()
		request.Fresh = true
		problem := w.refused(request, c.code)
		if problem.NeedsUser != c.needsUser || problem.Number != c.number || len(problem.CorrelationID) != 36 || len(problem.Trace) != 36 {
			t.Errorf("%d: %+v", c.number, problem)
		}
		if text := problem.Error(); !strings.Contains(text, fmt.Sprintf("AADSTS%d", c.number)) || !strings.Contains(text, problem.CorrelationID) || strings.Contains(text, "Trace ID") {
			t.Errorf("%d: %s", c.number, text)
		}
	}
	w.noSecrets()
}

func TestTableOfRefusals(t *testing.T) {
	w := newWorld(t, lab.Switches{Error: 50105, ErrorPlace: lab.AtTokenEndpoint})
	problem := w.refused(w.request(), CodeNotAssigned)
	if !errors.As(problem.Err, new(*refusedError)) {
		t.Errorf("%v", problem.Err)
	}
	eventually(t, "the page that says why", func() bool { return strings.Contains(w.lastPage().Title, "not allowed to use this VPN") })
}

func TestDeclinedInTheBrowser(t *testing.T) {
	w := newWorld(t, lab.Switches{AccessDenied: true})
	problem := w.refused(w.request(), CodeDeclined)
	if problem.Number != 65004 || !errors.Is(problem, signin.ErrCancelled) {
		t.Errorf("%+v", problem)
	}
	eventually(t, "the page that says so", func() bool { return strings.Contains(w.lastPage().Title, "declined") })
}

func TestRevokedMeanwhile(t *testing.T) {
	w := newWorld(t, lab.Switches{})
	token := w.token(w.request())
	w.RevokeRefreshTokens()
	request := w.silent()
	request.Fresh = true
	if problem := w.refused(request, CodeRevoked); !errors.Is(problem, signin.ErrNobodyToAsk) {
		t.Errorf("%v", problem.Err)
	}
	request.Asker = &w.asked
	if again := w.token(request); again.AccessToken == token.AccessToken {
		t.Error("the same token")
	}
	w.token(w.silent())
}

func TestTenantThatCannotAnswer(t *testing.T) {
	w := newWorld(t, lab.Switches{})
	token := w.token(w.request())
	w.Set(func(s *lab.Switches) { s.ServerError, s.RetryAfter = 503, 7*time.Second })
	request := w.silent()
	request.Fresh = true
	problem := w.refused(request, CodeUnavailable)
	if problem.RetryAfter != 7*time.Second || !problem.Temporary() || problem.NeedsUser {
		t.Errorf("%+v", problem)
	}
	if again := w.token(w.silent()); again.AccessToken != token.AccessToken {
		t.Error("the good token is no longer given out")
	}
	w.Set(func(s *lab.Switches) { s.ServerError = 429 })
	w.refused(request, CodeThrottled)
}

// A token that should be renewed is given out while it is good and nobody answers.
func TestTokenThatCannotBeRenewedYet(t *testing.T) {
	w := newWorld(t, lab.Switches{RefreshIn: time.Second, TokenLifetime: 10 * time.Minute})
	token := w.token(w.request())
	if token.RefreshOn.IsZero() {
		t.Fatal("no refresh_in")
	}
	eventually(t, "a token that is due", func() bool { return time.Now().After(token.RefreshOn.Add(time.Second)) })
	w.Set(func(s *lab.Switches) { s.ServerError = 503 })
	for _, provider := range []*Provider{w.provider, w.newProvider(nil)} {
		again, err := provider.Token(w.ctx, w.silent())
		if err != nil || again.AccessToken != token.AccessToken || again.Account != lab.AliceUsername {
			t.Errorf("%v, account %q", err, again.Account)
		}
	}
	w.Set(func(s *lab.Switches) { s.ServerError, s.RefreshRevoked = 0, true })
	if problem := w.refused(w.silent(), CodeRevoked); !problem.NeedsUser {
		t.Errorf("%+v", problem)
	}
}

func TestNobodyAnswers(t *testing.T) {
	w := newWorld(t, lab.Switches{})
	w.token(w.request())
	w.Set(func(s *lab.Switches) { s.Slow = 5 * time.Second })
	ctx, cancel := context.WithTimeout(w.ctx, 150*time.Millisecond)
	defer cancel()
	request := w.silent()
	request.Fresh = true
	_, err := w.provider.Token(ctx, request)
	if problem := problemOf(err); problem.Code != CodeNoAnswer || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	w.Set(func(s *lab.Switches) { s.Slow = 0 })
}

func TestAuthorities(t *testing.T) {
	for text, want := range map[string]string{
		"https://login.microsoftonline.com/Tenant":          "https://login.microsoftonline.com/tenant/",
		"https://login.microsoftonline.com/tenant/":         "https://login.microsoftonline.com/tenant/",
		" https://LOGIN.microsoftonline.us:443/t/v2.0 ":     "https://login.microsoftonline.us/t/",
		"https://login.partner.microsoftonline.cn/t/oauth2": "https://login.partner.microsoftonline.cn/t/",
		"https://localhost:8443/00000000-0000/":             "https://localhost:8443/00000000-0000/",
		"http://login.microsoftonline.com/tenant":           "",
		"https://login.microsoftonline.com/":                "",
		"https://login.microsoftonline.com":                 "",
		"https://user@login.microsoftonline.com/tenant":     "",
		"https://login.microsoftonline.com/tenant?x=y":      "",
		"https://login.microsoftonline.com/te%2Fnant":       "https://login.microsoftonline.com/te/",
		"https://login.microsoftonline.com/a b":             "",
		"https:///tenant":                                   "",
		"login.microsoftonline.com/tenant":                  "",
		"":                                                  "",
	} {
		a, ok := parseAuthority(text)
		if ok != (want != "") || ok && a.url() != want {
			t.Errorf("%q: %q, %v", text, a.url(), ok)
		}
	}
	for host, want := range map[string]bool{"login.microsoftonline.com": true, "login.chinacloudapi.cn": true, "login.microsoftonline.com.evil.example": false, "login.microsoftonline.com:444": false} {
		if got := (authority{host: host, tenant: "t"}).isMicrosoft(); got != want {
			t.Errorf("%s: %v", host, got)
		}
	}
}

func TestForeignAuthorityNeedsTrust(t *testing.T) {
	w := newWorld(t, lab.Switches{})
	request := w.request()
	request.TrustAuthority = false
	problem := w.refused(request, CodeForeignAuthority)
	if problem.NeedsUser || !strings.HasPrefix(problem.Detail, "localhost:") || len(w.Visits()) != 0 {
		t.Errorf("%+v, visits %v", problem, w.Visits())
	}
	request.Entra.Tenant = "http://login.microsoftonline.com/x"
	w.refused(request, CodeNoTenant)
	request.Entra.Tenant, request.Entra.Audience = "https://login.microsoftonline.com/x", ""
	w.refused(request, CodeNoAudience)
	request.Entra.Audience, request.Claims = "x", "no JSON"
	w.refused(request, CodeBadClaims)
}

// A server that the user confirmed is trusted for a profile that signs in there, and for no other.
func TestConfirmedServer(t *testing.T) {
	for _, c := range []struct {
		tenant, server string
		want           bool
	}{
		{"https://login.example/tenant/", "login.example", true},
		{"https://LOGIN.example:443/tenant/", "login.Example", true},
		{"https://login.example/tenant/", "login.example:443", true},
		{"https://login.example:8443/tenant/", "login.example:8443", true},
		{"https://login.example:8443/tenant/", "login.example", false},
		{"https://evil.example/login.example/", "login.example", false},
		{"https://login.example.evil/tenant", "login.example", false},
		{"http://login.example/tenant/", "login.example", false},
		{"https://login.example/tenant/", "", false},
		{"", "", false},
	} {
		if got := SignsInAt(profiles.Entra{Tenant: c.tenant}, c.server); got != c.want {
			t.Errorf("%q at %q: %v", c.tenant, c.server, got)
		}
	}
}

// hostile is an authority of a test: it answers as it is told.
func hostile(t *testing.T, answer http.HandlerFunc) (*Provider, Request) {
	t.Helper()
	server := httptest.NewUnstartedServer(answer)
	server.Config.ErrorLog = nil
	server.StartTLS()
	t.Cleanup(server.Close)
	provider := New(Options{HTTPClient: server.Client(), Port: freePort(t), OpenBrowser: func(context.Context, string) error { return nil }})
	return provider, Request{Profile: "x", DeviceCode: true, TrustAuthority: true, Asker: &asked{codes: make(chan signin.DeviceCode, 1)},
		Entra: profiles.Entra{Audience: "aud", Tenant: server.URL + "/tenant"}}
}

func TestAnswersThatAreNone(t *testing.T) {
	const secret = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzZWNyZXQifQ.c2lnbmF0dXJlLXRoYXQtaXMtbG9uZw"
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   Code
	}{
		"captive portal": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html><form>Welcome to the hotel") }, CodeCaptivePortal},
		"portal that leads": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://hotel.example/", http.StatusFound)
		}, CodeCaptivePortal},
		"portal that keeps": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://hotel.example/", http.StatusTemporaryRedirect)
		}, CodeCaptivePortal},
		"proxy":              {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusProxyAuthRequired) }, CodeProxySignIn},
		"cut-off JSON":       {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, `{"access_token":"%s`, secret) }, CodeBadAnswer},
		"another JSON":       {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `["x"]`) }, CodeBadAnswer},
		"error without JSON": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, secret, http.StatusNotFound) }, CodeBadAnswer},
		"server error page":  {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(502); fmt.Fprint(w, "<html>Bad gateway") }, CodeUnavailable},
		"endless":            {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat("x", maxAnswer+2)) }, CodeUnreachable},
		"closed":             {func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }, CodeUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			provider, request := hostile(t, c.answer)
			_, err := provider.Token(t.Context(), request)
			problem := problemOf(err)
			if problem.Code != c.want {
				t.Errorf("%s: %v (%v)", problem.Code, err, problem.Err)
			}
			if text := fmt.Sprintf("%v %+v %v", err, problem, problem.Err); strings.Contains(text, secret[:20]) || strings.Contains(text, "hotel.example") {
				t.Errorf("quotes the answer: %s", text)
			}
		})
	}
}

func TestWaysThatAreBlocked(t *testing.T) {
	foreign, err := pki.NewRoot("Somebody", pki.ECDSA)
	if err != nil {
		t.Fatal(err)
	}
	answer := func(w http.ResponseWriter, _ *http.Request) {}
	proxy := func(status int) *httptest.Server {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		t.Cleanup(server.Close)
		return server
	}
	through := func(address string) *http.Client {
		parsed, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		return &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(parsed)}}
	}
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := nobody.Addr().String()
	if err := nobody.Close(); err != nil {
		t.Fatal(err)
	}
	plain := httptest.NewServer(http.HandlerFunc(answer))
	t.Cleanup(plain.Close)
	secure := httptest.NewTLSServer(http.HandlerFunc(answer))
	t.Cleanup(secure.Close)
	later := func() time.Time { return time.Now().AddDate(200, 0, 0) }
	for name, c := range map[string]struct {
		client *http.Client
		tenant string
		want   Code
	}{
		"foreign root":    {&http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: foreign.Pool()}}}, secure.URL, CodeUntrusted},
		"clock":           {&http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: poolOf(secure), Time: later}}}, secure.URL, CodeClock},
		"no TLS":          {http.DefaultClient, "https://" + plain.Listener.Addr().String(), CodeCaptivePortal},
		"nobody":          {http.DefaultClient, "https://" + closed, CodeUnreachable},
		"no such name":    {&http.Client{Transport: &http.Transport{DialContext: noName}}, "https://login.example", CodeUnreachable},
		"proxy wants 407": {through(proxy(407).URL), "https://login.example", CodeProxySignIn},
		"proxy says no":   {through(proxy(403).URL), "https://login.example", CodeProxyFailed},
		"proxy is gone":   {through("http://" + closed), "https://login.example", CodeProxyFailed},
		"slow":            {&http.Client{Timeout: time.Millisecond, Transport: &http.Transport{DialContext: never}}, "https://login.example", CodeNoAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			provider := New(Options{HTTPClient: c.client})
			request := Request{DeviceCode: true, TrustAuthority: true, Asker: &asked{}, Entra: profiles.Entra{Audience: "aud", Tenant: c.tenant + "/tenant"}}
			_, err := provider.Token(t.Context(), request)
			problem := problemOf(err)
			if problem.Code != c.want || problem.NeedsUser {
				t.Errorf("%s: %v (%v)", problem.Code, err, problem.Err)
			}
		})
	}
}

func poolOf(server *httptest.Server) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	return pool
}

func noName(context.Context, string, string) (net.Conn, error) {
	return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "login.example", IsNotFound: true}}
}

func never(ctx context.Context, _, _ string) (net.Conn, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestRefusalsByName(t *testing.T) {
	for body, want := range map[string]Code{
		`{"error":"access_denied"}`: CodeDeclined, `{"error":"authorization_declined"}`: CodeDeclined, `{"error":"expired_token"}`: CodeCodeExpired,
		`{"error":"invalid_grant"}`: CodeInteraction, `{"error":"invalid_grant","error_codes":[1,50105]}`: CodeNotAssigned,
		`{"error":"invalid_grant","error_description":"AADSTS50057: off"}`: CodeDisabled, `{"error":"consent_required"}`: CodeConsent,
		`{"error":"invalid_scope"}`: CodeScope, `{"error":"temporarily_unavailable"}`: CodeUnavailable, `{"error":"unauthorized_client"}`: CodeNotPublic,
		`{"error":"invalid_resource"}`: CodeResourceNotFound, `{"error":"something_new"}`: CodeRefused, `{"error":"x","error_description":"CAA20004"}`: CodeConsent,
		`{"error":"invalid_request","error_codes":"none"}`: CodeRefused,
	} {
		r, ok := parseRefusal([]byte(body))
		if !ok || r.problem().Code != want {
			t.Errorf("%s: %s, %v", body, r.problem().Code, ok)
		}
	}
	for sub, want := range map[string]bool{"basic_action": true, "message_only": false, "bad_token": true, "consent_required": true} {
		if r := newRefusal("something_new", sub, ""); r.problem().NeedsUser != want {
			t.Errorf("%s: %v", sub, !want)
		}
	}
	if r := newRefusal("invalid_grant", "message_only", ""); r.problem().NeedsUser {
		t.Error("message_only: a dialogue does not help")
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "-7": 0, "soon": 0, "99999999": maxRetryAfter, "99999999999999999999": 0,
		now.Add(time.Minute).Format(http.TimeFormat): time.Minute, now.Add(-time.Minute).Format(http.TimeFormat): 0,
	} {
		if got := retryAfter(text, now); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// Each code has words of its own, and each text a code.
func TestTexts(t *testing.T) {
	seen := map[Code]bool{}
	for _, text := range Texts() {
		if seen[text.Code] || text.Sentence == "" || text.Remedy == "" || !strings.HasSuffix(text.Sentence, ".") {
			t.Errorf("%+v", text)
		}
		seen[text.Code] = true
	}
	for number := 1; number < 10_000_000; number++ {
		if code := codeOfNumber(number); code != "" && !seen[code] {
			t.Errorf("%d: %s has no words", number, code)
		}
	}
	content, err := json.Marshal(newProblem(CodeMFA, nil))
	if err != nil || !strings.Contains(string(content), "mfa-needed") {
		t.Errorf("%s, %v", content, err)
	}
}
