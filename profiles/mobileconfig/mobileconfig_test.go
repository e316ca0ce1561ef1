package mobileconfig

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/smallstep/pkcs7"
	"howett.net/plist"

	"github.com/footbridge-vpn/footbridge/profiles/finding"
)

var azure = []byte(`<AzVpnProfile xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns="http://schemas.datacontract.org/2004/07/">
  <clientauth><type>cert</type></clientauth><name>contoso &amp; sons</name>
  <serverlist><ServerEntry><fqdn>gateway.example</fqdn></ServerEntry></serverlist>
  <servervalidation><serversecret>` + strings.Repeat("0123456789abcdef", 32) + `</serversecret></servervalidation></AzVpnProfile>`)

func example() Document {
	return Document{Identifier: "com.contoso.vpn", Name: "Contoso VPN", Organization: "Contoso", Description: "Azure", Removable: true, Policy: []byte("machine_profiles_only = true\n"),
		Connections: []Connection{{Name: "contoso & sons", SubType: SubType, Server: "gateway.example", AzureProfile: azure, OnDemand: true,
			TrustedNetworks: []string{"contoso.com", "corp.contoso.com"}, TrustedProbes: []string{"https://intranet.contoso.com/"}}}}
}

var ignoreUUIDs = cmp.Options{cmpopts.IgnoreFields(Document{}, "UUID", "Signer"), cmpopts.IgnoreFields(Connection{}, "UUID"), cmpopts.EquateEmpty()}

// What is written reads back, as XML, binary and signed.
func TestWriteReadsBack(t *testing.T) {
	want := example()
	text, err := Write(want)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Write(want)
	if err != nil || !bytes.Equal(text, again) {
		t.Error("the same document is another file each time")
	}
	for form, data := range map[string][]byte{"xml": text, "binary": binary(t, text), "signed": sign(t, text)} {
		if !Is(data) {
			t.Errorf("%s: not recognised", form)
		}
		got, findings := Parse(data)
		if got == nil || finding.Faulty(findings) {
			t.Errorf("%s: %v", form, findings)
			continue
		}
		if diff := cmp.Diff(want, *got, ignoreUUIDs); diff != "" {
			t.Errorf("%s:\n%s", form, diff)
		}
		if form == "signed" && (got.Signer != "Contoso MDM" || len(findings) != 1) {
			t.Errorf("signed by %q: %v", got.Signer, findings)
		}
	}
}

// Apple's rule: on demand without trusted networks connects everywhere.
func TestOnDemandRules(t *testing.T) {
	d := example()
	d.Connections[0].TrustedNetworks, d.Connections[0].TrustedProbes = nil, nil
	text, err := Write(d)
	if err != nil {
		t.Fatal(err)
	}
	got, _ := Parse(text)
	if !got.Connections[0].OnDemand || got.Connections[0].TrustedNetworks != nil {
		t.Errorf("%v", got.Connections[0])
	}
	off := regexp.MustCompile(`(<key>OnDemandEnabled</key>\s*<integer>)1`).ReplaceAll(text, []byte("${1}0"))
	if got, _ := Parse(off); got.Connections[0].OnDemand || bytes.Equal(off, text) {
		t.Errorf("switched off: %v", got.Connections[0])
	}
}

// A VendorConfig with other keys and kinds of values, as other tools write it.
func TestVendorConfigOfOthers(t *testing.T) {
	text, err := Write(example())
	if err != nil {
		t.Fatal(err)
	}
	other := strings.Replace(string(text), "<key>AzVpnProfile</key>", "<key>Debug</key><integer>3</integer><key>List</key><array><string>x</string></array><key>profile</key>", 1)
	got, findings := Parse([]byte(other))
	if got == nil || len(findings) != 0 || !bytes.Equal(got.Connections[0].AzureProfile, bytes.TrimSpace(azure)) {
		t.Errorf("%v", findings)
	}
}

