package profiles

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/footbridge-vpn/footbridge/profiles/bundle"
	"github.com/footbridge-vpn/footbridge/profiles/finding"
)

// maxReferenced bounds a file that an .ovpn names, in bytes.
const maxReferenced = 1 << 20

// ImportOptions says what is known of the data besides its content.
type ImportOptions struct {
	Name string // of the file; it never decides what the data is, but may name a profile that has no name

	readFile func(name string) ([]byte, error) // files beside it; nil: none
}

// Imported is what was found in a file.
type Imported struct {
	Profiles []*Profile        // at least one; their names differ
	Findings []finding.Finding // what was noticed, faults of profiles that were left out included

	Management map[*Profile]Management // what was said about them, where they come from a device management or another client
	Policy     []byte                  // Footbridge's policy that came along; nil: none
}

// ImportError says why a file is not a usable profile: what it is instead, or what is wrong in it.
type ImportError struct {
	Findings []finding.Finding // at least one of them is a fault
}

// Error implements error with all faults, one a line.
func (e *ImportError) Error() string {
	var lines []string
	for _, f := range e.Findings {
		if f.Severity == finding.Fault {
			lines = append(lines, f.String())
		}
	}
	return strings.Join(lines, "\n")
}

// Import reads profiles: the ZIP that Azure generates or one of the files in it, what the official clients export or keep, what device
// managements hand out (VPNv2 ProfileXML, mobileconfig), or an OpenVPN configuration. What the data is, is told by its content. An error is an *ImportError or one of the reader's.
func Import(r io.Reader, options ImportOptions) (*Imported, error) {
	data, err := io.ReadAll(io.LimitReader(r, bundle.MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read profile: %w", err)
	}
	m := importer{options: options}
	if len(data) > bundle.MaxSize {
		m.fault("too-large", fmt.Sprintf("The file has more than %d MB, which no profile has.", bundle.MaxSize>>20), expected)
	} else {
		m.read(data)
	}
	if len(m.profiles) == 0 {
		return nil, &ImportError{Findings: m.findings}
	}
	makeNamesUnique(m.profiles)
	return &Imported{Profiles: m.profiles, Findings: m.findings, Management: m.management, Policy: m.policy}, nil
}

// ImportFile is Import for a file. Files beside an .ovpn that it names are read too, so long as they lie in the same folder or
// below.
func ImportFile(path string) (*Imported, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read profile: %w", err)
	}
	if info.IsDir() {
		return nil, &ImportError{Findings: []finding.Finding{{Severity: finding.Fault, Code: "folder", File: filepath.Base(path),
			Problem: "This is a folder.", Remedy: expected}}}
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read profile: %w", err)
	}
	defer file.Close()
	folder := filepath.Dir(path)
	return Import(file, ImportOptions{Name: filepath.Base(path), readFile: func(name string) ([]byte, error) { return readBeside(folder, name) }})
}

// The ways in which a file beside a profile cannot be read, without the system's words that would show whole paths.
var (
	errOutside   = errors.New("it lies outside of the configuration's folder")
	errMissing   = errors.New("there is no such file")
	errIrregular = errors.New("it is not a regular file")
	errTooLarge  = errors.New("it is too large")
	errForbidden = errors.New("it may not be read")
)

// readBeside reads a regular file in a folder or below, following no link out of it.
func readBeside(folder, name string) ([]byte, error) {
	name = filepath.FromSlash(name)
	if !filepath.IsLocal(name) {
		return nil, errOutside
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, errForbidden
	}
	defer root.Close()
	info, err := root.Stat(name) // before it is opened: opening a pipe would wait
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, errMissing
	case err != nil:
		return nil, errOutside
	case !info.Mode().IsRegular():
		return nil, errIrregular
	case info.Size() > maxReferenced:
		return nil, errTooLarge
	}
	file, err := root.Open(name)
	if err != nil {
		return nil, errForbidden
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxReferenced+1))
	switch {
	case err != nil:
		return nil, errForbidden
	case len(data) > maxReferenced:
		return nil, errTooLarge
	}
	return data, nil
}
