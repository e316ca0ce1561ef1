package entra

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"
	"github.com/google/go-cmp/cmp"

	"github.com/footbridge-vpn/footbridge/client/signin/keyring"
	lab "github.com/footbridge-vpn/footbridge/tunnel/lab/entra"
)

// broken is a keyring that fails as long as it is told to.
type broken struct {
	keyring.Keyring
	mu             sync.Mutex
	reads, changes error
}

func (b *broken) set(reads, changes error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reads, b.changes = reads, changes
}

func (b *broken) Get(ctx context.Context, key string) ([]byte, bool, error) {
	b.mu.Lock()
	err := b.reads
	b.mu.Unlock()
	if err != nil {
		return nil, false, err
	}
	return b.Keyring.Get(ctx, key)
}

func (b *broken) Update(ctx context.Context, key string, change func([]byte) ([]byte, error)) error {
	b.mu.Lock()
	err := b.changes
	b.mu.Unlock()
	if err != nil {
		return err
	}
	return b.Keyring.Update(ctx, key, change)
}

// A keyring that does not work costs nothing in this process, and a sign-in in the next.
func TestKeyringThatFails(t *testing.T) {
	for name, c := range map[string]struct{ reads, changes error }{
		"locked": {keyring.ErrLocked, keyring.ErrLocked}, "read only": {nil, errors.New("disk full")}, "write only": {keyring.ErrUnavailable, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, lab.Switches{})
			ring := &broken{Keyring: w.ring, reads: c.reads, changes: c.changes}
			w.ring = ring
			w.provider = w.newProvider(nil)
			first := w.token(w.request())
			if name != "write only" && w.provider.StorageProblem() == nil {
				t.Error("nobody is told")
			}
			if again := w.token(w.silent()); again.AccessToken != first.AccessToken {
				t.Error("not from memory")
			}
			fresh := w.silent()
			fresh.Fresh = true
			if name != "write only" {
				w.token(fresh)
				if accounts, _ := w.provider.Accounts(w.ctx); len(accounts) != 1 {
					t.Errorf("accounts %v", accounts)
				}
				if err := w.provider.SignOutAll(w.ctx); err == nil {
					t.Error("signed out of a keyring that fails")
				}
				if name == "locked" {
					w.refused(w.silent(), CodeSignInNeeded)
				}
				w.token(w.request())
			}
			ring.set(nil, nil)
			w.token(fresh)
			if w.provider.StorageProblem() != nil {
				t.Error("the keyring works again")
			}
			w.provider = w.newProvider(nil)
			w.token(w.silent())
		})
	}
}

