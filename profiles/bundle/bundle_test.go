package bundle

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/profiles/finding"
)

// pack writes an archive; names and contents alternate.
func pack(t testing.TB, namesAndContents ...string) []byte {
	t.Helper()
	var headers []*zip.FileHeader
	var contents []string
	for i := 0; i < len(namesAndContents); i += 2 {
		headers = append(headers, &zip.FileHeader{Name: namesAndContents[i], Method: zip.Deflate})
		contents = append(contents, namesAndContents[i+1])
	}
	return packHeaders(t, headers, contents)
}

func packHeaders(t testing.TB, headers []*zip.FileHeader, contents []string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for i, header := range headers {
		file, err := w.CreateHeader(header)
		if err == nil {
			_, err = file.Write([]byte(contents[i]))
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

func TestKinds(t *testing.T) {
	tests := map[string]Kind{
		"AzureVPN/azurevpnconfig.xml":          AzureProfile,
		`AzureVPN\azurevpnconfig_aad.xml`:      AzureProfile,
		"azurevpn/AZUREVPNCONFIG_cert.XML":     AzureProfile,
		"home.AzureVpnProfile.xml":             AzureProfile,
		"Generic/VpnSettings.xml":              Settings,
		"package/Generic/VpnServerRoot.cer_12": ServerRoot,
		"Generic/VpnServerRoot.cer":            ServerRoot,
		"Generic/RadiusServerRoot.cer":         RadiusRoot,
		"OpenVPN/vpnconfig.ovpn":               OpenVPN,
		"WindowsAmd64/VpnClientSetupAmd64.exe": Other,
		"__MACOSX/OpenVPN/vpnconfig.ovpn":      Other,
		"OpenVPN/._vpnconfig.ovpn":             Other,
		"other.xml":                            Other,
	}
	for name, want := range tests {
		b, err := Open(pack(t, name, "content", "empty/", ""))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(b.Entries) != 1 || b.Entries[0].Kind != want || strings.Contains(b.Entries[0].Name, `\`) || (b.Entries[0].Data != nil) != (want != Other) {
			t.Errorf("%s: %+v", name, b.Entries)
		}
	}
}

func TestRefusals(t *testing.T) {
	large := strings.Repeat("0123456789abcdef", 1<<14)
	many := make([]string, 0, 2*(maxEntries+1))
	for i := range maxEntries + 1 {
		many = append(many, fmt.Sprint(i), "")
	}
	var expanding []string
	for i := range 12 { // each within its own limit
		expanding = append(expanding, fmt.Sprintf("%d/vpnconfig.ovpn", i), incompressible(3<<20, byte(i)))
	}
	link := &zip.FileHeader{Name: "AzureVPN/azurevpnconfig.xml"}
	link.SetMode(fs.ModeSymlink | 0o777)
	encrypted := pack(t, "OpenVPN/vpnconfig.ovpn", "x")
	setFlags(encrypted, 1)
	lying := pack(t, "OpenVPN/vpnconfig.ovpn", strings.Repeat("\x00", maxEntrySize+1))
	setSize(lying, 10)
	truncated := pack(t, "OpenVPN/vpnconfig.ovpn", large)
	tests := []struct {
		name, code string
		data       []byte
	}{
		{"escape", "unsafe-path", pack(t, "../azurevpnconfig.xml", "x")},
		{"escape with backslash", "unsafe-path", pack(t, `a\..\..\azurevpnconfig.xml`, "x")},
		{"absolute", "unsafe-path", pack(t, "/etc/azurevpnconfig.xml", "x")},
		{"drive", "unsafe-path", pack(t, `C:\azurevpnconfig.xml`, "x")},
		{"link", "special-entry", packHeaders(t, []*zip.FileHeader{link}, []string{"/etc/passwd"})},
		{"twice", "duplicate-entry", pack(t, "AzureVPN/azurevpnconfig.xml", "x", `azurevpn\AzureVPNConfig.xml`, "y")},
		{"entries", "too-large", pack(t, many...)},
		{"entry", "too-large", pack(t, "OpenVPN/vpnconfig.ovpn", incompressible(maxEntrySize+1, 1))},
		{"ratio", "too-large", pack(t, "OpenVPN/vpnconfig.ovpn", strings.Repeat("\x00", 2<<20))},
		{"expansion", "too-large", compressTwice(t, expanding)},
		{"lying about size", "damaged-zip", lying},
		{"size", "too-large", make([]byte, MaxSize+1)},
		{"encrypted", "encrypted-zip", encrypted},
		{"truncated", "damaged-zip", truncated[:len(truncated)/2]},
		{"no ZIP", "damaged-zip", []byte("PK\x03\x04")},
	}
	for _, test := range tests {
		_, err := Open(test.data)
		var f finding.Finding
		if !errors.As(err, &f) || f.Severity != finding.Fault || f.Code != test.code || f.Remedy == "" {
			t.Errorf("%s: %v, want %s", test.name, err, test.code)
		}
	}
}

// incompressible is text that deflate cannot shrink much, the same for the same seed.
func incompressible(size int, seed byte) string {
	out := make([]byte, size)
	state := uint32(seed) + 1
	for i := range out {
		state = state*1664525 + 1013904223
		out[i] = byte(state >> 24)
	}
	return string(out)
}

// compressTwice makes an archive below MaxSize of entries that repeat a short incompressible part, so that their ratio is allowed.
func compressTwice(t *testing.T, entries []string) []byte {
	for i := 1; i < len(entries); i += 2 {
		part := entries[i][:30<<10]
		entries[i] = strings.Repeat(part, 100)
	}
	return pack(t, entries...)
}

// setFlags sets general purpose flags in the central directory and the local header (APPNOTE 4.3.7, 4.3.12).
func setFlags(archive []byte, flags byte) {
	archive[6] |= flags
	archive[bytes.Index(archive, []byte("PK\x01\x02"))+8] |= flags
}

// setSize makes the central directory state another uncompressed size.
func setSize(archive []byte, size byte) {
	at := bytes.Index(archive, []byte("PK\x01\x02")) + 24
	copy(archive[at:at+4], []byte{size, 0, 0, 0})
}

func FuzzOpen(f *testing.F) {
	f.Add(pack(f, "AzureVPN/azurevpnconfig.xml", "<AzVpnProfile/>", `Generic\VpnServerRoot.cer_0`, "x", "WindowsAmd64/a.exe", "MZ"))
	f.Add(pack(f, "../x.ovpn", "client"))
	f.Add(pack(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := Open(data)
		var refused finding.Finding
		if err != nil {
			if !errors.As(err, &refused) {
				t.Fatalf("%v is no finding", err)
			}
			return
		}
		total := 0
		for _, entry := range b.Entries {
			total += len(entry.Data)
			if entry.Kind == Other && entry.Data != nil || strings.Contains(entry.Name, `\`) || len(entry.Data) > maxEntrySize {
				t.Fatalf("entry %q of kind %d with %d bytes", entry.Name, entry.Kind, len(entry.Data))
			}
		}
		if total > maxExpansion {
			t.Fatalf("%d bytes in all", total)
		}
	})
}
