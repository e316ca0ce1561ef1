package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/finding"
)

// Encode writes a profile as a file of one of the known formats, and as JSON what that file cannot say (nil: nothing), so that Decode
// makes the same profile of both in another program. Both hold secrets.
func Encode(p *profiles.Profile) (file, completion []byte, err error) {
	c, err := encode(p)
	if err != nil {
		return nil, nil, fmt.Errorf("write profile %q: %w", p.Name, err)
	}
	if c.completion != nil {
		if completion, err = json.Marshal(c.completion); err != nil {
			return nil, nil, fmt.Errorf("write profile %q: %w", p.Name, err)
		}
	}
	return c.data, completion, nil
}

// Decode reads what Encode wrote. It believes nothing of it: unknown fields, another file than the completion is for and profiles that
// are not whole are errors.
func Decode(file, encodedCompletion []byte) (*profiles.Profile, error) {
	imported, err := profiles.Import(bytes.NewReader(file), profiles.ImportOptions{})
	if err != nil {
		return nil, err
	}
	if len(imported.Profiles) != 1 {
		return nil, fmt.Errorf("read profile: the file holds %d", len(imported.Profiles))
	}
	p := imported.Profiles[0]
	if len(encodedCompletion) == 0 {
		return p, nil
	}
	c := new(completion)
	decoder := json.NewDecoder(bytes.NewReader(encodedCompletion))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(c); err != nil {
		return nil, fmt.Errorf("read profile: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("read profile: more follows its completion")
	}
	if c.SHA256 != sum(file) {
		return nil, errors.New("read profile: its completion is for another file")
	}
	if err := c.apply(p); err != nil {
		return nil, fmt.Errorf("read profile: %w", err)
	}
	for _, f := range profiles.Validate(p) {
		if f.Severity == finding.Fault {
			return nil, fmt.Errorf("read profile: %w", f)
		}
	}
	return p, nil
}
