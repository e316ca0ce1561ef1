package transport

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/profiles"
)

func TestSplitChallenges(t *testing.T) {
	tests := []struct {
		lines []string
		want  []string
	}{
		{[]string{"Negotiate", `Basic realm="a"`}, []string{"Negotiate", `Basic realm="a"`}},
		{[]string{`Negotiate, NTLM, Digest realm="a, b", nonce="c\"d,", qop="auth,auth-int", Basic realm="e"`},
			[]string{"Negotiate", "NTLM", `Digest realm="a, b", nonce="c\"d,", qop="auth,auth-int"`, `Basic realm="e"`}},
		{[]string{`Basic realm="a" , charset="UTF-8",`, ""}, []string{`Basic realm="a", charset="UTF-8"`}},
		{[]string{"NTLM TlRMTVNTUAAC="}, []string{"NTLM TlRMTVNTUAAC="}},
		{[]string{`x="1", y=2`}, []string{`x="1", y=2`}},
		{slices.Repeat([]string{"Basic"}, 50), slices.Repeat([]string{"Basic"}, maxChallenges)},
		{nil, nil},
	}
	for _, test := range tests {
		if got := splitChallenges(test.lines); !slices.Equal(got, test.want) {
			t.Errorf("%q: got %q, want %q", test.lines, got, test.want)
		}
	}
}

// The strongest way of those that a proxy offers is taken.
func TestAuthorize(t *testing.T) {
	d := newDialer(Options{Proxy: &profiles.Proxy{Type: profiles.HTTPProxy, Username: "Mufasa", Password: "Circle of Life"}})
	tests := []struct{ offered, want string }{
		{`Basic realm="a", Digest realm="a", nonce="b", qop="auth", algorithm=SHA-256`, "Digest "},
		{`Digest realm="a", nonce="b", qop="auth", algorithm=ROT13, Basic realm="a"`, "Basic TXVmYXNhOkNpcmNsZSBvZiBMaWZl"},
		{`basic realm="a"`, "Basic TXVmYXNhOkNpcmNsZSBvZiBMaWZl"},
		{`Negotiate, NTLM`, ""},
		{``, ""},
	}
	for _, test := range tests {
		got, err := d.authorize(http.Header{"Proxy-Authenticate": {test.offered}}, "gateway.example:443")
		if !strings.HasPrefix(got, test.want) || (err != nil) != (test.want == "") {
			t.Errorf("%s: got %q, %v", test.offered, got, err)
		}
	}
}
