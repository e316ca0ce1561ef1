package editor

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/profiles/certificate"
)

func TestSecretIsReplaced(t *testing.T) {
	root := rootOf(t, "Old Root", 1)
	for what, written := range map[string]string{
		"digits":           strings.ToUpper(newSecret),
		"a file":           staticKey(newSecret),
		"a file, one line": strings.ReplaceAll(staticKey(newSecret), "\n", " "),
	} {
		into := kept(t, azureFile("Contoso", "cert", certificate.Thumbprint(root)), root)
		d := draftOf(t, into)
		if d.Secret().Reveal() != oldSecret || !d.HasSecret() {
			t.Fatal("it has none")
		}
		d.SetSecret(written)
		profile, file := saved(t, d, into)
		if profile.ControlChannel.Key.Reveal() != newSecret {
			t.Errorf("%s: it is not the new one", what)
		}
		if !strings.Contains(file, "<futureelement>kept as it is</futureelement>") || strings.Contains(file, oldSecret) {
			t.Errorf("%s: the file lost something, or kept the old secret", what)
		}
	}
}

func TestSecretOfOpenVPN(t *testing.T) {
	root := rootOf(t, "Old Root", 1)
	into := kept(t, openVPNFile("<tls-crypt>\n"+staticKey(oldSecret)+"</tls-crypt>", root))
	d := draftOf(t, into)
	d.SetSecret(staticKey(newSecret))
	profile, file := saved(t, d, into)
	if profile.ControlChannel.Key.Reveal() != newSecret || profile.ControlChannel.Mode != "tls-crypt" || !strings.Contains(file, "future-option") {
		t.Errorf("%s: %v", profile.ControlChannel.Mode, strings.Contains(file, "future-option"))
	}
}

func TestSecretOfVersion2(t *testing.T) {
	clientKey := func(fill byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: "OpenVPN tls-crypt-v2 client key", Bytes: bytes.Repeat([]byte{fill}, 300)}))
	}
	into := kept(t, openVPNFile("<tls-crypt-v2>\n"+clientKey(1)+"</tls-crypt-v2>", rootOf(t, "Old Root", 1)))
	d := draftOf(t, into)
	for _, wrong := range []string{newSecret, staticKey(newSecret), clientKey(2)[:200], strings.ReplaceAll(clientKey(2), "Ag", "!!")} {
		if d.SetSecret(wrong); d.Wrong(secretKey) != "This is not a tls-crypt-v2 key. Choose the file that your administrator gave you." || d.Changed() {
			t.Errorf("%.40q: %q", wrong, d.Wrong(secretKey))
		}
	}
	d.SetSecret(strings.ReplaceAll(clientKey(2), "\n", " ")) // an entry of one line
	if profile, _ := saved(t, d, into); strings.TrimSpace(profile.ControlChannel.Key.Reveal()) != strings.TrimSpace(clientKey(2)) {
		t.Error("it is not the new one")
	}
}

func TestSecretsThatAreNone(t *testing.T) {
	root := rootOf(t, "Old Root", 1)
	d := draftOf(t, kept(t, azureFile("Contoso", "cert", certificate.Thumbprint(root)), root))
	for _, wrong := range []string{"x", newSecret[1:], newSecret + "0", strings.Replace(newSecret, "f", "g", 1), newSecret + strings.Repeat(" ", MostSecret)} {
		if d.SetSecret(wrong); d.Wrong(secretKey) != "This is not a gateway secret. It has 512 digits from 0 to 9 and a to f; copy all of it." || d.NewSecret() || d.Valid() {
			t.Errorf("%.20q is taken", wrong)
		}
	}
	d.SetSecret("  ")
	if !d.Valid() || d.Changed() {
		t.Error("nothing typed is a change")
	}
	d.SetSecret(oldSecret)
	if !d.Valid() || d.Changed() {
		t.Error("the same secret is a change")
	}
}

// A profile that came without its secret can get one.
func TestSecretThatWasMissing(t *testing.T) {
	into := kept(t, fmt.Sprintf(`<VpnProfile><VpnServer>west.vpn.azure.com</VpnServer><VpnType>OpenVPN</VpnType><CaCerts><string>%s</string></CaCerts><Auth>EAPTLS</Auth></VpnProfile>`,
		base64.StdEncoding.EncodeToString(rootOf(t, "Old Root", 1).Raw)))
	d := draftOf(t, into)
	if !d.HasSecret() || d.Secret() != "" {
		t.Fatal("there is one")
	}
	d.SetSecret(newSecret)
	if profile, _ := saved(t, d, into); profile.ControlChannel.Key.Reveal() != newSecret {
		t.Error("it is not kept")
	}
}

// Whoever prints a draft, or logs it, shows no secret.
func TestSecretIsNotPrinted(t *testing.T) {
	root := rootOf(t, "Old Root", 1)
	d := draftOf(t, kept(t, azureFile("Contoso", "cert", certificate.Thumbprint(root)), root))
	d.SetSecret(newSecret)
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("test", "draft", d, "secret", d.Secret())
	shown := fmt.Sprintf("%v %+v %#v", d, d, d) + log.String()
	if strings.Contains(shown, newSecret[:64]) || strings.Contains(shown, oldSecret[:64]) {
		t.Error("a secret is printed")
	}
}
