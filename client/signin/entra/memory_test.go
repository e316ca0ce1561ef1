package entra

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/profiles/secret"
	lab "github.com/footbridge-vpn/footbridge/tunnel/lab/entra"
)

// The sign-in of a profile that wants none kept goes with its connection to another process of the user, and nowhere else.
func TestMemoryGoesToAnotherProcess(t *testing.T) {
	w := newWorld(t, lab.Switches{})
	request := w.request()
	request.Entra.CacheSignInUser, request.Connection = false, "session-1"
	w.token(request)
	handed := w.provider.Memory("session-1")
	if w.provider.Memory("session-2") != "" || w.provider.Memory("") != "" || strings.Contains(fmt.Sprintf("%v %+v", handed, handed), "RefreshToken") {
		t.Error("memory of others, or in clear")
	}
	w.provider.Forget("session-1")
	if w.provider.Memory("session-1") != "" {
		t.Error("there is still something of the sign-in")
	}

	background := w.newProvider(nil)
	if err := background.Recall("session-1", handed); err != nil {
		t.Fatal(err)
	}
	w.provider = background
	request.Asker, request.Fresh = nil, true
	w.token(request)
	if _, found, err := w.ring.Get(w.ctx, cacheKey); found || err != nil {
		t.Errorf("something was kept: %v", err)
	}
	w.refused(w.silent(), CodeSignInNeeded)
	background.Forget("session-1")
	w.refused(request, CodeSignInNeeded)
}

func TestRecallOfNothing(t *testing.T) {
	for _, text := range []string{"", "null", "{", "{}", `{"tokens":null}`, `{"tokens":{"Account":{"a":7}}}`, `{"tokens":{"Account":null}}`, strings.Repeat("x", 2<<20)} {
		p := New(Options{Logger: slog.New(slog.DiscardHandler)})
		if err := p.Recall("session-1", secret.Text(text)); err == nil || p.Memory("session-1") != "" {
			t.Errorf("%.40q is taken: %v", text, err)
		}
	}
}

func FuzzRecall(f *testing.F) {
	f.Add(`{"tokens":{"Account":{"a":{"home_account_id":"x","environment":"y"}}},"last":{"a":"x"}}`)
	f.Add(`{"tokens":{}}`)
	f.Add(`null`)
	f.Fuzz(func(t *testing.T, text string) {
		p := New(Options{})
		if p.Recall("session", secret.Text(text)) != nil {
			return
		}
		again := New(Options{})
		if err := again.Recall("session", p.Memory("session")); err != nil {
			t.Errorf("what was recalled cannot be handed on: %v", err)
		}
	})
}
