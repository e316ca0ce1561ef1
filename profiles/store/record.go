package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles/settings"
)

// The names of files.
const (
	recordSuffix  = ".settings.json"
	partPrefix    = ".part-" // content that a record goes with already and that is not in its place yet
	newPrefix     = ".new-"  // a record that is being written
	lockName      = ".lock"
	damagedSuffix = ".damaged-"
	numberMark    = "~" // before the number of a profile in a file that has several
)

// profileExtensions are the files that are read as profiles; where names differ in them only, the first one is.
func profileExtensions() []string { return []string{".xml", ".ovpn", ".conf", ".zip"} }

// recordVersion is the version of records that this program writes.
const recordVersion = 1

// record is the file beside a profile. Of one that an administrator writes by hand, only Settings need be there.
type record struct {
	Version      int               `json:"version,omitempty"`
	Name         string            `json:"name,omitempty"`          // empty: the profile's own
	File         string            `json:"file,omitempty"`          // the profile's
	Part         string            `json:"part,omitempty"`          // while it exists, what File is about to be
	Replaces     string            `json:"replaces,omitempty"`      // the profile's file before, which is about to be removed
	Imported     time.Time         `json:"imported,omitzero"`       // empty: when the file was written
	ImportedName string            `json:"imported_name,omitempty"` // what the profile was called where it came from
	Completion   *completion       `json:"completion,omitempty"`
	Settings     settings.Revealed `json:"settings"`
}

// errNewer says that a newer program wrote a record, which therefore is not damaged.
var errNewer = errors.New("a newer version of Footbridge wrote these settings; update Footbridge")

// parseRecord reads the record of an identifier. Unknown fields are refused: what is not understood must not be lost silently.
func parseRecord(data []byte, id string) (*record, error) {
	var version struct {
		Version int `json:"version"`
	}
	if json.Unmarshal(data, &version) == nil && version.Version > recordVersion {
		return nil, errNewer
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	r := new(record)
	switch err := decoder.Decode(r); {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, errors.New("the settings cannot be read: the file is cut short")
	case err != nil:
		return nil, fmt.Errorf("the settings cannot be read: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("the settings cannot be read: more follows them")
	}
	if err := settings.Settings(r.Settings).Validate(); err != nil {
		return nil, fmt.Errorf("the settings cannot be used: %w", err)
	}
	if r.Part != "" && (!isIdentifier(strings.TrimPrefix(r.Part, partPrefix)) || !strings.HasPrefix(r.Part, partPrefix)) {
		return nil, errors.New("the settings name a file that cannot be theirs")
	}
	for _, file := range []string{r.File, r.Replaces} {
		if file == "" {
			continue
		}
		stem, ok := profileStem(file)
		if number, isNumbered := strings.CutPrefix(id, stem+numberMark); !ok || stem != id && !(isNumbered && isNumber(number)) {
			return nil, errors.New("the settings name a file that cannot be theirs")
		}
	}
	if r.Part != "" && r.File == "" {
		return nil, errors.New("the settings do not name their file")
	}
	return r, nil
}

func (r *record) encode() ([]byte, error) {
	written := *r
	written.Version = recordVersion
	data, err := json.MarshalIndent(written, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write settings: %w", err)
	}
	if len(data) > MaxFile {
		return nil, errors.New("write settings: they are too large")
	}
	return append(data, '\n'), nil
}

// profileStem is the name of a profile's file without its extension.
func profileStem(file string) (string, bool) {
	extension := filepath.Ext(file)
	stem := strings.TrimSuffix(file, extension)
	return stem, slices.Contains(profileExtensions(), strings.ToLower(extension)) && isIdentifier(stem)
}

// isNumber reports whether text is the number that tells a second profile in a file from the first.
func isNumber(text string) bool {
	return text != "" && len(text) < 4 && strings.Trim(text, "0123456789") == "" && text[0] != '0' && text != "1"
}
