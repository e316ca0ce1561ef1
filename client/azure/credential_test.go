package azure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/client/signin/entra"
	"github.com/footbridge-vpn/footbridge/client/signin/keyring"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/arm"
	lab "github.com/footbridge-vpn/footbridge/tunnel/lab/entra"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/entra/visitor"
)

var wanted = policy.TokenRequestOptions{Scopes: []string{arm.Audience + "/.default"}}

// login is an identity provider that makes tokens for the resource manager too.
func login(t *testing.T) (*lab.Provider, Cloud) {
	t.Helper()
	provider, err := lab.Start(lab.Options{Resources: []string{arm.Audience}, Clients: []string{applicationID}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := provider.Close(); err != nil {
			t.Error(err)
		}
	})
	return provider, Cloud{"lab", strings.TrimSuffix(strings.TrimSuffix(provider.Authority(), "/"), "/"+lab.DefaultTenant), "https://management.lab.example", arm.Audience}
}

// An administrator signs in with a browser once; further programs and further questions at the same time need nobody.
func TestPersonSignsIn(t *testing.T) {
	idp, cloud := login(t)
	ring := keyring.NewMemory()
	program := func() *entra.Provider {
		browser, err := visitor.New(idp.HTTPClient())
		if err != nil {
			t.Fatal(err)
		}
		return entra.New(entra.Options{Cache: ring, HTTPClient: idp.HTTPClient(), OpenBrowser: func(ctx context.Context, address string) error {
			go browser.Open(context.WithoutCancel(ctx), address, visitor.Person{Username: lab.AliceUsername, Password: lab.AlicePassword})
			return nil
		}})
	}
	ask := new(asker)
	options := func(provider *entra.Provider, asker signin.Asker) CredentialOptions {
		return CredentialOptions{Cloud: cloud, SignIn: WithBrowser, Tenant: lab.DefaultTenant, HTTPClient: idp.HTTPClient(), Asker: asker,
			Provider: func(context.Context) (*entra.Provider, error) { return provider, nil }, Getenv: func(string) string { return "" }}
	}
	credential, err := Credential(options(program(), ask))
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			token, err := credential.GetToken(t.Context(), wanted)
			if err != nil || token.Token == "" || time.Until(token.ExpiresOn) < time.Minute {
				t.Errorf("%v, until %v", err, token.ExpiresOn)
			}
		})
	}
	group.Wait()
	if n := ask.browsers.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	// Another program, which does not know the tenant, and chooses by itself.
	again := options(program(), nil)
	again.SignIn, again.Tenant = Automatically, ""
	t.Setenv("PATH", t.TempDir())
	if credential, err = Credential(again); err != nil {
		t.Fatal(err)
	}
	token, err := credential.GetToken(t.Context(), wanted)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := idp.ValidateFor(token.Token, arm.Audience); err != nil {
		t.Error(err)
	}
	if _, err := idp.Validate(token.Token); err == nil {
		t.Error("a gateway takes the token of an administrator")
	}
}

// asker counts how often somebody is asked.
type asker struct{ browsers atomic.Int32 }

func (*asker) Password(context.Context, signin.PasswordRequest) (answer signin.PasswordAnswer, err error) {
	return answer, signin.ErrCancelled
}
func (*asker) Challenge(context.Context, signin.ChallengeRequest) (secret.Text, error) {
	return "", signin.ErrCancelled
}

func (*asker) KeyPassphrase(context.Context, signin.PassphraseRequest) (secret.Text, error) {
	return "", signin.ErrCancelled
}

func (a *asker) Browser(ctx context.Context, _ signin.BrowserRequest) {
	a.browsers.Add(1)
	<-ctx.Done()
}

func (*asker) DeviceCode(ctx context.Context, _ signin.DeviceCode) { <-ctx.Done() }

