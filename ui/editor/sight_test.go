package editor

import (
	"crypto/x509"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/profiles/certificate"
	"github.com/footbridge-vpn/footbridge/profiles/store"
	"github.com/footbridge-vpn/footbridge/ui/look"
	"github.com/footbridge-vpn/footbridge/ui/page/pagetest"
)

type viewer client.View

func (v viewer) View() client.View { return client.View(v) }

// sight is a page on a bench, and what it is about.
type sight struct {
	*pagetest.Bench
	p     *Page
	into  *store.Store
	done  int
	files [][]byte // that the user chooses, one after another
	undo  func()
}

type options struct {
	tag     string
	variant look.Variant
	size    fyne.Size
	change  func(*client.View)
	known   []*x509.Certificate // roots of the computer
}

// see shows the page for Contoso.
func see(t *testing.T, into *store.Store, o options) *sight {
	t.Helper()
	if o.tag == "" {
		o.tag, o.variant = "en", look.Light
	}
	if o.size.IsZero() {
		o.size = fyne.NewSize(560, 760)
	}
	s := &sight{Bench: pagetest.New(t, o.tag, o.variant, o.size), into: into}
	s.Env.Undo = func(text string, undo func()) {
		s.Notices = append(s.Notices, text)
		s.undo = undo
	}
	view := viewOf(t, into)
	if o.change != nil {
		o.change(&view)
	}
	id := client.MachinePrefix + "m1"
	if contoso, ok := view.Named("Contoso"); ok {
		id = contoso.ID
	}
	s.p = New(s.Env, viewer(view), into, id, func() { s.done++ })
	s.p.systemRoots = func() ([]*x509.Certificate, error) { return o.known, nil }
	s.p.openFile = func(most int64, then func([]byte)) {
		data := s.files[0]
		s.files = s.files[1:]
		then(data[:min(int64(len(data)), most+1)])
	}
	s.Show(s.p)
	return s
}

// tab opens a tab by what stands on it.
func (s *sight) tab(t *testing.T, text string) {
	t.Helper()
	for _, part := range s.p.tabs.parts {
		if part.name == text {
			test.Tap(part.button)
			return
		}
	}
	t.Fatalf("there is no tab %q", text)
}

// draws reports whether a text is on the screen. Shows looks at what a password entry hides, too.
func (s *sight) draws(text string) bool {
	_, ok := pagetest.Find(s.Bench, func(t *canvas.Text) bool { return strings.Contains(t.Text, text) })
	return ok
}

// tall makes the window so tall that all of the tab is seen.
func (s *sight) tall() {
	scroll := s.p.tabs.parts[s.p.tabs.open].content
	size := s.Window.Canvas().Size()
	for range 2 {
		s.Settle(fyne.NewSize(size.Width, scroll.Content.MinSize().Height+150))
	}
}

func contoso(t *testing.T, method string) *store.Store {
	t.Helper()
	old, other := rootOf(t, "Example Global Root G2", 1), rootOf(t, "Example Global Root G3", 2)
	return kept(t, azureFile("Contoso", method, certificate.Thumbprint(old), certificate.Thumbprint(other)), old, other)
}
