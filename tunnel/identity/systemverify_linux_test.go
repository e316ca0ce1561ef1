package identity

import (
	"crypto/x509"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles"
)

// Where the system's roots cannot be listed it verifies chains itself, and the pin is held against what it found. The
// test runs itself again, as package crypto/x509 reads the system's roots once for a process.
func TestSystemVerification(t *testing.T) {
	folder := os.Getenv("FOOTBRIDGE_TEST_CERTIFICATES")
	if folder == "" {
		folder = t.TempDir()
		p := newPKI(t)
		writePEM(t, filepath.Join(folder, "system"), p.newRoot, p.strangeRoot)
		writePEM(t, filepath.Join(folder, "offered"), p.server(t, vnetName), p.issuing)
		writePEM(t, filepath.Join(folder, "strange"), sign(t, newKey(t), vnetName, &p.strangeRoot, isServer))
		again := exec.Command(os.Args[0], "-test.run=^TestSystemVerification$")
		again.Env = append(os.Environ(), "FOOTBRIDGE_TEST_CERTIFICATES="+folder, "SSL_CERT_FILE="+filepath.Join(folder, "system"), "SSL_CERT_DIR=/nowhere")
		if output, err := again.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
		return
	}
	read := func(name string) []*x509.Certificate {
		certificates, err := rootsInFile(filepath.Join(folder, name))
		if err != nil || len(certificates) == 0 {
			t.Fatalf("%d certificates, %v", len(certificates), err)
		}
		return certificates
	}
	system := read("system")
	pinned := profiles.GatewayIdentity{RootThumbprints: []string{Thumbprint(system[0])}}
	tests := []struct {
		gateway profiles.GatewayIdentity
		offered string
		code    Code
	}{
		{pinned, "offered", ""},
		{pinned, "strange", UntrustedRoot},
		{profiles.GatewayIdentity{}, "strange", ""},
		{profiles.GatewayIdentity{Roots: system[:1]}, "strange", UntrustedRoot},
	}
	for _, test := range tests {
		v, err := NewVerifier(test.gateway, azureHost)
		if err != nil {
			t.Fatal(err)
		}
		v.Now = func() time.Time { return fixedNow }
		v.SystemRoots = func() ([]*x509.Certificate, error) { return nil, errNotListed }
		var refused *Error
		if err := v.Verify(read(test.offered)); errors.As(err, &refused) != (test.code != "") || refused != nil && refused.Code != test.code {
			t.Errorf("%s: %v, want %q", test.offered, err, test.code)
		}
	}
}
