package editor

import (
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/profiles/certificate"
	"github.com/footbridge-vpn/footbridge/profiles/store"
	"github.com/footbridge-vpn/footbridge/ui/keyboard"
	"github.com/footbridge-vpn/footbridge/ui/page/pagetest"
)

func TestTypingIsCheckedAndSaved(t *testing.T) {
	s := see(t, contoso(t, "cert"), options{})
	if !s.p.save.Disabled() {
		t.Error("there is something to save")
	}
	s.tab(t, "Network")
	entry := s.p.entries["dns-servers"]
	s.Window.Canvas().Focus(entry)
	test.Type(entry, "10.0.0")
	if !s.Shows("This should be a list of IP addresses") || !s.Shows("Something is not right yet.") || !s.p.save.Disabled() {
		t.Error(s.Shown())
	}
	test.Type(entry, ".4")
	if s.Shows("This should be") || s.p.save.Disabled() {
		t.Error(s.Shown())
	}
	s.tab(t, "Automatic")
	s.Tick("Yes")
	s.Press("Save")
	s.Until("it is saved", func() bool { return s.done == 1 })
	entry2, err := s.into.Find("Contoso")
	if err != nil || entry2.Settings.Get("dns-servers") != "10.0.0.4" || !entry2.Settings.AutoConnect || len(s.Failures) != 0 {
		t.Errorf("%+v %v %v", entry2.Settings, err, s.Failures)
	}
}

// Everything of the editor can be reached and done with the keyboard alone.
func TestKeyboard(t *testing.T) {
	s := see(t, contoso(t, "cert"), options{})
	name := s.TabTo("the name", func(f fyne.Focusable) bool { e, is := f.(*keyboard.Entry); return is && e.Text == "Contoso" })
	name.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEnd})
	for _, letter := range " West" {
		name.TypedRune(letter)
	}
	s.TabToButton("Gateway")
	if s.Shows("Imported") {
		t.Error("the tab is not open")
	}
	s.TabToButton("Show")
	if !s.Shows(oldSecret) {
		t.Error("the secret is not shown")
	}
	s.TabToButton("Hide")
	s.TabToButton("Replace")
	if s.Window.Canvas().Focused() != s.p.secret.entry {
		t.Error("nothing can be typed")
	}
	s.p.secret.entry.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	if s.Shows("Paste the new secret here") || s.Window.Canvas().Focused() != s.p.secret.replace {
		t.Error("Escape does not leave")
	}
	s.TabToButton("Remove")
	if len(s.p.draft.Roots()) != 1 {
		t.Error("no root is removed")
	}
	s.TabTo("the proxy", func(f fyne.Focusable) bool { return f == s.p.entries["proxy"] })
	for _, key := range []string{"azure-gateway", "proxy"} { // what has the focus is seen: the page scrolls to it
		entry := s.p.entries[key]
		s.Window.Resize(fyne.NewSize(560, 300))
		s.TabTo(key, func(f fyne.Focusable) bool { return f == entry })
		scroll := s.p.tabs.parts[s.p.tabs.open].content
		at := fyne.CurrentApp().Driver().AbsolutePositionForObject(entry).Y - fyne.CurrentApp().Driver().AbsolutePositionForObject(scroll).Y
		if at < 0 || at+entry.Size().Height > scroll.Size().Height {
			t.Errorf("%s is at %.0f of %.0f", key, at, scroll.Size().Height)
		}
	}
	s.TabToButton("Save")
	s.Until("it is saved", func() bool { return s.done == 1 })
	if _, err := s.into.Find("Contoso West"); err != nil {
		t.Error(err)
	}
}

func TestRootsOnThePage(t *testing.T) {
	s := see(t, contoso(t, "cert"), options{})
	s.tab(t, "Gateway")
	if !s.Shows("Example Global Root G2, until 2040-01-01") || !s.Shows("Example Global Root G3, until 2040-01-01") || s.Shows("that this computer trusts") {
		t.Error(s.Shown())
	}
	s.Press("Remove")
	s.Press("Remove")
	if !s.Shows("Keep one root, or add another.") || !s.p.save.Disabled() || s.Shows("Example Global Root") {
		t.Error(s.Shown())
	}
	s.files = [][]byte{[]byte("hello"), inPEM(rootOf(t, "New Root", 7))}
	s.Press("Add a root")
	if !s.Shows("There is no certificate in this file.") {
		t.Error(s.Shown())
	}
	s.Press("Add a root")
	if !s.Shows("New Root, until 2040-01-01") || s.Shows("There is no certificate") || s.Shows("Keep one root") {
		t.Error(s.Shown())
	}
	s.Press("Save")
	s.Until("it is saved", func() bool { return s.done == 1 })
	entry, err := s.into.Find("Contoso")
	if err != nil || len(entry.Profile.Gateway.RootThumbprints) != 1 {
		t.Errorf("%v %v", entry.Profile.Gateway.RootThumbprints, err)
	}
}

