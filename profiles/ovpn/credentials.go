package ovpn

import (
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"

	"github.com/footbridge-vpn/footbridge/profiles/certificate"
	"github.com/footbridge-vpn/footbridge/profiles/finding"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// credentialOptions are how the user proves who they are.
func credentialOptions() map[string]option {
	return map[string]option{
		"cert":             {1, 1, true, (*mapper).clientCertificate},
		"extra-certs":      {1, 1, true, (*mapper).extraCertificates},
		"key":              {1, 1, true, (*mapper).clientKey},
		"pkcs12":           {1, 1, true, (*mapper).pkcs12},
		"cryptoapicert":    {1, 1, false, (*mapper).certificateStore},
		"pkcs11-id":        {1, 1, false, (*mapper).certificateStore},
		"pkcs11-providers": {0, maxArguments, false, (*mapper).certificateStore},
		"auth-user-pass":   {0, 1, true, (*mapper).authUserPass},
		"auth-retry":       {1, 1, false, (*mapper).authRetry},
		"auth-nocache":     {0, 0, false, func(m *mapper, _ *directive) { m.config.Options.AuthNoCache = true }},
		"static-challenge": {2, 3, false, (*mapper).staticChallenge},
	}
}

// isToBeFilledIn recognises what Azure's vpnconfig.ovpn has in place of the user's certificate and key.
func isToBeFilledIn(text string) bool {
	text = strings.TrimSpace(text)
	return text == "" || strings.HasPrefix(text, "$") || !strings.Contains(text, "-----BEGIN") && !strings.ContainsAny(text, "\n") && strings.ContainsAny(text, "<[{")
}

func (m *mapper) clientCertificate(d *directive) {
	text, ok := m.content(d, finding.Warning)
	if !ok || isToBeFilledIn(text) {
		m.config.BringsOwn = m.config.BringsOwn || d.argument(0) != "[inline]"
		return
	}
	m.addClientCertificates(d, text)
}

func (m *mapper) extraCertificates(d *directive) {
	if text, ok := m.content(d, finding.Warning); ok {
		m.addClientCertificates(d, text)
	}
}

func (m *mapper) addClientCertificates(d *directive, text string) {
	certificates, err := certificate.Parse([]byte(text))
	if err != nil {
		m.Fault("bad-certificate", d.line, "The client certificate cannot be read.", "Put it in PEM, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----.")
		return
	}
	all := m.config.ClientCert.Reveal()
	for _, c := range certificates {
		all += string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	m.config.ClientCert = secret.Text(all)
}

func (m *mapper) clientKey(d *directive) {
	text, ok := m.content(d, finding.Warning)
	if !ok || isToBeFilledIn(text) {
		m.config.BringsOwn = m.config.BringsOwn || d.argument(0) != "[inline]"
		return
	}
	for block, rest := pem.Decode([]byte(text)); block != nil; block, rest = pem.Decode(rest) {
		if strings.HasSuffix(block.Type, "PRIVATE KEY") {
			if block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") {
				m.Warning("encrypted-key", d.line, "The private key is encrypted.", "Convert certificate and key to PKCS#12, or decrypt the key, and choose them when connecting.")
			}
			m.config.ClientKey = secret.Text(pem.EncodeToMemory(block))
			return
		}
	}
	m.Fault("bad-key", d.line, "The private key cannot be read.", "Put it in PEM, with its first and last line, between <key> and </key>.")
}

func (m *mapper) pkcs12(d *directive) {
	text, ok := m.content(d, finding.Warning)
	if !ok {
		m.config.BringsOwn = true
		return
	}
	data := []byte(text)
	if d.inline {
		decoded, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
		if err != nil {
			m.Fault("bad-pkcs12", d.line, "The PKCS#12 file is not in base64.", "Write it with: base64 FILE.")
			return
		}
		data = decoded
	}
	m.config.PKCS12 = secret.Text(data)
}

// certificateStore leaves it to the user to choose the certificate that the option describes.
func (m *mapper) certificateStore(d *directive) {
	m.config.BringsOwn = true
	m.Note("certificate-store", d.line, fmt.Sprintf("The option %s names a certificate in a store; choose it when connecting.", d.name))
}

func (m *mapper) authUserPass(d *directive) {
	m.config.AuthUserPass = true
	if !d.inline && len(d.arguments) == 0 || d.argument(0) == "username-only" {
		return
	}
	text, ok := m.content(d, finding.Warning)
	if !ok {
		return
	}
	username, password := twoLines(text)
	m.config.Username, m.config.Password = username, secret.Text(password)
}

func (m *mapper) authRetry(d *directive) {
	switch mode := d.argument(0); mode {
	case "none", "nointeract", "interact":
		m.config.Options.AuthRetry = mode
	default:
		m.Fault("bad-argument", d.line, "The mode of auth-retry is not known.", "Write none, nointeract or interact.")
	}
}

func (m *mapper) staticChallenge(d *directive) {
	challenge := &Challenge{Text: d.argument(0)}
	switch d.argument(1) {
	case "0":
	case "1":
		challenge.Echo = true
	default:
		m.Fault("bad-argument", d.line, "The second argument of static-challenge is neither 0 nor 1.", "Put the question into quotation marks, then write 1 where the answer may be shown.")
		return
	}
	switch d.argument(2) {
	case "", "scrv1":
	case "concat":
		challenge.Concat = true
	default:
		m.Fault("bad-argument", d.line, "The format of static-challenge is not known.", "Write scrv1 or concat.")
		return
	}
	m.config.Challenge = challenge
}

// finishCredentials decides whether the user is to bring a certificate.
func (m *mapper) finishCredentials() {
	c := m.config
	complete := c.PKCS12 != "" || c.ClientCert != "" && c.ClientKey != ""
	switch {
	case complete:
		c.BringsOwn = false
	case c.ClientCert != "" || c.ClientKey != "":
		m.Warning("incomplete-certificate", 0, "The configuration has only one of client certificate and private key.", "Choose a certificate and its key when connecting, or add what is missing.")
		c.ClientCert, c.ClientKey, c.BringsOwn = "", "", true
	case c.BringsOwn:
	case m.noCert && !c.AuthUserPass:
		m.Fault("missing-authentication", 0, "The configuration has neither a client certificate nor a user name and password.", "Add auth-user-pass, or remove setenv CLIENT_CERT 0.")
	case !c.AuthUserPass:
		c.BringsOwn = true
		m.Note("no-certificate", 0, "The configuration does not say how the user signs in; choose a certificate when connecting.")
	}
}
