package ui

import (
	"errors"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/tunnel"
	"github.com/footbridge-vpn/footbridge/ui/keyboard"
	"github.com/footbridge-vpn/footbridge/ui/look"
)

// each visits everything that is visible.
func each(object fyne.CanvasObject, visit func(fyne.CanvasObject)) {
	if !object.Visible() {
		return
	}
	visit(object)
	switch o := object.(type) {
	case *fyne.Container:
		for _, child := range o.Objects {
			each(child, visit)
		}
	case *container.Scroll:
		each(o.Content, visit)
	case fyne.Widget:
		for _, child := range test.WidgetRenderer(o).Objects() {
			each(child, visit)
		}
	}
}

// visible is all that can be seen, dialogs included.
func (s *shown) visible(visit func(fyne.CanvasObject)) {
	canvas := s.window.window.Canvas()
	each(canvas.Content(), visit)
	for _, overlay := range canvas.Overlays().List() {
		each(overlay, visit)
	}
}

// says reports whether a text can be seen.
func (s *shown) says(text string) bool {
	found := false
	s.visible(func(o fyne.CanvasObject) {
		switch w := o.(type) {
		case *widget.Label:
			found = found || strings.Contains(w.Text, text)
		case *widget.Button:
			found = found || strings.Contains(w.Text, text)
		}
	})
	return found
}

// press taps the last button with a text: the one of a dialog where there is one, of a page before that of the list.
func (s *shown) press(text string) {
	s.Helper()
	var button fyne.Tappable
	s.visible(func(o fyne.CanvasObject) {
		switch w := o.(type) {
		case *widget.Button:
			if w.Text == text && !w.Disabled() {
				button = w
			}
		case *keyboard.Button:
			if w.Text == text && !w.Disabled() {
				button = w
			}
		}
	})
	if button == nil {
		s.Fatalf("there is no button %q", text)
	}
	button.Tapped(&fyne.PointEvent{})
}

func TestConnectAndDisconnect(t *testing.T) {
	s := show(t, "en", look.Light, running)
	s.window.Open("radius")
	s.press("Connect")
	s.wants("connect Fabrikam")
	s.set(func(v *client.View) {
		v.Connections[1].Session = &api.Session{ID: "s3", Profile: "Fabrikam", State: tunnel.Connecting, Stage: tunnel.Handshaking}
	})
	s.until("what is happening", func() bool { return s.says("Verifying the gateway") })
	s.press("Cancel")
	s.wants("disconnect Fabrikam")
	s.fake.mu.Lock()
	s.ends["Fabrikam"] = client.End{Record: api.Record{Profile: "Fabrikam", Problem: &tunnel.Problem{Code: tunnel.AuthFailed, Sentence: "The gateway refused the sign-in."}}}
	s.fake.mu.Unlock()
	s.set(func(v *client.View) { v.Connections[1].Session = nil })
	s.until("why it failed", func() bool { return s.says("The gateway refused the sign-in.") })
	s.press("Dismiss")
	if s.says("The gateway refused the sign-in.") {
		t.Error("it cannot be dismissed")
	}
}

// A connection that an administrator keeps on cannot be ended.
func TestAlwaysOn(t *testing.T) {
	s := show(t, "en", look.Light, running)
	s.window.Open("machine:hq")
	if !s.says("Your administrator keeps this connection on.") || !s.says("Reconnecting") {
		t.Error("it does not say why")
	}
	s.window.toggle()
	select {
	case asked := <-s.asked:
		t.Errorf("it asked for %q", asked)
	default:
	}
}

func TestServiceNotRunning(t *testing.T) {
	s := show(t, "en", look.Light, func(v *client.View) {
		running(v)
		v.Connections[0].Session, v.Connections[2].Session = nil, nil
		v.Service = client.ServiceState{Known: true, Err: &api.Error{Code: api.NotRunning, Sentence: "The Footbridge service is not running."}}
	})
	s.press("Start the service")
	s.wants("start service")
}

func TestFirstStart(t *testing.T) {
	s := show(t, "en", look.Light, func(v *client.View) { v.Service = client.ServiceState{Known: true, Running: true} })
	if !s.says("No connections yet") {
		t.Error("it does not say how to begin")
	}
	s.press("Import a profile")
	if !s.says("Choose the file that you were given") {
		t.Error("it offers no way to import")
	}
	s.press("Choose a file")
	if !s.says("Cancel") || len(s.window.window.Canvas().Overlays().List()) != 1 {
		t.Error("there are no files to choose from")
	}
}

// A question is answered with the keyboard alone, and Escape cancels it.
func TestQuestions(t *testing.T) {
	s := show(t, "en", look.Light, running)
	s.until("somebody to ask", func() bool { s.fake.mu.Lock(); defer s.fake.mu.Unlock(); return s.fake.asker != nil })
	type result struct {
		answer signin.PasswordAnswer
		err    error
	}
	ask := func() chan result {
		got := make(chan result, 1)
		go func() {
			answer, err := s.fake.asker.Password(t.Context(), signin.PasswordRequest{Profile: "Fabrikam", MayRemember: true})
			got <- result{answer, err}
		}()
		s.until("the question", func() bool { return s.says("Fabrikam asks for your user name and password.") })
		return got
	}
	canvas := s.window.window.Canvas()
	got := ask()
	test.Type(canvas.Focused(), "alice")
	canvas.FocusNext()
	test.Type(canvas.Focused(), "secret")
	canvas.Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	if r := <-got; r.err != nil || r.answer.Username != "alice" || r.answer.Password.Reveal() != "secret" || r.answer.Remember {
		t.Errorf("%+v, %v", r.answer.Username, r.err)
	}
	got = ask()
	canvas.Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	if r := <-got; !errors.Is(r.err, signin.ErrCancelled) {
		t.Errorf("%v", r.err)
	}
}

// However the program ends, its tunnels are left to the background, once.
func TestTunnelsAreLeft(t *testing.T) {
	s := show(t, "en", look.Light, running)
	s.window.Ended()
	s.window.Ended()
	if s.fake.left != 1 {
		t.Errorf("left %d times", s.fake.left)
	}
}

// What the window looks like, in both themes and two languages.
func TestPictures(t *testing.T) {
	for _, lang := range []string{"en", "nl"} {
		for _, variant := range []look.Variant{look.Light, look.Dark} {
			t.Run(lang+" "+string(variant), func(t *testing.T) {
				s := show(t, lang, variant, running)
				s.window.Open("amsterdam")
				test.AssertRendersToImage(t, "window-"+lang+"-"+string(variant)+".png", s.window.window.Canvas())
			})
		}
	}
}

// Files that are dropped on the window are imported; what is dropped from elsewhere, such as a browser, is not taken for a file.
func TestDrop(t *testing.T) {
	s := show(t, "en", look.Light, running)
	elsewhere, err := storage.ParseURI("https://example.com/profile.zip")
	if err != nil {
		t.Fatal(err)
	}
	s.window.dropped([]fyne.URI{storage.NewFileURI("../profiles/testdata/import/settings.xml"), elsewhere})
	s.until("the profile", func() bool {
		entries, _, err := s.window.options.Profiles.List()
		return err == nil && len(entries) == 1
	})
	s.until("the notice", func() bool { return s.says("Imported") })
	s.set(func(v *client.View) { v.Policy = locked() })
	s.until("the policy", func() bool { return s.window.controller.View().Policy != nil })
	s.window.dropped([]fyne.URI{storage.NewFileURI("../profiles/testdata/import/settings.xml")})
	if !s.says("Your administrator allows only the profiles that they installed.") {
		t.Error("it is imported though the policy forbids it")
	}
}
