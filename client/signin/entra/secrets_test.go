package entra

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/client/signin/keyring"
	lab "github.com/footbridge-vpn/footbridge/tunnel/lab/entra"
)

// With sign-ins in encrypted files, no token stands in clear in a file, a log line, an error or anything that is printed.
func TestSecretsStandNowhere(t *testing.T) {
	w := newWorld(t, lab.Switches{})
	dir := filepath.Join(t.TempDir(), "keyring")
	ring, _, err := keyring.Open(t.Context(), keyring.Options{Preference: keyring.PreferFile, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	w.ring = ring
	w.provider = w.newProvider(nil)
	token := w.token(w.request())
	fresh := w.silent()
	fresh.Fresh = true
	secrets := []string{token.AccessToken.Reveal(), w.token(fresh).AccessToken.Reveal(), lab.AlicePassword}
	data, found, err := ring.Get(t.Context(), cacheKey)
	if err != nil || !found {
		t.Fatalf("nothing was kept: %v", err)
	}
	for _, entry := range contentOf(t, string(data))["RefreshToken"] {
		var kept struct{ Secret string }
		if err := json.Unmarshal(entry, &kept); err != nil || kept.Secret == "" {
			t.Fatalf("no refresh token was kept: %v", err)
		}
		secrets = append(secrets, kept.Secret)
	}
	w.RevokeRefreshTokens()
	problem := w.refused(fresh, CodeRevoked)
	shown := fmt.Sprintf("%v %+v %#v %v %+v", token, token, token, problem, *problem)
	encoded, err := json.Marshal([]any{token, problem})
	if err != nil {
		t.Fatal(err)
	}
	shown += string(encoded)
	files := 0
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		shown += string(content)
		files++
		return err
	})
	if err != nil || files < 2 {
		t.Fatalf("%d files: %v", files, err)
	}
	if len(secrets) < 4 {
		t.Fatalf("only %d secrets", len(secrets))
	}
	for _, secret := range secrets {
		if strings.Contains(shown, secret) || strings.Contains(shown, secret[:12]) {
			t.Errorf("%.6s… stands somewhere in clear", secret)
		}
	}
	w.noSecrets(secrets...)
}
