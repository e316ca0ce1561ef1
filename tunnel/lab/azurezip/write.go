package azurezip

import (
	"archive/zip"
	"bytes"
	"crypto/sha1"
	"crypto/x509"
	"embed"
	"encoding/base64"
	"encoding/pem"
	"encoding/xml"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"text/template"
	"time"
)

//go:embed templates
var templates embed.FS

// File is an entry of the package.
type File struct {
	Name    string // with slashes
	Content []byte
}

// Write writes the package.
func Write(w io.Writer, d Description) error {
	files, err := Files(d)
	if err != nil {
		return err
	}
	archive := zip.NewWriter(w)
	for _, file := range files {
		header := &zip.FileHeader{Name: file.Name, Method: zip.Deflate, Modified: time.Now()}
		entry, err := archive.CreateHeader(header)
		if err == nil {
			_, err = entry.Write(file.Content)
		}
		if err != nil {
			return fmt.Errorf("write %s into profile package: %w", file.Name, err)
		}
	}
	if err := archive.Close(); err != nil {
		return fmt.Errorf("write profile package: %w", err)
	}
	return nil
}

// Files are the entries of the package: which ones depends on the authentication types, as with Azure.
func Files(d Description) ([]File, error) {
	if err := d.check(); err != nil {
		return nil, fmt.Errorf("describe gateway: %w", err)
	}
	if d.Transport == "" {
		d.Transport = "tcp"
	}
	var files []File
	for _, authentication := range d.Authentications {
		content, err := d.render("azurevpnconfig.xml", authentication)
		if err != nil {
			return nil, err
		}
		files = append(files, File{d.profileName(authentication), content})
	}
	settings, err := d.render("VpnSettings.xml", "")
	if err != nil {
		return nil, err
	}
	files = append(files, File{"Generic/VpnSettings.xml", bytes.TrimSuffix(settings, []byte("\n"))})
	for number, root := range d.Roots {
		files = append(files, File{fmt.Sprintf("Generic/VpnServerRoot.cer_%d", number), root.Raw})
	}
	if d.has(Certificate) || d.has(Radius) { // Entra alone has no vpnconfig.ovpn
		config, err := d.render("vpnconfig.ovpn", "")
		if err != nil {
			return nil, err
		}
		files = append(files, File{"OpenVPN/vpnconfig.ovpn", bytes.ReplaceAll(config, []byte("\n"), []byte("\r\n"))})
	}
	return files, nil
}

// profileName is azurevpnconfig.xml, or with several authentication types one file for each.
func (d *Description) profileName(authentication Authentication) string {
	if len(d.Authentications) == 1 {
		return "AzureVPN/azurevpnconfig.xml"
	}
	return fmt.Sprintf("AzureVPN/azurevpnconfig_%s.xml", authentication)
}

// content is what the templates see.
type content struct {
	Description
	Authentication  Authentication
	SecretDigits    string
	SecretPEM       string
	HasClientConfig bool
	HasCertificate  bool
	Version         int
}

func (d *Description) render(name string, authentication Authentication) ([]byte, error) {
	parsed, err := template.New(name+".tmpl").Funcs(functions()).ParseFS(templates, "templates/"+name+".tmpl")
	if err != nil {
		return nil, fmt.Errorf("read template of %s: %w", name, err)
	}
	version := 1
	if d.forcedTunnel() {
		version = 2
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, content{
		Description: *d, Authentication: authentication, SecretDigits: d.secretDigits(), SecretPEM: d.Secret.PEM(), Version: version,
		HasClientConfig: len(d.DNSServers)+len(d.DNSSuffixes)+len(d.IncludeRoutes)+len(d.ExcludeRoutes) > 0,
		HasCertificate:  d.has(Certificate),
	}); err != nil {
		return nil, fmt.Errorf("write %s: %w", name, err)
	}
	return out.Bytes(), nil
}

// routeList is a list of routes with the name of its element.
type routeList struct {
	Element string
	Routes  []netip.Prefix
}

func functions() template.FuncMap {
	return template.FuncMap{
		"xml": func(text string) (string, error) {
			var out strings.Builder
			err := xml.EscapeText(&out, []byte(text))
			return out.String(), err
		},
		"thumbprint": func(c *x509.Certificate) string { return fmt.Sprintf("%X", sha1.Sum(c.Raw)) },
		"base64":     func(c *x509.Certificate) string { return base64.StdEncoding.EncodeToString(c.Raw) },
		"pem": func(c *x509.Certificate) string {
			return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
		},
		"routes":    func(element string, routes []netip.Prefix) routeList { return routeList{element, routes} },
		"join":      func(routes []netip.Prefix) string { return join(routes) },
		"addresses": func(addresses []netip.Addr) string { return join(addresses) },
	}
}

func join[T fmt.Stringer](items []T) string {
	var texts []string
	for _, item := range items {
		texts = append(texts, item.String())
	}
	return strings.Join(texts, ",")
}
