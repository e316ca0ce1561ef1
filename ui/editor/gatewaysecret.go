package editor

import (
	"encoding/base64"
	"encoding/pem"
	"strings"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// secretKey stands for the gateway's secret beside the settings' keys.
const secretKey = "secret"

// MostSecret bounds a file with a gateway's secret, in bytes.
const MostSecret = 64 << 10

// HasSecret reports whether the connection has a place for a gateway's secret, and the user may see and replace it: in their own profiles,
// while an administrator lets them have some.
func (d *Draft) HasSecret() bool {
	return !d.ProfileLocked() && d.before.Entry.Profile.ControlChannel.Mode != profiles.NoControlProtection
}

// Secret is the gateway's secret as the profile has it now; empty: it has none.
func (d *Draft) Secret() secret.Text {
	if !d.HasSecret() {
		return ""
	}
	return d.before.Entry.Profile.ControlChannel.Key
}

// SetSecret replaces the gateway's secret by what was pasted or read from a file. An empty text leaves the profile's.
func (d *Draft) SetSecret(written string) {
	d.secret = ""
	delete(d.wrong, secretKey)
	if strings.TrimSpace(written) != "" && d.HasSecret() {
		d.readSecret(written)
	}
	d.checkProfile()
}

func (d *Draft) readSecret(written string) {
	if d.before.Entry.Profile.ControlChannel.Mode == profiles.TLSCryptV2 {
		key, ok := clientKeyFile(written)
		if !ok {
			d.wrong[secretKey] = d.texts.Text("ui.editor.secret-wrong-key", nil)
			return
		}
		d.secret = key
		return
	}
	if len(written) > MostSecret {
		written = ""
	}
	key, err := secret.ParseStaticKey(withinKeyFile(written))
	if err != nil {
		d.wrong[secretKey] = d.texts.Text("ui.editor.secret-wrong", nil)
		return
	}
	d.secret = key
}

// NewSecret reports whether another secret takes the place of the profile's.
func (d *Draft) NewSecret() bool { return d.secret != "" && d.secret != d.Secret() }

// clientKeyBlock is the PEM type of a client's key for tls-crypt-v2 (OpenVPN tls_crypt.c).
const clientKeyBlock = "OpenVPN tls-crypt-v2 client key"

// clientKeyFile is a client's key as a file has it. An entry of one line makes one line of a file that is pasted into it, which is taken
// apart again.
func clientKeyFile(written string) (secret.Text, bool) {
	const head, foot = "-----BEGIN " + clientKeyBlock + "-----", "-----END " + clientKeyBlock + "-----"
	_, within, found := strings.Cut(written, head)
	within, _, closed := strings.Cut(within, foot)
	if !found || !closed || len(written) > MostSecret {
		return "", false
	}
	key, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(within), ""))
	if err != nil || len(key) == 0 {
		return "", false
	}
	return secret.Text(pem.EncodeToMemory(&pem.Block{Type: clientKeyBlock, Bytes: key})), true
}

// withinKeyFile is what stands between the first and the last line of a key file. An entry of one line makes one line of a file that is
// pasted into it, comments included.
func withinKeyFile(text string) string {
	const head, foot = "-----BEGIN OpenVPN Static key V1-----", "-----END OpenVPN Static key V1-----"
	if _, after, found := strings.Cut(text, head); found {
		text = after
	}
	text, _, _ = strings.Cut(text, foot)
	return text
}
