package store

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"reflect"
	"slices"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/certificate"
	"github.com/footbridge-vpn/footbridge/profiles/finding"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// content is a profile as a file.
type content struct {
	data       []byte
	extension  string
	completion *completion // what the file cannot say; nil for nothing
}

// completion is what a profile has that its file cannot say, such as the certificates that lay beside it in a ZIP.
type completion struct {
	SHA256            string           `json:"sha256"` // of the file; another one is not completed
	Roots             string           `json:"roots,omitempty"`
	NameType          string           `json:"name_type,omitempty"`
	NameValue         string           `json:"name_value,omitempty"`
	Servers           []completeServer `json:"servers,omitempty"`
	ClientCertificate string           `json:"client_certificate,omitempty"`
	ClientKey         string           `json:"client_key,omitempty"`
	PKCS12            []byte           `json:"pkcs12,omitempty"`
}

type completeServer struct {
	DisplayName string             `json:"display_name,omitempty"`
	Host        string             `json:"host"`
	Port        uint16             `json:"port"`
	Transport   profiles.Transport `json:"transport,omitempty"`
}

// encode writes a profile as a file from which exactly it can be read again: in the Azure format where that has words for it, else in the
// one it came in, or as an OpenVPN configuration.
func encode(p *profiles.Profile) (content, error) {
	for _, f := range profiles.Validate(p) {
		if f.Severity == finding.Fault {
			return content{}, f
		}
	}
	azure := func() ([]byte, error) { return profiles.Export(withAzurePorts(p), profiles.FormatAzureXML) }
	openVPN := func() ([]byte, error) { return profiles.Export(p, profiles.FormatOVPN) }
	source := func() ([]byte, error) { return p.Source, nil }
	candidates := []func() ([]byte, error){azure, source, openVPN}
	if p.Format == profiles.FormatOVPN {
		candidates = []func() ([]byte, error){source, openVPN, azure}
	}
	var reasons []error
	for _, candidate := range candidates {
		data, err := candidate()
		if err != nil {
			reasons = append(reasons, err)
			continue
		}
		if c, ok := tryContent(p, data); ok {
			return c, nil
		}
	}
	return content{}, errors.Join(append([]error{errors.New("no kind of file has words for all that is in this profile")}, reasons...)...)
}

// withAzurePorts is a profile that the Azure format takes, whatever its ports are; the completion has them.
func withAzurePorts(p *profiles.Profile) *profiles.Profile {
	const azurePort = 443
	changed := *p
	changed.Servers = slices.Clone(p.Servers)
	for i := range changed.Servers {
		changed.Servers[i].Port, changed.Servers[i].Transport = azurePort, ""
	}
	return &changed
}

// tryContent reports whether the profile can be read from data.
func tryContent(p *profiles.Profile, data []byte) (content, bool) {
	if len(data) == 0 || len(data) > MaxFile {
		return content{}, false
	}
	imported, err := profiles.Import(bytes.NewReader(data), profiles.ImportOptions{})
	if err != nil || len(imported.Profiles) != 1 {
		return content{}, false
	}
	read := imported.Profiles[0]
	c := content{data: data, extension: ".xml"}
	if read.Format == profiles.FormatOVPN {
		c.extension = ".ovpn"
	}
	if digest(read) == digest(p) {
		return c, true
	}
	c.completion = complement(p, sum(data))
	if err := c.completion.apply(read); err != nil || digest(read) != digest(p) {
		return content{}, false
	}
	return c, true
}

func complement(p *profiles.Profile, sum string) *completion {
	auth := p.Authentication
	c := &completion{SHA256: sum, NameType: string(p.Gateway.Name.Type), NameValue: p.Gateway.Name.Value,
		ClientCertificate: auth.ClientCert.Reveal(), ClientKey: auth.ClientKey.Reveal(), PKCS12: []byte(auth.PKCS12.Reveal())}
	for _, root := range p.Gateway.Roots {
		c.Roots += string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Raw}))
	}
	for _, server := range p.Servers {
		c.Servers = append(c.Servers, completeServer(server))
	}
	return c
}

// apply completes a profile that was read from the file.
func (c *completion) apply(p *profiles.Profile) error {
	p.Gateway.Roots = nil
	if c.Roots != "" {
		roots, err := certificate.Parse([]byte(c.Roots))
		if err != nil {
			return fmt.Errorf("the gateway's certificates cannot be read: %w", err)
		}
		p.Gateway.Roots = roots
	}
	p.Gateway.Name = profiles.NameRule{Type: profiles.NameRuleType(c.NameType), Value: c.NameValue}
	p.Servers = nil
	for _, server := range c.Servers {
		p.Servers = append(p.Servers, profiles.Server(server))
	}
	p.Authentication.ClientCert, p.Authentication.ClientKey = secret.Text(c.ClientCertificate), secret.Text(c.ClientKey)
	p.Authentication.PKCS12 = secret.Text(c.PKCS12)
	return nil
}

func sum(data []byte) string {
	hash := sha256.Sum256(data)
	return hex.EncodeToString(hash[:])
}

// digest is the same for profiles that mean the same, whatever they are called and whichever file they came in.
func digest(p *profiles.Profile) string {
	content := *p
	content.Name, content.Format, content.Source = "", "", nil
	hash := sha256.New()
	writeValue(hash, "", reflect.ValueOf(content))
	return hex.EncodeToString(hash.Sum(nil))
}

// writeValue writes all that is not zero in a value, one a line. Strings are quoted, so that no two values are written the same.
func writeValue(out io.Writer, path string, v reflect.Value) {
	switch value := v.Interface().(type) {
	case secret.Text:
		writeLine(out, path, value.Reveal())
		return
	case *x509.Certificate:
		if value != nil {
			writeLine(out, path, string(value.Raw))
		}
		return
	case netip.Addr:
		writeLine(out, path, value.String())
		return
	case netip.Prefix:
		writeLine(out, path, value.String())
		return
	case []byte:
		writeLine(out, path, string(value))
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			fmt.Fprintf(out, "%s:set\n", path)
			writeValue(out, path, v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			writeValue(out, path+"."+v.Type().Field(i).Name, v.Field(i))
		}
	case reflect.Slice:
		if path == ".OpenVPN.RedirectGateway" && !v.IsNil() { // without flags it is not the same as none
			fmt.Fprintf(out, "%s:set\n", path)
		}
		for i := range v.Len() {
			fmt.Fprintf(out, "%s[%d]\n", path, i)
			writeValue(out, fmt.Sprintf("%s[%d]", path, i), v.Index(i))
		}
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return bytes.Compare([]byte(a.String()), []byte(b.String())) })
		for _, key := range keys {
			fmt.Fprintf(out, "%s[%q]\n", path, key.String())
			writeValue(out, fmt.Sprintf("%s[%q]", path, key.String()), v.MapIndex(key))
		}
	case reflect.String:
		writeLine(out, path, v.String())
	default:
		if !v.IsZero() {
			fmt.Fprintf(out, "%s=%v\n", path, v.Interface())
		}
	}
}

func writeLine(out io.Writer, path, text string) {
	if text != "" {
		fmt.Fprintf(out, "%s=%q\n", path, text)
	}
}