// The roots that the profile only names by their thumbprints are looked for on this computer.
func TestRootsOfThisComputer(t *testing.T) {
	root := rootOf(t, "Example Global Root G2", 1)
	s := see(t, kept(t, azureFile("Contoso", "cert", certificate.Thumbprint(root))), options{known: []*x509.Certificate{root}})
	s.tab(t, "Gateway")
	s.UntilShown("Example Global Root G2, until 2040-01-01")
}

func TestSecretOnThePage(t *testing.T) {
	s := see(t, contoso(t, "cert"), options{})
	s.tab(t, "Gateway")
	if s.draws(oldSecret[:16]) || !s.draws(hiddenSecret) {
		t.Error("the secret is seen")
	}
	s.Press("Show")
	if !s.draws(oldSecret[:16]) {
		t.Error("the secret is not seen")
	}
	s.tab(t, "Network")
	s.tab(t, "Gateway")
	if s.draws(oldSecret[:16]) {
		t.Error("whoever comes back sees the secret")
	}
	s.Press("Show")
	s.p.Hidden()
	if s.draws(oldSecret[:16]) {
		t.Error("it stays when the page is left")
	}
	s.Press("Replace")
	test.Type(s.p.secret.entry, "0123")
	if !s.Shows("This is not a gateway secret.") || s.draws("0123") || !s.p.save.Disabled() {
		t.Error(s.Shown())
	}
	s.files = [][]byte{[]byte(staticKey(newSecret))}
	s.Press("From a file")
	if s.Shows("This is not a gateway secret.") || !s.Shows("A new one takes its place when you save.") || s.draws(newSecret[:16]) {
		t.Error(s.Shown())
	}
	s.Press("Save")
	s.Until("it is saved", func() bool { return s.done == 1 })
	entry, err := s.into.Find("Contoso")
	if err != nil || entry.Profile.ControlChannel.Key.Reveal() != newSecret {
		t.Errorf("it is not the new one: %v", err)
	}
	for _, notice := range s.Notices {
		if strings.Contains(notice, newSecret[:16]) {
			t.Error("a notice shows the secret")
		}
	}
}

func TestMethodOnThePage(t *testing.T) {
	s := see(t, contoso(t, "cert"), options{})
	s.tab(t, "Sign-in")
	if !s.Shows("Certificate with its key") || s.Shows("Tenant") || s.Shows("User name") {
		t.Error(s.Shown())
	}
	s.Select("Microsoft Entra ID").SetSelected("Microsoft Entra ID")
	if s.Shows("Certificate with its key") || !s.Shows("Tenant") || !s.Shows("Write the tenant's id") || !s.p.save.Disabled() {
		t.Error(s.Shown())
	}
	test.Type(s.p.method.tenant, "11111111-2222-4333-8444-555555555555")
	test.Type(s.p.method.audience, azureVPN)
	if s.Shows("Write the") || s.p.save.Disabled() {
		t.Error(s.Shown())
	}
	s.Press("Save")
	s.Until("it is saved", func() bool { return s.done == 1 })
	entry, err := s.into.Find("Contoso")
	if err != nil || entry.Profile.Authentication.Entra == nil || entry.Profile.Authentication.Entra.Tenant != oldTenant {
		t.Errorf("%+v %v", entry.Profile.Authentication, err)
	}
}

func TestSendAllOnThePage(t *testing.T) {
	s := see(t, contoso(t, "cert"), options{})
	s.tab(t, "Network")
	test.Type(s.p.entries[routesKey], "10.0.0.0/8")
	s.Tick("Send all traffic through this connection")
	if s.p.entries[routesKey].Text != "0.0.0.0/0,10.0.0.0/8" || !s.p.sendAll.Checked {
		t.Errorf("%q", s.p.entries[routesKey].Text)
	}
	s.p.entries[routesKey].SetText("10.0.0.0/8")
	if s.p.sendAll.Checked {
		t.Error("the switch does not follow what is typed")
	}
}

