package preferences

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/ui/look"
	"github.com/footbridge-vpn/footbridge/ui/page/pagetest"
)

// serviceWithFleet is a service that follows a manifest, or none.
type serviceWithFleet struct {
	mu    sync.Mutex
	fleet api.Fleet
	err   error
	asked int
}

func (s *serviceWithFleet) Fleet(context.Context) (*api.Fleet, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	answer := s.fleet
	return &answer, s.err
}

func (s *serviceWithFleet) wasAsked() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.asked > 0 }

func openWithFleet(t *testing.T, tag string, variant look.Variant, s *serviceWithFleet) (*pagetest.Bench, *Page) {
	t.Helper()
	b := pagetest.New(t, tag, variant, fyne.NewSize(400, 600))
	p := New(b.Env, Options{File: &disk{}, Startup: &disk{}, Viewer: viewer(client.View{}), Version: "1.2.3", Fleet: s.Fleet})
	b.Show(p)
	b.Until("it is loaded", p.presenter.Loaded)
	b.Until("the service was asked", s.wasAsked)
	return b, p
}

const manifest = "https://vpn.contoso.com/fleet/manifest.json"

func followed() api.Fleet {
	checked, succeeded := pagetest.Moment().Add(-10*time.Minute), pagetest.Moment().Add(-70*time.Minute)
	return api.Fleet{Address: manifest, Signed: true, Serial: 7, Checked: &checked, Succeeded: &succeeded, Profiles: []string{"Contoso Amsterdam", "Contoso Berlin"}}
}

func TestShowsWhatManagesThisComputer(t *testing.T) {
	b, _ := openWithFleet(t, "en", look.Light, &serviceWithFleet{fleet: followed()})
	for _, text := range []string{"Your organisation", "last checked 2026-11-23 08:50:00", manifest, "It set up: Contoso Amsterdam, Contoso Berlin."} {
		b.UntilShown(text)
	}
	if b.Shows("The last check failed") {
		t.Error("it shows a problem that there is not")
	}
}

// What went wrong is said with when it last went right, and what came before is still listed.
func TestShowsWhyTheManifestIsNotFollowed(t *testing.T) {
	f := followed()
	f.Problem = &api.FleetProblem{Code: "corrupted", File: "berlin.zip"}
	b, _ := openWithFleet(t, "en", look.Light, &serviceWithFleet{fleet: f})
	for _, text := range []string{"The last check failed. What was there before holds on. berlin.zip is not the file", "Last success: 2026-11-23 07:50:00", "It set up: Contoso Amsterdam"} {
		b.UntilShown(text)
	}
}

func TestManifestThatIsNew(t *testing.T) {
	b, _ := openWithFleet(t, "en", look.Light, &serviceWithFleet{fleet: api.Fleet{Address: manifest}})
	b.UntilShown("has not been looked up yet")
}

// Settings that name no manifest that can be followed are a problem though nothing is followed; so is what a folder brought worth a line.
func TestNoManifest(t *testing.T) {
	b, _ := openWithFleet(t, "en", look.Light, &serviceWithFleet{fleet: api.Fleet{Problem: &api.FleetProblem{Code: "bad-source", Detail: "no address"},
		DropFolder: "/etc/footbridge/drop", Dropped: []string{"Contoso"}}})
	b.UntilShown("The settings that name the manifest cannot be followed: no address.")
	b.UntilShown("From /etc/footbridge/drop: Contoso")
	for _, s := range []*serviceWithFleet{{}, {err: errors.New("no service")}} {
		b, p := openWithFleet(t, "en", look.Light, s)
		b.Drain()
		if b.Shows("Your organisation") || p.organisation.content.Visible() || len(b.Failures) != 0 {
			t.Error("it speaks of an organisation that there is not")
		}
	}
}

// While the page is seen, what it shows is not old; hidden, it asks no more.
func TestOrganisationIsReadAgain(t *testing.T) {
	s := &serviceWithFleet{fleet: api.Fleet{Address: manifest}}
	b, p := openWithFleet(t, "en", look.Light, s)
	b.UntilShown("has not been looked up yet")
	s.mu.Lock()
	s.fleet = followed()
	s.mu.Unlock()
	p.organisation.read() // what the page does at every interval
	b.UntilShown("It set up")
	p.Hidden()
	if p.stop != nil {
		t.Error("it goes on asking while nobody looks")
	}
	p.Shown()
}

func TestOrganisationPictures(t *testing.T) {
	f := followed()
	f.Problem = &api.FleetProblem{Code: "unreachable"}
	for _, c := range []struct {
		name, tag string
		variant   look.Variant
	}{{"organisation-light-en", "en", look.Light}, {"organisation-dark-nl", "nl", look.Dark}} {
		t.Run(c.name, func(t *testing.T) {
			b, _ := openWithFleet(t, c.tag, c.variant, &serviceWithFleet{fleet: f})
			b.UntilShown("Contoso Berlin")
			b.Settle(fyne.NewSize(400, 600))
			b.Picture(c.name)
		})
	}
}
