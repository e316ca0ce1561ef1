package entra

import (
	"crypto/subtle"
	"errors"
	"mime"
	"net/http"
	"net/url"
)

// redirect is what the browser brings back (RFC 6749 section 4.1.2; OAuth 2.0 Form Post Response Mode).
type redirect struct {
	code    string
	state   string
	refused *refusal // nil: it brings a code
}

// Limits of what a browser brings, in bytes.
const (
	maxRedirect = 64 << 10
	maxCode     = 16 << 10
	maxState    = 256
)

var (
	errNoRedirect  = errors.New("read redirect: it brings no answer")
	errManyAnswers = errors.New("read redirect: it brings several answers")
)

// parseRedirect reads a request that the tenant's page sent the browser with, by GET or by POST.
func parseRedirect(r *http.Request) (redirect, error) {
	var values url.Values
	switch r.Method {
	case http.MethodGet:
		if len(r.URL.RawQuery) > maxRedirect {
			return redirect{}, errNoRedirect
		}
		parsed, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			return redirect{}, errNoRedirect
		}
		values = parsed
	case http.MethodPost:
		kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || kind != "application/x-www-form-urlencoded" {
			return redirect{}, errNoRedirect
		}
		r.Body = http.MaxBytesReader(nil, r.Body, maxRedirect)
		if err := r.ParseForm(); err != nil {
			return redirect{}, errNoRedirect
		}
		values = r.PostForm
	default:
		return redirect{}, errNoRedirect
	}
	return redirectOf(values)
}

func redirectOf(values url.Values) (redirect, error) {
	for _, name := range []string{"code", "state", "error"} {
		if len(values[name]) > 1 {
			return redirect{}, errManyAnswers
		}
	}
	back := redirect{code: values.Get("code"), state: values.Get("state")}
	oauth := values.Get("error")
	switch {
	case back.state == "" || len(back.state) > maxState || len(back.code) > maxCode || back.code == "" && oauth == "":
		return redirect{}, errNoRedirect
	case back.code != "" && oauth != "":
		return redirect{}, errManyAnswers
	case oauth != "":
		refused := newRefusal(oauth, values.Get("error_subcode"), values.Get("error_description"))
		if claims := values.Get("claims"); len(claims) <= maxClaims {
			refused.claims = claims
		}
		back.refused = &refused
	}
	return back, nil
}

// is reports whether a redirect belongs to a sign-in, by its state.
func (r redirect) is(state string) bool {
	return subtle.ConstantTimeCompare([]byte(r.state), []byte(state)) == 1
}