// A damaged cache costs a sign-in and is overwritten by it.
func TestDamagedCache(t *testing.T) {
	for name, data := range map[string]string{
		"no JSON": "garbage", "a list": "[]", "lists inside": `{"Account":[]}`, "no entries": `{"Account":{"a":"b"}}`, "wrong types": `{"RefreshToken":{"a":{"secret":5}}}`,
		"null": "null", "null inside": `{"Account":null,"AccessToken":{"a":null}}`, "deep": strings.Repeat("[", 20000), "another's": `{"Account":{"a":{"home_account_id":5}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, lab.Switches{})
			if err := w.ring.Set(w.ctx, cacheKey, []byte(data)); err != nil {
				t.Fatal(err)
			}
			if err := w.ring.Set(w.ctx, lastKey, []byte(data)); err != nil {
				t.Fatal(err)
			}
			w.refused(w.silent(), CodeSignInNeeded)
			w.token(w.request())
			w.provider = w.newProvider(nil)
			w.token(w.silent())
		})
	}
}

func contentOf(t *testing.T, text string) content {
	t.Helper()
	c, err := parseContent([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestMerge(t *testing.T) {
	for name, c := range map[string]struct{ base, ours, theirs, want string }{
		"nothing":             {`{}`, `{}`, `{}`, `{}`},
		"we added":            {`{}`, `{"A":{"x":{"n":1}}}`, `{}`, `{"A":{"x":{"n":1}}}`},
		"they added":          {`{}`, `{}`, `{"A":{"x":{"n":1}}}`, `{"A":{"x":{"n":1}}}`},
		"both added":          {`{"A":{"x":{}}}`, `{"A":{"x":{},"y":{}}}`, `{"A":{"x":{},"z":{}},"B":{"q":{}}}`, `{"A":{"x":{},"y":{},"z":{}},"B":{"q":{}}}`},
		"we removed":          {`{"A":{"x":{},"y":{}}}`, `{"A":{"y":{}}}`, `{"A":{"x":{},"y":{}}}`, `{"A":{"y":{}}}`},
		"they removed":        {`{"A":{"x":{},"y":{}}}`, `{"A":{"x":{},"y":{}}}`, `{"A":{"y":{}}}`, `{"A":{"y":{}}}`},
		"we changed":          {`{"A":{"x":{"n":1}}}`, `{"A":{"x":{"n":2}}}`, `{"A":{"x":{"n":1}}}`, `{"A":{"x":{"n":2}}}`},
		"they changed":        {`{"A":{"x":{"n":1}}}`, `{"A":{"x":{"n":1}}}`, `{"A":{"x":{"n":3}}}`, `{"A":{"x":{"n":3}}}`},
		"both changed":        {`{"A":{"x":{"n":1}}}`, `{"A":{"x":{"n":2}}}`, `{"A":{"x":{"n":3}}}`, `{"A":{"x":{"n":2}}}`},
		"they signed all out": {`{"A":{"x":{"n":1}}}`, `{"A":{"x":{"n":1},"y":{"n":2}}}`, `{}`, `{"A":{"y":{"n":2}}}`},
	} {
		got := merged(contentOf(t, c.base), contentOf(t, c.ours), contentOf(t, c.theirs))
		if diff := cmp.Diff(contentOf(t, c.want), got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func FuzzContent(f *testing.F) {
	for _, text := range []string{"", "{}", "null", `{"Account":{"a":{"home_account_id":"x","environment":"y"}}}`, `{"RefreshToken":{"a":{"secret":"s","client_id":"c"}}}`,
		`{"AccessToken":{"a":{"expires_on":"1","cached_at":"x"}}}`, `{"x":{"y":{}}}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		ring := keyring.NewMemory()
		if err := ring.Set(t.Context(), cacheKey, data); err != nil {
			t.Skip("more than a keyring takes")
		}
		s := newStorage(ring, slog.New(slog.DiscardHandler))
		client, err := public.New("client", public.WithAuthority("https://login.example/tenant/"), public.WithCache(&accessor{storage: s}), public.WithInstanceDiscovery(false))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Accounts(t.Context()); err != nil {
			t.Fatalf("a cache that is fatal: %v", err)
		}
		read := s.read(t.Context())
		for _, account := range read.accounts() {
			for _, section := range read.without(account) {
				for _, entry := range section {
					if o := ownerOf(entry); o.HomeAccountID == account.ID && o.Environment == account.Host {
						t.Errorf("%s is still there", account.ID)
					}
				}
			}
		}
		encoded, err := read.bytes()
		if err != nil {
			t.Fatal(err)
		}
		again, err := parseContent(encoded)
		if err != nil || len(again) != len(read) {
			t.Errorf("written and read: %v", err)
		}
	})
}

func FuzzRefusal(f *testing.F) {
	f.Add([]byte(`{"error":"invalid_grant","error_description":"AADSTS50076: x Trace ID: 7d1c2c3e-0c0c-4b7a-8a53-1f6a2f1d0001","error_codes":[50076],"claims":"{}","suberror":"basic_action"}`))
	f.Add([]byte(`{"error":5}`))
	f.Add([]byte("<html>"))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, ok := parseRefusal(body)
		if !ok {
			return
		}
		problem := r.problem()
		if problem.Sentence == "" || len([]rune(problem.Detail)) > maxDetail+1 || strings.ContainsAny(problem.Detail, "\n\x00\x1b") || len(problem.Claims) > maxClaims {
			t.Errorf("%+v", problem)
		}
	})
}

func FuzzClaims(f *testing.F) {
	for _, text := range []string{"", "{}", "null", groupClaims, `{"access_token":{"capolids":{"essential":true,"values":["x"]}}}`, `{"access_token":null}`, `{"id_token":{"a":null}}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		claims, err := wantedClaims(true, text)
		if err != nil {
			return
		}
		var parsed claimsRequest
		if json.Unmarshal([]byte(claims), &parsed) != nil || parsed["access_token"]["groups"] == nil {
			t.Errorf("%q became %q", text, claims)
		}
	})
}

func FuzzAuthority(f *testing.F) {
	f.Add("https://login.microsoftonline.com/tenant/")
	f.Add("https://[::1]:443/x")
	f.Fuzz(func(t *testing.T, text string) {
		a, ok := parseAuthority(text)
		if !ok {
			return
		}
		again, ok := parseAuthority(a.url())
		if !ok || again != a {
			t.Errorf("%q: %+v, then %+v", text, a, again)
		}
	})
}
