package fleet

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"aead.dev/minisign"

	"github.com/footbridge-vpn/footbridge/client/service/policy"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// manifestFile is what a manifest is called in a folder that is published.
const manifestFile = "manifest.json"

// Content is a file to publish.
type Content struct {
	Extension string // ".xml"
	Data      []byte
}

// Publication is what is to be published.
type Publication struct {
	Profiles []Content
	Policy   []byte               // nil: none
	Expires  time.Time            // zero: never
	Key      *minisign.PrivateKey // nil: not signed
}

// Published is what was written.
type Published struct {
	Serial    uint64
	SHA256    string   // of the manifest
	PublicKey string   // that it is signed with; empty: it is not
	Profiles  []string // names
	Files     []string // names of files, the manifest's last
}

// Publish writes a manifest and what it names into a folder that a web server hands out. Its serial is the next one after that of the
// manifest that is there. Files are called after their content, and those of earlier manifests stay, so that a computer that is in the
// middle of a download finds what it looks for.
func Publish(dir string, p Publication) (Published, error) {
	result, err := publish(dir, p)
	if err != nil {
		return Published{}, fmt.Errorf("publish: %w", err)
	}
	return result, nil
}

func publish(dir string, p Publication) (result Published, err error) {
	m := Manifest{Format: Format, Profiles: []File{}, Expires: p.Expires}
	if m.Serial, err = nextSerial(filepath.Join(dir, manifestFile)); err != nil {
		return result, err
	}
	contents := map[string][]byte{}
	file := func(base string, c Content) File {
		name := base + "-" + sum(c.Data)[:12] + c.Extension
		if _, there := contents[name]; !there {
			result.Files = append(result.Files, name)
		}
		contents[name] = c.Data
		return File{URL: name, SHA256: sum(c.Data)}
	}
	for _, c := range p.Profiles {
		all, err := wantedFrom(c.Data, "profile"+c.Extension, "")
		if err != nil {
			return result, err
		}
		for _, w := range all {
			for _, other := range result.Profiles {
				if sameName(other, w.name) {
					return result, fmt.Errorf("two profiles are called %q", w.name)
				}
			}
			result.Profiles = append(result.Profiles, w.name)
		}
		m.Profiles = append(m.Profiles, file("profile", c))
	}
	if p.Policy != nil {
		if _, err := policy.Parse(p.Policy); err != nil {
			return result, err
		}
		f := file("policy", Content{".toml", p.Policy})
		m.Policy = &f
	}
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return result, err
	}
	data = append(data, '\n')
	if _, err := ParseManifest(data, &url.URL{Scheme: "https", Host: "localhost", Path: "/"}); err != nil {
		return result, err
	}
	result.Serial, result.SHA256 = m.Serial, sum(data)
	contents[manifestFile] = data
	if p.Key != nil { // first: a manifest whose signature is newer than it is refused, and looked at again a minute later
		contents[manifestFile+".minisig"] = minisign.SignWithComments(*p.Key, data, fmt.Sprintf("footbridge manifest %d", m.Serial), "signature of "+manifestFile)
		result.PublicKey = p.Key.Public().(minisign.PublicKey).String()
		result.Files = append(result.Files, manifestFile+".minisig")
	}
	result.Files = append(result.Files, manifestFile)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return result, err
	}
	for _, name := range result.Files {
		if err := replaceFile(filepath.Join(dir, name), contents[name], 0o644); err != nil {
			return result, err
		}
	}
	return result, nil
}

// nextSerial is the one after that of the manifest that is there.
func nextSerial(path string) (uint64, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 1, nil
	}
	if err != nil {
		return 0, err
	}
	var m Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return 0, fmt.Errorf("read the manifest that is there: %w", err)
	}
	return m.Serial + 1, nil
}

// ErrWrongPassword says that a secret key was not opened with a password.
var ErrWrongPassword = errors.New("the password does not open the secret key")

// OpenKey reads a secret key that minisign made (minisign -G). password is asked for where the key is encrypted.
func OpenKey(path string, password func() (secret.Text, error)) (*minisign.PrivateKey, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read secret key: %w", err)
	}
	key := new(minisign.PrivateKey)
	if !strings.Contains(string(data), "\n") { // minisign's files begin with a comment
		return nil, errors.New("read secret key: this is no secret key of minisign")
	}
	if !minisign.IsEncrypted(data) {
		if err := key.UnmarshalText(data); err != nil {
			return nil, fmt.Errorf("read secret key: %w", err)
		}
		return key, nil
	}
	given, err := password()
	if err != nil {
		return nil, err
	}
	if *key, err = minisign.DecryptKey(given.Reveal(), data); err != nil {
		return nil, ErrWrongPassword
	}
	return key, nil
}
