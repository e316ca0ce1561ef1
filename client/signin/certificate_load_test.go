package signin

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
)

func answer(text secret.Text) PassphraseFunc {
	return func(context.Context, PassphraseRequest) (secret.Text, error) { return text, nil }
}

// Each thing that can be wrong has its own kind, sentence and remedy, and none of them shows a secret.
func TestLoadFaults(t *testing.T) {
	good, other := newAuthority(t, "good root"), newAuthority(t, "other root")
	key := mustEC(t)
	plainKey := keyPEM(t, key)
	leaf := good.issue(t, "alice", key, nil)
	chain := certificatePEM(leaf, good.intermediate, good.root)
	with := func(edit func(*x509.Certificate)) []byte {
		return append(certificatePEM(good.issue(t, "alice", key, edit)), plainKey...)
	}
	dir := t.TempDir()
	path := func(name string, content []byte) string { return writeFile(t, filepath.Join(dir, name), content) }
	path("key.pem", plainKey)
	path("pass", []byte("secret-1"))
	openssl(t, dir, "pkcs8", "-topk8", "-in", "key.pem", "-out", "locked.pem", "-passout", "file:pass")
	openssl(t, dir, "pkcs8", "-topk8", "-v1", "PBE-SHA1-3DES", "-in", "key.pem", "-out", "old.pem", "-passout", "file:pass")
	archive, err := pkcs12.Modern2023.Encode(key, leaf, nil, "secret-1")
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	file := func(content []byte) CertificateSelection {
		files++
		return CertificateSelection{CertificateFile: path(fmt.Sprint("file", files), content)}
	}
	locked := CertificateSelection{CertificateFile: path("chain.pem", chain), KeyFile: filepath.Join(dir, "locked.pem")}
	tests := []struct {
		name      string
		selection CertificateSelection
		ask       PassphraseFunc
		require   CertificateRequirements
		want      error
	}{
		{"nothing chosen", CertificateSelection{}, nil, CertificateRequirements{}, ErrNoSource},
		{"only a key", CertificateSelection{KeyFile: filepath.Join(dir, "key.pem")}, nil, CertificateRequirements{}, ErrNoCertificate},
		{"a key for a certificate", file(plainKey), nil, CertificateRequirements{}, ErrNoCertificate},
		{"no key", file(chain), nil, CertificateRequirements{}, ErrNoKey},
		{"no key in the key's file", CertificateSelection{CertificateFile: path("c", chain), KeyFile: path("k", chain)}, nil, CertificateRequirements{}, ErrNoKey},
		{"an empty file", file(nil), nil, CertificateRequirements{}, ErrNoCertificate},
		{"another kind of file", file([]byte("hello")), nil, CertificateRequirements{}, ErrUnreadable},
		{"a damaged PKCS#12 file", file(archive[:len(archive)-20]), answer("secret-1"), CertificateRequirements{}, ErrUnreadable},
		{"PKCS#12 in BER", file([]byte{0x30, 0x80, 2, 1, 3, 0x30, 0x80}), nil, CertificateRequirements{}, ErrNotDER},
		{"another's key", file(slices.Concat(chain, keyPEM(t, mustEC(t)))), nil, CertificateRequirements{}, ErrKeyMismatch},
		{"a locked key", locked, nil, CertificateRequirements{}, ErrEncryptedKey},
		{"a wrong passphrase", locked, answer("wrong-1"), CertificateRequirements{}, ErrWrongPassword},
		{"an empty passphrase", locked, answer(""), CertificateRequirements{}, ErrWrongPassword},
		{"a locked PKCS#12 file", file(archive), nil, CertificateRequirements{}, ErrEncryptedKey},
		{"a wrong password", file(archive), answer("wrong-1"), CertificateRequirements{}, ErrWrongPassword},
		{"an old encryption", CertificateSelection{CertificateFile: path("c2", chain), KeyFile: filepath.Join(dir, "old.pem")}, answer("secret-1"), CertificateRequirements{}, ErrUnsupportedKey},
		{"nobody answers", locked, func(context.Context, PassphraseRequest) (secret.Text, error) { return "", ErrCancelled }, CertificateRequirements{}, ErrCancelled},
		{"expired", file(with(func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Minute) })), nil, CertificateRequirements{}, ErrExpired},
		{"not yet valid", file(with(func(c *x509.Certificate) { c.NotBefore = now.Add(time.Minute) })), nil, CertificateRequirements{}, ErrNotYetValid},
		{"for servers", file(with(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })), nil, CertificateRequirements{}, ErrNotForClients},
		{"another thumbprint", file(with(nil)), nil, CertificateRequirements{Thumbprint: "DF3C24F9BFD666761B268073FE06D1CC8D4F82A4"}, ErrWrongThumbprint},
		{"another issuer", file(with(nil)), nil, CertificateRequirements{Issuer: "other root"}, ErrWrongIssuer},
		{"another root", file(slices.Concat(chain, plainKey)), nil, CertificateRequirements{Roots: []*x509.Certificate{other.root}}, ErrUnknownRoot},
		{"a gap before the root", file(with(nil)), nil, CertificateRequirements{Roots: []*x509.Certificate{good.root}}, ErrUnknownRoot},
		{"no such file", CertificateSelection{CertificateFile: filepath.Join(dir, "none")}, nil, CertificateRequirements{}, fs.ErrNotExist},
	}
	texts := make(map[string]string)
	for _, test := range tests {
		test.selection.Time, test.selection.Requirements = now, test.require
		certificate, err := Load(t.Context(), test.selection, test.ask)
		if certificate != nil || !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
			continue
		}
		sentence, remedy, ok := ExplainCertificate(err)
		if ok == (test.want == fs.ErrNotExist) || ok && (sentence == "" || remedy == "") {
			t.Errorf("%s: %q %q", test.name, sentence, remedy)
		}
		if other, taken := texts[sentence]; taken && other != test.want.Error() {
			t.Errorf("%s says the same as %s", test.name, other)
		}
		texts[sentence] = test.want.Error()
		if all := err.Error() + sentence + remedy; strings.Contains(all, "secret-1") || strings.Contains(all, "wrong-1") {
			t.Errorf("%s shows a passphrase: %s", test.name, all)
		}
	}
}

