package azvpn

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/footbridge-vpn/footbridge/profiles/certificate"
	"github.com/footbridge-vpn/footbridge/profiles/finding"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// parser reads one profile and collects what is to be said about it.
type parser struct {
	finding.List
	root    *element
	shape   shape
	profile *Profile
}

// IsProfile reports whether data is the XML of a profile, well-formed or not, by what stands in it.
func IsProfile(data []byte) bool {
	root, f := readTree(data)
	if f == nil {
		return looksLikeProfile(root)
	}
	text := strings.ToLower(string(data[:min(len(data), maxSize)]))
	return strings.Contains(text, "<azvpnprofile") || strings.Contains(text, "<clientauth") && strings.Contains(text, "<servervalidation")
}

// looksLikeProfile accepts any name of the root: one version of the client names it after the profile when it exports.
func looksLikeProfile(root *element) bool {
	return root.is("AzVpnProfile") || len(root.all("clientauth", "serverlist", "servervalidation")) >= 2
}

// Parse reads an AzVpnProfile as Azure generates it, as its clients export it, and as people edit it. The profile is nil where the file
// is not one; where a fault is among the findings it is not complete.
func Parse(data []byte) (*Profile, []finding.Finding) {
	root, f := readTree(data)
	if f != nil {
		return nil, []finding.Finding{*f}
	}
	if !looksLikeProfile(root) {
		return nil, []finding.Finding{*fault("not-a-profile", root.line, fmt.Sprintf("The XML is about <%s>, not an Azure VPN profile.", root.name),
			"Choose azurevpnconfig.xml from the package that Azure generated.")}
	}
	p := parser{root: root, shape: profileShape(), profile: &Profile{}}
	p.checkShape(root, p.shape)
	p.profile.Name = root.value("name")
	if p.profile.Name == "" && !root.is("AzVpnProfile") {
		p.profile.Name = decodeName(root.name)
	}
	p.profile.SecondaryProfile = root.value("secondaryProfileName")
	if strings.EqualFold(p.profile.SecondaryProfile, "None") {
		p.profile.SecondaryProfile = "" // what an export has where there is none
	}
	p.version()
	p.authentication()
	p.transport()
	p.servers()
	p.validation()
	p.clientConfig()
	return p.profile, p.ByLine()
}

// checkShape reports elements that no client knows, and known ones that stand where no client looks for them.
func (p *parser) checkShape(e *element, s shape) {
	for _, child := range e.children {
		inside, known := s.child(child.name)
		switch {
		case known && len(inside.inside) > 0:
			p.checkShape(child, inside)
		case known:
			p.checkLeaf(child)
		case isLegacyName(child.name):
		default:
			p.unknown(child, s)
		}
	}
}

func (p *parser) checkLeaf(e *element) {
	for _, child := range e.children {
		if !e.is("ekulist", "any") {
			if isKnownName(child.name) {
				p.Warning("unexpected-element", child.line, fmt.Sprintf("The element <%s> stands inside <%s>, where it is not read.", child.name, e.name), "Correct the nesting.")
			} else {
				p.Append(*placeholderFault(child.line, "<"+child.name+">"))
			}
		}
	}
}

func (p *parser) unknown(e *element, s shape) {
	parent, known := p.shape.parentOf(e.name)
	switch {
	case known && !strings.EqualFold(parent, s.name):
		p.Warning("misplaced-element", e.line, fmt.Sprintf("The element <%s> stands inside <%s>, where it is not read.", e.name, s.name),
			fmt.Sprintf("Move it into <%s>.", parent))
	case !e.isEmpty() || len(e.children) > 0:
		p.Note("unknown-element", e.line, fmt.Sprintf("The element <%s> is not known; it has no effect and is kept.", e.name))
	}
}

func (p *parser) version() {
	e := p.root.child("version")
	p.profile.Version = 1
	if e == nil || e.text == "" {
		return
	}
	version, err := strconv.Atoi(e.text)
	if err != nil || version < 1 {
		p.Warning("bad-version", e.line, "The version is not a number.", "Write 1, or 2 for a profile that includes 0.0.0.0/0.")
		return
	}
	p.profile.Version = version
}

func (p *parser) transport() {
	config := p.root.child("protocolconfig", "protoconfig")
	e := config.child("sslprotocolConfig", "sslprotoconfig").child("transportprotocol")
	if e == nil || e.text == "" {
		return
	}
	switch text := strings.ToLower(e.text); text {
	case "tcp", "udp":
		p.profile.Transport = text
	default:
		p.Fault("bad-transport", e.line, "The transport protocol is neither tcp nor udp.", "Write tcp, which every Azure gateway speaks.")
	}
}

func (p *parser) servers() {
	list := p.root.child("serverlist")
	for _, entry := range list.all("ServerEntry") {
		e := entry.child("fqdn")
		if e == nil || e.text == "" {
			p.Fault("missing-server", entry.line, "A server has no name.", "Put the gateway's name into <fqdn>.")
			continue
		}
		p.server(Server{DisplayName: entry.value("displayname"), FQDN: e.text}, e)
	}
	if len(p.profile.Servers) == 0 && !p.hasFault("missing-server", "bad-server", "placeholder") {
		if p.legacyServers(); len(p.profile.Servers) == 0 {
			p.Fault("missing-server", list.at(p.root), "The profile names no server.", "Put the gateway's name into <serverlist><ServerEntry><fqdn>, or download the profile again.")
		}
	}
}

