package profiles

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles/certificate"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// secretDigits is the server secret of all fixtures.
var secretDigits = strings.Repeat("00112233445566778899aabbccddeeff", 16)

// testCertificate makes a certificate that is the same in every run, and its key in PEM.
func testCertificate(t testing.TB, name string, number byte, authority bool) (*x509.Certificate, string) {
	t.Helper()
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{number}, ed25519.SeedSize))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(int64(number)), Subject: pkix.Name{CommonName: name}, IsCA: authority, BasicConstraintsValid: true,
		NotBefore: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2120, 1, 1, 0, 0, 0, 0, time.UTC),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return parsed, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}))
}

func inPEM(c *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
}

// fill replaces what fixtures have in place of certificates, keys and control characters: @ROOT_PEM@ and so on.
func fill(t testing.TB, text string) string {
	t.Helper()
	root, _ := testCertificate(t, "Example Global Root G2", 1, true)
	old, _ := testCertificate(t, "Example Global Root CA", 2, true)
	client, key := testCertificate(t, "alice", 3, false)
	return strings.NewReplacer(
		"@ROOT_PEM@", strings.TrimSpace(inPEM(root)), "@OLD_ROOT_PEM@", strings.TrimSpace(inPEM(old)),
		"@ROOT_BASE64@", base64.StdEncoding.EncodeToString(root.Raw), "@OLD_ROOT_BASE64@", base64.StdEncoding.EncodeToString(old.Raw),
		"@ROOT_DER@", string(root.Raw), "@OLD_ROOT_DER@", string(old.Raw),
		"@ROOT_HASH@", strings.ToUpper(certificate.Thumbprint(root)), "@OLD_ROOT_HASH@", strings.ToUpper(certificate.Thumbprint(old)),
		"@CLIENT_PEM@", strings.TrimSpace(inPEM(client)), "@CLIENT_KEY@", strings.TrimSpace(key),
		"@SECRET@", secretDigits, "@SECRET_PEM@", strings.TrimSpace(secret.StaticKeyFile(secret.Text(secretDigits)).Reveal()),
		"@BOM@", "\ufeff", "@CR@", "\r",
	).Replace(text)
}

// fixture is an input of the golden tests.
type fixture struct {
	name string
	data []byte
}

// fixtures reads testdata/import: files as they are, and archives (.zip.txt) whose entries stand behind lines "-- name --".
func fixtures(t testing.TB) []fixture {
	t.Helper()
	paths, err := filepath.Glob("testdata/import/*")
	if err != nil {
		t.Fatal(err)
	}
	var all []fixture
	for _, path := range paths {
		if strings.HasSuffix(path, ".golden") {
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f := fixture{filepath.Base(path), []byte(fill(t, string(data)))}
		if strings.HasSuffix(path, ".zip.txt") {
			f.data = pack(t, entriesOf(t, string(data)))
		}
		all = append(all, f)
	}
	if len(all) < 10 {
		t.Fatalf("only %d fixtures", len(all))
	}
	return all
}

// entry is a file of an archive.
type entry struct{ name, content string }

func entriesOf(t testing.TB, text string) []entry {
	var all []entry
	for line := range strings.Lines(text) {
		name, isName := strings.CutPrefix(line, "-- ")
		if name, found := strings.CutSuffix(strings.TrimSpace(name), " --"); isName && found {
			all = append(all, entry{name: name})
			continue
		}
		all[len(all)-1].content += line
	}
	for i := range all {
		all[i].content = fill(t, strings.TrimSuffix(all[i].content, "\n"))
	}
	return all
}

func pack(t testing.TB, entries []entry) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, e := range entries {
		file, err := w.Create(e.name)
		if err == nil {
			_, err = file.Write([]byte(e.content))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
