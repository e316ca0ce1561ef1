package openvpn

import (
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

// TestEveryCombination connects to Debian's OpenVPN over both transports with every protection of the control channel, TLS version and
// cipher of the data channel, and sends a ping through each tunnel.
func TestEveryCombination(t *testing.T) {
	key, serverKey := tlswrap.GenerateStaticKey(), tlswrap.GenerateServerKey()
	clientKey, err := serverKey.NewClientKey(tlswrap.TimestampMetadata(time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	static, wrapped := filepath.Join(t.TempDir(), "static.key"), filepath.Join(t.TempDir(), "server.key")
	for path, text := range map[string]string{static: key.PEM(), wrapped: serverKey.PEM()} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ciphers := []string{"AES-256-GCM", "AES-128-GCM", "CHACHA20-POLY1305", "AES-256-CBC", "AES-128-CBC"}
	auth := func(digest string) tlswrap.Config {
		return tlswrap.Config{Mode: tlswrap.Auth, Key: key, Digest: digest, Direction: tlswrap.Inverse}
	}
	for _, wrap := range []struct {
		name   string
		client tlswrap.Config
		digest string // of tls-auth and of the data channel's HMAC
		server []string
	}{
		{"none", tlswrap.Config{}, "SHA1", nil},
		{"tls-auth SHA1", auth("SHA1"), "SHA1", []string{"--tls-auth", static, "0", "--auth", "SHA1"}},
		{"tls-auth SHA256", auth("SHA256"), "SHA256", []string{"--tls-auth", static, "0", "--auth", "SHA256"}},
		{"tls-auth SHA512", auth("SHA512"), "SHA512", []string{"--tls-auth", static, "0", "--auth", "SHA512"}},
		{"tls-crypt", tlswrap.Config{Mode: tlswrap.Crypt, Key: key}, "SHA1", []string{"--tls-crypt", static}},
		{"tls-crypt-v2", tlswrap.Config{Mode: tlswrap.CryptV2, ClientKey: clientKey}, "SHA1", []string{"--tls-crypt-v2", wrapped}},
	} {
		for _, version := range []string{"1.2", "1.3"} {
			for _, stream := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s TLS %s stream=%v", wrap.name, version, stream), func(t *testing.T) {
					d := startDaemon(t, stream, append([]string{"--tls-version-min", version, "--tls-version-max", version,
						"--data-ciphers", strings.Join(ciphers, ":")}, wrap.server...)...)
					for _, cipher := range ciphers {
						config := d.config(stream)
						config.Wrap, config.Digest, config.DataCiphers = wrap.client, wrap.digest, []string{cipher}
						c := d.call(config)
						if e := c.connect(); e.Cipher != cipher || tls.VersionName(e.TLSVersion) != "TLS "+version {
							t.Errorf("established with %s, %s; want %s, TLS %s", e.Cipher, tls.VersionName(e.TLSVersion), cipher, version)
						}
						if !c.answered(1) {
							t.Errorf("%s: no answer to a ping through the tunnel", cipher)
						}
						c.client.Close(time.Now())
						c.until(3*time.Second, func() bool { return c.client.Stage() == StageClosed })
					}
				})
			}
		}
	}
}
