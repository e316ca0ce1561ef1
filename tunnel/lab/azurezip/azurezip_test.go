package azurezip_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/azurezip"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/pki"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

var update = flag.Bool("update", false, "write the golden files")

const vnetID = "3f8e2f5a-0d3c-4f4e-9a55-1b7c62f6a001"

// secretDigits is a synthetic server secret.
var secretDigits = strings.Repeat("00112233445566778899aabbccddeeff", 16)

func description(t *testing.T) azurezip.Description {
	t.Helper()
	root, err := pki.NewRoot("Lab Global Root G2", pki.ECDSA)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := tlswrap.ParseStaticKey(secretDigits)
	if err != nil {
		t.Fatal(err)
	}
	return azurezip.Description{
		Name: "VNET <R&D>", VNetID: vnetID, Hosts: []string{azurezip.HostName(vnetID, 0xa)},
		Authentications: []azurezip.Authentication{azurezip.Certificate},
		Roots:           []*x509.Certificate{root.Certificate}, Secret: secret,
		Pool:   netip.MustParsePrefix("172.16.201.0/24"),
		Routes: []netip.Prefix{netip.MustParsePrefix("10.10.0.0/16"), netip.MustParsePrefix("10.101.0.0/16")},
	}
}

func everything(t *testing.T) azurezip.Description {
	d := description(t)
	d.Authentications = []azurezip.Authentication{azurezip.Entra, azurezip.Certificate, azurezip.Radius}
	d.Entra = &azurezip.EntraParameters{
		Tenant:   "https://login.microsoftonline.com/00000000-0000-4000-8000-000000000002/",
		Audience: "c632b3df-fb67-4d84-bdcf-b95ad541b5c8",
		Issuer:   "https://sts.windows.net/00000000-0000-4000-8000-000000000002/",
	}
	d.Hosts = append(d.Hosts, azurezip.HostName(vnetID, 0xb))
	d.DNSServers = []netip.Addr{netip.MustParseAddr("10.10.0.53"), netip.MustParseAddr("10.10.1.53")}
	d.DNSSuffixes = []string{"vnet.example", ".corp.example"}
	d.IncludeRoutes = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}
	d.ExcludeRoutes = []netip.Prefix{netip.MustParsePrefix("168.63.129.16/32")}
	return d
}

// comparable replaces what differs in each run.
func comparable(d azurezip.Description, file azurezip.File) string {
	text := string(file.Content)
	if strings.Contains(file.Name, ".cer") {
		return "certificate, DER\n"
	}
	root := d.Roots[0]
	encoded := base64.StdEncoding.EncodeToString(root.Raw)
	text = strings.ReplaceAll(text, encoded, "ROOT")
	text = strings.ReplaceAll(text, thumbprint(root), "THUMBPRINT")
	var wrapped strings.Builder
	for line := range slices.Chunk([]byte(encoded), 64) {
		fmt.Fprintf(&wrapped, "%s\r\n", line)
	}
	return strings.ReplaceAll(text, wrapped.String(), "ROOT\r\n")
}

func TestGoldenFiles(t *testing.T) {
	for name, d := range map[string]azurezip.Description{"certificate": description(t), "everything": everything(t)} {
		files, err := azurezip.Files(d)
		if err != nil {
			t.Fatal(err)
		}
		var all strings.Builder
		for _, file := range files {
			fmt.Fprintf(&all, "-- %s --\n%s%%\n", file.Name, comparable(d, file)) // % shows where a file ends
		}
		path := filepath.Join("testdata", name+".golden")
		if *update {
			if err := os.WriteFile(path, []byte(all.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		golden, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if all.String() != string(golden) {
			t.Errorf("%s differs from %s:\n%s", name, path, all.String())
		}
	}
}

func TestXMLIsWellFormed(t *testing.T) {
	files, err := azurezip.Files(everything(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !strings.HasSuffix(file.Name, ".xml") {
			continue
		}
		decoder := xml.NewDecoder(bytes.NewReader(file.Content))
		for {
			if _, err := decoder.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", file.Name, err)
			}
		}
	}
}

func TestZIP(t *testing.T) {
	d := description(t)
	var out bytes.Buffer
	if err := azurezip.Write(&out, d); err != nil {
		t.Fatal(err)
	}
	archive, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range archive.File {
		names = append(names, file.Name)
	}
	want := []string{"AzureVPN/azurevpnconfig.xml", "Generic/VpnSettings.xml", "Generic/VpnServerRoot.cer_0", "OpenVPN/vpnconfig.ovpn"}
	if !slices.Equal(names, want) {
		t.Errorf("entries %q", names)
	}
	entry, err := archive.Open("Generic/VpnServerRoot.cer_0")
	if err != nil {
		t.Fatal(err)
	}
	defer entry.Close()
	if data, err := io.ReadAll(entry); err != nil || !bytes.Equal(data, d.Roots[0].Raw) {
		t.Errorf("root: %v", err)
	}
}

func TestEntraAloneHasNoOpenVPNFile(t *testing.T) {
	d := everything(t)
	d.Authentications = []azurezip.Authentication{azurezip.Entra}
	files, err := azurezip.Files(d)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasPrefix(file.Name, "OpenVPN/") {
			t.Errorf("has %s", file.Name)
		}
	}
}

func TestBadDescriptions(t *testing.T) {
	for name, spoil := range map[string]func(*azurezip.Description){
		"vnet":           func(d *azurezip.Description) { d.VNetID = "my vnet" },
		"host":           func(d *azurezip.Description) { d.Hosts = []string{"two words"} },
		"no host":        func(d *azurezip.Description) { d.Hosts = nil },
		"no root":        func(d *azurezip.Description) { d.Roots = nil },
		"no secret":      func(d *azurezip.Description) { d.Secret = nil },
		"transport":      func(d *azurezip.Description) { d.Transport = "sctp" },
		"authentication": func(d *azurezip.Description) { d.Authentications = []azurezip.Authentication{"handshake"} },
		"Entra alone":    func(d *azurezip.Description) { d.Authentications = []azurezip.Authentication{azurezip.Entra} },
	} {
		d := description(t)
		spoil(&d)
		if _, err := azurezip.Files(d); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func thumbprint(c *x509.Certificate) string {
	return fmt.Sprintf("%X", sha1.Sum(c.Raw))
}
