package editor

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/certificate"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
	"github.com/footbridge-vpn/footbridge/profiles/store"
	"github.com/footbridge-vpn/footbridge/ui/page/pagetest"
)

// The secrets of gateways here.
var (
	oldSecret = strings.Repeat("00112233445566778899aabbccddeeff", 16)
	newSecret = strings.Repeat("ffeeddccbbaa99887766554433221100", 16)
)

// key is always the same for a number.
func key(number byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{number}, ed25519.SeedSize))
}

// issued is a certificate that another one issued; nil: it issued itself. Its number makes its key.
func issued(t *testing.T, name string, number byte, until int, issuer *x509.Certificate, issuerNumber byte) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(int64(number)), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(until, 1, 1, 0, 0, 0, 0, time.UTC)}
	if issuer == nil {
		issuer, issuerNumber = template, number
	}
	der, err := x509.CreateCertificate(nil, template, issuer, key(number).Public(), key(issuerNumber))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// rootOf is a root of a name.
func rootOf(t *testing.T, name string, number byte) *x509.Certificate {
	t.Helper()
	return issued(t, name, number, 2040, nil, 0)
}

func inPEM(certificates ...*x509.Certificate) []byte {
	var file []byte
	for _, c := range certificates {
		file = append(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return file
}

// azureFile is a profile as Azure generates it, with an element that nobody knows.
func azureFile(name, method string, pins ...string) string {
	hashes := ""
	for _, pin := range pins {
		hashes += "<Cert><hash>" + pin + "</hash></Cert>"
	}
	return fmt.Sprintf(`<AzVpnProfile xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns="http://schemas.datacontract.org/2004/07/">
  <clientauth>
    <aad>
      <audience>c632b3df-fb67-4d84-bdcf-b95ad541b5c8</audience>
      <issuer>https://sts.windows.net/11111111-2222-4333-8444-555555555555/</issuer>
      <tenant>https://login.microsoftonline.com/11111111-2222-4333-8444-555555555555/</tenant>
    </aad>
    <type>%s</type>
  </clientauth>
  <futureelement>kept as it is</futureelement>
  <name>%s</name>
  <protocolconfig><sslprotocolConfig><transportprotocol>tcp</transportprotocol></sslprotocolConfig></protocolconfig>
  <serverlist><ServerEntry><displayname>West</displayname><fqdn>west.vpn.azure.com</fqdn></ServerEntry></serverlist>
  <servervalidation>%s<serversecret>%s</serversecret><type>cert</type></servervalidation>
  <version>1</version>
</AzVpnProfile>`, method, name, hashes, oldSecret)
}

// openVPNFile is a profile as OpenVPN has it, with an option that nobody knows.
func openVPNFile(more string, roots ...*x509.Certificate) string {
	return fmt.Sprintf("client\ndev tun\nproto udp\nremote gateway.example 1194\nsetenv opt future-option 1\nremote-cert-tls server\n%s\n<ca>\n%s</ca>\n", more, inPEM(roots...))
}

func staticKey(digits string) string {
	lines := []string{"#", "# 2048 bit OpenVPN static key", "#", "-----BEGIN OpenVPN Static key V1-----"}
	for at := 0; at < len(digits); at += 32 {
		lines = append(lines, digits[at:at+32])
	}
	return strings.Join(append(lines, "-----END OpenVPN Static key V1-----", ""), "\n")
}

// kept is a store with one profile, Contoso, with certificates that lay beside it.
func kept(t *testing.T, file string, beside ...*x509.Certificate) *store.Store {
	t.Helper()
	into, err := store.Open(t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	imported, err := profiles.Import(strings.NewReader(file), profiles.ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	profile := imported.Profiles[0]
	profile.Gateway.Roots = certificate.Add(profile.Gateway.Roots, beside...)
	if _, _, err := into.Add(profile, store.AddOptions{Name: "Contoso", Settings: &settings.Settings{}}); err != nil {
		t.Fatal(err)
	}
	return into
}

func draftOf(t *testing.T, into *store.Store, change ...func(*client.View)) *Draft {
	t.Helper()
	view := viewOf(t, into)
	for _, c := range change {
		c(&view)
	}
	contoso, ok := view.Named("Contoso")
	if !ok {
		t.Fatal("it is gone")
	}
	return NewDraft(english(t), pagetest.Moment, view, contoso)
}

// saved saves a draft and reads what became of the profile, and of its file.
func saved(t *testing.T, d *Draft, into *store.Store) (*profiles.Profile, string) {
	t.Helper()
	if !d.Valid() || !d.Changed() {
		t.Fatalf("nothing to save: changed %v, wrong %q", d.Changed(), d.wrong)
	}
	if err := d.Save(into); err != nil {
		t.Fatal(err)
	}
	entry, err := into.Get(d.before.ID)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(entry.Path)
	if err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(entry.Path), ".*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range left {
		if info, err := os.Stat(name); err == nil && info.Size() > 0 {
			t.Errorf("%s is left beside", name)
		}
	}
	return entry.Profile, string(file)
}

// empty is a store with nothing in it.
func empty(t *testing.T) *store.Store {
	t.Helper()
	into, err := store.Open(t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return into
}

// writeKeyPair writes a certificate and its key, in PKCS #8, into one file.
func writeKeyPair(t *testing.T, path string, c *x509.Certificate, key []byte) {
	t.Helper()
	file := append(inPEM(c), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
}
