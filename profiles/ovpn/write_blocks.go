package ovpn

import (
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"

	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

func (w *writer) blocks(c *Config) {
	var roots strings.Builder
	for _, root := range c.CA {
		pem.Encode(&roots, &pem.Block{Type: "CERTIFICATE", Bytes: root.Raw})
	}
	w.block("ca", roots.String())
	var prints []string
	for _, hash := range c.PeerFingerprints {
		prints = append(prints, withColons(hash))
	}
	w.block("peer-fingerprint", strings.Join(prints, "\n"))
	w.block("crl-verify", string(c.RevocationList))
	switch c.ControlMode {
	case "tls-auth", "tls-crypt":
		w.block(c.ControlMode, secret.StaticKeyFile(c.ControlKey).Reveal())
	case "tls-crypt-v2":
		w.block(c.ControlMode, c.ControlKey.Reveal())
	}
	w.credentials(c)
	if p := c.Proxy; p != nil && p.Username != "" {
		w.block("http-proxy-user-pass", p.Username+"\n"+p.Password.Reveal()+"\n")
	}
}

// credentials writes what the profile has of them, and asks for the rest as Azure's vpnconfig.ovpn does.
func (w *writer) credentials(c *Config) {
	switch {
	case c.AuthUserPass && c.Username != "":
		w.block("auth-user-pass", strings.TrimSuffix(c.Username+"\n"+c.Password.Reveal(), "\n")) // without a password it is asked
	case c.AuthUserPass:
		w.line("auth-user-pass")
	}
	switch {
	case c.PKCS12 != "":
		w.block("pkcs12", wrap(base64.StdEncoding.EncodeToString([]byte(c.PKCS12))))
	case c.ClientCert != "" && c.ClientKey != "":
		w.block("cert", c.ClientCert.Reveal())
		w.block("key", c.ClientKey.Reveal())
	case c.BringsOwn:
		fmt.Fprint(&w.out, "# Put your certificate and its private key here, in PEM.\n")
		w.block("cert", "$CLIENTCERTIFICATE")
		w.block("key", "$PRIVATEKEY")
	}
}

// withColons writes a hash in the only way in which OpenVPN reads one.
func withColons(hash string) string {
	var pairs []string
	for pair := range slices.Chunk([]byte(hash), 2) {
		pairs = append(pairs, string(pair))
	}
	return strings.Join(pairs, ":")
}

// wrap breaks base64 into lines.
func wrap(text string) string {
	var out strings.Builder
	for line := range slices.Chunk([]byte(text), 64) {
		out.Write(line)
		out.WriteByte('\n')
	}
	return out.String()
}
