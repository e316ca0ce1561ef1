package service

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/profiles"
)

// FuzzRequest reads any body as an answer and as a wish to connect.
func FuzzRequest(f *testing.F) {
	f.Add([]byte(`{"profile":"Y2xpZW50Cg==","certificate":"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}`))
	f.Add([]byte(`{"username":"u","password":"p","signature":"AAAA"}`))
	f.Add([]byte(`{}{}`))
	f.Add([]byte(`[`))
	f.Fuzz(func(t *testing.T, body []byte) {
		s := New(Options{})
		answered := httptest.NewRecorder()
		s.postAnswer(answered, httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body)), 1000, api.Operate)
		if answered.Code < 400 { // nothing was asked
			t.Errorf("answered %d", answered.Code)
		}
		request := new(api.ConnectRequest)
		answered = httptest.NewRecorder()
		if read(answered, httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body)), api.MaxRequest, request) != nil {
			return
		}
		if profile, refusal := choose(request); (profile == nil) == (refusal == nil) {
			t.Error("neither a profile nor a refusal")
		}
		c := &session{profile: &profiles.Profile{}}
		c.posted(t.Context(), []byte(request.Certificate))
	})
}
