package certificate

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"
)

func make1(t *testing.T, number byte) *x509.Certificate {
	t.Helper()
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{number}, ed25519.SeedSize))
	template := &x509.Certificate{SerialNumber: big.NewInt(int64(number)), Subject: pkix.Name{CommonName: "Example"}}
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestParse(t *testing.T) {
	one, two := make1(t, 1), make1(t, 2)
	inPEM := func(kind string, c *x509.Certificate) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: c.Raw}))
	}
	encoded := base64.StdEncoding.EncodeToString(one.Raw)
	tests := []struct {
		name, content string
		want          []*x509.Certificate
	}{
		{"DER", string(one.Raw), []*x509.Certificate{one}},
		{"PEM", inPEM("CERTIFICATE", one), []*x509.Certificate{one}},
		{"PEM, CRLF", strings.ReplaceAll(inPEM("CERTIFICATE", one), "\n", "\r\n"), []*x509.Certificate{one}},
		{"PEM, several with words", "Issuer: someone\n" + inPEM("CERTIFICATE", one) + "and\n" + inPEM("X509 CERTIFICATE", two), []*x509.Certificate{one, two}},
		{"base64", encoded, []*x509.Certificate{one}},
		{"base64 in lines", encoded[:64] + "\r\n  " + encoded[64:] + "\n", []*x509.Certificate{one}},
		{"nothing", "", nil},
		{"other PEM", inPEM("PRIVATE KEY", one), nil},
		{"damaged PEM", inPEM("CERTIFICATE", &x509.Certificate{Raw: one.Raw[:50]}), nil},
		{"text", "hello", nil},
		{"too many", strings.Repeat(inPEM("CERTIFICATE", one), maxCertificates+1), nil},
	}
	for _, test := range tests {
		got, err := Parse([]byte(test.content))
		if (err == nil) != (test.want != nil) || len(got) != len(test.want) {
			t.Errorf("%s: %d certificates, %v", test.name, len(got), err)
			continue
		}
		for i := range got {
			if !got[i].Equal(test.want[i]) {
				t.Errorf("%s: certificate %d differs", test.name, i)
			}
		}
	}
	if _, err := Parse(nil); !errors.Is(err, ErrNone) {
		t.Error(err)
	}
	if list := Add(Add(nil, one, two), two, one); len(list) != 2 {
		t.Errorf("%d certificates", len(list))
	}
}

func TestThumbprints(t *testing.T) {
	print := Thumbprint(make1(t, 1))
	if len(print) != 2*sha1.Size || print != strings.ToLower(print) {
		t.Error(print)
	}
	var pairs []string
	for i := 0; i < len(print); i += 2 {
		pairs = append(pairs, print[i:i+2])
	}
	for _, written := range []string{print, strings.ToUpper(print), strings.Join(pairs, ":"), strings.Join(pairs, " "), "\u200e" + strings.Join(pairs, "-") + "\r\n"} {
		if got, ok := ParseThumbprint(written); !ok || got != print {
			t.Errorf("%q: %q", written, got)
		}
	}
	for _, wrong := range []string{"", print[1:], print + "00", "g" + print[1:], "é" + print[1:]} {
		if got, ok := ParseThumbprint(wrong); ok {
			t.Errorf("%q: %q", wrong, got)
		}
	}
}
