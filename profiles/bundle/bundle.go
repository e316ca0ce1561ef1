// Package bundle reads the ZIP that Azure generates for a gateway's clients.
package bundle

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/footbridge-vpn/footbridge/profiles/finding"
)

// Limits of an archive. Azure's have some ten entries and less than a megabyte.
const (
	MaxSize      = 16 << 20 // compressed, bytes
	maxEntries   = 200
	maxEntrySize = 4 << 20
	maxExpansion = 32 << 20
	maxRatio     = 200     // how much larger an entry is than its compressed form…
	ratioFloor   = 1 << 20 // …once it is larger than this
)

// Kind is what an entry is for.
type Kind int

// The entries that are read.
const (
	Other        Kind = iota
	AzureProfile      // AzureVPN/azurevpnconfig.xml, azurevpnconfig_aad.xml, azurevpnconfig_cert.xml
	Settings          // Generic/VpnSettings.xml
	ServerRoot        // Generic/VpnServerRoot.cer, .cer_0
	RadiusRoot        // Generic/RadiusServerRoot.cer
	OpenVPN           // OpenVPN/vpnconfig.ovpn
)

// Entry is one file of the archive.
type Entry struct {
	Name string // with slashes
	Kind Kind
	Data []byte // nil for Other
}

// Bundle is what an archive holds.
type Bundle struct {
	Entries []Entry // in the order of the archive
}

// Of returns the entries of a kind.
func (b *Bundle) Of(kind Kind) []Entry {
	var found []Entry
	for _, entry := range b.Entries {
		if entry.Kind == kind {
			found = append(found, entry)
		}
	}
	return found
}

// Names are the names of all entries, for telling what an archive is where it is no profile package.
func (b *Bundle) Names() []string {
	var names []string
	for _, entry := range b.Entries {
		names = append(names, entry.Name)
	}
	return names
}

// Open reads an archive. A finding.Finding as error says why it is refused as a whole; nothing is ever written to disk.
func Open(data []byte) (*Bundle, error) {
	if len(data) > MaxSize {
		return nil, refusal("too-large", fmt.Sprintf("The ZIP has %d bytes, more than the %d that a profile package can have.", len(data), MaxSize))
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, refusal("damaged-zip", "The ZIP is damaged or not complete.")
	}
	if len(archive.File) > maxEntries {
		return nil, refusal("too-large", fmt.Sprintf("The ZIP has %d entries, more than the %d that a profile package can have.", len(archive.File), maxEntries))
	}
	r := reader{bundle: &Bundle{}, seen: map[string]bool{}, left: maxExpansion}
	for _, file := range archive.File {
		if err := r.entry(file); err != nil {
			return nil, err
		}
	}
	return r.bundle, nil
}

func refusal(code, problem string) finding.Finding {
	return finding.Finding{Severity: finding.Fault, Code: code, Problem: problem, Remedy: "Download the package from Azure again, and import it as it came."}
}

type reader struct {
	bundle *Bundle
	seen   map[string]bool
	left   int64
}

func (r *reader) entry(file *zip.File) error {
	name := strings.ReplaceAll(file.Name, `\`, "/") // as Azure's older packages have them
	if err := checkName(name); err != nil {
		return err
	}
	if strings.HasSuffix(name, "/") || file.FileInfo().IsDir() {
		return nil
	}
	if !file.Mode().IsRegular() {
		return refusal("special-entry", fmt.Sprintf("The entry %q of the ZIP is a link or a device.", shown(name)))
	}
	key := strings.ToLower(path.Clean(name))
	if r.seen[key] {
		return refusal("duplicate-entry", fmt.Sprintf("The ZIP has the entry %q twice.", shown(name)))
	}
	r.seen[key] = true
	entry := Entry{Name: name, Kind: KindOf(name)}
	if entry.Kind != Other {
		data, err := r.content(file, name)
		if err != nil {
			return err
		}
		entry.Data = data
	}
	r.bundle.Entries = append(r.bundle.Entries, entry)
	return nil
}

// checkName refuses names that would leave the folder they are unpacked into: whoever made such an archive means harm.
func checkName(name string) error {
	unsafe := name == "" || strings.HasPrefix(name, "/") || strings.ContainsRune(name, 0) || len(name) > 1 && name[1] == ':'
	for part := range strings.SplitSeq(name, "/") {
		unsafe = unsafe || part == ".."
	}
	if unsafe {
		return refusal("unsafe-path", fmt.Sprintf("The entry %q of the ZIP leads out of its folder.", shown(name)))
	}
	return nil
}

// KindOf tells what an entry is for by its name. The folder does not count: people unpack packages and pack them again.
func KindOf(name string) Kind {
	if strings.HasPrefix(name, "__MACOSX/") || strings.HasPrefix(path.Base(name), "._") {
		return Other // what macOS adds to archives
	}
	base := strings.ToLower(path.Base(name))
	switch {
	case strings.HasPrefix(base, "azurevpnconfig") && strings.HasSuffix(base, ".xml"), strings.HasSuffix(base, ".azurevpnprofile.xml"):
		return AzureProfile
	case base == "vpnsettings.xml":
		return Settings
	case strings.HasPrefix(base, "vpnserverroot.cer"):
		return ServerRoot
	case strings.HasPrefix(base, "radiusserverroot.cer"):
		return RadiusRoot
	case strings.HasSuffix(base, ".ovpn"):
		return OpenVPN
	default:
		return Other
	}
}

func (r *reader) content(file *zip.File, name string) ([]byte, error) {
	if file.Flags&1 != 0 {
		return nil, finding.Finding{Severity: finding.Fault, Code: "encrypted-zip", Problem: "The ZIP is protected by a password.", Remedy: "Unpack it, and import the file azurevpnconfig.xml or vpnconfig.ovpn in it."}
	}
	if file.UncompressedSize64 > maxEntrySize {
		return nil, refusal("too-large", fmt.Sprintf("The entry %q of the ZIP has more than %d bytes.", shown(name), maxEntrySize))
	}
	if file.UncompressedSize64 > ratioFloor && file.UncompressedSize64/max(file.CompressedSize64, 1) > maxRatio {
		return nil, refusal("too-large", fmt.Sprintf("The entry %q of the ZIP grows more than %d times when unpacked.", shown(name), maxRatio))
	}
	content, err := file.Open()
	if errors.Is(err, zip.ErrAlgorithm) {
		return nil, refusal("damaged-zip", fmt.Sprintf("The entry %q of the ZIP is compressed in a way that is not supported.", shown(name)))
	}
	if err != nil {
		return nil, refusal("damaged-zip", fmt.Sprintf("The entry %q of the ZIP is damaged.", shown(name)))
	}
	defer content.Close()
	limit := min(maxEntrySize, r.left)
	data, err := io.ReadAll(io.LimitReader(content, limit+1))
	switch {
	case int64(len(data)) > limit: // the size that the archive states need not be true
		return nil, refusal("too-large", "The ZIP is too large when unpacked.")
	case err != nil:
		return nil, refusal("damaged-zip", fmt.Sprintf("The entry %q of the ZIP is damaged.", shown(name)))
	}
	r.left -= int64(len(data))
	return data, nil
}

// shown shortens a name for a message.
func shown(name string) string {
	const longest = 80
	if runes := []rune(name); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return name
}
