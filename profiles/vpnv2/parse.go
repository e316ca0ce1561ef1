package vpnv2

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"html"
	"io"
	"net/netip"
	"net/url"
	"strings"

	"github.com/footbridge-vpn/footbridge/profiles/finding"
	"github.com/footbridge-vpn/footbridge/profiles/textfile"
)

// element is one XML element with what is inside it, raw.
type element struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Inner    []byte     `xml:",innerxml"`
	Text     string     `xml:",chardata"`
	Children []element  `xml:",any"`
}

// is reports whether the element has a name; Windows itself is not strict about case.
func (e element) is(name string) bool { return strings.EqualFold(e.XMLName.Local, name) }

// child is the first child with a name.
func (e element) child(name string) (element, bool) {
	for _, c := range e.Children {
		if c.is(name) && !c.isNil() {
			return c, true
		}
	}
	return element{}, false
}

// isNil reports whether an element says that it is missing: i:nil, whether or not the prefix was declared.
func (e element) isNil() bool {
	for _, a := range e.Attrs {
		if a.Name.Local == "nil" && strings.TrimSpace(a.Value) == "true" {
			return true
		}
	}
	return false
}

func (e element) text(name string) string {
	c, _ := e.child(name)
	return strings.TrimSpace(c.Text)
}

func (e element) truth(name string) bool {
	return strings.EqualFold(e.text(name), "true") || e.text(name) == "1"
}

// Parse reads a ProfileXML, by itself or as the data of a SyncML command as Intune sends it. The document is nil where it is not one.
func Parse(data []byte) (*Document, []finding.Finding) {
	if len(data) > MaxSize {
		return nil, []finding.Finding{fault("too-large", fmt.Sprintf("The file has more than %d MiB, which no ProfileXML has.", MaxSize>>20))}
	}
	root, err := decode(textfile.Decode(data))
	if err != nil {
		return nil, []finding.Finding{fault("bad-xml", "The ProfileXML is not whole: "+err.Error()+".")}
	}
	name, profile, found := locate(root, "", 0)
	if !found {
		return nil, []finding.Finding{fault("wrong-file", "There is no VPNProfile in this file.")}
	}
	return read(name, profile)
}

func decode(data []byte) (element, error) {
	var root element
	decoder := xml.NewDecoder(bytes.NewReader(data))
	decoder.Strict = true
	decoder.CharsetReader = func(_ string, text io.Reader) (io.Reader, error) { return text, nil } // textfile has decoded it
	err := decoder.Decode(&root)
	return root, plain(err)
}

// plain keeps the position of an XML error and none of the content.
func plain(err error) error {
	if syntax, ok := err.(*xml.SyntaxError); ok {
		return fmt.Errorf("line %d", syntax.Line)
	}
	return err
}

// deepest bounds how deep a VPNProfile is looked for.
const deepest = 12

// locate finds the VPNProfile, within SyncML as elements, in CDATA or escaped, and the name in its OMA-URI.
func locate(e element, name string, depth int) (string, element, bool) {
	if e.is("VPNProfile") {
		return name, e, true
	}
	if depth > deepest {
		return "", element{}, false
	}
	for _, c := range e.Children {
		if c.is("Target") {
			if found := nameFromURI(c.text("LocURI")); found != "" {
				name = found
			}
		}
	}
	for _, c := range e.Children {
		if foundName, profile, found := locate(c, name, depth+1); found {
			return foundName, profile, true
		}
	}
	if text := strings.TrimSpace(e.Text); strings.HasPrefix(text, "<") {
		if inner, err := decode([]byte(text)); err == nil {
			return locate(inner, name, depth+1)
		}
	}
	return "", element{}, false
}

// nameFromURI is the profile's name in ./User/Vendor/MSFT/VPNv2/NAME/ProfileXML.
func nameFromURI(uri string) string {
	parts := strings.Split(uri, "/")
	for i, part := range parts {
		if strings.EqualFold(part, "VPNv2") && i+1 < len(parts) {
			if name, err := url.PathUnescape(parts[i+1]); err == nil {
				return name
			}
			return parts[i+1]
		}
	}
	return ""
}

