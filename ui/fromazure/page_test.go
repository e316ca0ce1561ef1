package fromazure

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"github.com/footbridge-vpn/footbridge/client/azure"
	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/ui/look"
	"github.com/footbridge-vpn/footbridge/ui/page/pagetest"
)

// estate is an Azure that a test holds, and its administrator.
type estate struct {
	mu       sync.Mutex
	found    azure.Found
	refusal  error // of the list
	failure  error // of a profile
	block    bool  // Azure takes for ever
	signedIn SignIn
	asker    signin.Asker
	progress func(azure.Progress)
	asked    []azure.ProfileRequest
	ended    bool // what took for ever was cancelled
}

func (e *estate) open(_ context.Context, chosen SignIn, asker signin.Asker, progress func(azure.Progress)) (Administrator, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.signedIn, e.asker, e.progress = chosen, asker, progress
	return e, nil
}

func (e *estate) wait(ctx context.Context) error {
	if !e.block {
		return nil
	}
	e.mu.Unlock()
	<-ctx.Done()
	e.mu.Lock()
	e.ended = true
	return ctx.Err()
}

func (e *estate) Gateways(ctx context.Context) (azure.Found, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.progress(azure.Progress{Operation: azure.Listing, Subject: "Production"})
	if err := e.wait(ctx); err != nil {
		return azure.Found{}, err
	}
	return e.found, e.refusal
}

func (e *estate) Profile(ctx context.Context, r azure.ProfileRequest) (azure.Package, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked = append(e.asked, r)
	e.progress(azure.Progress{Operation: azure.Generating, Subject: r.Gateway.Name})
	if err := e.wait(ctx); err != nil {
		return azure.Package{}, err
	}
	return azure.Package{Gateway: r.Gateway, Authentication: r.Authentication}, e.failure
}

func (e *estate) request() (azure.ProfileRequest, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.asked) == 0 {
		return azure.ProfileRequest{}, false
	}
	return e.asked[len(e.asked)-1], true
}

func gateway(name, group string, kind azure.Kind, protocol azure.Protocol, ways ...azure.Authentication) azure.Gateway {
	g := azure.Gateway{ID: "/subscriptions/p/resourceGroups/" + group + "/" + name, Name: name, Kind: kind, SubscriptionName: "Production", ResourceGroup: group, Location: "westeurope"}
	if protocol != "" {
		g.PointToSite = &azure.PointToSite{Protocols: []azure.Protocol{protocol}, Authentication: ways}
	}
	return g
}

func contoso() azure.Found {
	return azure.Found{Gateways: []azure.Gateway{
		gateway("contoso-gateway", "network", azure.VirtualNetwork, azure.OpenVPN, azure.CertificateAuthentication, azure.EntraAuthentication),
		gateway("hub-west", "wan", azure.VirtualWAN, azure.OpenVPN, azure.EntraAuthentication),
		gateway("new-gateway", "network", azure.VirtualNetwork, ""),
		gateway("old-gateway", "network", azure.VirtualNetwork, azure.IKEv2, azure.CertificateAuthentication),
	}, Refused: []azure.Refused{{Subscription: "Finance", Err: noRole()}}}
}

func noRole() error {
	return &azure.Problem{Code: azure.NoPermission, Action: "Microsoft.Network/virtualNetworkGateways/read", Scope: "/subscriptions/finance", Request: "6d7f0c1e", Detail: "AuthorizationFailed"}
}

type opened struct {
	*pagetest.Bench
	page    *Page
	fetched []azure.Package
	left    int
}

func open(t *testing.T, e *estate, tag string, variant look.Variant) *opened {
	t.Helper()
	o := &opened{Bench: pagetest.New(t, tag, variant, fyne.NewSize(440, 600))}
	o.page = New(o.Env, Options{Open: e.open, Raise: func() {}, Fetched: func(p azure.Package) { o.fetched = append(o.fetched, p) }, Close: func() { o.left++ }})
	o.Show(o.page)
	return o
}

