package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/client/agent"
	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/client/signin/entra"
	"github.com/footbridge-vpn/footbridge/client/signin/keyring"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
	"github.com/footbridge-vpn/footbridge/tunnel"
	lab "github.com/footbridge-vpn/footbridge/tunnel/lab/entra"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/entra/visitor"
)

// backgroundWord makes the test binary the program in the background: what follows are the service's socket, the tenant's root and the keyring's folder.
const backgroundWord = "footbridge-test-agent"

func TestMain(m *testing.M) {
	if len(os.Args) == 5 && os.Args[1] == backgroundWord {
		if err := background(os.Args[2], os.Args[3], os.Args[4]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func background(socket, root, ring string) error {
	pem, err := os.ReadFile(root)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return agent.Serve(ctx, os.Stdin, os.Stdout, agent.Options{Service: api.Dial(socket), Tokens: tokensFor(pem, ring, nil)})
}

// tokensFor is where a program of the user's gets tokens.
func tokensFor(root []byte, ring string, browser func(context.Context, string) error) agent.TokenSource {
	return Tokens(func(ctx context.Context) (*entra.Provider, error) {
		opened, _, err := keyring.Open(ctx, keyring.Options{Preference: keyring.PreferFile, Dir: ring})
		if err != nil {
			return nil, err
		}
		known := x509.NewCertPool()
		known.AppendCertsFromPEM(root)
		return entra.New(entra.Options{Cache: opened, OpenBrowser: browser,
			HTTPClient: &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: known}}}}), nil
	})
}

// desk is a service with one session, which asks what a test wants it to ask.
type desk struct {
	mu        sync.Mutex
	session   api.Session
	followers map[chan api.Message]bool
	answers   chan api.Answer
	signIns   chan api.SignIn
}

func newDesk(t *testing.T, socket string) *desk {
	t.Helper()
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{session: api.Session{ID: "S1", Profile: "contoso", State: tunnel.Connecting}, followers: map[chan api.Message]bool{},
		answers: make(chan api.Answer, 8), signIns: make(chan api.SignIn, 64)}
	routes := http.NewServeMux()
	routes.HandleFunc("GET "+api.PathEvents, d.events)
	routes.HandleFunc("POST "+api.PathQuestion+"{id}", func(w http.ResponseWriter, r *http.Request) {
		var answer api.Answer
		json.NewDecoder(r.Body).Decode(&answer)
		d.ask()
		d.answers <- answer
		w.WriteHeader(http.StatusNoContent)
	})
	routes.HandleFunc("PUT "+api.PathSession+"{id}"+api.SignInSuffix, func(w http.ResponseWriter, r *http.Request) {
		var signIn api.SignIn
		json.NewDecoder(r.Body).Decode(&signIn)
		d.signIns <- signIn
		w.WriteHeader(http.StatusNoContent)
	})
	server := &http.Server{Handler: routes}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return d
}

func (d *desk) events(w http.ResponseWriter, r *http.Request) {
	messages := make(chan api.Message, 64)
	d.mu.Lock()
	d.followers[messages] = true
	messages <- api.Message{Snapshot: &api.Snapshot{Sessions: []api.Session{d.session}}}
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.followers, messages)
	}()
	for {
		select {
		case <-r.Context().Done():
			return
		case message := <-messages:
			json.NewEncoder(w).Encode(message)
			w.(http.Flusher).Flush()
		}
	}
}

// ask makes questions those that are open.
func (d *desk) ask(questions ...api.Question) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.session.Questions = questions
	d.tell(api.Change{Session: &d.session})
}

// tell is for all followers. The mutex is held.
func (d *desk) tell(change api.Change) {
	for follower := range d.followers {
		follower <- api.Message{Change: &change}
	}
}

func (d *desk) following() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.followers)
}

// await takes what comes, until it fits.
func await[T any](t *testing.T, what string, from <-chan T, fits func(T) bool) T {
	t.Helper()
	for limit := time.After(40 * time.Second); ; {
		select {
		case got := <-from:
			if fits(got) {
				return got
			}
		case <-limit:
			t.Fatal("never: " + what)
		}
	}
}

