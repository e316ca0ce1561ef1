package profiles

import (
	"bytes"
	"strings"

	"github.com/footbridge-vpn/footbridge/profiles/azvpn"
	"github.com/footbridge-vpn/footbridge/profiles/certificate"
	"github.com/footbridge-vpn/footbridge/profiles/mobileconfig"
	"github.com/footbridge-vpn/footbridge/profiles/ovpn"
	"github.com/footbridge-vpn/footbridge/profiles/textfile"
	"github.com/footbridge-vpn/footbridge/profiles/vpnv2"
)

// kind is what a file is, as far as Import can read it.
type kind int

const (
	isSomethingElse kind = iota
	isZIP
	isAzureProfile
	isSettings
	isOVPN
	isVPNv2
	isMobileconfig
	isPhoneBook
	isLinuxClient
)

// looked bounds how much of a file is looked at to tell what it is.
const looked = 64 << 10

// detect tells by the content what a file is.
func detect(data []byte) kind {
	switch {
	case bytes.HasPrefix(data, []byte("PK\x03\x04")), bytes.HasPrefix(data, []byte("PK\x05\x06")):
		return isZIP
	case mobileconfig.Is(data):
		return isMobileconfig
	case !textfile.IsText(data[:min(len(data), looked)]):
		return isSomethingElse
	case startsLikeXML(data):
		switch {
		case vpnv2.Is(textfile.Decode(data)):
			return isVPNv2
		case isMarkupOf(data, "html", "!doctype html", "plist", "!doctype plist"):
			return isSomethingElse
		case azvpn.IsSettings(data):
			return isSettings
		case azvpn.IsProfile(data):
			return isAzureProfile
		}
	}
	switch {
	case azvpn.IsPhoneBook(data):
		return isPhoneBook
	case azvpn.IsLinuxClient(data):
		return isLinuxClient
	}
	if ovpn.IsConfig(data) {
		return isOVPN
	}
	return isSomethingElse
}

// startsLikeXML tells XML from an .ovpn that begins with a block: that has the block's tag alone in its line.
func startsLikeXML(data []byte) bool {
	return strings.HasPrefix(strings.TrimSpace(string(textfile.Decode(data[:min(len(data), looked)]))), "<")
}

// isMarkupOf reports whether the first element or declaration of a text is one of these.
func isMarkupOf(data []byte, names ...string) bool {
	text := strings.ToLower(string(textfile.Decode(data[:min(len(data), looked)])))
	for {
		_, after, found := strings.Cut(text, "<")
		if !found {
			return false
		}
		if strings.HasPrefix(after, "?") || strings.HasPrefix(after, "!--") {
			text = after
			continue
		}
		for _, name := range names {
			if strings.HasPrefix(after, name) {
				return true
			}
		}
		return false
	}
}

// signatures are how files of other kinds begin.
func signatures() []struct{ prefix, sentence string } {
	return []struct{ prefix, sentence string }{
		{"%PDF", "This is a PDF document."},
		{"MZ", "This is a Windows program; Azure's packages hold one for the VPN client built into Windows, which speaks other protocols."},
		{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "This is a Windows installer (MSI) or an old Office document."},
		{"\x7fELF", "This is a Linux program."},
		{"\xcf\xfa\xed\xfe", "This is a macOS program."},
		{"xar!", "This is a macOS installer package."},
		{"bplist00", "This is a binary property list of macOS."},
		{"\x1f\x8b", "This is a gzip archive."},
		{"7z\xbc\xaf\x27\x1c", "This is a 7-Zip archive."},
		{"Rar!", "This is a RAR archive."},
		{"\xfd7zXZ", "This is an xz archive."},
		{"BZh", "This is a bzip2 archive."},
		{"\x28\xb5\x2f\xfd", "This is a Zstandard archive."},
		{"MSCF", "This is a Windows cabinet archive."},
		{"\x89PNG", "This is a picture."},
		{"\xff\xd8\xff", "This is a picture."},
		{"GIF8", "This is a picture."},
	}
}

