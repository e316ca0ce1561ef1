package profiles

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"
)

// fixtureNamed returns one of testdata/import.
func fixtureNamed(t testing.TB, name string) []byte {
	t.Helper()
	for _, f := range fixtures(t) {
		if f.name == name {
			return f.data
		}
	}
	t.Fatalf("no fixture %s", name)
	return nil
}

func TestWrongFilesAreNamed(t *testing.T) {
	root, key := testCertificate(t, "Example Root", 1, true)
	tests := []struct{ content, says string }{
		{"", "empty"},
		{" \r\n\t", "empty"},
		{"\xef\xbb\xbf", "empty"},
		{"%PDF-1.7\n", "PDF"},
		{"MZ\x90\x00\x03", "Windows program"},
		{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00", "installer (MSI)"},
		{"\x7fELF\x02", "Linux program"},
		{"xar!\x00", "macOS installer"},
		{"\x1f\x8b\x08\x00", "gzip"},
		{"7z\xbc\xaf\x27\x1c\x00", "7-Zip"},
		{"Rar!\x1a\x07", "RAR"},
		{"\x89PNG\r\n\x1a\n", "picture"},
		{strings.Repeat("a", 257) + "ustar\x00" + strings.Repeat("\x00", 300), "tar"},
		{"bplist00\x01", "property list"},
		{"\x00\x01\x02\x03", "binary"},
		{"<!DOCTYPE html><html><body>Sign in to your account</body></html>", "web page"},
		{"<!-- x --><HTML><head>", "web page"},
		{`<?xml version="1.0"?><!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "x"><plist><dict/></plist>`, "mobileconfig"},
		{`<VPNProfile><PluginProfile><ServerUrlList>x</ServerUrlList></PluginProfile></VPNProfile>`, "no Azure VPN profile"},
		{`<?xml version="1.0" encoding="utf-8"?><Error><Code>AuthenticationFailed</Code></Error>`, "Azure's storage"},
		{`<rss><channel/></rss>`, "not an Azure VPN profile"},
		{`{"error":{"code":"ExpiredAuthenticationToken"}}`, "error message in JSON"},
		{`[{"a":1}]`, "JSON"},
		{inPEM(root), "certificate alone"},
		{string(root.Raw), "certificate alone"},
		{"\x30\x82\x0a\x00\x02\x01\x03", "PKCS#12"},
		{"0" + "\x82 <plist version", "signed configuration profile"},
		{key, "private key"},
		{inPEM(root) + key, "private key"},
		{"-----BEGIN OpenVPN Static key V1-----\n" + secretDigits, "key of OpenVPN"},
		{"[Interface]\nPrivateKey = abc=\n[Peer]\n", "WireGuard"},
		{"[Azure]\r\nEncoding=1\r\nVpnStrategy=5\r\n", "phone book"},
		{"[connection]\nid=x\n[vpn]\nservice-type=y\n", "NetworkManager"},
		{"Dear colleague, please find the VPN profile attached.", "not an OpenVPN configuration"},
		{secretDigits, "not an OpenVPN configuration"},
		{"PK\x05\x06" + strings.Repeat("\x00", 18), "empty ZIP"},
		{"PK\x03\x04 and nothing else", "damaged"},
		{strings.Repeat("x", 16<<20+1), "more than 16 MB"},
	}
	for _, test := range tests {
		imported, err := Import(strings.NewReader(test.content), ImportOptions{Name: "download"})
		var refused *ImportError
		if !errors.As(err, &refused) {
			t.Errorf("%.20q: imported %v, error %v", test.content, imported, err)
			continue
		}
		f := refused.Findings[0]
		if !strings.Contains(f.Problem, test.says) || f.Remedy == "" || f.File != "download" {
			t.Errorf("%.20q: %+v, want %q", test.content, f, test.says)
		}
	}
}

func TestUTF16IsRead(t *testing.T) {
	text := utf16.Encode([]rune(string(fixtureNamed(t, "entra.xml"))))
	for mark, order := range map[string]binary.ByteOrder{"\xff\xfe": binary.LittleEndian, "\xfe\xff": binary.BigEndian} {
		data := []byte(mark)
		for _, unit := range text {
			pair := make([]byte, 2)
			order.PutUint16(pair, unit)
			data = append(data, pair...)
		}
		imported, err := Import(bytes.NewReader(data), ImportOptions{})
		if err != nil || imported.Profiles[0].Name != "VNET-EXAMPLE" {
			t.Errorf("%v: %v", order, err)
		}
	}
}

func TestImportFileReadsWhatLiesBeside(t *testing.T) {
	root, _ := testCertificate(t, "Example Root", 1, true)
	client, key := testCertificate(t, "alice", 3, false)
	base := t.TempDir()
	folder := filepath.Join(base, "vpn")
	write := func(path, content string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(folder, "ca.crt"), inPEM(root))
	write(filepath.Join(folder, "keys/me.crt"), inPEM(client))
	write(filepath.Join(folder, "keys/me.key"), key)
	write(filepath.Join(folder, "pass.txt"), "alice\r\ncorrect horse\r\n")
	write(filepath.Join(folder, "me.p12"), "\x30\x82\x00\xff\xfe")
	write(filepath.Join(base, "outside.crt"), inPEM(root))
	if err := os.Symlink("../outside.crt", filepath.Join(folder, "link.crt")); err != nil {
		t.Fatal(err)
	}
	write(filepath.Join(folder, "huge.crt"), strings.Repeat("x", maxReferenced+1))

	config := "client\nremote gw.example.com\nremote-cert-tls server\n"
	path := filepath.Join(folder, "Head Office.ovpn")
	write(path, config+"ca ca.crt\ncert ./keys/me.crt\nkey keys/me.key\nauth-user-pass pass.txt\n")
	imported, err := ImportFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p := imported.Profiles[0]
	if p.Name != "Head Office" || len(p.Gateway.Roots) != 1 || p.Authentication.ClientCert == "" || p.Authentication.ClientKey == "" || p.Authentication.Username != "alice" || p.Authentication.Password != "correct horse" {
		t.Errorf("got\n%s", dump(p))
	}
	write(path, config+"ca ca.crt\npkcs12 me.p12\n")
	if imported, err = ImportFile(path); err != nil || imported.Profiles[0].Authentication.PKCS12 != "\x30\x82\x00\xff\xfe" {
		t.Errorf("PKCS#12: %v", err)
	}

	for name, says := range map[string]string{
		"../outside.crt": "outside", filepath.Join(base, "outside.crt"): "outside", "link.crt": "outside", "missing.crt": "no such file", "keys": "not a regular file",
		"huge.crt": "too large",
	} {
		write(path, config+"ca \""+name+"\"\n")
		var refused *ImportError
		if _, err := ImportFile(path); !errors.As(err, &refused) || refused.Findings[0].Code != "file-reference" || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", name, err, says)
		}
	}
	if _, err := ImportFile(folder); err == nil || !strings.Contains(err.Error(), "folder") {
		t.Errorf("folder: %v", err)
	}
	if _, err := ImportFile(filepath.Join(folder, "nothing.zip")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
}

// Nothing that is said about a file, and no way of printing a profile, shows a secret of it.
func TestSecretsAreNotShown(t *testing.T) {
	_, key := testCertificate(t, "alice", 3, false)
	keyLine := strings.Split(key, "\n")[1]
	secrets := []string{secretDigits[:32], keyLine, "correct horse", "proxy pass", "Sesame-77"}
	variants := func(data []byte) [][]byte {
		text := string(data)
		return [][]byte{data,
			[]byte(strings.ReplaceAll(text, secretDigits, secretDigits[:200])), // cut short
			[]byte(strings.ReplaceAll(text, secretDigits, secretDigits+" Sesame-77")),
			[]byte(strings.ReplaceAll(text, "</serversecret>", "")),
			[]byte(strings.ReplaceAll(text, "<serversecret>", "")),
			[]byte(strings.ReplaceAll(text, "<tls-auth>", "")),
			[]byte(strings.ReplaceAll(text, "<key>", "")),
			[]byte(strings.ReplaceAll(text, "<auth-user-pass>", "")),
			[]byte(strings.ReplaceAll(text, "<http-proxy-user-pass>", "proto Sesame-77\nroute Sesame-77\nroute-ipv6 Sesame-77\nreneg-sec Sesame-77\nSesame-77")),
		}
	}
	for _, f := range fixtures(t) {
		for i, data := range variants(f.data) {
			imported, err := Import(bytes.NewReader(data), ImportOptions{Name: f.name})
			shown := fmt.Sprint(err)
			var refused *ImportError
			if errors.As(err, &refused) {
				shown += fmt.Sprintf("%+v", refused.Findings)
			}
			if err == nil {
				shown += fmt.Sprintf("%+v", imported.Findings)
				for _, p := range imported.Profiles {
					shown += fmt.Sprintf("%v %+v %s %#v %v %+v %#v", p, p, p, p, *p, *p, *p) + slog.AnyValue(p).Resolve().String()
				}
			}
			for _, s := range secrets {
				if strings.Contains(shown, s) {
					t.Errorf("%s, variant %d shows %q:\n%s", f.name, i, s, shown)
				}
			}
		}
	}
}
