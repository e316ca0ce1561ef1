package editor

import (
	"slices"
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/profiles/certificate"
)

func described(d *Draft) []string {
	var all []string
	for _, root := range d.Roots() {
		all = append(all, d.Describe(root))
	}
	return all
}

// A profile of Azure's goes on naming its roots by their thumbprints.
func TestPinnedRoots(t *testing.T) {
	old, other := rootOf(t, "Old Root", 1), rootOf(t, "New Root", 2)
	elsewhere := rootOf(t, "Computer's Root", 3)
	into := kept(t, azureFile("Contoso", "cert", certificate.Thumbprint(old), strings.ToUpper(certificate.Thumbprint(elsewhere))), old)
	d := draftOf(t, into)
	if got := described(d); !slices.Equal(got, []string{"Old Root, until 2040-01-01", "The root with the thumbprint " + certificate.Thumbprint(elsewhere)}) || d.SystemRoots() {
		t.Errorf("%q", got)
	}
	d.Know(append(d.known, other, elsewhere))
	if got := described(d)[1]; got != "Computer's Root, until 2040-01-01" || d.Changed() {
		t.Errorf("%q", got)
	}
	d.RemoveRoot(certificate.Thumbprint(old))
	d.RemoveRoot(certificate.Thumbprint(elsewhere))
	if len(d.Roots()) != 0 || d.Valid() || d.Wrong(rootsKey) != "Keep one root, or add another." || d.SystemRoots() {
		t.Errorf("the last root may go: %q %q", described(d), d.wrong)
	}
	if wrong := d.AddRoots(inPEM(other)); wrong != "" || !d.Valid() {
		t.Errorf("%q %q", wrong, d.wrong)
	}
	profile, file := saved(t, d, into)
	if got := profile.Gateway.RootThumbprints; !slices.Equal(got, []string{certificate.Thumbprint(other)}) {
		t.Errorf("%q", got)
	}
	if got := profile.Gateway.Roots; len(got) != 1 || !got[0].Equal(other) {
		t.Errorf("%d certificates", len(got))
	}
	if !strings.Contains(file, "<futureelement>kept as it is</futureelement>") || !strings.Contains(strings.ToLower(file), certificate.Thumbprint(other)) {
		t.Errorf("the file is\n%s", file)
	}
}

// What is added and removed again, or the other way round, is no change.
func TestRootsAddedAndRemoved(t *testing.T) {
	old, other := rootOf(t, "Old Root", 1), rootOf(t, "New Root", 2)
	d := draftOf(t, kept(t, azureFile("Contoso", "cert", certificate.Thumbprint(old)), old))
	d.AddRoots(inPEM(other))
	if !d.Changed() || len(d.Roots()) != 2 {
		t.Error("nothing is added")
	}
	d.RemoveRoot(certificate.Thumbprint(other))
	if d.Changed() {
		t.Error("it is a change")
	}
	d.RemoveRoot(certificate.Thumbprint(old))
	if wrong := d.AddRoots(old.Raw); wrong != "" || d.Changed() || !d.Valid() {
		t.Errorf("%q, changed %v, wrong %q", wrong, d.Changed(), d.wrong)
	}
}

func TestFilesThatAreNoRoots(t *testing.T) {
	old := rootOf(t, "Old Root", 1)
	expired := issued(t, "Expired Root", 4, 2025, nil, 0)
	between := issued(t, "Between", 5, 2040, old, 1)
	d := draftOf(t, kept(t, azureFile("Contoso", "cert", certificate.Thumbprint(old)), old))
	for _, test := range []struct {
		what string
		file []byte
		want string
	}{
		{"text", []byte("hello"), "There is no certificate in this file. Choose a PEM or CER file."},
		{"too large", append(inPEM(rootOf(t, "New Root", 2)), make([]byte, MostRoots)...), "There is no certificate in this file. Choose a PEM or CER file."},
		{"a certificate in between", between.Raw, "Between is not a root: Old Root issued it. Choose the certificate of Old Root."},
		{"there already", inPEM(old), "Old Root is trusted already."},
		{"expired", inPEM(expired), "Expired Root expired on 2025-01-01. Choose a newer one."},
	} {
		if got := d.AddRoots(test.file); got != test.want || d.Changed() {
			t.Errorf("%s: %q, changed %v", test.what, got, d.Changed())
		}
	}
	good := rootOf(t, "New Root", 2)
	if got := d.AddRoots(inPEM(between, expired, good)); got == "" || len(d.Roots()) != 2 || !d.Roots()[1].Certificate.Equal(good) {
		t.Errorf("of several the good one is not taken: %q %q", got, described(d))
	}
}

// Without thumbprints the certificates of the profile count. What only led to a root that is gone is not one.
func TestRootsOfOpenVPN(t *testing.T) {
	old, other := rootOf(t, "Old Root", 1), rootOf(t, "New Root", 2)
	between := issued(t, "Between", 5, 2040, old, 1)
	into := kept(t, openVPNFile("", old, between))
	d := draftOf(t, into)
	if got := described(d); !slices.Equal(got, []string{"Old Root, until 2040-01-01"}) || d.SystemRoots() || d.HasSecret() {
		t.Errorf("%q", got)
	}
	d.RemoveRoot(certificate.Thumbprint(old))
	if d.Valid() || len(d.Roots()) != 0 {
		t.Errorf("%q", described(d))
	}
	d.AddRoots(inPEM(other))
	profile, file := saved(t, d, into)
	if got := profile.Gateway.Roots; len(got) != 1 || !got[0].Equal(other) || len(profile.Gateway.RootThumbprints) != 0 {
		t.Errorf("%v", got)
	}
	if !strings.Contains(file, "future-option") {
		t.Errorf("the file is\n%s", file)
	}
}

// A root that somebody removed meanwhile is not the last one to go.
func TestRootsOfAProfileThatWasReplaced(t *testing.T) {
	old, other := rootOf(t, "Old Root", 1), rootOf(t, "New Root", 2)
	into := kept(t, openVPNFile("", old, other))
	first, second := draftOf(t, into), draftOf(t, into)
	first.RemoveRoot(certificate.Thumbprint(old))
	second.RemoveRoot(certificate.Thumbprint(other))
	saved(t, first, into)
	if err := second.Save(into); err == nil {
		t.Error("the last root went")
	}
	if got := draftOf(t, into).Roots(); len(got) != 1 || !got[0].Certificate.Equal(other) {
		t.Errorf("%v", got)
	}
}

func TestRootsBelongToAdministrators(t *testing.T) {
	old := rootOf(t, "Old Root", 1)
	into := kept(t, azureFile("Contoso", "cert", certificate.Thumbprint(old)), old)
	d := draftOf(t, into, func(v *client.View) { v.Policy = &api.Policy{MachineProfilesOnly: true} })
	d.RemoveRoot(certificate.Thumbprint(old))
	d.SetServers("elsewhere.example")
	d.SetSecret(newSecret)
	d.SetMethod("aad")
	if !d.ProfileLocked() || d.HasSecret() || d.Secret() != "" || d.Changed() {
		t.Error("a locked profile is changed")
	}
	d.SetName("Another")
	if err := d.Save(into); err != nil {
		t.Fatal(err)
	}
	entry, err := into.Find("Another")
	if err != nil || len(entry.Profile.Gateway.RootThumbprints) != 1 || entry.Profile.Servers[0].Host != "west.vpn.azure.com" || entry.Profile.ControlChannel.Key.Reveal() != oldSecret {
		t.Errorf("%v %v", entry.Profile.Gateway.RootThumbprints, err)
	}
}
