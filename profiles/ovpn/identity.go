package ovpn

import (
	"crypto/sha256"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"

	"github.com/footbridge-vpn/footbridge/profiles/certificate"
	"github.com/footbridge-vpn/footbridge/profiles/finding"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// identityOptions are how the gateway proves who it is, and what protects the control channel.
func identityOptions() map[string]option {
	return map[string]option{
		"ca":               {1, 1, true, (*mapper).ca},
		"verify-x509-name": {1, 2, false, (*mapper).verifyName},
		"remote-cert-tls":  {1, 1, false, (*mapper).remoteCertTLS},
		"remote-cert-eku":  {1, 1, false, (*mapper).remoteCertEKU},
		"remote-cert-ku":   {0, maxArguments, false, (*mapper).remoteCertKU},
		"peer-fingerprint": {1, maxArguments, true, (*mapper).peerFingerprint},
		"crl-verify":       {1, 2, true, (*mapper).revocationList},
		"tls-auth":         {1, 2, true, (*mapper).controlKey},
		"tls-crypt":        {1, 1, true, (*mapper).controlKey},
		"tls-crypt-v2":     {1, 2, true, (*mapper).controlKey},
		"key-direction":    {1, 1, false, func(m *mapper, d *directive) { m.keyDirection(d, d.argument(0)) }},
	}
}

func (m *mapper) ca(d *directive) {
	m.caLine = d.line
	text, ok := m.content(d, finding.Fault)
	if !ok {
		return
	}
	roots, err := certificate.Parse([]byte(text))
	if err != nil {
		m.Fault("bad-certificate", d.line, "The CA certificate cannot be read.", "Put it in PEM, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----, between <ca> and </ca>.")
		return
	}
	m.config.CA = certificate.Add(m.config.CA, roots...)
}

func (m *mapper) verifyName(d *directive) {
	switch kind := d.argument(1); kind {
	case "", "subject":
		m.config.NameType = "subject"
	case "name", "name-prefix":
		m.config.NameType = kind
	default:
		m.Fault("bad-argument", d.line, "The type of verify-x509-name is not known.", "Write subject, name or name-prefix.")
		return
	}
	m.config.Name = d.argument(0)
	if m.config.Name == "" {
		m.Fault("bad-argument", d.line, "verify-x509-name has no name.", "Write the name of the gateway's certificate.")
	}
}

func (m *mapper) remoteCertTLS(d *directive) {
	if d.argument(0) != "server" {
		m.Fault("bad-argument", d.line, "A client's gateway is a server.", "Write remote-cert-tls server.")
		return
	}
	m.config.RequireServerEKU = true
}

func (m *mapper) remoteCertEKU(d *directive) {
	switch strings.ToLower(d.argument(0)) {
	case "tls web server authentication", "serverauth", "1.3.6.1.5.5.7.3.1":
		m.config.RequireServerEKU = true
	default:
		m.Fault("unsupported-option", d.line, "Only one extended key usage of the gateway's certificate can be checked, TLS Web Server Authentication.", "Write remote-cert-tls server.")
	}
}

// remoteCertKU asks for key usages. Only together with the extended one do they say that a certificate is a server's.
func (m *mapper) remoteCertKU(d *directive) {
	m.Warning("unsupported-option", d.line, "The key usage of the gateway's certificate is not compared with remote-cert-ku; it must have one, and the extended usage of a server.", "Write remote-cert-tls server.")
	m.config.RequireServerEKU = true
}

func (m *mapper) peerFingerprint(d *directive) {
	texts := d.arguments
	if d.inline {
		texts = strings.Split(d.block, "\n")
	}
	for _, text := range texts {
		text = strings.TrimSpace(text)
		if text == "" || text == "[inline]" || text[0] == '#' || text[0] == ';' {
			continue
		}
		hash, ok := certificate.ParseHash(text, sha256.Size)
		if !ok {
			m.Fault("bad-fingerprint", d.line, "A fingerprint of the gateway's certificate is not a SHA-256 hash of 64 hexadecimal digits.", "Correct it: openssl x509 -fingerprint -sha256 prints it.")
			continue
		}
		if !slices.Contains(m.config.PeerFingerprints, hash) {
			m.config.PeerFingerprints = append(m.config.PeerFingerprints, hash)
		}
	}
}

func (m *mapper) revocationList(d *directive) {
	if d.argument(1) != "" {
		m.Fault("unsupported-option", d.line, "A folder of revoked certificates is not supported.", "Put the revocation list in PEM between <crl-verify> and </crl-verify>.")
		return
	}
	text, ok := m.content(d, finding.Fault)
	if !ok {
		return
	}
	if block, _ := pem.Decode([]byte(text)); block == nil || block.Type != "X509 CRL" {
		m.Fault("bad-revocation-list", d.line, "The revocation list cannot be read.", "Put it in PEM between <crl-verify> and </crl-verify>.")
		return
	}
	m.config.RevocationList = append(m.config.RevocationList, text...)
}

func (m *mapper) controlKey(d *directive) {
	if d.name == "tls-auth" && d.argument(1) != "" {
		m.keyDirection(d, d.argument(1))
	}
	text, ok := m.content(d, finding.Fault)
	if !ok {
		return
	}
	if m.config.ControlMode != "" && m.config.ControlMode != d.name {
		m.Fault("conflicting-options", d.line, fmt.Sprintf("%s and %s cannot be used together.", m.config.ControlMode, d.name), "Remove one of them.")
		return
	}
	m.config.ControlMode = d.name
	if d.name == "tls-crypt-v2" {
		m.cryptV2Key(d, text)
		return
	}
	key, err := secret.ParseStaticKey(text)
	if err != nil {
		m.Fault("bad-key", d.line, fmt.Sprintf("The key of %s is not an OpenVPN static key of %d hexadecimal digits.", d.name, 2*secret.StaticKeySize), "Copy all of it, with its first and last line.")
		return
	}
	m.config.ControlKey = key
}

func (m *mapper) cryptV2Key(d *directive, text string) {
	block, _ := pem.Decode([]byte(text))
	if block == nil || block.Type != "OpenVPN tls-crypt-v2 client key" {
		m.Fault("bad-key", d.line, "The key of tls-crypt-v2 is not a client key.", "Copy all of it, with the lines around it.")
		return
	}
	m.config.ControlKey = secret.Text(pem.EncodeToMemory(block))
}

func (m *mapper) keyDirection(d *directive, text string) {
	direction := 0
	switch text {
	case "0":
	case "1":
		direction = 1
	default:
		m.Fault("bad-argument", d.line, "The key direction is neither 0 nor 1.", "Write 1, which is a client's where the server has 0.")
		return
	}
	m.config.KeyDirection = &direction
}

// finishIdentity says what OpenVPN would: without a CA nothing can be verified, and without a usage or a name every user of the CA can
// pretend to be the gateway.
func (m *mapper) finishIdentity() {
	c := m.config
	if len(c.CA) == 0 && len(c.PeerFingerprints) == 0 {
		m.Fault("missing-ca", m.caLine, "The configuration has no CA certificate to verify the gateway with.", "Add it between <ca> and </ca>.")
	}
	if c.Name == "" && !c.RequireServerEKU && len(c.PeerFingerprints) == 0 {
		m.Warning("weak-verification", 0, "Anyone with a certificate of the same CA can pretend to be the gateway.", "Add remote-cert-tls server, or verify-x509-name with the gateway's name.")
	}
	if c.ControlMode != "tls-auth" {
		c.KeyDirection = nil
	}
}
