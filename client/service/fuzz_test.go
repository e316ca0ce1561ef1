package service

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/logfile"
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
		answered = httptest.NewRecorder()
		s.putSignIn(answered, httptest.NewRequest(http.MethodPut, "/", bytes.NewReader(body)), 1000, api.Operate)
		if answered.Code < 400 { // there is no session
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

// FuzzQuery reads any address behind the question mark, of the log and of the history.
func FuzzQuery(f *testing.F) {
	f.Add("level=DEBUG&since=2026-11-23T10:00:00Z&session=Q3XF6&follow=true")
	f.Add("limit=20")
	f.Add("limit=-1&level=%zz;follow=maybe")
	f.Fuzz(func(t *testing.T, query string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL.RawQuery = query
		uid := uint32(1000)
		if wanted, refusal := logQuery(r, uid, api.Operate); refusal == nil {
			for _, other := range []*uint32{nil, new(uint32)} {
				if wanted.Fits(logfile.Record{UID: other}) {
					t.Error("a record of others fits")
				}
			}
		}
		answered := httptest.NewRecorder()
		New(Options{}).getHistory(answered, r, uid, api.Operate)
		if answered.Code != http.StatusOK && answered.Code != http.StatusBadRequest {
			t.Errorf("answered %d", answered.Code)
		}
	})
}
