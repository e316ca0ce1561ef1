package azvpn

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/footbridge-vpn/footbridge/profiles/finding"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// linuxProfile is a profile as the retired official client for Linux keeps it, by the names in its files.
type linuxProfile struct {
	Name        string `json:"server_name"`
	Server      string `json:"fqdn"`
	Secret      string `json:"server_secret"`
	Type        string `json:"auth_type"`
	Tenant      string `json:"tenant"`
	Audience    string `json:"audience"`
	Issuer      string `json:"issuer"`
	RootHash    string `json:"cert_hash"`
	Certificate string `json:"cert_public_data_file_path"`
	Key         string `json:"cert_private_key_file_path"`
}

// LinuxClientProfile is a profile of the retired official client for Linux, with the user's files that it names.
type LinuxClientProfile struct {
	*Profile
	CertificateFile, KeyFile string
}

// String names the profile and shows nothing of its content, which has secrets in it.
func (p LinuxClientProfile) String() string { return p.Name }

// GoString is String.
func (p LinuxClientProfile) GoString() string { return p.String() }

// IsLinuxClient reports whether data is JSON of the retired official client for Linux.
func IsLinuxClient(data []byte) bool {
	text := string(data[:min(len(data), 64<<10)])
	trimmed := strings.TrimSpace(text)
	return (strings.HasPrefix(trimmed, "{") || strings.HasPrefix(trimmed, "[")) && strings.Contains(text, "server_secret") && strings.Contains(text, "fqdn")
}

// deepest bounds how deep profiles are looked for in the JSON, which nests them, also as text within text.
const deepest = 8

// ParseLinuxClient reads the JSON files of the retired official client for Linux: one profile, a list of them, or its preferences, which
// hold them as JSON within strings. Its cached sign-ins and passphrases are not read.
func ParseLinuxClient(data []byte) ([]LinuxClientProfile, []finding.Finding) {
	var found []LinuxClientProfile
	var findings []finding.Finding
	walk(data, 0, func(p linuxProfile) {
		profile, findingsOf := p.profile()
		findings = append(findings, findingsOf...)
		if profile != nil && len(found) < maxKept {
			found = append(found, LinuxClientProfile{Profile: profile, CertificateFile: p.Certificate, KeyFile: p.Key})
		}
	})
	if len(found) == 0 && !finding.Faulty(findings) {
		findings = append(findings, finding.Finding{Severity: finding.Fault, Code: "no-azure-profile", Problem: "There is no VPN profile in this file of the Azure VPN Client for Linux.",
			Remedy: "Choose a file in its profiles folder."})
	}
	return found, findings
}

// walk calls each for every object that has a server and its secret.
func walk(data []byte, depth int, each func(linuxProfile)) {
	if depth > deepest {
		return
	}
	switch first := strings.TrimSpace(string(data[:min(len(data), 64)])); {
	case strings.HasPrefix(first, "{"):
		var p linuxProfile
		if json.Unmarshal(data, &p) == nil && p.Server != "" && p.Secret != "" {
			each(p)
			return
		}
		var fields map[string]json.RawMessage
		if json.Unmarshal(data, &fields) == nil {
			for _, name := range sortedKeys(fields) {
				walk(fields[name], depth+1, each)
			}
		}
	case strings.HasPrefix(first, "["):
		var items []json.RawMessage
		if json.Unmarshal(data, &items) == nil {
			for _, item := range items {
				walk(item, depth+1, each)
			}
		}
	case strings.HasPrefix(first, `"`):
		var text string
		if json.Unmarshal(data, &text) == nil && strings.Contains(text, "server_secret") {
			walk([]byte(text), depth+1, each)
		}
	}
}

// isServerSecret reports whether it is one: a static key of OpenVPN in lower case.
func isServerSecret(text string) bool {
	return len(text) == 512 && strings.Trim(text, "0123456789abcdef") == ""
}

func (p linuxProfile) profile() (*Profile, []finding.Finding) {
	key := strings.ToLower(strings.TrimSpace(p.Secret))
	if !isServerSecret(key) {
		return nil, []finding.Finding{{Severity: finding.Fault, Code: "bad-secret", Problem: "The server secret is not 512 hexadecimal digits.", Remedy: "Download the profile from Azure again."}}
	}
	profile := &Profile{Name: cmp.Or(strings.TrimSpace(p.Name), p.Server), Version: 1, Transport: "tcp", Servers: []Server{{FQDN: strings.TrimSpace(p.Server)}}, ServerSecret: secret.Text(key)}
	if hash := strings.ToLower(strings.TrimSpace(p.RootHash)); hash != "" {
		profile.RootThumbprints = []string{hash}
	}
	switch strings.ToLower(strings.TrimSpace(p.Type)) {
	case "aad", "entra", "azuread":
		profile.Type = AAD
		profile.Entra = &Entra{Audience: p.Audience, Issuer: p.Issuer, Tenant: p.Tenant, CacheSignInUser: true}
	case "usernamepass", "radius":
		profile.Type = UsernamePass
	default:
		profile.Type = Certificate
		if p.Audience != "" && p.Tenant != "" && p.Certificate == "" {
			profile.Type = AAD
			profile.Entra = &Entra{Audience: p.Audience, Issuer: p.Issuer, Tenant: p.Tenant, CacheSignInUser: true}
		}
	}
	return profile, nil
}

func sortedKeys(fields map[string]json.RawMessage) []string {
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
