// Package softhsm makes SoftHSM tokens in a folder of a test's own, with keys and certificates on them.
package softhsm

import (
	"crypto"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// PIN is the user's PIN of every token.
const PIN = "918273"

// Module returns where Debian's SoftHSM library is, and skips the test without it unless root runs it.
func Module(t *testing.T) string {
	t.Helper()
	for _, pattern := range []string{"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/*/softhsm/libsofthsm2.so"} {
		if found, err := filepath.Glob(pattern); err == nil && len(found) > 0 {
			return found[0]
		}
	}
	if os.Getuid() == 0 {
		t.Fatal("no SoftHSM: install softhsm2 and opensc")
	}
	t.Skip("no SoftHSM: install softhsm2 and opensc")
	return ""
}

// Folder makes SoftHSM keep its tokens in a folder that goes away with the test.
func Folder(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	configuration := filepath.Join(dir, "softhsm2.conf")
	if err := os.WriteFile(configuration, []byte("directories.tokendir = "+dir+"\nobjectstore.backend = file\nlog.level = ERROR\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SOFTHSM2_CONF", configuration)
}

// NewToken makes an empty token.
func NewToken(t *testing.T, label string) {
	t.Helper()
	run(t, "softhsm2-util", "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "00000000")
}

// Import puts a key and its certificate onto a token, under the same id and label. A nil key puts only the certificate.
func Import(t *testing.T, token, label string, id byte, key crypto.Signer, certificate *x509.Certificate) {
	t.Helper()
	dir := t.TempDir()
	if key != nil {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "key.pem")
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		run(t, "softhsm2-util", "--import", path, "--token", token, "--label", label, "--id", hex.EncodeToString([]byte{id}), "--pin", PIN)
	}
	path := filepath.Join(dir, "certificate.der")
	if err := os.WriteFile(path, certificate.Raw, 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "pkcs11-tool", "--module", Module(t), "--token-label", token, "--login", "--pin", PIN, "--write-object", path, "--type", "cert", "--label", label, "--id", hex.EncodeToString([]byte{id}))
}

func run(t *testing.T, name string, arguments ...string) {
	t.Helper()
	if out, err := exec.Command(name, arguments...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}
