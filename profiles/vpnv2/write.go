package vpnv2

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
)

// Write writes a ProfileXML. The Azure profile goes into it without its nil elements and namespaces, on which Windows' own reader
// breaks (Azure's page; MicrosoftDocs/azure-docs#70222).
func Write(d Document) ([]byte, error) {
	inner, err := plainProfile(d.AzureProfile)
	if err != nil {
		return nil, fmt.Errorf("write ProfileXML: %w", err)
	}
	var out bytes.Buffer
	line := func(indent int, name, value string) {
		fmt.Fprintf(&out, "%s<%s>%s</%s>\n", strings.Repeat("  ", indent), name, escaped(value), name)
	}
	out.WriteString("<VPNProfile>\n")
	line(1, "RememberCredentials", fmt.Sprint(d.RememberCredentials))
	line(1, "AlwaysOn", fmt.Sprint(d.AlwaysOn))
	if len(d.TrustedNetworks) > 0 {
		line(1, "TrustedNetworkDetection", strings.Join(d.TrustedNetworks, ","))
	}
	line(1, "DeviceTunnel", fmt.Sprint(d.DeviceTunnel))
	line(1, "RegisterDNS", fmt.Sprint(d.RegisterDNS))
	for _, rule := range d.Names {
		out.WriteString("  <DomainNameInformation>\n")
		line(2, "DomainName", "."+rule.Suffix)
		line(2, "DnsServers", joined(rule.Servers))
		out.WriteString("  </DomainNameInformation>\n")
	}
	for _, route := range d.Routes {
		out.WriteString("  <Route>\n")
		line(2, "Address", route.Prefix.Addr().String())
		line(2, "PrefixSize", fmt.Sprint(route.Prefix.Bits()))
		line(2, "ExclusionRoute", fmt.Sprint(route.Exclusion))
		out.WriteString("  </Route>\n")
	}
	out.WriteString("  <PluginProfile>\n")
	line(2, "ServerUrlList", strings.Join(d.Servers, ","))
	fmt.Fprintf(&out, "    <CustomConfiguration>\n%s    </CustomConfiguration>\n", inner)
	line(2, "PluginPackageFamilyName", PackageFamilyName)
	out.WriteString("  </PluginProfile>\n</VPNProfile>\n")
	return out.Bytes(), nil
}

// plainProfile rewrites an AzVpnProfile as Windows takes it: root in lower case, nothing nil, no namespaces.
func plainProfile(profile []byte) ([]byte, error) {
	var out bytes.Buffer
	decoder := xml.NewDecoder(bytes.NewReader(profile))
	depth, skipping := 0, 0
	indent := func() string { return "\n" + strings.Repeat("  ", depth+3) }
	leaf := false // the last thing written was a start tag or its text
	for {
		token, err := decoder.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read Azure profile: %w", plain(err))
		}
		switch t := token.(type) {
		case xml.StartElement:
			if skipping > 0 || isNilStart(t) {
				skipping++
				continue
			}
			name := t.Name.Local
			if depth == 0 {
				name = strings.ToLower(name)
			}
			out.WriteString(indent() + "<" + name + ">")
			depth++
			leaf = true
		case xml.EndElement:
			if skipping > 0 {
				skipping--
				continue
			}
			depth--
			name := t.Name.Local
			if depth == 0 {
				name = strings.ToLower(name)
			}
			if !leaf {
				out.WriteString(indent())
			}
			out.WriteString("</" + name + ">")
			leaf = false
		case xml.CharData:
			if skipping == 0 && len(bytes.TrimSpace(t)) > 0 {
				out.WriteString(escaped(strings.TrimSpace(string(t))))
			}
		}
	}
	if depth != 0 || out.Len() == 0 {
		return nil, errors.New("read Azure profile: it is not whole")
	}
	return append(bytes.TrimPrefix(out.Bytes(), []byte("\n")), '\n'), nil
}

func isNilStart(t xml.StartElement) bool {
	for _, a := range t.Attr {
		if a.Name.Local == "nil" && a.Value == "true" {
			return true
		}
	}
	return false
}

func escaped(text string) string {
	var out bytes.Buffer
	if err := xml.EscapeText(&out, []byte(text)); err != nil {
		return "" // a bytes.Buffer takes everything
	}
	return out.String()
}

func joined(addresses []netip.Addr) string {
	var texts []string
	for _, address := range addresses {
		texts = append(texts, address.String())
	}
	return strings.Join(texts, ",")
}