// describe says what a file is that is no profile. It quotes nothing of it.
func describe(data []byte) string {
	if len(bytes.TrimSpace(data)) == 0 {
		return "The file is empty."
	}
	for _, s := range signatures() {
		if bytes.HasPrefix(data, []byte(s.prefix)) {
			return s.sentence
		}
	}
	switch {
	case len(data) > 262 && string(data[257:262]) == "ustar":
		return "This is a tar archive."
	case len(data) > 1 && data[0] == 0x30 && data[1] >= 0x80:
		return describeDER(data)
	case !textfile.IsText(data[:min(len(data), looked)]):
		return "This is a file of binary data."
	}
	text := strings.TrimSpace(string(textfile.Decode(data[:min(len(data), looked)])))
	switch {
	case text == "":
		return "The file is empty."
	case strings.HasPrefix(text, "<"):
		return describeMarkup(text)
	case strings.HasPrefix(text, "{"), strings.HasPrefix(text, "[") && strings.Contains(text, "{"):
		return describeJSON(text)
	default:
		return describeText(data, text)
	}
}

func describeDER(data []byte) string {
	switch {
	case bytes.Contains(data, []byte("<plist")):
		return "This is a signed configuration profile of macOS (mobileconfig)."
	case isCertificate(data):
		return "This is a certificate alone."
	default:
		return "This is a certificate file, perhaps PKCS#12 (.p12, .pfx) with your key."
	}
}

func isCertificate(data []byte) bool {
	_, err := certificate.Parse(data)
	return err == nil
}

func describeMarkup(text string) string {
	data := []byte(text)
	lower := strings.ToLower(text)
	switch {
	case isMarkupOf(data, "!doctype html", "html") || strings.Contains(lower, "<body"):
		return "This is a web page, such as a sign-in page or an error that was saved instead of the download."
	case isMarkupOf(data, "plist", "!doctype plist"):
		return "This is a configuration profile or property list of macOS (mobileconfig)."
	case isMarkupOf(data, "vpnprofile"):
		return "This is a VPN profile for Windows' own management (VPNv2 ProfileXML)."
	case isMarkupOf(data, "error") && strings.Contains(lower, "<code>"):
		return "This is an error of Azure's storage: the link to the package has expired or was cut short."
	case isMarkupOf(data, "eaphostconfig"):
		return "This is an EAP configuration of Windows."
	default:
		return "This is XML, but not an Azure VPN profile."
	}
}

func describeJSON(text string) string {
	if strings.Contains(text, `"error"`) || strings.Contains(text, `"Error"`) {
		return "This is an error message in JSON that was saved instead of the download."
	}
	return "This is JSON."
}

func describeText(data []byte, text string) string {
	lower := strings.ToLower(text)
	switch {
	case strings.Contains(text, "PRIVATE KEY-----"):
		return "This is a private key. Keep it to yourself, and choose it when connecting."
	case strings.Contains(text, "-----BEGIN CERTIFICATE-----") && isCertificate(data):
		return "This is a certificate alone."
	case strings.Contains(text, "-----BEGIN OpenVPN"):
		return "This is a key of OpenVPN alone, without a configuration."
	case strings.Contains(text, "-----BEGIN "):
		return "This is a PEM file with something else than a profile."
	case strings.Contains(lower, "[interface]") && strings.Contains(lower, "privatekey"):
		return "This is a WireGuard configuration."
	case strings.Contains(lower, "phonebookpath") || strings.Contains(lower, "[") && strings.Contains(lower, "vpnstrategy="):
		return "This is a phone book of Windows (rasphone.pbk)."
	case strings.Contains(lower, "[connection]") && strings.Contains(lower, "[vpn]"):
		return "This is a connection of NetworkManager."
	case isCertificate(data):
		return "This is a certificate alone."
	default:
		return "This is text, but not an OpenVPN configuration."
	}
}
