package ovpn

import (
	"crypto/tls"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// cryptoOptions are ciphers, digests, TLS versions and the framing of compression.
func cryptoOptions() map[string]option {
	return map[string]option{
		"auth":                  {1, 1, false, (*mapper).auth},
		"cipher":                {1, 1, false, (*mapper).cipherOption},
		"data-ciphers":          {1, 1, false, (*mapper).dataCiphers},
		"ncp-ciphers":           {1, 1, false, (*mapper).dataCiphers},
		"data-ciphers-fallback": {1, 1, false, (*mapper).fallbackCipher},
		"ncp-disable":           {0, 0, false, func(m *mapper, _ *directive) { m.noNCP = true }},
		"tls-version-min":       {1, 2, false, (*mapper).tlsVersionMin},
		"tls-version-max":       {1, 1, false, (*mapper).tlsVersionMax},
		"comp-lzo":              {0, 1, false, (*mapper).compLZO},
		"compress":              {0, 1, false, (*mapper).compress},
		"replay-window":         {0, 2, false, (*mapper).replayWindow},
		"max-packet-size":       {1, 1, false, (*mapper).maxPacketSize},
		"key-method":            {1, 1, false, (*mapper).keyMethod},
	}
}

// supportedCiphers are those of the data channel, the default offer first.
func supportedCiphers() []string {
	return []string{"AES-256-GCM", "AES-128-GCM", "CHACHA20-POLY1305", "AES-192-GCM", "AES-256-CBC", "AES-192-CBC", "AES-128-CBC"}
}

// defaultCiphers is how many of supportedCiphers are offered where a configuration says nothing.
const defaultCiphers = 3

// cipherName writes a cipher as OpenVPN announces it.
func cipherName(text string) (string, bool) {
	name := strings.ToUpper(text)
	for _, alias := range [][2]string{{"ID-AES128-GCM", "AES-128-GCM"}, {"ID-AES192-GCM", "AES-192-GCM"}, {"ID-AES256-GCM", "AES-256-GCM"}} {
		if name == alias[0] {
			name = alias[1]
		}
	}
	return name, slices.Contains(supportedCiphers(), name)
}

func (m *mapper) auth(d *directive) {
	name := strings.ToUpper(d.argument(0))
	name = strings.TrimPrefix(name, "RSA-")
	name = strings.Replace(strings.Replace(name, "SHA2-", "SHA", 1), "SHA-", "SHA", 1)
	switch name {
	case "SHA1", "SHA224", "SHA256", "SHA384", "SHA512", "MD5":
		m.config.Options.Auth = name
	default:
		m.Fault("unsupported-digest", d.line, fmt.Sprintf("The digest %s is not supported.", printableWord(d.argument(0))), "Ask for a configuration with auth SHA256.")
	}
}

func (m *mapper) cipherOption(d *directive) {
	m.cipher, m.cipherLine = d.argument(0), d.line
}

func (m *mapper) dataCiphers(d *directive) {
	var offered, left []string
	for _, text := range strings.Split(d.argument(0), ":") {
		if text == "DEFAULT" {
			offered = append(offered, supportedCiphers()[:defaultCiphers]...)
			continue
		}
		name, ok := cipherName(strings.TrimPrefix(text, "?")) // "?" marks those that may be missing
		switch {
		case !ok:
			left = append(left, printableWord(text))
		case !slices.Contains(offered, name):
			offered = append(offered, name)
		}
	}
	if len(offered) == 0 {
		m.Fault("unsupported-cipher", d.line, fmt.Sprintf("None of the ciphers of %s is supported.", d.name), "Ask for a configuration with AES-256-GCM.")
	} else if len(left) > 0 {
		m.Note("unsupported-cipher", d.line, fmt.Sprintf("Not offered to the gateway: %s.", strings.Join(left, ", ")))
	}
	m.config.Options.DataCiphers = offered
}

func (m *mapper) fallbackCipher(d *directive) {
	name, ok := cipherName(d.argument(0))
	if !ok {
		m.Warning("unsupported-cipher", d.line, fmt.Sprintf("The fallback cipher %s is not supported, so only gateways that negotiate a cipher can be used.", printableWord(d.argument(0))), "Ask for a configuration with AES-256-GCM.")
		return
	}
	m.config.Options.FallbackCipher, m.fallback = name, true
}

// finishCiphers puts cipher where it has an effect: a gateway that does not negotiate is spoken to with it, and one that does may choose
// it, as with OpenVPN 2.5 (man page, cipher-negotiation.rst).
func (m *mapper) finishCiphers() {
	options := &m.config.Options
	if m.cipher == "" {
		return
	}
	name, ok := cipherName(m.cipher)
	if !ok {
		problem := fmt.Sprintf("The cipher %s is not supported.", printableWord(m.cipher))
		if m.noNCP {
			m.Fault("unsupported-cipher", m.cipherLine, problem, "Ask for a configuration with AES-256-GCM.")
		} else {
			m.Warning("unsupported-cipher", m.cipherLine, problem+" The gateway is offered others.", "Ask for a configuration with AES-256-GCM.")
		}
		return
	}
	if !m.fallback {
		options.FallbackCipher = name
	}
	offered := options.DataCiphers
	switch {
	case m.noNCP:
		offered = []string{name}
	case len(offered) == 0:
		offered = supportedCiphers()[:defaultCiphers]
	}
	if !slices.Contains(offered, name) {
		offered = append(offered, name)
	}
	if !slices.Equal(offered, supportedCiphers()[:defaultCiphers]) || options.DataCiphers != nil {
		options.DataCiphers = offered
	}
}

func (m *mapper) tlsVersionMin(d *directive) {
	if version, ok := m.tlsVersion(d); ok {
		m.config.Options.TLSVersionMin = max(version, tls.VersionTLS12)
		if version < tls.VersionTLS12 {
			m.Note("tls-version", d.line, "TLS before 1.2 is not used, although the configuration allows it.")
		}
	}
}

func (m *mapper) tlsVersionMax(d *directive) {
	version, ok := m.tlsVersion(d)
	if ok && version < tls.VersionTLS12 {
		m.Fault("tls-version", d.line, "The configuration forbids every version of TLS that is still safe.", "Remove tls-version-max, and update the gateway if it then refuses.")
		return
	}
	m.config.Options.TLSVersionMax = version
}

func (m *mapper) tlsVersion(d *directive) (uint16, bool) {
	switch d.argument(0) {
	case "1.0":
		return tls.VersionTLS10, true
	case "1.1":
		return tls.VersionTLS11, true
	case "1.2":
		return tls.VersionTLS12, true
	case "1.3":
		return tls.VersionTLS13, true
	}
	m.Fault("bad-argument", d.line, "The TLS version is not known.", "Write 1.2 or 1.3.")
	return 0, false
}

// compLZO takes the framing of LZO. Nothing is compressed, and a gateway that compresses nonetheless cannot be understood.
func (m *mapper) compLZO(d *directive) {
	m.config.Options.Compression = "comp-lzo"
	if d.argument(0) != "no" {
		m.stubOnly(d, "comp-lzo no")
	}
}

func (m *mapper) compress(d *directive) {
	switch d.argument(0) {
	case "", "stub":
		m.config.Options.Compression = "stub"
	case "stub-v2":
		m.config.Options.Compression = "stub-v2"
	case "migrate":
		m.Note("ignored-option", d.line, "The option compress migrate is a server's, and is ignored.")
	case "lzo":
		m.config.Options.Compression = "comp-lzo"
		m.stubOnly(d, "comp-lzo no")
	case "lz4":
		m.config.Options.Compression = "stub"
		m.stubOnly(d, "compress stub")
	case "lz4-v2":
		m.config.Options.Compression = "stub-v2"
		m.stubOnly(d, "compress stub-v2")
	default:
		m.Fault("bad-argument", d.line, "The compression is not known.", "Write compress stub-v2, or remove the line if the gateway does not compress.")
	}
}

func (m *mapper) stubOnly(d *directive, replacement string) {
	m.Warning("no-compression", d.line, "Compression is not supported, for it leaks what is inside the tunnel; only its framing is used, and a gateway that compresses cannot be understood.",
		fmt.Sprintf("Write %s, and let the gateway do the same.", replacement))
}

func (m *mapper) replayWindow(d *directive) {
	if text := d.argument(0); text != "" {
		m.config.Options.ReplayWindow = m.number(d, text, 0, 1<<16)
	}
}

func (m *mapper) maxPacketSize(d *directive) {
	m.config.Options.MaxPacketSize = m.number(d, d.argument(0), 154, 1<<16-1) // OpenVPN ssl.h, TLS_CHANNEL_MTU_MIN
}

func (m *mapper) keyMethod(d *directive) {
	if d.argument(0) != "2" {
		m.Fault("unsupported-option", d.line, "Only key method 2 is supported.", "Remove the line.")
	}
}

// number reads a decimal number within bounds.
func (m *mapper) number(d *directive, text string, least, most int) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		m.Fault("bad-number", d.line, fmt.Sprintf("The value of %s is not a number from %d to %d.", d.name, least, most), "Correct it.")
		return 0
	}
	return n
}

// printableWord is the name of an algorithm, unless it cannot be one.
func printableWord(text string) string {
	if len(text) > 32 || strings.Trim(strings.ToUpper(text), "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_?") != "" {
		return "of this line"
	}
	return text
}
