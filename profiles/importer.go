package profiles

import (
	"fmt"
	"path"
	"strings"
	"unicode"

	"github.com/footbridge-vpn/footbridge/profiles/azvpn"
	"github.com/footbridge-vpn/footbridge/profiles/bundle"
	"github.com/footbridge-vpn/footbridge/profiles/finding"
	"github.com/footbridge-vpn/footbridge/profiles/ovpn"
)

// expected is what every wrong file is answered with.
const expected = "Choose the ZIP that Azure generated for the gateway, azurevpnconfig.xml or vpnconfig.ovpn from it, or another OpenVPN configuration."

// importer reads one file and what is in it.
type importer struct {
	options  ImportOptions
	profiles []*Profile
	findings []finding.Finding

	management map[*Profile]Management
	policy     []byte
}

func (m *importer) fault(code, problem, remedy string) {
	m.findings = append(m.findings, finding.Finding{Severity: finding.Fault, Code: code, File: m.options.Name, Problem: problem, Remedy: remedy})
}

// note adds findings about a file or an entry of an archive.
func (m *importer) note(file string, findings []finding.Finding) {
	for _, f := range findings {
		if f.File == "" {
			f.File = file
		}
		m.findings = append(m.findings, f)
	}
}

func (m *importer) read(data []byte) {
	switch detect(data) {
	case isZIP:
		m.readBundle(data)
	case isAzureProfile:
		m.add(m.azureProfile(data, m.options.Name))
	case isSettings:
		m.readSettings(data)
	case isOVPN:
		m.add(m.openVPN(data, m.options.Name, m.options.readFile))
	case isVPNv2:
		m.readVPNv2(data)
	case isMobileconfig:
		m.readMobileconfig(data)
	case isPhoneBook:
		m.readPhoneBook(data)
	case isLinuxClient:
		m.readLinuxClient(data)
	default:
		m.fault("wrong-file", describe(data), expected)
	}
}

func (m *importer) add(p *Profile) {
	if p != nil {
		m.profiles = append(m.profiles, p)
	}
}

// azureProfile reads an AzVpnProfile; nil where it is faulty.
func (m *importer) azureProfile(data []byte, file string) *Profile {
	parsed, findings := azvpn.Parse(data)
	m.note(file, findings)
	if parsed == nil || finding.Faulty(findings) {
		return nil
	}
	return m.checked(fromAzure(parsed, data, nameFromFile(file)), file)
}

// openVPN reads an OpenVPN configuration; nil where it is faulty.
func (m *importer) openVPN(data []byte, file string, readFile func(string) ([]byte, error)) *Profile {
	parsed, findings := ovpn.Parse(data, ovpn.ParseOptions{ReadFile: readFile})
	m.note(file, findings)
	if finding.Faulty(findings) {
		return nil
	}
	return m.checked(fromOpenVPN(parsed, data, nameFromFile(file)), file)
}

// readSettings makes a profile of VpnSettings.xml alone, which lacks the server secret.
func (m *importer) readSettings(data []byte) {
	settings, findings := azvpn.ParseSettings(data)
	m.note(m.options.Name, findings)
	if settings != nil && !finding.Faulty(findings) {
		m.addSettings(settings, data, m.options.Name)
	}
}

func (m *importer) addSettings(settings *azvpn.Settings, data []byte, file string) {
	if !settings.OffersOpenVPN() {
		m.note(file, []finding.Finding{{Severity: finding.Fault, Code: "no-openvpn",
			Problem: fmt.Sprintf("The gateway speaks %s with its clients, but not OpenVPN.", strings.Join(settings.Types, " and ")),
			Remedy:  "Choose OpenVPN as a tunnel type in the gateway's point-to-site configuration, and download the package again."}})
		return
	}
	m.note(file, []finding.Finding{{Severity: finding.Warning, Code: "missing-secret",
		Problem: "VpnSettings.xml does not have the server secret, without which the gateway does not answer.",
		Remedy:  "Import the whole ZIP, or azurevpnconfig.xml or vpnconfig.ovpn from it."}})
	m.add(m.checked(fromSettings(settings, data, nameFromFile(file)), file))
}

// checked leaves a profile out that Validate finds a fault in.
func (m *importer) checked(p *Profile, file string) *Profile {
	findings := Validate(p)
	m.note(file, m.fresh(file, findings))
	if finding.Faulty(findings) {
		return nil
	}
	return p
}

// fresh drops what the file's own reader has said already, with the line.
func (m *importer) fresh(file string, findings []finding.Finding) []finding.Finding {
	var left []finding.Finding
	for _, f := range findings {
		said := false
		for _, earlier := range m.findings {
			said = said || earlier.Code == f.Code && earlier.File == file
		}
		if !said {
			left = append(left, f)
		}
	}
	return left
}

// nameFromFile is a profile's name where the file has none inside: the file's, unless that is what all are called.
func nameFromFile(file string) string {
	base := path.Base(strings.ReplaceAll(file, `\`, "/"))
	for _, suffix := range []string{".AzureVpnProfile.xml", ".mobileconfig", ".xml", ".ovpn", ".conf", ".zip"} {
		if len(base) > len(suffix) && strings.EqualFold(base[len(base)-len(suffix):], suffix) {
			base = base[:len(base)-len(suffix)]
			break
		}
	}
	lower := strings.ToLower(base)
	if base == "." || base == "/" || strings.HasPrefix(lower, "azurevpnconfig") || strings.HasPrefix(lower, "vpnconfig") || lower == "vpnsettings" || lower == "rasphone.pbk" || lower == "shared_preferences.json" || lower == "profilexml" || lower == "client" || lower == "stdin" {
		return ""
	}
	return base
}

// longestName bounds a profile's name, in characters.
const longestName = 200

// profileName is the first of these that says something, on one line and without control characters, since it is shown everywhere.
func profileName(candidates ...string) string {
	for _, candidate := range candidates {
		printable := strings.Map(func(r rune) rune {
			if unicode.IsSpace(r) {
				return ' '
			}
			if !unicode.IsPrint(r) {
				return -1
			}
			return r
		}, candidate)
		if runes := []rune(strings.Join(strings.Fields(printable), " ")); len(runes) > 0 {
			return strings.TrimSpace(string(runes[:min(len(runes), longestName)]))
		}
	}
	return ""
}

// makeNamesUnique tells profiles of the same name apart by how one signs in, then by a number.
func makeNamesUnique(all []*Profile) {
	count := map[string]int{}
	for _, p := range all {
		count[strings.ToLower(p.Name)]++
	}
	taken := map[string]bool{}
	for _, p := range all {
		name := p.Name
		if count[strings.ToLower(name)] > 1 {
			name += " (" + p.Authentication.Type.describe() + ")"
		}
		for number := 2; taken[strings.ToLower(name)]; number++ {
			name = fmt.Sprintf("%s %d", strings.TrimSuffix(name, fmt.Sprintf(" %d", number-1)), number)
		}
		taken[strings.ToLower(name)] = true
		p.Name = name
	}
}

// describe is an authentication type in words.
func (t AuthenticationType) describe() string {
	switch t {
	case EntraID:
		return "Microsoft Entra ID"
	case Certificate:
		return "certificate"
	case UsernamePassword:
		return "user name and password"
	default:
		return string(t)
	}
}

// ofKind reads the entries of an archive one by one.
func ofKind(b *bundle.Bundle, kind bundle.Kind, read func(bundle.Entry)) {
	for _, entry := range b.Of(kind) {
		read(entry)
	}
}
