package entra

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/browser"
	lab "github.com/footbridge-vpn/footbridge/tunnel/lab/entra"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/entra/visitor"
)

// A real browser returns from the tenant's https page to the listener, shows the finished page, and says why where there is no token.
func TestChromium(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("the browser's namespace takes root")
	}
	w := newWorld(t, lab.Switches{MFA: lab.TOTP})
	b, err := browser.Open(w.ctx, browser.Options{Roots: [][]byte{w.RootPEM()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	visit := func(address string) error { return visitor.Drive(w.ctx, b, address, w.person) }
	visits := make(chan error, 1)
	w.provider = w.newProvider(func(o *Options) {
		o.OpenBrowser = func(_ context.Context, address string) error {
			go func() { visits <- visit(address) }()
			return nil
		}
	})
	shows := func(title string) {
		t.Helper()
		if err := <-visits; err != nil {
			t.Fatal(err)
		}
		eventually(t, "a page that says "+title, func() bool {
			text, err := b.Text(w.ctx, "h1")
			return err == nil && text == title
		})
	}
	w.token(w.request())
	shows(donePage().Title)
	if at, err := b.URL(w.ctx); err != nil || strings.Contains(at, "code=") || !strings.HasPrefix(at, "http://localhost:") {
		t.Errorf("the address is %q, %v", at, err)
	}
	w.Set(func(s *lab.Switches) { s.Error, s.ErrorPlace = 50105, lab.AtTokenEndpoint })
	request := w.request()
	request.Interactive = true
	request.LoginHint = lab.AliceUsername
	visit = func(address string) error { return b.Navigate(w.ctx, address) } // the tenant knows her and sends her back at once
	shows(w.refused(request, CodeNotAssigned).Sentence)
}
