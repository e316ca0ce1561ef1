package authority

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/client/signin/certinspect"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// testRoot is made once: its key takes a moment.
var testRoot = sync.OnceValues(func() (*Authority, error) {
	return NewRoot(RootOptions{CommonName: "Contoso P2S Root", Years: 3, KeyType: RSA2048, Time: now})
})

func root(t *testing.T) *Authority {
	t.Helper()
	made, err := testRoot()
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func issueOne(t *testing.T, options IssueOptions) *Client {
	t.Helper()
	if options.Time.IsZero() {
		options.Time = now
	}
	clients, err := root(t).Issue(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	return clients[0]
}

func answer(password secret.Text) signin.PassphraseFunc {
	return func(context.Context, signin.PassphraseRequest) (secret.Text, error) { return password, nil }
}

func TestNewRoot(t *testing.T) {
	made := root(t).Certificate
	if !made.IsCA || made.KeyUsage&x509.KeyUsageCertSign == 0 || made.Subject.CommonName != "Contoso P2S Root" || !made.NotAfter.Equal(now.AddDate(3, 0, 0)) || !made.NotBefore.Before(now) || made.SignatureAlgorithm != x509.SHA256WithRSA {
		t.Errorf("%+v", made)
	}
	for _, wrong := range []RootOptions{{}, {CommonName: "  "}, {CommonName: strings.Repeat("a", 65)}, {CommonName: "a\nb"}} {
		if _, err := NewRoot(wrong); !errors.Is(err, ErrName) {
			t.Errorf("%q: %v", wrong.CommonName, err)
		}
	}
	if _, err := NewRoot(RootOptions{CommonName: "x", KeyType: P256}); !errors.Is(err, ErrKeyType) {
		t.Error(err)
	}
	for _, years := range []int{-1, 51} {
		if _, err := NewRoot(RootOptions{CommonName: "x", Years: years}); !errors.Is(err, ErrValidity) {
			t.Error(err)
		}
	}
}

func TestNewRootTakesTheLargeKeyByDefault(t *testing.T) {
	made, err := NewRoot(RootOptions{CommonName: "x"})
	if err != nil {
		t.Fatal(err)
	}
	if report := certinspect.Inspect(made.Certificate, nil, certinspect.Options{}); report.KeyType != "RSA 4096" || report.DaysLeft < 3600 || !report.Complete {
		t.Errorf("%+v", report)
	}
}

func TestIssue(t *testing.T) {
	known := signin.CertificateRequirements{Roots: []*x509.Certificate{root(t).Certificate}}
	for _, test := range []struct {
		options  IssueOptions
		dns      []string
		email    []string
		findings []string
	}{
		{IssueOptions{For: "alice@sales.contoso.com"}, nil, []string{"alice@sales.contoso.com"}, nil},
		{IssueOptions{For: " alice "}, []string{"alice"}, nil, []string{certinspect.NoUserGroup}},
		{IssueOptions{For: "laptop-7.contoso.com", KeyType: P256}, []string{"laptop-7.contoso.com"}, nil, []string{certinspect.UnusualKey, certinspect.NoUserGroup}},
		{IssueOptions{For: "Zoë de Vries@sales"}, nil, nil, nil},
		{IssueOptions{For: "bob@sales", WithoutAltName: true}, nil, nil, nil},
	} {
		client := issueOne(t, test.options)
		made := client.Certificate
		if !slices.Equal(made.DNSNames, test.dns) || !slices.Equal(made.EmailAddresses, test.email) || made.Subject.CommonName != strings.TrimSpace(test.options.For) {
			t.Errorf("%s: %s %v %v", test.options.For, made.Subject, made.DNSNames, made.EmailAddresses)
		}
		if made.IsCA || made.KeyUsage != x509.KeyUsageDigitalSignature || !slices.Equal(made.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}) || !made.NotAfter.Equal(now.Add(365*24*time.Hour)) {
			t.Errorf("%s: %+v", test.options.For, made)
		}
		report := certinspect.Inspect(made, client.Issuers, certinspect.Options{Time: now, Requirements: known})
		var found []string
		for _, f := range report.Findings {
			found = append(found, f.Code)
		}
		if !slices.Equal(found, test.findings) {
			t.Errorf("%s: %v", test.options.For, found)
		}
	}
	several, err := root(t).Issue(t.Context(), IssueOptions{For: "bob@sales", Count: 3, KeyType: P256, Days: 7, Time: now})
	if err != nil || len(several) != 3 || several[2].Name != "bob-3@sales" || several[0].Certificate.Equal(several[1].Certificate) || !several[0].Certificate.NotAfter.Equal(now.Add(7*24*time.Hour)) {
		t.Errorf("%v %v", several, err)
	}
	if several[0].Certificate.SerialNumber.Cmp(several[1].Certificate.SerialNumber) == 0 {
		t.Error("two certificates have the same serial number")
	}
	end := root(t).Certificate.NotAfter
	for name, test := range map[string]struct {
		options IssueOptions
		want    error
	}{
		"nobody":             {IssueOptions{Time: now}, ErrName},
		"too long, numbered": {IssueOptions{For: strings.Repeat("a", 64), Count: 2, KeyType: P256, Time: now}, ErrName},
		"another key":        {IssueOptions{For: "a", KeyType: "dsa", Time: now}, ErrKeyType},
		"outlives the root":  {IssueOptions{For: "a", Days: 5000, Time: now}, ErrValidity},
		"negative days":      {IssueOptions{For: "a", Days: -1, Time: now}, ErrValidity},
		"an expired root":    {IssueOptions{For: "a", Time: end.Add(time.Second)}, ErrValidity},
	} {
		if _, err := root(t).Issue(t.Context(), test.options); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, count := range []int{-1, mostAtOnce + 1} {
		if _, err := root(t).Issue(t.Context(), IssueOptions{For: "a", Count: count, Time: now}); err == nil {
			t.Errorf("%d were made", count)
		}
	}
	if last := issueOne(t, IssueOptions{For: "a", Time: end.Add(-time.Hour), KeyType: P256}); !last.Certificate.NotAfter.Equal(end) {
		t.Error("by default a certificate outlives its root")
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := root(t).Issue(cancelled, IssueOptions{For: "a", Count: 100, Time: now}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestSaveAndOpen(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"root.p12", "root.pem"} {
		path := filepath.Join(dir, name)
		if err := root(t).Save(path, "root-password"); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, info, err)
		}
		opened, err := Open(t.Context(), path, answer("root-password"))
		if err != nil || !opened.Certificate.Equal(root(t).Certificate) || !opened.Root().Equal(root(t).Certificate) {
			t.Fatalf("%s: %v", name, err)
		}
		clients, err := opened.Issue(t.Context(), IssueOptions{For: "alice", KeyType: P256, Time: now})
		if err != nil || clients[0].Certificate.CheckSignatureFrom(root(t).Certificate) != nil {
			t.Errorf("%s: %v", name, err)
		}
		var asked []signin.PassphraseRequest
		_, err = Open(t.Context(), path, func(_ context.Context, request signin.PassphraseRequest) (secret.Text, error) {
			if asked = append(asked, request); request.Wrong {
				return "", signin.ErrCancelled
			}
			return "wrong", nil
		})
		if !errors.Is(err, signin.ErrCancelled) || len(asked) != 2 || asked[0].File != path {
			t.Errorf("%s: %v, asked %+v", name, err, asked)
		}
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := root(t).Save(path, "other"); !errors.Is(err, ErrExists) {
			t.Errorf("%s was overwritten: %v", name, err)
		}
		if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
			t.Errorf("%s changed: %v", name, err)
		}
	}
	if err := root(t).Save(filepath.Join(dir, "open.pem"), ""); !errors.Is(err, ErrNoPassword) {
		t.Error(err)
	}
	client := issueOne(t, IssueOptions{For: "alice", KeyType: P256})
	data, err := client.PEM("x")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "alice.pem")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path, answer("x")); !errors.Is(err, ErrNotAuthority) {
		t.Error(err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 3 {
		t.Errorf("left in the folder: %v", entries)
	}
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	clients, err := root(t).Issue(t.Context(), IssueOptions{For: "Zoë/de Vries@sales", Count: 2, KeyType: P256, Time: now})
	if err != nil {
		t.Fatal(err)
	}
	written, err := Write(dir, clients, WriteOptions{})
	if err != nil || len(written) != 2 {
		t.Fatal(err)
	}
	if written[0].Password == written[1].Password || !written[0].Generated || len(written[0].Password) != 23 || filepath.Base(written[0].File) != "Zo--de-Vries-1@sales.p12" {
		t.Errorf("%q %+v", written[0].Password.Reveal(), written[0])
	}
	for i, one := range written {
		certificate, err := signin.ReadPKCS12File(one.File, one.Password.Reveal())
		if err != nil || !certificate.Leaf.Equal(clients[i].Certificate) {
			t.Error(err)
		}
		public, err := signin.ReadContents(t.Context(), one.PublicFile, nil)
		if err != nil || len(public.Certificates) != 1 || len(public.Keys) != 0 || signin.Thumbprint(public.Certificates[0]) != one.Thumbprint {
			t.Errorf("%s: %v", one.PublicFile, err)
		}
		if info, err := os.Stat(one.File); err != nil || info.Mode().Perm() != 0o600 {
			t.Error(err)
		}
	}
	// The second name is taken: the first is taken back, since its password would be lost.
	more := []*Client{issueOne(t, IssueOptions{For: "new", KeyType: P256}), clients[0]}
	if written, err := Write(dir, more, WriteOptions{}); !errors.Is(err, ErrExists) || written != nil {
		t.Error(err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 4 {
		t.Errorf("left in the folder: %v", entries)
	}
	pemFile, err := Write(dir, more[:1], WriteOptions{Format: PEM, Password: "chosen"})
	if err != nil || pemFile[0].Generated {
		t.Fatal(err)
	}
	loaded, err := signin.Load(t.Context(), signin.CertificateSelection{CertificateFile: pemFile[0].File, Time: now}, answer("chosen"))
	if err != nil || len(loaded.Certificate) != 1 {
		t.Error(err)
	}
	if _, err := Write(dir, more[:1], WriteOptions{Format: "jks"}); err == nil {
		t.Error("an unknown format was written")
	}
	if _, err := more[0].PKCS12("x", "rot13"); err == nil {
		t.Error("an unknown encryption was written")
	}
}

// An authority below a root: its clients' files hold the whole path, and the gateway needs the root.
func TestAuthorityBelowRoot(t *testing.T) {
	top := root(t)
	key, err := newKey(P256)
	if err != nil {
		t.Fatal(err)
	}
	template := *top.Certificate
	template.Subject.CommonName, template.RawSubject, template.SerialNumber, template.PublicKey, template.SubjectKeyId = "Contoso Users", nil, nil, nil, nil
	certificate, err := sign(&template, top.Certificate, key.Public(), top.key)
	if err != nil {
		t.Fatal(err)
	}
	below := &Authority{Certificate: certificate, Path: []*x509.Certificate{certificate, top.Certificate}, key: key}
	path := filepath.Join(t.TempDir(), "users.p12")
	if err := below.Save(path, "x"); err != nil {
		t.Fatal(err)
	}
	opened, err := Open(t.Context(), path, answer("x"))
	if err != nil || !opened.Root().Equal(top.Certificate) {
		t.Fatal(err)
	}
	clients, err := opened.Issue(t.Context(), IssueOptions{For: "alice", KeyType: P256, Time: now})
	if err != nil {
		t.Fatal(err)
	}
	data, err := clients[0].PKCS12("x", Modern)
	if err != nil {
		t.Fatal(err)
	}
	contents, err := signin.ParsePKCS12Contents(data, "x")
	if err != nil || len(contents.Certificates) != 3 {
		t.Errorf("%d certificates, %v", len(contents.Certificates), err)
	}
	opened.Path = opened.Path[:1]
	if opened.Root() != nil {
		t.Error("a root was made up")
	}
}

func TestGatewayTexts(t *testing.T) {
	made := root(t).Certificate
	text := PortalText(made)
	if der, err := base64.StdEncoding.DecodeString(text); err != nil || string(der) != string(made.Raw) || strings.ContainsAny(text, "\r\n -") {
		t.Errorf("%v %s", err, text)
	}
	upload := UploadInfo(made, Gateway{"rg-hub", "vpn gw"})
	if upload.Name != "Contoso-P2S-Root" || !strings.HasSuffix(upload.CLI, "root-cert create --resource-group rg-hub --gateway-name 'vpn gw' --name Contoso-P2S-Root --public-cert-data "+text) || !strings.Contains(upload.PowerShell, "-PublicCertData "+text) {
		t.Errorf("%+v", upload)
	}
	client := issueOne(t, IssueOptions{For: "alice@sales", KeyType: P256})
	revoke := RevokeInfo(client.Certificate, Gateway{})
	thumbprint := strings.ToUpper(signin.Thumbprint(client.Certificate))
	if revoke.CommonName != "alice@sales" || revoke.Name != "alice-sales" || revoke.Thumbprint != thumbprint || revoke.Portal == "" ||
		revoke.CLI != "az network vnet-gateway revoked-cert create --resource-group RESOURCE-GROUP --gateway-name GATEWAY --name alice-sales --thumbprint "+thumbprint ||
		!strings.HasPrefix(revoke.PowerShell, "Add-AzVpnClientRevokedCertificate ") {
		t.Errorf("%+v", revoke)
	}
	path := filepath.Join(t.TempDir(), "root.cer")
	if err := WriteRoot(path, made); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if block, _ := pem.Decode(content); err != nil || block == nil || string(block.Bytes) != string(made.Raw) {
		t.Error(err)
	}
	if err := WriteRoot(path, made); !errors.Is(err, ErrExists) {
		t.Error(err)
	}
	for name, want := range map[string]string{"../../etc/passwd": "etc-passwd", "": "certificate", "é": "certificate", ".hidden": "hidden", "a b": "a-b"} {
		if got := FileName(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func openssl(t *testing.T, arguments ...string) string {
	t.Helper()
	out, err := exec.Command("openssl", arguments...).CombinedOutput()
	if err != nil {
		t.Fatalf("openssl %s: %v\n%s", strings.Join(arguments, " "), err, out)
	}
	return string(out)
}

// What another implementation makes of it.
func TestOpenSSL(t *testing.T) {
	dir := t.TempDir()
	rootFile, publicFile := filepath.Join(dir, "root.cer"), filepath.Join(dir, "alice.cer")
	if err := WriteRoot(rootFile, root(t).Certificate); err != nil {
		t.Fatal(err)
	}
	client := issueOne(t, IssueOptions{For: "alice@sales.contoso.com"})
	if err := writeNew(publicFile, certificatePEM(client.Certificate), publicMode); err != nil {
		t.Fatal(err)
	}
	openssl(t, "verify", "-x509_strict", "-purpose", "sslclient", "-attime", "1795435200", "-CAfile", rootFile, publicFile)
	shown := openssl(t, "x509", "-in", publicFile, "-noout", "-text")
	for _, part := range []string{"TLS Web Client Authentication", "Digital Signature", "email:alice@sales.contoso.com", "CA:FALSE"} {
		if !strings.Contains(shown, part) {
			t.Errorf("no %q in\n%s", part, shown)
		}
	}
	for encryption, test := range map[Encryption]struct {
		arguments []string
		algorithm string
	}{Modern: {nil, "AES-256-CBC"}, Legacy: {[]string{"-legacy"}, "pbeWithSHA1And3-KeyTripleDES-CBC"}} {
		data, err := client.PKCS12("opens it", encryption)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, string(encryption)+".p12")
		if err := writeNew(path, data, privateMode); err != nil {
			t.Fatal(err)
		}
		password := filepath.Join(dir, string(encryption)+".password")
		if err := writeNew(password, []byte("opens it"), privateMode); err != nil {
			t.Fatal(err)
		}
		out := openssl(t, append([]string{"pkcs12", "-in", path, "-info", "-nodes", "-passin", "file:" + password}, test.arguments...)...)
		if strings.Count(out, "BEGIN CERTIFICATE") != 2 || strings.Count(out, "PRIVATE KEY-----") != 2 || !strings.Contains(out, test.algorithm) {
			t.Errorf("%s: %s", encryption, strings.Split(out, "-----BEGIN")[0])
		}
	}
}
