package fleet

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"aead.dev/minisign"

	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// minisignTool runs minisign itself.
func minisignTool(t *testing.T, dir string, arguments ...string) string {
	t.Helper()
	tool, err := exec.LookPath("minisign")
	if err != nil {
		t.Skip("needs minisign")
	}
	command := exec.Command(tool, arguments...)
	command.Dir = dir
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("minisign %v: %v\n%s", arguments, err, out)
	}
	return string(out)
}

// What is published is followed; minisign itself makes the key, checks our signature, and makes one that is believed.
func TestPublish(t *testing.T) {
	keys, site := t.TempDir(), filepath.Join(t.TempDir(), "site")
	minisignTool(t, keys, "-G", "-W", "-p", "fleet.pub", "-s", "fleet.key")
	key, err := OpenKey(filepath.Join(keys, "fleet.key"), func() (secret.Text, error) { return "", errors.New("nobody to ask") })
	if err != nil {
		t.Fatal(err)
	}
	publish := func(p Publication) Published {
		t.Helper()
		p.Key = key
		done, err := Publish(site, p)
		if err != nil {
			t.Fatal(err)
		}
		return done
	}
	west := Content{".xml", azureFile("West", "west.example")}
	done := publish(Publication{Profiles: []Content{west}, Policy: []byte("save_passwords = false\n")})
	public, err := os.ReadFile(filepath.Join(keys, "fleet.pub"))
	if err != nil || done.Serial != 1 || !strings.Contains(string(public), done.PublicKey) {
		t.Fatalf("%+v %s %v", done, public, err)
	}
	minisignTool(t, site, "-V", "-p", filepath.Join(keys, "fleet.pub"), "-m", "manifest.json")

	server := httptest.NewTLSServer(http.FileServer(http.Dir(site)))
	defer server.Close()
	f, err := Open(Options{Dir: t.TempDir(), Transport: server.Client().Transport})
	if err != nil {
		t.Fatal(err)
	}
	source := &Source{URL: server.URL + "/manifest.json", PublicKey: string(public)}
	if strings.Count(source.PublicKey, "\n") > 1 {
		source.PublicKey = strings.Split(strings.TrimSpace(source.PublicKey), "\n")[1]
	}
	check(t, f, source, "")
	has(t, f, "published", true, "West west.example")
	if done = publish(Publication{Profiles: []Content{west, {".xml", azureFile("East", "east.example")}}}); done.Serial != 2 {
		t.Errorf("%+v", done)
	}
	for _, flag := range []string{"-l", "-H"} { // its old and its present kind of signature
		minisignTool(t, site, "-S", flag, "-s", filepath.Join(keys, "fleet.key"), "-m", "manifest.json")
		check(t, f, source, "")
		has(t, f, "signed by minisign", false, "East east.example", "West west.example")
	}
	if _, err := Publish(site, Publication{Profiles: []Content{west, {".xml", azureFile("WEST", "x.example")}}}); err == nil {
		t.Error("two of one name are published")
	}
	if _, err := Publish(site, Publication{Policy: []byte("rule = 1")}); err == nil {
		t.Error("a policy that cannot be followed is published")
	}
	if _, err := OpenKey(filepath.Join(keys, "fleet.pub"), nil); err == nil {
		t.Error("a public key is a secret one")
	}
}

// A signature comes from outside before anything is believed: whatever it is, the service goes on, and does not take it for one.
func FuzzSignature(f *testing.F) {
	public, private, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(minisign.Sign(private, []byte("another manifest")))
	f.Add([]byte("untrusted comment: x\nRUQf6LRCGA9i5w==\ntrusted comment: x\nAAAA\n"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, signature []byte) {
		if minisign.Verify(public, []byte(exampleManifest), signature) {
			t.Errorf("%q signs a manifest", signature)
		}
	})
}
