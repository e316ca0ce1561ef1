package certinspect

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/youmark/pkcs8"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

var rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func issue(t *testing.T, template x509.Certificate, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer) *x509.Certificate {
	t.Helper()
	if template.NotAfter.IsZero() {
		template.NotBefore, template.NotAfter = now.Add(-time.Hour), now.Add(100*24*time.Hour)
	}
	if parent == nil {
		parent = &template
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, parent, public, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

// world is a root, an authority below it, and a user's key.
type world struct {
	root, intermediate *x509.Certificate
	caKey              *ecdsa.PrivateKey
	key                *rsa.PrivateKey
}

func newWorld(t *testing.T) world {
	t.Helper()
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := rsaKey()
	if err != nil {
		t.Fatal(err)
	}
	ca := x509.Certificate{Subject: pkix.Name{CommonName: "Contoso Root"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	root := issue(t, ca, nil, caKey.Public(), caKey)
	ca.Subject.CommonName = "Contoso Users"
	return world{root, issue(t, ca, root, caKey.Public(), caKey), caKey, key}
}

// good is what a helpdesk should hand out.
func good() x509.Certificate {
	return x509.Certificate{Subject: pkix.Name{CommonName: "alice@sales.contoso.com"}, EmailAddresses: []string{"alice@sales.contoso.com"},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
}

func (w world) issue(t *testing.T, edit func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	template := good()
	if edit != nil {
		edit(&template)
	}
	return issue(t, template, w.intermediate, w.key.Public(), w.caKey)
}

func codes(r *Report) []string {
	var list []string
	for _, f := range r.Findings {
		list = append(list, string(f.Severity)+" "+f.Code)
	}
	slices.Sort(list)
	return list
}

func TestGoodCertificate(t *testing.T) {
	w := newWorld(t)
	leaf := w.issue(t, nil)
	r := Inspect(leaf, []*x509.Certificate{w.root, w.intermediate, leaf}, Options{Time: now})
	if len(r.Findings) > 0 || !r.Usable() {
		t.Errorf("findings %+v", r.Findings)
	}
	if r.CommonName != "alice@sales.contoso.com" || r.UserGroup != "sales.contoso.com" || r.Issuer != "CN=Contoso Users" || r.KeyType != "RSA 2048" || r.DaysLeft != 100 ||
		r.Thumbprint != signin.Thumbprint(leaf) || len(r.SHA256) != 64 || !r.Complete || r.RootThumbprint != signin.Thumbprint(w.root) ||
		!slices.Equal(r.KeyUsage, []string{"digitalSignature"}) || !slices.Equal(r.ExtendedKeyUsage, []string{"clientAuth"}) || !slices.Equal(r.AlternativeNames, []string{"alice@sales.contoso.com"}) {
		t.Errorf("%+v", r)
	}
	var sent, roots []bool
	for _, c := range r.Path {
		sent, roots = append(sent, c.Sent), append(roots, c.Root)
	}
	if !slices.Equal(sent, []bool{true, true, false}) || !slices.Equal(roots, []bool{false, false, true}) {
		t.Errorf("path %+v", r.Path)
	}
	encoded, err := json.Marshal(r)
	if err != nil || !strings.Contains(string(encoded), `"root_thumbprint":"`+r.RootThumbprint) || !strings.Contains(string(encoded), `"user_group":"sales.contoso.com"`) {
		t.Errorf("%v %s", err, encoded)
	}
}

func TestFindings(t *testing.T) {
	w := newWorld(t)
	other := newWorld(t)
	all := []*x509.Certificate{w.intermediate, w.root}
	small, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	expired := x509.Certificate{Subject: pkix.Name{CommonName: "Contoso Users"}, IsCA: true, BasicConstraintsValid: true, NotBefore: now.Add(-48 * time.Hour), NotAfter: now.Add(-24 * time.Hour)}
	tests := []struct {
		name    string
		edit    func(*x509.Certificate)
		others  []*x509.Certificate
		require signin.CertificateRequirements
		want    []string
	}{
		{"expired", func(c *x509.Certificate) { c.NotBefore, c.NotAfter = now.Add(-time.Hour), now.Add(-time.Minute) }, all, signin.CertificateRequirements{}, []string{"error " + Expired}},
		{"not yet valid", func(c *x509.Certificate) { c.NotBefore, c.NotAfter = now.Add(time.Hour), now.Add(1000*time.Hour) }, all, signin.CertificateRequirements{}, []string{"error " + NotYetValid}},
		{"ends soon", func(c *x509.Certificate) { c.NotBefore, c.NotAfter = now.Add(-time.Hour), now.Add(time.Hour) }, all, signin.CertificateRequirements{}, []string{"warning " + ExpiresSoon}},
		{"for servers and expired", func(c *x509.Certificate) {
			c.ExtKeyUsage, c.NotBefore, c.NotAfter = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, now.Add(-time.Hour), now.Add(-time.Minute)
		}, all, signin.CertificateRequirements{Thumbprint: "00", Issuer: "x", Roots: []*x509.Certificate{other.root}},
			[]string{"error " + Expired, "error " + NoClientAuth, "error " + UnknownRoot, "error " + WrongIssuer, "error " + WrongThumbprint}},
		{"no use named", func(c *x509.Certificate) { c.ExtKeyUsage, c.KeyUsage = nil, 0 }, all, signin.CertificateRequirements{}, nil},
		{"no signatures", func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }, all, signin.CertificateRequirements{}, []string{"error " + NoDigitalSignature}},
		{"issuer not there", nil, nil, signin.CertificateRequirements{}, []string{"note " + IssuerMissing}},
		{"a gap before a known root", nil, nil, signin.CertificateRequirements{Roots: []*x509.Certificate{w.root}}, []string{"error " + UnknownRoot}},
		{"the issuer is known", nil, nil, signin.CertificateRequirements{Roots: []*x509.Certificate{w.intermediate}}, nil},
		{"issuer expired", nil, []*x509.Certificate{issue(t, expired, w.root, w.caKey.Public(), w.caKey), w.root}, signin.CertificateRequirements{}, []string{"error " + IssuerExpired}},
		{"another alternative name", func(c *x509.Certificate) { c.EmailAddresses = []string{"bob@contoso.com"} }, all, signin.CertificateRequirements{}, []string{"warning " + AltNameDiffers}},
		{"no common name", func(c *x509.Certificate) { c.Subject.CommonName = "" }, all, signin.CertificateRequirements{}, []string{"warning " + NoCommonName}},
		{"no group", func(c *x509.Certificate) { c.Subject.CommonName, c.EmailAddresses = "alice", nil }, all, signin.CertificateRequirements{}, []string{"note " + NoUserGroup}},
		{"an authority", func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true }, all, signin.CertificateRequirements{}, []string{"warning " + IsAuthority}},
	}
	for _, test := range tests {
		r := Inspect(w.issue(t, test.edit), test.others, Options{Time: now, Requirements: test.require})
		if !slices.Equal(codes(r), test.want) {
			t.Errorf("%s: %v, want %v", test.name, codes(r), test.want)
		}
		for _, f := range r.Findings {
			if f.Sentence == "" || f.Remedy == "" {
				t.Errorf("%s: %+v says nothing", test.name, f)
			}
		}
		if r.Usable() == slices.ContainsFunc(test.want, func(code string) bool { return strings.HasPrefix(code, "error") }) {
			t.Errorf("%s: usable: %v", test.name, r.Usable())
		}
	}
	own := issue(t, good(), nil, small.Public(), small)
	if r := Inspect(own, nil, Options{Time: now}); !slices.Equal(codes(r), []string{"note " + UnusualKey, "warning " + SelfSigned}) || r.KeyType != "ECDSA P-256" {
		t.Errorf("%v %s", codes(r), r.KeyType)
	}
	if daysLeft(now.Add(-time.Hour), now) != -1 || daysLeft(now.Add(25*time.Hour), now) != 1 || daysLeft(now.Add(time.Hour), now) != 0 {
		t.Error("days are counted wrongly")
	}
}

func write(t *testing.T, path string, mode os.FileMode, parts ...[]byte) string {
	t.Helper()
	if err := os.WriteFile(path, slices.Concat(parts...), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func inPEM(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func TestFile(t *testing.T) {
	w := newWorld(t)
	leaf := w.issue(t, nil)
	der, err := x509.MarshalPKCS8PrivateKey(w.key)
	if err != nil {
		t.Fatal(err)
	}
	lockedDER, err := pkcs8.MarshalPrivateKey(w.key, []byte("open"), nil)
	if err != nil {
		t.Fatal(err)
	}
	archive, err := pkcs12.Modern2023.Encode(w.key, leaf, []*x509.Certificate{w.intermediate, w.root}, "open")
	if err != nil {
		t.Fatal(err)
	}
	otherKey, err := x509.MarshalPKCS8PrivateKey(newWorld(t).caKey)
	if err != nil {
		t.Fatal(err)
	}
	chain := slices.Concat(inPEM("CERTIFICATE", w.root.Raw), inPEM("CERTIFICATE", leaf.Raw), inPEM("CERTIFICATE", w.intermediate.Raw))
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	key := write(t, path("key.pem"), 0o600, inPEM("PRIVATE KEY", der))
	locked := write(t, path("locked.pem"), 0o600, inPEM("ENCRYPTED PRIVATE KEY", lockedDER))
	ask := func(context.Context, signin.PassphraseRequest) (secret.Text, error) { return "open", nil }
	for _, test := range []struct {
		name, file string
		options    Options
		state      KeyState
		want       []string
	}{
		{"certificates alone", write(t, path("chain.pem"), 0o644, chain), Options{}, KeyMissing, []string{"note " + KeyNotThere}},
		{"with the key", write(t, path("both.pem"), 0o600, chain, inPEM("PRIVATE KEY", der)), Options{}, KeyPresent, nil},
		{"readable by others", write(t, path("open.pem"), 0o644, chain, inPEM("PRIVATE KEY", der)), Options{}, KeyPresent, []string{"warning " + KeyReadable}},
		{"the key apart", path("chain.pem"), Options{KeyFile: key}, KeyPresent, nil},
		{"a locked key apart", path("chain.pem"), Options{KeyFile: locked}, KeyLocked, nil},
		{"a locked key unlocked", path("chain.pem"), Options{KeyFile: locked, Ask: ask}, KeyPresent, nil},
		{"a locked key", write(t, path("lockedboth.pem"), 0o600, chain, inPEM("ENCRYPTED PRIVATE KEY", lockedDER)), Options{}, KeyLocked, nil},
		{"another's key", path("chain.pem"), Options{KeyFile: write(t, path("other.pem"), 0o600, inPEM("PRIVATE KEY", otherKey))}, KeyMissing, []string{"error " + KeyMismatch}},
		{"PKCS#12", write(t, path("user.p12"), 0o600, archive), Options{Ask: ask}, KeyPresent, nil},
	} {
		test.options.Time = now
		reports, err := File(t.Context(), test.file, test.options)
		if err != nil || len(reports) != 1 {
			t.Errorf("%s: %d reports, %v", test.name, len(reports), err)
			continue
		}
		r := reports[0]
		if r.PrivateKey != test.state || !slices.Equal(codes(r), test.want) || r.Thumbprint != signin.Thumbprint(leaf) || r.File != test.file {
			t.Errorf("%s: key %s, %v", test.name, r.PrivateKey, r.Findings)
		}
	}
	for name, test := range map[string]struct {
		file string
		want error
	}{"a locked PKCS#12 file": {path("user.p12"), signin.ErrEncryptedKey}, "a key": {key, signin.ErrNoCertificate}, "rubbish": {write(t, path("x"), 0o600, []byte("x")), signin.ErrUnreadable}, "nothing": {path("none"), os.ErrNotExist}} {
		if _, err := File(t.Context(), test.file, Options{}); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	second := w.issue(t, func(c *x509.Certificate) { c.Subject.CommonName = "bob@sales.contoso.com" })
	reports, err := File(t.Context(), write(t, path("two.pem"), 0o600, chain, inPEM("CERTIFICATE", second.Raw)), Options{Time: now})
	if err != nil || len(reports) != 2 {
		t.Errorf("%d reports, %v", len(reports), err)
	}
	reports, err = File(t.Context(), write(t, path("root.cer"), 0o600, w.root.Raw), Options{Time: now})
	if err != nil || len(reports) != 1 || !slices.Contains(codes(reports[0]), "warning "+IsAuthority) {
		t.Errorf("a root: %v", err)
	}
}
