// Package fleet lets a computer follow profiles and a policy that an administrator keeps elsewhere: in a manifest at an https address, or
// in a folder that deployment tools fill.
//
// What comes from there is kept apart from what an administrator installed on the computer itself, and nothing that works is taken away
// because of a download that is damaged, forged or not there.
package fleet

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Format is the version of manifests that this program reads.
const Format = 1

// The limits of a manifest.
const (
	MaxManifest = 1 << 20  // bytes
	MaxFiles    = 500      // profiles' files
	MaxTotal    = 64 << 20 // bytes of all files together
)

// Manifest says which profiles and which policy the computers of a fleet have.
type Manifest struct {
	Format int `json:"format"`
	// Serial grows with every change, so that an old manifest cannot be passed off as the present one.
	Serial uint64 `json:"serial"`
	// Expires is when somebody ought to have published a newer one; zero: never. What it says holds on, but its age is reported.
	Expires time.Time `json:"expires,omitzero"`
	// Profiles are all that there are. One that is no longer among them is withdrawn.
	Profiles []File `json:"profiles"`
	// Policy is a policy file (client/service/policy); nil: there is none.
	Policy *File `json:"policy,omitempty"`
}

// File is something to download.
type File struct {
	URL    string `json:"url"`            // https, or relative to the manifest's own
	SHA256 string `json:"sha256"`         // of its content, in hex
	Name   string `json:"name,omitempty"` // what to call the file's only profile; empty: what it is called inside
}

// ParseManifest reads a manifest strictly: what is not understood must not be left out silently. at is where it came from, which relative
// addresses are resolved against; the addresses of the result are whole.
func ParseManifest(data []byte, at *url.URL) (*Manifest, error) {
	if len(data) > MaxManifest {
		return nil, fmt.Errorf("read manifest: it has more than %d bytes", MaxManifest)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	m := new(Manifest)
	if err := decoder.Decode(m); err != nil {
		return nil, fmt.Errorf("read manifest: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("read manifest: more follows its end")
	}
	if err := m.check(at); err != nil {
		return nil, fmt.Errorf("read manifest: %w", err)
	}
	return m, nil
}

func (m *Manifest) check(at *url.URL) error {
	switch {
	case m.Format != Format:
		return fmt.Errorf("its format is %d, and this version reads %d", m.Format, Format)
	case m.Profiles == nil: // to withdraw everything is said in so many words: "profiles": []
		return errors.New("it does not say which profiles there are")
	case len(m.Profiles) > MaxFiles:
		return fmt.Errorf("it has more than %d profiles", MaxFiles)
	}
	names := map[string]bool{}
	for i := range m.Profiles {
		file := &m.Profiles[i]
		if err := file.check(at); err != nil {
			return fmt.Errorf("profile %d: %w", i+1, err)
		}
		if key := strings.ToLower(file.Name); key != "" && names[key] {
			return fmt.Errorf("profile %d: another one is called %q too", i+1, file.Name)
		} else {
			names[key] = true
		}
	}
	if m.Policy == nil {
		return nil
	}
	if m.Policy.Name != "" {
		return errors.New("policy: it has no name")
	}
	if err := m.Policy.check(at); err != nil {
		return fmt.Errorf("policy: %w", err)
	}
	return nil
}

// longestName bounds a profile's name, in characters.
const longestName = 200

func (f *File) check(at *url.URL) error {
	sum, err := hex.DecodeString(f.SHA256)
	if err != nil || len(sum) != 32 {
		return errors.New("sha256 is not one")
	}
	f.SHA256 = strings.ToLower(f.SHA256)
	if !utf8.ValidString(f.Name) || utf8.RuneCountInString(f.Name) > longestName || strings.ContainsFunc(f.Name, func(r rune) bool { return !unicode.IsPrint(r) }) ||
		strings.TrimSpace(f.Name) != f.Name {
		return errors.New("the name cannot be one")
	}
	address, err := url.Parse(f.URL)
	if err != nil || f.URL == "" {
		return errors.New("url is not one")
	}
	if at != nil {
		address = at.ResolveReference(address)
	}
	if address.Scheme != "https" || address.Host == "" {
		return errors.New("url is not an https address")
	}
	f.URL = address.String()
	return nil
}