// A folder of certificates is read, and one of them can be chosen.
func TestCertificatePicker(t *testing.T) {
	dir := t.TempDir()
	for name, number := range map[string]byte{"alice": 21, "bob": 22} {
		leaf := rootOf(t, name, number)
		key, err := x509.MarshalPKCS8PrivateKey(key(number))
		if err != nil {
			t.Fatal(err)
		}
		writeKeyPair(t, filepath.Join(dir, name+".pem"), leaf, key)
	}
	s := see(t, contoso(t, "cert"), options{})
	s.tab(t, "Sign-in")
	s.UntilShown("Choose the file with your certificate to connect.")
	s.p.entries["certificate-folder"].SetText(dir)
	s.UntilShown("Several certificates fit.")
	choice := s.Select("bob, issued by bob, until 2040-01-01")
	if choice.Selected != "The one that fits" || len(choice.Options) != 3 {
		t.Errorf("%q of %q", choice.Selected, choice.Options)
	}
	choice.SetSelected("bob, issued by bob, until 2040-01-01")
	s.UntilShown("The gateway will see bob")
	if got := s.p.entries[thumbprintKey].Text; got != certificate.Thumbprint(rootOf(t, "bob", 22)) {
		t.Errorf("%q", got)
	}
	choice.SetSelected("The one that fits")
	s.UntilShown("Several certificates fit.")
	s.p.entries["certificate"].SetText(filepath.Join(dir, "alice.pem"))
	s.UntilShown("The gateway will see alice")
	if s.p.entries["certificate-folder"].Text != "" || s.p.checked.picker.Visible() {
		t.Error("the folder is still there")
	}
}

func TestRemoveAndUndo(t *testing.T) {
	s := see(t, contoso(t, "cert"), options{})
	s.Press("Remove")
	s.Until("it is removed", func() bool { return s.done == 1 })
	if _, err := s.into.Find("Contoso"); err == nil || s.undo == nil {
		t.Fatal("it is still there")
	}
	s.undo()
	s.Until("it is back", func() bool { return s.done == 2 })
	entry, err := s.into.Find("Contoso")
	if err != nil || entry.Profile.ControlChannel.Key.Reveal() != oldSecret {
		t.Error(err)
	}
}

func TestRemoveWhileConnected(t *testing.T) {
	s := see(t, contoso(t, "cert"), options{change: func(v *client.View) { v.Connections[0].Session = &api.Session{ID: "s1"} }})
	s.Press("Remove")
	if !s.Shows("Disconnect it first.") {
		t.Error(s.Shown())
	}
	s.Press("Close")
	s.tab(t, "Network")
	test.Type(s.p.entries["mtu"], "1400")
	if !s.Shows("This takes effect when you connect the next time.") {
		t.Error(s.Shown())
	}
}

func TestLeavingAsks(t *testing.T) {
	s := see(t, contoso(t, "cert"), options{})
	s.Press("Cancel")
	if s.done != 1 {
		t.Error("nothing was changed, and it asks")
	}
	s.tab(t, "Gateway")
	s.Press("Remove")
	s.Press("Cancel")
	if s.done != 1 || !s.Shows("You changed something. Discard that?") {
		t.Error(s.Shown())
	}
	s.Press("Go on editing")
	s.Press("Cancel")
	s.Press("Discard")
	if s.done != 2 {
		t.Error("it stays")
	}
	if entry, err := s.into.Find("Contoso"); err != nil || len(entry.Profile.Gateway.RootThumbprints) != 2 {
		t.Error("what was discarded is saved")
	}
}

func TestExportFormats(t *testing.T) {
	into := contoso(t, "cert")
	entry, err := into.Find("Contoso")
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range formats() {
		path := filepath.Join(t.TempDir(), "contoso"+format.suffix)
		if err := write(&entry, format, path); err != nil {
			t.Errorf("%s: %v", format.name, err)
			continue
		}
		info, err := os.Stat(path)
		if err != nil || info.Size() == 0 || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", format.name, info, err)
		}
	}
	s := see(t, into, options{})
	s.Press("Export")
	choice, ok := pagetest.Find(s.Bench, func(r *widget.RadioGroup) bool { return true })
	if !ok || len(choice.Options) != len(formats()) {
		t.Error(s.Shown())
	}
}

func TestFailuresAreShown(t *testing.T) {
	s := see(t, contoso(t, "cert"), options{})
	s.tab(t, "Network")
	test.Type(s.p.entries["mtu"], "1400")
	if err := s.into.Remove(s.p.before.ID); err != nil {
		t.Fatal(err)
	}
	s.Press("Save")
	s.Until("it is said", func() bool { return len(s.Failures) == 1 })
	var missing *store.NotFoundError
	if !errors.As(s.Failures[0], &missing) || s.done != 0 || s.p.save.Disabled() {
		t.Error(s.Failures)
	}
}
