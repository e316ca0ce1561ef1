package entra

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/client/signin/keyring"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
	lab "github.com/footbridge-vpn/footbridge/tunnel/lab/entra"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/entra/visitor"
)

// world is an identity provider, a user with a browser, and a Provider that signs the user in.
type world struct {
	*lab.Provider
	t        *testing.T
	ctx      context.Context
	browser  *visitor.Visitor
	person   visitor.Person
	provider *Provider
	ring     keyring.Keyring
	log      *logs
	asked    asked

	mu    sync.Mutex
	pages []*visitor.Page // where visits ended
	urls  []string        // that the browser was opened with
}

// logs collects what is logged.
type logs struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// asked is an Asker that remembers.
type asked struct {
	mu       sync.Mutex
	browsers []signin.BrowserRequest
	codes    chan signin.DeviceCode
}

func (a *asked) Password(context.Context, signin.PasswordRequest) (signin.PasswordAnswer, error) {
	return signin.PasswordAnswer{}, signin.ErrCancelled
}

func (a *asked) Challenge(context.Context, signin.ChallengeRequest) (secret.Text, error) {
	return "", signin.ErrCancelled
}

func (a *asked) KeyPassphrase(context.Context, signin.PassphraseRequest) (secret.Text, error) {
	return "", signin.ErrCancelled
}

func (a *asked) Browser(ctx context.Context, request signin.BrowserRequest) {
	a.mu.Lock()
	a.browsers = append(a.browsers, request)
	a.mu.Unlock()
	<-ctx.Done()
}

func (a *asked) DeviceCode(ctx context.Context, code signin.DeviceCode) {
	a.codes <- code
	<-ctx.Done()
}

func newWorld(t *testing.T, switches lab.Switches) *world {
	t.Helper()
	provider, err := lab.Start(lab.Options{Switches: switches})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := provider.Close(); err != nil {
			t.Error(err)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	w := &world{Provider: provider, t: t, ctx: ctx, ring: keyring.NewMemory(), log: &logs{}}
	w.asked.codes = make(chan signin.DeviceCode, 4)
	w.person = visitor.Person{Username: lab.AliceUsername, Password: lab.AlicePassword, Code: func() (string, error) { return w.OneTimeCode(lab.AliceUsername) }}
	w.newBrowser()
	w.provider = w.newProvider(nil)
	return w
}

func (w *world) newBrowser() {
	w.t.Helper()
	var err error
	if w.browser, err = visitor.New(w.HTTPClient()); err != nil {
		w.t.Fatal(err)
	}
}

// newProvider is another program of the same user.
func (w *world) newProvider(change func(*Options)) *Provider {
	options := Options{
		Cache: w.ring, HTTPClient: w.HTTPClient(), Port: freePort(w.t), Logger: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		OpenBrowser: func(_ context.Context, url string) error {
			go w.visit(url)
			return nil
		},
	}
	if change != nil {
		change(&options)
	}
	return New(options)
}

func (w *world) visit(url string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.urls = append(w.urls, url)
	page, err := w.browser.Open(w.ctx, url, w.person)
	if page == nil {
		page = &visitor.Page{Error: errText(err)}
	}
	w.pages = append(w.pages, page)
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// lastPage is where the last visit ended.
func (w *world) lastPage() *visitor.Page {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.pages) == 0 {
		return &visitor.Page{}
	}
	return w.pages[len(w.pages)-1]
}

func (w *world) request() Request {
	return Request{
		Profile: "contoso", Asker: &w.asked, TrustAuthority: true,
		Entra: profiles.Entra{Audience: w.Audience(), Tenant: w.Authority(), Issuer: w.Issuer(), CacheSignInUser: true},
	}
}

func (w *world) silent() Request {
	request := w.request()
	request.Asker = nil
	return request
}

func (w *world) token(request Request) Token {
	w.t.Helper()
	token, err := w.provider.Token(w.ctx, request)
	if err != nil {
		w.t.Fatalf("token: %v (%v); browser: %+v", err, errors.Unwrap(err), w.lastPage())
	}
	w.check(token)
	return token
}

// check validates a token as a gateway does.
func (w *world) check(token Token) lab.Claims {
	w.t.Helper()
	claims, err := w.Validate(token.AccessToken.Reveal())
	if err != nil {
		w.t.Fatal(err)
	}
	if claims.Username != token.Account || token.Tenant != w.Tenant() {
		w.t.Errorf("token of %q at %q, claims %+v", token.Account, token.Tenant, claims)
	}
	return claims
}

// refused is the problem of a request that must not succeed.
func (w *world) refused(request Request, want Code) *Problem {
	w.t.Helper()
	token, err := w.provider.Token(w.ctx, request)
	if err == nil {
		w.t.Fatalf("a token for %s", token.Account)
	}
	var problem *Problem
	if !errors.As(err, &problem) || problem.Code != want {
		w.t.Fatalf("error %T %v (%+v), want %s", err, err, problem, want)
	}
	if problem.Sentence == "" || problem.Remedy == "" || problem.Code == CodeInternal {
		w.t.Errorf("problem without words: %+v", problem)
	}
	return problem
}

// noSecrets checks that none of some secrets was logged.
func (w *world) noSecrets(secrets ...string) {
	w.t.Helper()
	text := w.log.String()
	for _, secret := range secrets {
		if len(secret) > 8 && strings.Contains(text, secret) {
			w.t.Errorf("the log has a secret in it: %.12s…", secret)
		}
	}
	if strings.Contains(text, "eyJ") {
		w.t.Error("the log has a token in it")
	}
}

// freePort is a port of both loopback addresses that nobody has.
func freePort(t *testing.T) uint16 {
	t.Helper()
	made, err := listenLoopback(0)
	if err != nil {
		t.Fatal(err)
	}
	if err := made.close(); err != nil {
		t.Fatal(err)
	}
	return uint16(made.port)
}

// isClosed reports whether nobody listens on a port of the loopback addresses.
func isClosed(t *testing.T, port uint16) bool {
	t.Helper()
	made, err := listenOn(int(port))
	if err != nil {
		return false
	}
	if err := made.close(); err != nil {
		t.Fatal(err)
	}
	return true
}

// eventually waits for something that happens by itself.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); !is(); {
		if time.Now().After(deadline) {
			t.Fatal("never: " + what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// fetch asks for a page and returns its status and text.
func fetch(t *testing.T, request *http.Request) (int, string) {
	t.Helper()
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		var operation *net.OpError
		if errors.As(err, &operation) {
			return 0, ""
		}
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}