// Nobody signed in, and nobody to ask: the answer is a problem with a name, and the SDK does not try five times.
func TestNobodySignedIn(t *testing.T) {
	idp, cloud := login(t)
	t.Setenv("PATH", t.TempDir())
	credential, err := Credential(CredentialOptions{Cloud: cloud, HTTPClient: idp.HTTPClient(), Getenv: func(string) string { return "" },
		Provider: func(context.Context) (*entra.Provider, error) {
			return entra.New(entra.Options{Cache: keyring.NewMemory(), HTTPClient: idp.HTTPClient()}), nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	_, err = w.client(credential).Gateways(w.ctx)
	wantProblem(t, err, SignInNeeded)
	if n := len(w.Requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
}

// The Azure CLI's sign-in is taken as its own program hands it out.
func TestAzureCLI(t *testing.T) {
	folder := t.TempDir()
	script := "#!/bin/sh\necho \"$@\" >> " + filepath.Join(folder, "calls") + `
echo '{"accessToken": "from-the-cli", "expiresOn": "2099-01-01 00:00:00.000000", "expires_on": 4070908800, "tokenType": "Bearer"}'
`
	if err := os.WriteFile(filepath.Join(folder, "az"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder+":"+os.Getenv("PATH"))
	for _, way := range []SignIn{WithAzureCLI, Automatically} {
		credential, err := Credential(CredentialOptions{Cloud: PublicCloud(), SignIn: way, Getenv: func(string) string { return "" },
			Provider: func(context.Context) (*entra.Provider, error) {
				return entra.New(entra.Options{Cache: keyring.NewMemory()}), nil
			}})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if token, err := credential.GetToken(t.Context(), wanted); err != nil || token.Token != "from-the-cli" {
				t.Errorf("%q: %v, %v", way, token.Token, err)
			}
		}
	}
	if calls, _ := os.ReadFile(filepath.Join(folder, "calls")); strings.Count(string(calls), "get-access-token") != 2 {
		t.Errorf("called %s", calls)
	}
	if err := os.WriteFile(filepath.Join(folder, "az"), []byte("#!/bin/sh\necho 'ERROR: Please run az login to setup account.' >&2\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	credential, err := Credential(CredentialOptions{Cloud: PublicCloud(), SignIn: WithAzureCLI, Getenv: func(string) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	_, err = newWorld(t).client(credential).Gateways(t.Context())
	if p := wantProblem(t, err, SignInRefused); !strings.Contains(p.Detail, "az login") {
		t.Errorf("%+v", p)
	}
}

// Scripts sign in as an application, by the variables that all of Azure's tools read.
func TestEnvironment(t *testing.T) {
	var mu sync.Mutex
	var forms []string
	mux := http.NewServeMux()
	server := httptest.NewTLSServer(mux)
	defer server.Close()
	base := server.URL + "/" + tenantID
	mux.HandleFunc("/"+tenantID+"/v2.0/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(map[string]string{"issuer": base + "/v2.0", "token_endpoint": base + "/oauth2/v2.0/token", "authorization_endpoint": base + "/oauth2/v2.0/authorize"})
	})
	mux.HandleFunc("/"+tenantID+"/oauth2/v2.0/token", func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		mu.Lock()
		forms = append(forms, r.Form.Get("grant_type")+" "+r.Form.Get("scope"))
		mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		if r.Form.Get("client_secret") != "s3cret" {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided."}`)
			return
		}
		fmt.Fprint(w, `{"token_type": "Bearer", "expires_in": 3600, "access_token": "of-an-application"}`)
	})
	environment := map[string]string{"AZURE_TENANT_ID": tenantID, "AZURE_CLIENT_ID": "an-application", "AZURE_CLIENT_SECRET": "s3cret"}
	for name, text := range environment {
		t.Setenv(name, text)
	}
	options := CredentialOptions{Cloud: Cloud{"lab", server.URL, "https://management.lab.example", arm.Audience}, HTTPClient: server.Client(),
		Getenv: func(name string) string { return environment[name] }}
	credential, err := Credential(options)
	if err != nil {
		t.Fatal(err)
	}
	if token, err := credential.GetToken(t.Context(), wanted); err != nil || token.Token != "of-an-application" {
		t.Errorf("%v, %v", token.Token, err)
	}
	if fmt.Sprint(forms) != "[client_credentials "+wanted.Scopes[0]+" openid offline_access profile]" && fmt.Sprint(forms) != "[client_credentials "+wanted.Scopes[0]+"]" {
		t.Errorf("%v", forms)
	}
	t.Setenv("AZURE_CLIENT_SECRET", "wrong")
	if credential, err = Credential(options); err != nil {
		t.Fatal(err)
	}
	_, err = newWorld(t).client(credential).Gateways(t.Context())
	if p := wantProblem(t, err, SignInRefused); strings.Contains(fmt.Sprint(p, p.Err), "wrong") {
		t.Errorf("%v", p)
	}
}

func TestManagedIdentity(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-IDENTITY-HEADER") != "header" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token": "of-a-machine", "expires_on": "4070908800", "resource": %q, "token_type": "Bearer"}`, r.URL.Query().Get("resource"))
	}))
	defer server.Close()
	t.Setenv("IDENTITY_ENDPOINT", server.URL)
	t.Setenv("IDENTITY_HEADER", "header")
	credential, err := Credential(CredentialOptions{Cloud: PublicCloud(), Getenv: os.Getenv})
	if err != nil {
		t.Fatal(err)
	}
	if token, err := credential.GetToken(t.Context(), wanted); err != nil || token.Token != "of-a-machine" {
		t.Errorf("%v, %v", token.Token, err)
	}
}

// Who gives up while another question signs in is not made to wait for it.
func TestOnceCancelled(t *testing.T) {
	blocked := signInOnce(blocking{})
	ctx, cancel := context.WithCancel(t.Context())
	go blocked.GetToken(ctx, wanted)
	second, give := context.WithCancel(t.Context())
	give()
	if _, err := blocked.GetToken(second, wanted); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	cancel()
}

// blocking never answers.
type blocking struct{}

func (blocking) GetToken(ctx context.Context, _ policy.TokenRequestOptions) (azcore.AccessToken, error) {
	<-ctx.Done()
	return azcore.AccessToken{}, ctx.Err()
}
