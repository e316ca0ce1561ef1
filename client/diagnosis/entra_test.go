package diagnosis

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

const (
	labTenant   = "99999999-2222-3333-4444-555555555555"
	labAudience = "c632b3df-fb67-4d84-bdcf-b95ad541b5c8"
)

// token is a JSON Web Token with these claims, which nobody has signed.
func token(audience, issuer string, expires time.Time) secret.Text {
	payload := fmt.Sprintf(`{"aud":%q,"iss":%q,"exp":%d,"nbf":%d}`, audience, issuer, expires.Unix(), expires.Add(-time.Hour).Unix())
	return secret.Text("eyJhbGciOiJub25lIn0." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".c2lnbmF0dXJl")
}

func TestNamesTheFaultOfEntra(t *testing.T) {
	issuer := "https://sts.windows.net/" + labTenant + "/"
	good := func() secret.Text { return token(labAudience, issuer, time.Now().Add(30*time.Minute)) }
	answers := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, q *http.Request) {
			if !strings.HasSuffix(q.URL.Path, "/v2.0/.well-known/openid-configuration") {
				w.WriteHeader(http.StatusNotFound)
				return
			}
			w.WriteHeader(status)
			io.WriteString(w, body)
		}
	}
	const configuration = `{"issuer":"https://login.lab/v2.0","token_endpoint":"https://login.lab/token"}`
	tests := []struct {
		name   string
		want   ID
		answer http.HandlerFunc
		bend   func(r *rig, entra *profiles.Entra)
	}{
		{"nothing", AllWell, answers(200, configuration), func(r *rig, _ *profiles.Entra) {}},
		{"nobody is signed in", AllWell, answers(200, configuration), func(r *rig, _ *profiles.Entra) { r.options.Account, r.options.Token = "", "" }},
		{"no tenant", EntraNoTenant, nil, func(_ *rig, e *profiles.Entra) { e.Tenant = "<TENANTID>" }},
		{"tenant unknown", EntraTenantUnknown, answers(400, `{"error":"invalid_tenant","error_description":"AADSTS90002: Tenant not found"}`), nil},
		{"sign-in down", EntraUnreachable, answers(503, ""), nil},
		{"sign-in diverted", EntraUnreachable, answers(200, "<html>Welcome"), nil},
		{"sign-in filtered", EntraUnreachable, nil, func(r *rig, e *profiles.Entra) {
			listener := r.listen()
			listener.Close()
			e.Tenant = fmt.Sprintf("https://127.0.0.1:%d/%s", portOf(listener), labTenant)
		}},
		{"issuer without slash", EntraIssuerSlash, answers(200, configuration), func(_ *rig, e *profiles.Entra) { e.Issuer = strings.TrimSuffix(e.Issuer, "/") }},
		{"issuer of another tenant", EntraIssuerTenant, answers(200, configuration), func(r *rig, e *profiles.Entra) {
			e.Issuer = "https://sts.windows.net/11111111-2222-3333-4444-555555555555/"
			r.options.Token = token(labAudience, e.Issuer, time.Now().Add(time.Hour))
		}},
		{"application id retires", EntraAudienceRetires, answers(200, configuration), func(r *rig, e *profiles.Entra) {
			e.Audience = "41b23e61-6c1e-4545-b367-cd054e0ed4b4"
			r.options.Token = token(e.Audience, issuer, time.Now().Add(time.Hour))
		}},
		{"token for another application", TokenAudience, answers(200, configuration), func(r *rig, _ *profiles.Entra) {
			r.options.Token = token("41b23e61-6c1e-4545-b367-cd054e0ed4b4", issuer, time.Now().Add(time.Hour))
		}},
		{"token of another tenant", TokenIssuer, answers(200, configuration), func(r *rig, _ *profiles.Entra) {
			r.options.Token = token(labAudience, "https://sts.windows.net/11111111-2222-3333-4444-555555555555/", time.Now().Add(time.Hour))
		}},
		{"token expired", TokenExpired, answers(200, configuration), func(r *rig, _ *profiles.Entra) {
			r.options.Token = token(labAudience, issuer, time.Now().Add(-time.Hour))
		}},
		{"token of the future", TokenNotYet, answers(200, configuration), func(r *rig, _ *profiles.Entra) {
			r.options.Token = token(labAudience, issuer, time.Now().Add(5*time.Hour))
		}},
		{"token is none", TokenBroken, answers(200, configuration), func(r *rig, _ *profiles.Entra) { r.options.Token = "hunter2" }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.wantsPassword()
			r.password("correct horse")
			entra := &profiles.Entra{Audience: labAudience, Issuer: issuer, CacheSignInUser: true}
			r.options.Profile.Authentication = profiles.Authentication{Type: profiles.EntraID, Entra: entra}
			r.options.Account, r.options.Token = "alice@contoso.com", good()
			r.start()
			if test.answer != nil {
				server := httptest.NewTLSServer(test.answer)
				t.Cleanup(server.Close)
				r.options.RootCAs.AddCert(server.Certificate())
				entra.Tenant = server.URL + "/" + labTenant
			}
			if test.bend != nil {
				test.bend(r, entra)
			}
			result := r.run()
			expect(t, result, test.want)
			for _, check := range result.Checks {
				if r.options.Token != "" && strings.Contains(check.Detail, r.options.Token.Reveal()) {
					t.Errorf("%s shows the token", check.ID)
				}
			}
		})
	}
}

func TestWrongCloud(t *testing.T) {
	x := newExamination(Options{Profile: &profiles.Profile{}})
	for tenant, want := range map[string]int{"https://login.microsoftonline.us/x": 0, "https://login.microsoftonline.com/x": 1, "https://login.lab/x": 0} {
		target := mustURL(t, tenant)
		checks := x.judgeEntra(&profiles.Entra{Audience: "51bb15d4-3a4f-4ebf-9dca-40096fe32426"}, target)
		found := 0
		for _, check := range checks {
			if check.ID == EntraWrongCloud {
				found++
			}
		}
		if found != want {
			t.Errorf("%s: %v", tenant, ids(checks))
		}
	}
}

func FuzzClaims(f *testing.F) {
	f.Add(token(labAudience, "i", time.Now()).Reveal())
	f.Add("a.e30.b")
	f.Add("a.eyJhdWQiOlsieCJdLCJleHAiOjFlMzAwfQ.b")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseClaims(text)
		if err != nil && strings.Contains(err.Error(), text) && len(text) > 8 {
			t.Error("an error shows the token")
		}
		if stamp(c.Expires) == "" || stamp(c.NotBefore) == "" {
			t.Error("a time is not said")
		}
	})
}
