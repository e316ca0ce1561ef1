package azvpn

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf16"

	"github.com/footbridge-vpn/footbridge/profiles/finding"
	"github.com/footbridge-vpn/footbridge/profiles/textfile"
)

// Kept is a profile as the official client keeps it.
type Kept struct {
	Name string
	XML  []byte // an AzVpnProfile
}

// maxKept bounds the profiles in one file.
const maxKept = 500

// IsPhoneBook reports whether data is a phone book of Windows (rasphone.pbk).
func IsPhoneBook(data []byte) bool {
	text := strings.ToLower(string(textfile.Decode(data[:min(len(data), 64<<10)])))
	return strings.HasPrefix(strings.TrimSpace(text), "[") && (strings.Contains(text, "\nvpnstrategy=") || strings.Contains(text, "thirdpartyprofileinfo="))
}

// ParsePhoneBook reads the phone book that the official client for Windows keeps in its LocalState folder. Each connection is a
// section, whose ThirdPartyProfileInfo is the profile as hexadecimal digits of its UTF-16LE text.
func ParsePhoneBook(data []byte) ([]Kept, []finding.Finding) {
	var kept []Kept
	var findings []finding.Finding
	name := ""
	for number, line := range strings.Split(string(textfile.Decode(data)), "\n") {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]") {
			name = line[1 : len(line)-1]
			continue
		}
		key, digits, _ := strings.Cut(line, "=")
		if !strings.EqualFold(strings.TrimSpace(key), "ThirdPartyProfileInfo") || strings.TrimSpace(digits) == "" {
			continue
		}
		xml, err := fromHex(strings.TrimSpace(digits))
		if err != nil || len(kept) >= maxKept {
			findings = append(findings, finding.Finding{Severity: finding.Warning, Code: "bad-phone-book-entry", Line: number + 1,
				Problem: fmt.Sprintf("The connection %q of the phone book cannot be read.", name), Remedy: "Export it from the Azure VPN Client."})
			continue
		}
		if IsProfile(xml) {
			kept = append(kept, Kept{name, xml})
		}
	}
	if len(kept) == 0 {
		findings = append(findings, finding.Finding{Severity: finding.Fault, Code: "no-azure-profile",
			Problem: "There is no connection of the Azure VPN Client in this phone book.", Remedy: "Choose the one in the Azure VPN Client's LocalState folder."})
	}
	return kept, findings
}

// fromHex decodes UTF-16LE text that is written as hexadecimal digits.
func fromHex(digits string) ([]byte, error) {
	raw, err := hex.DecodeString(digits)
	if err != nil || len(raw)%2 != 0 {
		return nil, fmt.Errorf("read phone book: %w", err)
	}
	units := make([]uint16, len(raw)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(raw[2*i:])
	}
	text := string(utf16.Decode(units))
	return bytes.TrimSpace([]byte(strings.TrimRight(strings.TrimPrefix(text, "\ufeff"), "\x00"))), nil
}
