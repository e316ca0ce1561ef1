package fleet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles"
)

// stateFile is where a follower notes what it followed last, beside the profiles.
const stateFile = "state.json"

// maxState bounds that file, in bytes.
const maxState = 8 << 20

// state is what a follower knows of its manifest. It has no secrets.
type state struct {
	Source    string    `json:"source"` // identity of the source; that of another one says nothing
	Serial    uint64    `json:"serial"`
	Manifest  string    `json:"manifest"` // SHA-256
	ETag      string    `json:"etag,omitempty"`
	Expires   time.Time `json:"expires,omitzero"`
	Checked   time.Time `json:"checked,omitzero"`   // the last time
	Succeeded time.Time `json:"succeeded,omitzero"` // the last time that what the manifest says was so
	Next      time.Time `json:"next,omitzero"`
	Failures  int       `json:"failures,omitempty"` // since Succeeded
	Problem   *noted    `json:"problem,omitempty"`  // the last time's
	Files     []fetched `json:"files"`
	Policy    string    `json:"policy,omitempty"` // SHA-256; empty: there is none
}

// noted is a Problem as it is written down.
type noted struct {
	Code   Code   `json:"code"`
	File   string `json:"file,omitempty"`
	Detail string `json:"detail,omitempty"`
}

// fetched is a file that the profiles came from.
type fetched struct {
	SHA256   string `json:"sha256"`
	Name     string `json:"name,omitempty"` // as the manifest has it
	Profiles []kept `json:"profiles"`
}

func note(p *Problem) *noted {
	if p == nil {
		return nil
	}
	n := &noted{Code: p.Code, File: p.File}
	if p.Err != nil {
		n.Detail = p.Err.Error()
	}
	return n
}

// loadJSON reads what saveJSON wrote. Where there is nothing, into stays as it is.
func loadJSON(path string, into any) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && info.Size() > maxState {
		err = errors.New("it is too large")
	}
	var data []byte
	if err == nil {
		data, err = os.ReadFile(path)
	}
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", filepath.Base(path), err)
	}
	return nil
}

func saveJSON(path string, value any) error {
	data, err := json.MarshalIndent(value, "", "  ")
	if err == nil {
		err = replaceFile(path, append(data, '\n'), 0o600)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return nil
}

func importProfiles(data []byte, file string) (*profiles.Imported, error) {
	return profiles.Import(bytes.NewReader(data), profiles.ImportOptions{Name: file})
}
