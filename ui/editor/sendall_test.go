package editor

import (
	"testing"

	"github.com/footbridge-vpn/footbridge/profiles/certificate"
)

func TestSendAll(t *testing.T) {
	root := rootOf(t, "Old Root", 1)
	into := kept(t, azureFile("Contoso", "cert", certificate.Thumbprint(root)), root)
	d := draftOf(t, into)
	for text, want := range map[string]struct {
		sends   bool
		on, off string
	}{
		"":                             {false, "0.0.0.0/0", ""},
		"10.0.0.0/8":                   {false, "0.0.0.0/0,10.0.0.0/8", "10.0.0.0/8"},
		"10.0.0.0/8; 0.0.0.0/0":        {true, "0.0.0.0/0,10.0.0.0/8", "10.0.0.0/8"},
		"192.0.2.7/0":                  {true, "0.0.0.0/0", ""},
		"::/0,10.0.0.0/33":             {false, "0.0.0.0/0,::/0,10.0.0.0/33", "::/0,10.0.0.0/33"},
		"0.0.0.0/0\t0.0.0.0/0,a.b.c.d": {true, "0.0.0.0/0,a.b.c.d", "a.b.c.d"},
	} {
		d.Set(routesKey, text)
		if d.SendsAll() != want.sends || d.WithSendAll(true) != want.on || d.WithSendAll(false) != want.off {
			t.Errorf("%q: %v, %q, %q", text, d.SendsAll(), d.WithSendAll(true), d.WithSendAll(false))
		}
	}
	d.Set(routesKey, d.WithSendAll(true))
	d.Set(routesKey, "0.0.0.0/0")
	saved(t, d, into)
	if again := draftOf(t, into); !again.SendsAll() || again.ProfileSendsAll() {
		t.Error("it is not kept")
	}
}

func TestProfilesThatSendAll(t *testing.T) {
	root := rootOf(t, "Old Root", 1)
	for line, want := range map[string]bool{
		"redirect-gateway def1":       true,
		"redirect-gateway":            true,
		"redirect-private def1":       false,
		"redirect-gateway !ipv4 ipv6": false,
		"route 0.0.0.0 0.0.0.0":       true,
		"route 10.0.0.0 255.0.0.0":    false,
	} {
		if d := draftOf(t, kept(t, openVPNFile(line, root))); d.ProfileSendsAll() != want || d.SendsAll() != want {
			t.Errorf("%s: %v", line, d.ProfileSendsAll())
		}
	}
}