// What people choose by mistake and what is right all the same: one file for both, DER, the portal's base64, a key labelled as another kind.
func TestLoadKindsByContent(t *testing.T) {
	authority := newAuthority(t, "root")
	key := mustEC(t)
	leaf := authority.issue(t, "alice", key, nil)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	archive, err := pkcs12.LegacyRC2.Encode(key, leaf, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := func(name string, content []byte) string { return writeFile(t, filepath.Join(dir, name), content) }
	sec1, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	mislabelled := strings.ReplaceAll(string(keyPEM(t, key)), base64Of(der), base64Of(sec1))
	tests := map[string]CertificateSelection{
		"one file, key first":    {CertificateFile: path("one.pem", append(keyPEM(t, key), certificatePEM(leaf)...))},
		"DER":                    {CertificateFile: path("user.cer", leaf.Raw), KeyFile: path("key.der", der)},
		"base64":                 {CertificateFile: path("user.txt", []byte(base64Of(leaf.Raw))), KeyFile: path("key.der", der)},
		"PKCS#12 as certificate": {CertificateFile: path("user.p12", archive)},
		"PEM as PKCS#12":         {PKCS12File: path("one.p12", append(certificatePEM(leaf), keyPEM(t, key)...))},
		"Windows line ends":      {CertificateFile: path("crlf.pem", []byte("\ufeff"+strings.ReplaceAll("Bag Attributes\n"+string(certificatePEM(leaf))+string(keyPEM(t, key)), "\n", "\r\n")))},
		"mislabelled":            {CertificateFile: path("c.pem", certificatePEM(leaf)), KeyFile: path("k.pem", []byte(mislabelled))},
	}
	for name, selection := range tests {
		selection.Time = now
		if certificate, err := Load(t.Context(), selection, nil); err != nil || !certificate.Leaf.Equal(leaf) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Load(t.Context(), CertificateSelection{CertificateFile: dir, PKCS12File: dir}, nil); err == nil {
		t.Error("two sources were taken")
	}
}

func base64Of(der []byte) string {
	var lines []string
	for text := base64.StdEncoding.EncodeToString(der); text != ""; {
		n := min(64, len(text))
		lines, text = append(lines, text[:n]), text[n:]
	}
	return strings.Join(lines, "\n")
}

func TestLoadFromProfile(t *testing.T) {
	authority := newAuthority(t, "root")
	key := mustEC(t)
	leaf := authority.issue(t, "alice", key, nil)
	inside := &profiles.Profile{Name: "Contoso", Authentication: profiles.Authentication{
		ClientCert: secret.Text(certificatePEM(leaf, authority.intermediate)), ClientKey: secret.Text(keyPEM(t, key)),
		Certificate: &profiles.CertificateSelector{Thumbprint: Thumbprint(leaf), Issuer: "root intermediate"}}}
	archive, err := pkcs12.Modern2023.Encode(key, leaf, []*x509.Certificate{authority.intermediate}, passphrase)
	if err != nil {
		t.Fatal(err)
	}
	archived := &profiles.Profile{Name: "Contoso", Authentication: profiles.Authentication{PKCS12: secret.Text(archive)}}
	onlyCertificate := *inside
	onlyCertificate.Authentication.ClientKey = ""
	keyFile := writeFile(t, filepath.Join(t.TempDir(), "key.pem"), keyPEM(t, key))
	for name, test := range map[string]struct {
		profile *profiles.Profile
		keyFile string
	}{"PEM": {inside, ""}, "PKCS#12": {archived, ""}, "the key in a file": {&onlyCertificate, keyFile}} {
		selection := SelectionFor(test.profile, &settings.CertificateSource{KeyFile: test.keyFile})
		selection.Time = now
		certificate, err := Load(t.Context(), selection, answer(passphrase))
		if err != nil || len(certificate.Certificate) != 2 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Load(t.Context(), SelectionFor(&onlyCertificate, nil), nil); !errors.Is(err, ErrNoKey) {
		t.Error(err)
	}
	wrong := SelectionFor(inside, &settings.CertificateSource{Issuer: "someone else"})
	wrong.Time = now
	if _, err := Load(t.Context(), wrong, nil); !errors.Is(err, ErrWrongIssuer) {
		t.Error(err)
	}
}

// A folder of certificates: what fits is found, and nobody is asked for the passphrase of a file that cannot hold it.
func TestFolder(t *testing.T) {
	authority := newAuthority(t, "root")
	dir := t.TempDir()
	write := func(name string, content []byte) { writeFile(t, filepath.Join(dir, name), content) }
	make := func(name string, edit func(*x509.Certificate)) (*x509.Certificate, crypto.Signer) {
		key := mustEC(t)
		return authority.issue(t, name, key, edit), key
	}
	old, oldKey := make("alice", func(c *x509.Certificate) { c.NotBefore = now.Add(-3 * time.Hour) })
	newer, newerKey := make("alice", nil)
	expired, expiredKey := make("alice", func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Second) })
	bob, bobKey := make("bob", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })
	carol, carolKey := make("carol", nil)
	write("1.pem", append(certificatePEM(old), keyPEM(t, oldKey)...))
	write("2.crt", certificatePEM(newer))
	write("2.key", keyPEM(t, newerKey))
	write("3.pem", append(certificatePEM(expired), keyPEM(t, expiredKey)...))
	write("4.pem", append(certificatePEM(bob), keyPEM(t, bobKey)...))
	write("ca.cer", certificatePEM(authority.intermediate, authority.root))
	write("damaged.p12", []byte("0"))
	write("notes.txt", []byte("-----BEGIN CERTIFICATE-----"))
	write("carol.crt", certificatePEM(carol))
	write("plain", keyPEM(t, carolKey))
	write("pass", []byte(passphrase))
	openssl(t, dir, "pkcs8", "-topk8", "-in", "plain", "-out", "carol.key", "-passout", "file:pass")
	if err := os.Mkdir(filepath.Join(dir, "folder.pem"), 0o700); err != nil {
		t.Fatal(err)
	}

	asked := 0
	load := func(requirements CertificateRequirements) (*x509.Certificate, error) {
		asked = 0
		certificate, err := Load(t.Context(), CertificateSelection{CertificateFile: dir, Time: now, Requirements: requirements}, func(_ context.Context, request PassphraseRequest) (secret.Text, error) {
			asked++
			if !strings.HasSuffix(request.File, "carol.key") {
				t.Errorf("asked for %s", request.File)
			}
			return passphrase, nil
		})
		if err != nil {
			return nil, err
		}
		if len(certificate.Certificate) != 2 {
			t.Errorf("%d certificates are sent", len(certificate.Certificate))
		}
		return certificate.Leaf, nil
	}
	for name, test := range map[string]struct {
		require CertificateRequirements
		want    *x509.Certificate
		asks    int
	}{
		"the newest":            {CertificateRequirements{}, newer, 0},
		"by thumbprint":         {CertificateRequirements{Thumbprint: strings.ToUpper(Thumbprint(old))}, old, 0},
		"by thumbprint, locked": {CertificateRequirements{Thumbprint: Thumbprint(carol)}, carol, 1},
	} {
		if leaf, err := load(test.require); err != nil || !leaf.Equal(test.want) || asked != test.asks {
			t.Errorf("%s: %v, asked %d times", name, err, asked)
		}
	}
	if _, err := load(CertificateRequirements{Thumbprint: Thumbprint(expired)}); !errors.Is(err, ErrExpired) || asked != 0 {
		t.Errorf("expired: %v, asked %d times", err, asked)
	}
	if _, err := load(CertificateRequirements{Issuer: "nobody"}); !errors.Is(err, ErrWrongIssuer) {
		t.Error(err)
	}
	dave, daveKey := make("dave", nil)
	write("5.pem", append(certificatePEM(dave), keyPEM(t, daveKey)...))
	_, err := load(CertificateRequirements{})
	var ambiguous *AmbiguousCertificateError
	if !errors.As(err, &ambiguous) || len(ambiguous.Candidates) != 2 {
		t.Fatal(err)
	}
	for _, part := range []string{Thumbprint(newer), Thumbprint(dave), "alice", "dave", "5.pem", "2.crt", "root intermediate"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("no %s in: %v", part, err)
		}
	}
	empty := t.TempDir()
	if _, err := Load(t.Context(), CertificateSelection{CertificateFile: empty}, nil); !errors.Is(err, ErrNoCertificate) {
		t.Error(err)
	}
	writeFile(t, filepath.Join(empty, "c.crt"), certificatePEM(dave))
	if _, err := Load(t.Context(), CertificateSelection{CertificateFile: empty}, nil); !errors.Is(err, ErrNoKey) {
		t.Error(err)
	}
}

func TestExpiryWarning(t *testing.T) {
	key := mustEC(t)
	for _, test := range []struct {
		left time.Duration
		days int
		say  string
	}{
		{31 * 24 * time.Hour, 0, ""},
		{30 * 24 * time.Hour, 30, "Your client certificate alice ends in 30 days, on 2026-12-23. Ask your helpdesk for a new one."},
		{25 * time.Hour, 2, "in 2 days"},
		{time.Hour, 1, "within a day"},
		{-time.Second, 0, ""},
	} {
		leaf := issue(t, "alice", key, nil, nil, func(c *x509.Certificate) { c.NotAfter = now.Add(test.left) })
		certificate, err := ParsePEM(certificatePEM(leaf), keyPEM(t, key))
		if err != nil {
			t.Fatal(err)
		}
		warning := ExpiryWarning(certificate, now)
		if (warning == nil) != (test.days == 0) || warning != nil && (warning.Days != test.days || !strings.Contains(warning.String(), test.say)) {
			t.Errorf("%v left: %v", test.left, warning)
		}
	}
}
