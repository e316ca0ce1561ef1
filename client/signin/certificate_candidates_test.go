package signin

import (
	"crypto/x509"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
)

func TestCandidates(t *testing.T) {
	authority := newAuthority(t, "root")
	dir := t.TempDir()
	key, otherKey := mustEC(t), mustEC(t)
	alice := authority.issue(t, "alice", key, nil)
	expired := authority.issue(t, "bob", otherKey, func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = now.Add(-3*time.Hour), now.Add(-time.Hour)
	})
	separate := authority.issue(t, "carol", key, nil)
	writeFile(t, filepath.Join(dir, "alice.pem"), append(certificatePEM(alice, authority.intermediate), keyPEM(t, key)...))
	writeFile(t, filepath.Join(dir, "bob.crt"), certificatePEM(expired))
	writeFile(t, filepath.Join(dir, "bob.key"), keyPEM(t, otherKey))
	other := t.TempDir()
	writeFile(t, filepath.Join(other, "carol.crt"), certificatePEM(separate))
	writeFile(t, filepath.Join(other, "carol.secret"), keyPEM(t, key))
	writeFile(t, filepath.Join(other, "locked.p12"), []byte("0"))
	names := func(selection CertificateSelection) []string {
		t.Helper()
		found, err := Candidates(selection)
		if err != nil {
			t.Error(err)
		}
		var names []string
		for _, one := range found {
			names = append(names, one.Subject+" "+filepath.Base(one.Source))
		}
		return names
	}
	for what, test := range map[string]struct {
		selection CertificateSelection
		want      []string
	}{
		"a folder, the newest first":                {CertificateSelection{CertificateFile: dir}, []string{"alice alice.pem", "bob bob.crt"}},
		"also those that the profile does not want": {CertificateSelection{CertificateFile: dir, Requirements: CertificateRequirements{Issuer: "nobody"}}, []string{"alice alice.pem", "bob bob.crt"}},
		"a file":          {CertificateSelection{CertificateFile: filepath.Join(dir, "alice.pem")}, []string{"alice alice.pem"}},
		"a key beside":    {CertificateSelection{CertificateFile: filepath.Join(other, "carol.crt"), KeyFile: filepath.Join(other, "carol.secret")}, []string{"carol carol.crt"}},
		"without its key": {CertificateSelection{CertificateFile: filepath.Join(other, "carol.crt")}, nil},
		"nothing chosen":  {CertificateSelection{}, nil},
		"a token":         {CertificateSelection{PKCS11URI: "pkcs11:token=card", CertificateFile: dir}, nil},
	} {
		if got := names(test.selection); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q", what, got)
		}
	}
	for _, file := range []string{filepath.Join(dir, "none"), filepath.Join(other, "locked.p12")} {
		if _, err := Candidates(CertificateSelection{PKCS12File: file}); err == nil {
			t.Errorf("%s is read", file)
		}
	}
}

// The folder that a user set is where their certificate is looked for.
func TestSelectionForFolder(t *testing.T) {
	selection := SelectionFor(&profiles.Profile{}, &settings.CertificateSource{Folder: "/home/alice/certificates", Thumbprint: "00"})
	if selection.CertificateFile != "/home/alice/certificates" || selection.Requirements.Thumbprint != "00" {
		t.Errorf("%+v", selection)
	}
}