// pick chooses the gateway with a name.
func (o *opened) pick(name string) {
	for i, g := range o.page.picker.rows {
		if g.Name == name {
			o.page.picker.list.Select(i)
		}
	}
	o.Drain()
}

const looking = "Sign in and look for gateways"

func TestFromSignInToProfile(t *testing.T) {
	e := &estate{found: contoso()}
	o := open(t, e, "en", look.Light)
	o.Select("The browser").SetSelected("The browser")
	o.page.signIn.cloud.SetText("Azure Government")
	test.Type(o.page.signIn.tenant, " contoso.com")
	o.Press(looking)
	o.UntilShown("contoso-gateway")
	if want := (SignIn{Cloud: "government", Tenant: "contoso.com", Way: azure.WithBrowser}); e.signedIn != want {
		t.Errorf("signed in with %+v", e.signedIn)
	}
	if !o.Shows("Finance could not be searched. Your role in Azure does not allow Microsoft.Network/virtualNetworkGateways/read") || !o.Shows("Production / network") {
		t.Errorf("%q", o.Shown())
	}
	if !o.page.picker.fetch.Disabled() {
		t.Error("a profile of nothing can be fetched")
	}
	o.pick("contoso-gateway")
	o.Select("Microsoft Entra ID").SetSelected("Microsoft Entra ID")
	o.Press("Import")
	o.Until("the profile is there", func() bool { return len(o.fetched) == 1 })
	if r, _ := e.request(); r.Gateway.Name != "contoso-gateway" || r.Authentication != azure.EntraAuthentication || r.Global {
		t.Errorf("asked for %+v", r)
	}
	o.pick("hub-west")
	o.Tick("For all hubs of the Virtual WAN; the nearest one is taken")
	o.Press("Import")
	o.Until("the other one is there", func() bool { return len(o.fetched) == 2 })
	if r, _ := e.request(); r.Gateway.Name != "hub-west" || !r.Global {
		t.Errorf("asked for %+v", r)
	}
}

// A gateway that gives no profile says why, in words for the window.
func TestGatewaysWithoutProfile(t *testing.T) {
	o := open(t, &estate{found: contoso()}, "en", look.Light)
	o.Press(looking)
	o.UntilShown("old-gateway")
	for name, says := range map[string]string{"new-gateway": "Set point-to-site up for it in Azure first.", "old-gateway": "old-gateway offers ikev2 only"} {
		o.pick(name)
		if !o.Shows(says) || o.page.picker.method.Visible() && o.page.picker.methods.Visible() || !o.page.picker.fetch.Disabled() {
			t.Errorf("%s: %q", name, o.Shown())
		}
	}
}

// A role that does not suffice is said with the action that is missing, and with the id by which Azure finds the refusal.
func TestRoleThatDoesNotSuffice(t *testing.T) {
	e := &estate{refusal: noRole()}
	o := open(t, e, "en", look.Light)
	o.Press(looking)
	o.UntilShown("Your role in Azure does not allow Microsoft.Network/virtualNetworkGateways/read on /subscriptions/finance.")
	if !o.Shows("Ask the owner of the subscription") || o.Shows("6d7f0c1e") {
		t.Errorf("%q", o.Shown())
	}
	o.TabToButton("Details")
	if !o.Shows("6d7f0c1e") {
		t.Error("the detail stays hidden")
	}
	o.Press("Copy")
	if o.Copied == "" || len(o.Notices) != 1 {
		t.Errorf("copied %q", o.Copied)
	}
	e.mu.Lock()
	e.refusal, e.found = nil, contoso()
	e.failure = &azure.Problem{Code: azure.Throttled}
	e.mu.Unlock()
	o.Press(looking)
	o.UntilShown("contoso-gateway")
	if o.Shows("Ask the owner") {
		t.Error("the old error stays")
	}
	o.pick("contoso-gateway")
	o.Press("Import")
	o.UntilShown("Try again in some minutes.")
	if o.Shows("--subscription") || o.page.presenter.Step() != Picking {
		t.Error("the remedy is the command line's")
	}
}

