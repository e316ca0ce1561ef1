package pkcs11

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
)

// longestURI bounds a URI, in bytes.
const longestURI = 4096

// URI is a PKCS#11 URI (RFC 7512) that names a token and what is on it. An empty field names anything.
type URI struct {
	Token, Manufacturer, Serial, Model string
	SlotID                             *uint
	Object                             string // label of the certificate or key (CKA_LABEL)
	ID                                 []byte // of the certificate and key (CKA_ID)

	ModulePath string // the token's program library
	ModuleName string // its name without path and ending, looked for where such libraries are kept
	PINSource  string // path of a file with the PIN
}

// ParseURI reads a PKCS#11 URI. What it does not know it refuses, as the RFC wants, and a PIN in the URI itself too: URIs are kept in
// settings and shown. The errors are ErrURI and repeat no value.
func ParseURI(text string) (URI, error) {
	wrong := func(format string, args ...any) (URI, error) {
		return URI{}, fmt.Errorf("%w: %s", ErrURI, fmt.Sprintf(format, args...))
	}
	if len(text) > longestURI {
		return wrong("it is longer than %d bytes", longestURI)
	}
	scheme, rest, found := strings.Cut(text, ":")
	if !found || !strings.EqualFold(scheme, "pkcs11") {
		return wrong("it does not begin with pkcs11:")
	}
	path, query, _ := strings.Cut(rest, "?")
	var uri URI
	seen := make(map[string]bool)
	for _, part := range []struct{ text, separator string }{{path, ";"}, {query, "&"}} {
		for attribute := range strings.SplitSeq(part.text, part.separator) {
			if attribute == "" {
				continue
			}
			name, encoded, found := strings.Cut(attribute, "=")
			value, err := url.PathUnescape(encoded)
			if !found || err != nil {
				return wrong("%.40q is not a name and a value", name)
			}
			if seen[name] {
				return wrong("%q is there twice", name)
			}
			seen[name] = true
			if problem := uri.set(name, value, part.separator == "&"); problem != "" {
				return wrong("%s", problem)
			}
		}
	}
	if uri.ModulePath != "" && uri.ModuleName != "" {
		return wrong("it names both module-path and module-name")
	}
	return uri, nil
}

// set returns what is wrong, or nothing.
func (u *URI) set(name, value string, query bool) string {
	fields := map[string]*string{"token": &u.Token, "manufacturer": &u.Manufacturer, "serial": &u.Serial, "model": &u.Model, "object": &u.Object}
	if field, known := fields[name]; known && !query {
		*field = value
		return ""
	}
	switch {
	case name == "id" && !query:
		u.ID = []byte(value)
	case name == "slot-id" && !query:
		number, err := strconv.ParseUint(value, 10, 32)
		if err != nil {
			return "slot-id is not a number"
		}
		slot := uint(number)
		u.SlotID = &slot
	case name == "type" && !query:
		if value != "cert" && value != "private" && value != "public" {
			return "its type is not a certificate's or a key's"
		}
	case name == "module-path" && query:
		if !filepath.IsAbs(value) {
			return "module-path is not a whole path"
		}
		u.ModulePath = value
	case name == "module-name" && query:
		if value == "" || strings.ContainsAny(value, `/\`) {
			return "module-name is not a name"
		}
		u.ModuleName = value
	case name == "pin-source" && query:
		return u.setPINSource(value)
	case name == "pin-value" && query:
		return "it holds a PIN: take pin-value out of it; you will be asked for the PIN"
	default:
		return fmt.Sprintf("%.40q is not known", name)
	}
	return ""
}

// setPINSource takes a path or a file: URI (RFC 7512 section 2.4). A command, which a leading | means, is not run.
func (u *URI) setPINSource(value string) string {
	path := value
	if parsed, err := url.Parse(value); err == nil && parsed.Scheme == "file" && (parsed.Host == "" || parsed.Host == "localhost") {
		path = filepath.FromSlash(parsed.Path)
	}
	if !filepath.IsAbs(path) {
		return "pin-source is not a whole path of a file"
	}
	u.PINSource = path
	return ""
}