func TestParseRefuses(t *testing.T) {
	whole, err := Write(example())
	if err != nil {
		t.Fatal(err)
	}
	signed := sign(t, whole)
	changed := bytes.Replace(signed, []byte("gateway.example"), []byte("attacker.exampl"), 1)
	tests := []struct {
		name string
		data []byte
		code string
	}{
		{"cut", whole[:len(whole)/2], "bad-plist"},
		{"another list", []byte(`<plist version="1.0"><dict><key>PayloadType</key><string>x</string></dict></plist>`), "wrong-file"},
		{"without a VPN", []byte(`<plist version="1.0"><dict><key>PayloadType</key><string>Configuration</string></dict></plist>`), "wrong-file"},
		{"for macOS itself", bytes.Replace(whole, []byte("<string>VPN</string>"), []byte("<string>IKEv2</string>"), 1), ""},
		{"without an Azure profile", regexp.MustCompile(`(<key>AzVpnProfile</key>\s*<string>)[^<]*`).ReplaceAll(whole, []byte("${1}none")), "no-azure-profile"},
		{"changed after it was signed", changed, "bad-signature"},
		{"encrypted", []byte(`<plist version="1.0"><dict><key>PayloadType</key><string>Configuration</string><key>EncryptedPayloadContent</key><data>AAAA</data></dict></plist>`), "encrypted"},
		{"large", bytes.Repeat([]byte(" "), MaxSize+1), "too-large"},
		{"DER of something else", []byte{0x30, 0x82, 0x00, 0x01, 0x00}, "bad-signature"},
	}
	for _, test := range tests {
		_, findings := Parse(test.data)
		code := ""
		if len(findings) > 0 {
			code = findings[len(findings)-1].Code
		}
		if code != test.code {
			t.Errorf("%s: %v, want %s", test.name, findings, test.code)
		}
	}
}

func TestWriteRefusesHalves(t *testing.T) {
	for _, change := range []func(*Document){
		func(d *Document) { d.Identifier = "" }, func(d *Document) { d.Name = " " },
		func(d *Document) { d.Connections[0].AzureProfile = nil }, func(d *Document) { d.Connections[0].Server = "" },
	} {
		d := example()
		change(&d)
		if _, err := Write(d); err == nil {
			t.Errorf("%v is written", d.Name)
		}
	}
}

func binary(t *testing.T, text []byte) []byte {
	t.Helper()
	var list map[string]any
	if _, err := plist.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	data, err := plist.Marshal(list, plist.BinaryFormat)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func sign(t *testing.T, content []byte) []byte {
	t.Helper()
	key, certificate := signer(t)
	message, err := pkcs7.NewSignedData(content)
	if err != nil {
		t.Fatal(err)
	}
	message.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	if err := message.AddSigner(certificate, key, pkcs7.SignerInfoConfig{}); err != nil {
		t.Fatal(err)
	}
	data, err := message.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func signer(t *testing.T) (*ecdsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Contoso MDM"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return key, certificate
}

// OpenSSL signs as Apple's own tools do: its files are read too.
func TestSignedByOpenSSL(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("needs openssl")
	}
	text, err := Write(example())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	run := func(input []byte, arguments ...string) []byte {
		command := exec.Command(openssl, arguments...)
		command.Dir, command.Stdin = dir, bytes.NewReader(input)
		out, err := command.Output()
		if err != nil {
			t.Fatalf("openssl %v: %v", arguments, err)
		}
		return out
	}
	run(nil, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "2", "-subj", "/CN=Contoso MDM")
	signed := run(text, "smime", "-sign", "-signer", filepath.Join(dir, "cert.pem"), "-inkey", filepath.Join(dir, "key.pem"), "-nodetach", "-binary", "-outform", "der")
	got, findings := Parse(signed)
	if got == nil || finding.Faulty(findings) || got.Signer != "Contoso MDM" || len(got.Connections) != 1 {
		t.Errorf("%v", findings)
	}
}

func FuzzParse(f *testing.F) {
	text, err := Write(example())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte("bplist00"))
	f.Add([]byte{0x30, 0x82, 0x00, 0x01, 0x00})
	f.Fuzz(func(t *testing.T, data []byte) {
		d, findings := Parse(data)
		if d == nil && !finding.Faulty(findings) {
			t.Fatal("neither a document nor a fault")
		}
	})
}
