package identity

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"strings"
)

// Subject is a certificate's subject as OpenVPN writes it: in the order of the certificate, "C=DE, O=Example, CN=server", so that
// verify-x509-name with type subject compares equal (OpenVPN ssl_verify_openssl.c, x509_get_subject).
func Subject(certificate *x509.Certificate) string { return formatName(certificate.RawSubject) }

func formatName(raw []byte) string {
	var name pkix.RDNSequence
	if rest, err := asn1.Unmarshal(raw, &name); err != nil || len(rest) > 0 {
		return "(unreadable)"
	}
	parts := make([]string, 0, len(name))
	for _, set := range name {
		var attributes []string
		for _, attribute := range set {
			attributes = append(attributes, attributeName(attribute.Type)+"="+printable(fmt.Sprint(attribute.Value)))
		}
		parts = append(parts, strings.Join(attributes, " + "))
	}
	return strings.Join(parts, ", ")
}

// attributeName is the short name that OpenSSL has for an attribute type, or its number.
func attributeName(oid asn1.ObjectIdentifier) string {
	switch oid.String() {
	case "2.5.4.3":
		return "CN"
	case "2.5.4.4":
		return "SN"
	case "2.5.4.5":
		return "serialNumber"
	case "2.5.4.6":
		return "C"
	case "2.5.4.7":
		return "L"
	case "2.5.4.8":
		return "ST"
	case "2.5.4.9":
		return "street"
	case "2.5.4.10":
		return "O"
	case "2.5.4.11":
		return "OU"
	case "2.5.4.12":
		return "title"
	case "2.5.4.13":
		return "description"
	case "2.5.4.17":
		return "postalCode"
	case "2.5.4.41":
		return "name"
	case "2.5.4.42":
		return "GN"
	case "2.5.4.43":
		return "initials"
	case "2.5.4.46":
		return "dnQualifier"
	case "2.5.4.65":
		return "pseudonym"
	case "2.5.4.97":
		return "organizationIdentifier"
	case "1.2.840.113549.1.9.1":
		return "emailAddress"
	case "0.9.2342.19200300.100.1.1":
		return "UID"
	case "0.9.2342.19200300.100.1.25":
		return "DC"
	default:
		return oid.String()
	}
}

// printable escapes control characters as OpenSSL does (ASN1_STRFLGS_ESC_CTRL), so that a certificate cannot write into a log what it likes.
func printable(text string) string {
	var out strings.Builder
	for _, r := range text {
		if r < ' ' || r == 0x7f {
			fmt.Fprintf(&out, `\%02X`, r)
			continue
		}
		out.WriteRune(r)
	}
	return out.String()
}