// nobody is an Asker whose user only signs in with a browser.
type nobody struct{}

func (nobody) Password(context.Context, signin.PasswordRequest) (signin.PasswordAnswer, error) {
	return signin.PasswordAnswer{}, signin.ErrCancelled
}

func (nobody) Challenge(context.Context, signin.ChallengeRequest) (secret.Text, error) {
	return "", signin.ErrCancelled
}

func (nobody) KeyPassphrase(context.Context, signin.PassphraseRequest) (secret.Text, error) {
	return "", signin.ErrCancelled
}

func (nobody) Browser(context.Context, signin.BrowserRequest) {}

func (nobody) DeviceCode(context.Context, signin.DeviceCode) {}

// The program in the background goes on with a sign-in that may not be kept: it gets it from memory to memory, renews the token before it ends
// without being asked, answers the gateway, and ends with the connection. Nothing of it is in a file.
func TestUnkeptSignInIsHandedOver(t *testing.T) {
	tenant, err := lab.Start(lab.Options{Switches: lab.Switches{TokenLifetime: 12 * time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	defer tenant.Close()
	dir := t.TempDir()
	root, socket, ring := filepath.Join(dir, "root.pem"), filepath.Join(dir, "s"), filepath.Join(dir, "ring")
	if err := os.WriteFile(root, tenant.RootPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	d := newDesk(t, socket)
	service := api.Dial(socket)
	defer service.Close()
	visits := 0
	tokens := tokensFor(tenant.RootPEM(), ring, func(_ context.Context, url string) error {
		visits++
		guest, err := visitor.New(tenant.HTTPClient())
		if err != nil {
			return err
		}
		go guest.Open(t.Context(), url, visitor.Person{Username: lab.AliceUsername, Password: lab.AlicePassword})
		return nil
	})
	foreground := agent.New(agent.Options{Service: service, Asker: nobody{}, Tokens: tokens})
	running, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { foreground.Run(running, nil); close(ended) }()
	foreground.Keep(running, "S1", agent.Secrets{Profile: "contoso", Type: profiles.EntraID, TrustAuthority: true,
		Entra: &profiles.Entra{Audience: tenant.Audience(), Tenant: tenant.Authority(), Issuer: tenant.Issuer()}})
	isAlices := func(answer api.Answer) bool {
		claims, err := tenant.Validate(answer.Password)
		return err == nil && claims.Username == lab.AliceUsername && answer.Username == "AzureAD"
	}
	d.ask(api.Question{ID: "Q1", Kind: api.AskCredential})
	first := await(t, "a token", d.answers, isAlices)
	told := await(t, "when it ends", d.signIns, func(s api.SignIn) bool { return s.Expires != nil })

	if err := foreground.HandOver(t.Context(), "S1", nil, os.Args[0], backgroundWord, socket, root, ring); err != nil {
		t.Fatal(err)
	}
	stop()
	<-ended
	await(t, "a token that nobody asked for", d.signIns, func(s api.SignIn) bool {
		return !s.Needed && s.Expires != nil && s.Expires.After(told.Expires.Add(5*time.Second))
	})
	d.ask(api.Question{ID: "Q2", Kind: api.AskCredential, Refused: &tunnel.Problem{Code: tunnel.AuthFailed}})
	if second := await(t, "another token", d.answers, isAlices); second.Password == first.Password {
		t.Error("a refused token was given again")
	}
	if visits != 1 {
		t.Errorf("%d visits with the browser", visits)
	}
	d.mu.Lock()
	d.tell(api.Change{Removed: "S1"})
	d.mu.Unlock()
	for limit := time.Now().Add(20 * time.Second); d.following() > 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal("the program in the background outlives the connection")
		}
	}
	files, err := filepath.Glob(filepath.Join(ring, "*"))
	if err != nil || strings.Contains(strings.Join(files, " "), ".sealed") {
		t.Errorf("kept: %v, %v", files, err)
	}
}
