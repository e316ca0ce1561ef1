package store

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

	"github.com/footbridge-vpn/footbridge/profiles"
)

// rootHash is the root of all Azure profiles here.
const rootHash = "DF3C24F9BFD666761B268073FE06D1CC8D4F82A4"

// serverSecret is the tls-auth key of all profiles here.
var serverSecret = strings.Repeat("00112233445566778899aabbccddeeff", 16)

// azureFile is a file such as Azure generates. Different hosts make different profiles.
func azureFile(name, host string) []byte {
	return fmt.Appendf(nil, `<AzVpnProfile xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns="http://schemas.datacontract.org/2004/07/">
  <any xmlns:d2p1="http://schemas.datacontract.org/2004/07/System.Xml" i:nil="true" />
  <clientauth>
    <aad>
      <audience>c632b3df-fb67-4d84-bdcf-b95ad541b5c8</audience>
      <cachesigninuser>true</cachesigninuser>
      <issuer>https://sts.windows.net/11111111-2222-3333-4444-555555555555/</issuer>
      <tenant>https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/</tenant>
    </aad>
    <cert i:nil="true" />
    <type>aad</type>
    <usernamepass i:nil="true" />
  </clientauth>
  <clientconfig i:nil="true" />
  <name>%s</name>
  <protocolconfig><sslprotocolConfig><transportprotocol>tcp</transportprotocol></sslprotocolConfig></protocolconfig>
  <serverlist><ServerEntry><displayname i:nil="true" /><fqdn>%s</fqdn></ServerEntry></serverlist>
  <servervalidation>
    <Cert><hash>%s</hash><issuer i:nil="true" /></Cert>
    <serversecret>%s</serversecret>
    <type>cert</type>
  </servervalidation>
  <version>1</version>
</AzVpnProfile>`, name, host, rootHash, serverSecret)
}

// testRoot is a root certificate in PEM.
func testRoot(t testing.TB) string {
	t.Helper()
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	template := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "Example Root"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2120, 1, 1, 0, 0, 0, 0, time.UTC)}
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// openVPNFile is an OpenVPN configuration that the Azure format has no words for.
func openVPNFile(t testing.TB, host string) []byte {
	t.Helper()
	return fmt.Appendf(nil, "client\ndev tun\nproto udp\nremote %s 1194\nauth-user-pass\nremote-cert-tls server\n<ca>\n%s</ca>\n", host, testRoot(t))
}

// imported is the profile in a file.
func imported(t testing.TB, data []byte) *profiles.Profile {
	t.Helper()
	found, err := profiles.Import(bytes.NewReader(data), profiles.ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return found.Profiles[0]
}

func azureProfile(t testing.TB, name, host string) *profiles.Profile {
	t.Helper()
	return imported(t, azureFile(name, host))
}

// newStore is an empty store, unless options says otherwise a user's.
func newStore(t testing.TB, options Options) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "profiles"), options)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustAdd(t testing.TB, s *Store, p *profiles.Profile, options AddOptions) Entry {
	t.Helper()
	e, _, err := s.Add(p, options)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// mustList lists a store in which nothing is damaged.
func mustList(t testing.TB, s *Store) []Entry {
	t.Helper()
	entries, damaged, err := s.List()
	if err != nil || len(damaged) > 0 {
		t.Fatalf("list: %v, damaged %v", err, damaged)
	}
	return entries
}

// put writes a file into a store's folder as another program would, long ago.
func put(t testing.TB, s *Store, name string, data []byte) string {
	t.Helper()
	if err := os.MkdirAll(s.Dir(), 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(s.Dir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	past := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, past, past); err != nil {
		t.Fatal(err)
	}
	return path
}

// fileNames are the names in a store's folder, but for the lock.
func fileNames(t testing.TB, s *Store) []string {
	t.Helper()
	files, err := os.ReadDir(s.Dir())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		if file.Name() != lockName {
			names = append(names, file.Name())
		}
	}
	return names
}
