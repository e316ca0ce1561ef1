package browser_test

import (
	"bytes"
	"context"
	"errors"
	"image/png"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"

	"github.com/footbridge-vpn/footbridge/tunnel/lab"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/azurezip"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/browser"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/entra"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/entra/visitor"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns/netnstest"
)

func open(t *testing.T, ctx context.Context, options browser.Options) *browser.Browser {
	t.Helper()
	b, err := browser.Open(ctx, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// A person signs in with Chromium, with a second factor, for an application on MSAL.
func TestSignIn(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	provider, err := entra.Start(entra.Options{Switches: entra.Switches{MFA: entra.TOTP, Consent: true}})
	if err != nil {
		t.Fatal(err)
	}
	defer provider.Close()
	b := open(t, ctx, browser.Options{Roots: [][]byte{provider.RootPEM()}})
	app, err := public.New(provider.Audience(), public.WithAuthority(provider.Authority()), public.WithHTTPClient(provider.HTTPClient()), public.WithInstanceDiscovery(false))
	if err != nil {
		t.Fatal(err)
	}
	alice := visitor.Person{Username: entra.AliceUsername, Password: entra.AlicePassword, Code: func() (string, error) { return provider.OneTimeCode(entra.AliceUsername) }}
	visited := make(chan error, 1)
	result, err := app.AcquireTokenInteractive(ctx, []string{provider.Audience() + "/.default"}, public.WithOpenURL(func(address string) error {
		go func() { visited <- visitor.Drive(ctx, b, address, alice) }()
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	if err := <-visited; err != nil {
		t.Errorf("browser: %v", err)
	}
	if claims, err := provider.Validate(result.AccessToken); err != nil || claims.Username != entra.AliceUsername || strings.Join(claims.Methods, " ") != "pwd mfa" {
		t.Errorf("claims %+v, %v", claims, err)
	}
	if text, err := b.Text(ctx, "body"); err != nil || !strings.Contains(text, "Authentication complete") {
		t.Errorf("the application's page says %q, %v", text, err)
	}

	// The browser knows her now; for a device she only confirms.
	code, err := app.AcquireTokenByDeviceCode(ctx, []string{provider.Audience() + "/.default"})
	if err != nil {
		t.Fatal(err)
	}
	if err := visitor.DriveDevice(ctx, b, code.Result.VerificationURL, code.Result.UserCode, alice); err != nil {
		t.Fatal(err)
	}
	if result, err := code.AuthenticationResult(ctx); err != nil || result.Account.PreferredUsername != entra.AliceUsername {
		t.Errorf("for a device: %+v, %v", result.Account, err)
	}
	picture, err := b.Screenshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if shown, err := png.Decode(bytes.NewReader(picture)); err != nil || shown.Bounds().Dx() < 500 {
		t.Errorf("picture: %v", err)
	}
	if path := os.Getenv("FOOTBRIDGE_LAB_BROWSER_PICTURE"); path != "" {
		if err := os.WriteFile(path, picture, 0o600); err != nil {
			t.Error(err)
		}
	}
}

// The same in a network namespace, where the provider has its public name.
func TestInNamespace(t *testing.T) {
	netnstest.RequireRoot(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	l, err := lab.Up(ctx, lab.Options{Authentications: []azurezip.Authentication{azurezip.Entra}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // after the browser, which runs in it
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	b := open(t, ctx, browser.Options{Namespace: l.Laptop, Roots: [][]byte{l.Entra.RootPEM()}})
	app, err := public.New(l.Entra.Audience(), public.WithAuthority(l.Entra.Authority()), public.WithHTTPClient(l.HTTPClient()), public.WithInstanceDiscovery(false))
	if err != nil {
		t.Fatal(err)
	}
	code, err := app.AcquireTokenByDeviceCode(ctx, []string{l.Entra.Audience() + "/.default"})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(code.Result.VerificationURL, "https://login.microsoftonline.com/") {
		t.Errorf("page %q", code.Result.VerificationURL)
	}
	bob := visitor.Person{Username: entra.BobUsername, Password: entra.BobPassword}
	if err := visitor.DriveDevice(ctx, b, code.Result.VerificationURL, code.Result.UserCode, bob); err != nil {
		text, textErr := b.Text(t.Context(), "body")
		t.Fatalf("%v; the page says %q, %v", err, text, textErr)
	}
	result, err := code.AuthenticationResult(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if claims, err := l.Entra.Validate(result.AccessToken); err != nil || claims.Username != entra.BobUsername {
		t.Errorf("claims %+v, %v", claims, err)
	}

	l.Entra.Set(func(s *entra.Switches) { s.Error = 50105 })
	if code, err = app.AcquireTokenByDeviceCode(ctx, []string{l.Entra.Audience() + "/.default"}); err != nil {
		t.Fatal(err)
	}
	if err := visitor.DriveDevice(ctx, b, code.Result.VerificationURL, code.Result.UserCode, bob); !errors.Is(err, visitor.ErrRefused) || !strings.Contains(err.Error(), "AADSTS50105: ") {
		t.Errorf("the provider's error page: %v", err)
	}
	if err := b.Navigate(ctx, "https://www.outside.example/"); err == nil {
		t.Error("a page came from where nobody listens")
	}
}