// Whatever takes long is told with what it is and how long it took, and ends when the administrator wants.
func TestCancel(t *testing.T) {
	e := &estate{found: contoso(), block: true}
	o := open(t, e, "en", look.Light)
	now := pagetest.Moment()
	o.page.presenter.now = func() time.Time { return now }
	o.Press(looking)
	o.UntilShown("Looking for gateways in Production.")
	now = now.Add(42 * time.Second)
	o.page.refresh()
	if !o.Shows("Looking for gateways in Production. (42 s so far)") {
		t.Errorf("%q", o.Shown())
	}
	o.TabToButton("Cancel")
	if o.page.presenter.Step() != Choosing || !o.Shows(looking) {
		t.Error("it goes on")
	}
	o.Until("nobody asks Azure any more", func() bool { e.mu.Lock(); defer e.mu.Unlock(); return e.ended })
	o.Drain()
	if o.page.presenter.Err() != nil || o.page.stop != nil {
		t.Errorf("%v", o.page.presenter.Err())
	}
	e.mu.Lock()
	e.block, e.ended = false, false
	e.mu.Unlock()
	o.Press(looking)
	o.UntilShown("contoso-gateway")
	o.pick("contoso-gateway")
	e.mu.Lock()
	e.block = true
	e.mu.Unlock()
	o.Press("Import")
	o.UntilShown("Azure is generating a profile for contoso-gateway.")
	o.page.Hidden() // another page is opened
	o.Until("nobody asks Azure any more", func() bool { e.mu.Lock(); defer e.mu.Unlock(); return e.ended })
	o.Drain()
	if len(o.fetched) != 0 {
		t.Error("a profile came in though it was cancelled")
	}
}

// The sign-in's own waiting dialog ends the whole as well.
func TestCancelSignIn(t *testing.T) {
	e := &estate{block: true}
	o := open(t, e, "en", look.Light)
	o.Press(looking)
	o.UntilShown("Looking for gateways")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go e.asker.Browser(ctx, signin.BrowserRequest{Profile: "Azure", URL: "https://login.example", Opened: true})
	o.UntilShown("Azure waits until you have signed in")
	o.Press("Cancel") // the dialog's
	o.Until("it is over", func() bool { return o.page.presenter.Step() == Choosing })
}

func TestSearchAndKeyboard(t *testing.T) {
	o := open(t, &estate{found: contoso()}, "en", look.Light)
	o.TabToButton(looking)
	o.UntilShown("contoso-gateway")
	o.page.picker.search.SetText("WAN production")
	if len(o.page.picker.rows) != 1 || o.page.picker.rows[0].Name != "hub-west" {
		t.Errorf("%+v", o.page.picker.rows)
	}
	o.TabTo("the list", func(f fyne.Focusable) bool { return f == o.page.picker.list }).TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	o.page.picker.search.SetText("nothing of the kind")
	o.UntilShown("No gateway has all these words.")
	o.page.picker.search.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	if o.page.presenter.Step() != Choosing {
		t.Error("Escape does not lead back")
	}
	o.page.signIn.tenant.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	if o.left != 1 {
		t.Error("Escape does not leave the page")
	}
}

func TestNoGateways(t *testing.T) {
	e := &estate{}
	o := open(t, e, "en", look.Light)
	o.Press(looking)
	o.UntilShown("There is no gateway that clients could connect to.")
	o.Press("Sign in differently")
	e.mu.Lock()
	e.refusal = errors.New("something else")
	e.mu.Unlock()
	o.Press(looking)
	o.UntilShown("something else")
}

func TestPictures(t *testing.T) {
	for _, c := range []struct {
		name, tag, button string
		variant           look.Variant
	}{{"light-en", "en", looking, look.Light}, {"dark-de", "de", "Anmelden und Gateways suchen", look.Dark}} {
		t.Run(c.name, func(t *testing.T) {
			o := open(t, &estate{found: contoso()}, c.tag, c.variant)
			o.Picture("sign-in-" + c.name)
			o.Press(c.button)
			o.UntilShown("contoso-gateway")
			o.pick("contoso-gateway")
			o.Settle(fyne.NewSize(440, 600))
			o.Picture("gateways-" + c.name)
		})
	}
}