func (p *parser) server(server Server, e *element) {
	server.FQDN = strings.TrimSuffix(server.FQDN, ".")
	switch {
	case p.placeholder(e):
	case !isHost(server.FQDN):
		p.Fault("bad-server", e.line, "The server's name is not a host name.", "Write only the name, such as azuregateway-….vpn.azure.com, without https:// and port.")
	default:
		p.profile.Servers = append(p.profile.Servers, server)
	}
}

func (p *parser) validation() {
	validation := p.root.child("servervalidation")
	for _, cert := range validation.all("cert") {
		p.rootCertificate(cert)
	}
	if kind := validation.value("type"); kind != "" && !strings.EqualFold(kind, "cert") {
		p.Warning("validation-type", validation.child("type").line, "The gateway is to be validated in a way that is not known; its certificate is checked as always.", "Write cert as the type in <servervalidation>.")
	}
	if len(p.profile.RootThumbprints) == 0 && !p.hasFault("bad-thumbprint", "placeholder") {
		p.Warning("missing-thumbprint", validation.at(p.root), "The profile does not name the root certificate of the gateway, so any that this computer trusts is accepted.",
			"Download the profile from Azure again.")
	}
	p.usePinnedRoot(validation)
	p.serverSecret(validation)
}

func (p *parser) rootCertificate(cert *element) {
	if e := cert.child("hash"); e != nil && e.text != "" && !p.placeholder(e) {
		hash, ok := certificate.ParseThumbprint(e.text)
		if !ok {
			p.Fault("bad-thumbprint", e.line, "The hash of the gateway's root certificate is not a SHA-1 thumbprint of 40 hexadecimal digits.",
				"Download the profile from Azure again, or copy the thumbprint of the root certificate.")
		} else {
			p.profile.RootThumbprints = appendNew(p.profile.RootThumbprints, hash)
		}
	}
	if e := cert.child("certificatedata"); e != nil && e.text != "" {
		roots, err := certificate.Parse([]byte(e.text))
		if err != nil {
			p.Warning("bad-certificate", e.line, "The certificate data of the gateway's root cannot be read.", "Remove it, or download the profile from Azure again.")
		}
		p.profile.Roots = certificate.Add(p.profile.Roots, roots...)
	}
}

func (p *parser) usePinnedRoot(validation *element) {
	if e := validation.child("usepinnedroot"); e != nil && e.text != "" {
		value := p.boolean(e, true)
		p.profile.UsePinnedRoot = &value
		if !value {
			p.Note("no-pinned-root", e.line, "The profile switches certificate pinning off: any root that this computer trusts is accepted.")
		}
	}
}

func (p *parser) serverSecret(validation *element) {
	e := validation.child("serversecret")
	if e == nil || e.text == "" {
		p.Fault("missing-secret", e.at(validation, p.root), "The profile has no server secret, without which the gateway does not answer.",
			"Download the profile from Azure again; it is not to be had elsewhere.")
		return
	}
	if p.placeholder(e) {
		return
	}
	key, err := secret.ParseStaticKey(e.text)
	if err != nil {
		p.Fault("bad-secret", e.line, fmt.Sprintf("The server secret is not %d hexadecimal digits.", 2*secret.StaticKeySize),
			"Copy all of it, or download the profile from Azure again.")
		return
	}
	p.profile.ServerSecret = key
}

func (p *parser) boolean(e *element, otherwise bool) bool {
	switch {
	case e == nil || e.text == "":
		return otherwise
	case strings.EqualFold(e.text, "true") || e.text == "1":
		return true
	case strings.EqualFold(e.text, "false") || e.text == "0":
		return false
	default:
		p.Warning("bad-boolean", e.line, fmt.Sprintf("The value of <%s> is neither true nor false.", e.name), fmt.Sprintf("Write true or false; %v is taken.", otherwise))
		return otherwise
	}
}

// hasFault reports whether one of these was found already, so that what follows from it is not reported too.
func (p *parser) hasFault(codes ...string) bool {
	for _, f := range p.List {
		for _, code := range codes {
			if f.Severity == finding.Fault && f.Code == code {
				return true
			}
		}
	}
	return false
}

// encodedRune is how .NET writes a character into an element's name that may not stand there (XmlConvert.EncodeName).
var encodedRune = regexp.MustCompile(`_x([0-9A-Fa-f]{4})_`)

func decodeName(name string) string {
	return encodedRune.ReplaceAllStringFunc(name, func(encoded string) string {
		code, err := strconv.ParseUint(encoded[2:6], 16, 16)
		if err != nil || !unicode.IsPrint(rune(code)) {
			return encoded
		}
		return string(rune(code))
	})
}

func appendNew(list []string, text string) []string {
	for _, existing := range list {
		if existing == text {
			return list
		}
	}
	return append(list, text)
}
