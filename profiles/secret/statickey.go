package secret

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// StaticKeySize is the length of an OpenVPN static key in bytes.
const StaticKeySize = 256

// The lines around a static key in a file (OpenVPN crypto.c, write_key_file).
const (
	staticKeyHead = "-----BEGIN OpenVPN Static key V1-----"
	staticKeyFoot = "-----END OpenVPN Static key V1-----"
)

// ParseStaticKey reads an OpenVPN static key, as `openvpn --genkey` writes it or as an Azure profile has it, and returns its 512
// hexadecimal digits in lower case. Errors count characters and never show one.
func ParseStaticKey(text string) (Text, error) {
	var digits strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";") || line == staticKeyHead || line == staticKeyFoot {
			continue
		}
		digits.WriteString(strings.Join(strings.Fields(line), ""))
	}
	compact := strings.ToLower(digits.String())
	if len(compact) != 2*StaticKeySize {
		return "", fmt.Errorf("read static key: it has %d characters instead of %d hexadecimal digits", len(compact), 2*StaticKeySize)
	}
	if _, err := hex.DecodeString(compact); err != nil {
		return "", errors.New("read static key: it has a character that is not a hexadecimal digit")
	}
	return Text(compact), nil
}

// StaticKeyFile is a static key of 512 hexadecimal digits as a file of OpenVPN's.
func StaticKeyFile(key Text) Text {
	var file strings.Builder
	file.WriteString(staticKeyHead + "\n")
	for digits := key.Reveal(); digits != ""; {
		line := digits[:min(32, len(digits))]
		digits = digits[len(line):]
		file.WriteString(line + "\n")
	}
	file.WriteString(staticKeyFoot + "\n")
	return Text(file.String())
}
