package mobileconfig

import (
	"github.com/smallstep/pkcs7"

	"github.com/footbridge-vpn/footbridge/profiles/finding"
)

// unsigned takes the property list out of a signed file (CMS, RFC 5652). Who signed is told, not trusted: whoever imports a profile
// decides that. A signature that does not fit means that the file was changed.
func unsigned(data []byte) (content []byte, signer string, findings []finding.Finding) {
	if len(data) < 2 || data[0] != 0x30 || data[1] < 0x80 {
		return data, "", nil
	}
	message, err := parseCMS(data)
	if err != nil || len(message.Content) == 0 {
		return nil, "", []finding.Finding{fault("bad-signature", "The signed configuration profile cannot be read.", remedy)}
	}
	if err := message.Verify(); err != nil {
		return nil, "", []finding.Finding{fault("bad-signature", "The configuration profile was changed after it was signed.", remedy)}
	}
	if certificate := message.GetOnlySigner(); certificate != nil {
		signer = certificate.Subject.CommonName
	}
	return message.Content, signer, []finding.Finding{{Severity: finding.Note, Code: "signed", Problem: "The configuration profile is signed by " + quoted(signer) + "."}}
}

// parseCMS keeps a damaged file from ending the program, whatever the library makes of it.
func parseCMS(data []byte) (message *pkcs7.PKCS7, err error) {
	defer func() {
		if recover() != nil {
			message, err = nil, pkcs7.ErrUnsupportedContentType
		}
	}()
	return pkcs7.Parse(data)
}

func quoted(name string) string {
	if name == "" {
		return "somebody without a name"
	}
	return name
}
