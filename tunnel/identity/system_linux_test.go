package identity

import (
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
)

func writePEM(t *testing.T, name string, authorities ...authority) {
	t.Helper()
	data := []byte("# a comment\n")
	for _, a := range authorities {
		data = append(data, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.certificate.Raw})...)
		data = append(data, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"...) // one that cannot be read
	}
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestRootsIn(t *testing.T) {
	p := newPKI(t)
	folder, bundle := t.TempDir(), filepath.Join(t.TempDir(), "bundle.crt")
	writePEM(t, bundle, p.oldRoot, p.newRoot)
	writePEM(t, filepath.Join(folder, "Strange_Root.pem"), p.strangeRoot)
	writePEM(t, filepath.Join(folder, "4a6481c9.0"), p.strangeRoot) // the same under its hash
	writePEM(t, filepath.Join(folder, "New.crt"), p.newRoot)
	writePEM(t, filepath.Join(folder, "README"), p.oldRoot)
	if err := os.Symlink("/nowhere", filepath.Join(folder, "gone.pem")); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name           string
		files, folders []string
		want           int
	}{
		{"the first bundle", []string{"/nowhere", bundle, "/also/nowhere"}, []string{folder}, 2},
		{"the folders", []string{"/nowhere"}, []string{"/nowhere", folder}, 2},
		{"an empty bundle", []string{os.DevNull}, []string{folder}, 2},
		{"nothing", []string{"/nowhere"}, []string{"/nowhere"}, 0},
	}
	for _, test := range tests {
		roots, err := rootsIn(test.files, test.folders)
		if err != nil || len(roots) != test.want {
			t.Errorf("%s: %d roots, %v; want %d", test.name, len(roots), err, test.want)
		}
	}
	if _, err := rootsIn([]string{folder}, nil); err == nil {
		t.Error("a folder was read as a bundle without an error")
	}
	t.Setenv("SSL_CERT_FILE", bundle)
	if roots, err := SystemRoots(); err != nil || len(roots) != 2 || !roots[0].Equal(p.oldRoot.certificate) {
		t.Errorf("SSL_CERT_FILE: %d roots, %v", len(roots), err)
	}
	t.Setenv("SSL_CERT_FILE", "")
	t.Setenv("SSL_CERT_DIR", "/nowhere:"+folder)
	if roots, err := SystemRoots(); err != nil || len(roots) != 2 {
		t.Errorf("SSL_CERT_DIR: %d roots, %v", len(roots), err)
	}
}

// FuzzParseRoots reads any file of roots.
func FuzzParseRoots(f *testing.F) {
	root := newPKI(f).newRoot
	f.Add(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.certificate.Raw}))
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, root := range parseRoots(data) {
			describeRoot(root)
		}
	})
}

// FuzzRevocationLists reads any file of lists.
func FuzzRevocationLists(f *testing.F) {
	p := newPKI(f)
	f.Add(p.revocationList(f, p.newRoot, fixedNow, p.issuing.certificate.SerialNumber))
	f.Add([]byte("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		lists, err := parseRevocationLists(data)
		if err == nil && len(data) > 0 && len(lists) == 0 {
			t.Fatal("neither a list nor an error")
		}
	})
}