func read(name string, profile element) (*Document, []finding.Finding) {
	d := &Document{Name: name, RememberCredentials: profile.truth("RememberCredentials"), AlwaysOn: profile.truth("AlwaysOn"),
		TrustedNetworks: split(profile.text("TrustedNetworkDetection")), DeviceTunnel: profile.truth("DeviceTunnel"), RegisterDNS: profile.truth("RegisterDNS")}
	if own := profile.text("ProfileName"); own != "" {
		d.Name = own
	}
	var findings []finding.Finding
	for _, c := range profile.Children {
		switch {
		case c.is("Route"):
			findings = append(findings, d.readRoute(c)...)
		case c.is("DomainNameInformation"):
			findings = append(findings, d.readNames(c)...)
		}
	}
	plugin, isPlugin := profile.child("PluginProfile")
	if !isPlugin {
		return nil, append(findings, finding.Finding{Severity: finding.Fault, Code: "native-profile",
			Problem: "This VPN profile is for the client built into Windows, which speaks other protocols.", Remedy: "Choose the profile of the Azure VPN Client."})
	}
	d.Servers, d.PackageFamilyName = split(plugin.text("ServerUrlList")), plugin.text("PluginPackageFamilyName")
	if d.PackageFamilyName != "" && !strings.HasPrefix(strings.ToLower(d.PackageFamilyName), "microsoft.azurevpn_") {
		return nil, append(findings, finding.Finding{Severity: finding.Fault, Code: "other-plugin",
			Problem: "This VPN profile is for another VPN app than the Azure VPN Client.", Remedy: "Choose the profile of the Azure VPN Client."})
	}
	configuration, _ := plugin.child("CustomConfiguration")
	if d.AzureProfile = azureProfile(configuration); d.AzureProfile == nil {
		findings = append(findings, fault("no-azure-profile", "CustomConfiguration has no Azure VPN profile in it."))
	}
	return d, findings
}

// azureProfile makes a document of what stands in CustomConfiguration: an azvpnprofile, or, as Azure's page had it at first, what is
// between its tags; as elements, in CDATA or escaped.
func azureProfile(configuration element) []byte {
	inner := bytes.TrimSpace(configuration.Inner)
	if len(configuration.Children) == 0 {
		inner = []byte(strings.TrimSpace(configuration.Text))
		if bytes.HasPrefix(inner, []byte("&lt;")) {
			inner = []byte(html.UnescapeString(string(inner))) // escaped twice
		}
	}
	if len(inner) == 0 || !bytes.Contains(inner, []byte("<")) {
		return nil
	}
	if lower := bytes.ToLower(inner); bytes.Contains(lower, []byte("<azvpnprofile")) {
		return inner
	}
	var wrapped bytes.Buffer
	wrapped.WriteString(`<AzVpnProfile xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns="http://schemas.datacontract.org/2004/07/">` + "\n")
	wrapped.Write(inner)
	wrapped.WriteString("\n</AzVpnProfile>\n")
	return wrapped.Bytes()
}

func (d *Document) readRoute(e element) []finding.Finding {
	prefix, err := netip.ParsePrefix(e.text("Address") + "/" + e.text("PrefixSize"))
	if err != nil {
		return []finding.Finding{warning("bad-route", "A Route is not a network and was left out.", "Write its Address and PrefixSize.")}
	}
	d.Routes = append(d.Routes, Route{prefix.Masked(), e.truth("ExclusionRoute")})
	return nil
}

func (d *Document) readNames(e element) []finding.Finding {
	domain := strings.ToLower(strings.Trim(e.text("DomainName"), ". "))
	rule := NameRule{Suffix: domain}
	for _, text := range split(e.text("DnsServers")) {
		server, err := netip.ParseAddr(text)
		if err != nil {
			return []finding.Finding{warning("bad-dns", "The DNS servers of a DomainNameInformation are not IP addresses; it was left out.", "Write IP addresses.")}
		}
		rule.Servers = append(rule.Servers, server.Unmap())
	}
	if len(rule.Servers) > 0 { // without servers it exempts names from a rule, which does not concern the tunnel
		d.Names = append(d.Names, rule)
	}
	return nil
}

// split takes a list apart at commas, semicolons and white space.
func split(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(",; \t\r\n", r) })
}
