package profiles

import (
	"bytes"
	"errors"
	"testing"

	"github.com/footbridge-vpn/footbridge/profiles/finding"
)

// Whatever is imported has no fault, and keeps its meaning through every format that can hold it.
func FuzzImport(f *testing.F) {
	for _, sample := range fixtures(f) {
		f.Add(sample.data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		imported, err := Import(bytes.NewReader(data), ImportOptions{Name: "fuzz"})
		var refused *ImportError
		if err != nil {
			if !errors.As(err, &refused) || !finding.Faulty(refused.Findings) {
				t.Fatalf("error without a fault: %v", err)
			}
			return
		}
		names := map[string]bool{}
		for _, p := range imported.Profiles {
			if p.Name == "" || names[p.Name] {
				t.Fatalf("name %q", p.Name)
			}
			names[p.Name] = true
			if findings := Validate(p); finding.Faulty(findings) {
				t.Fatalf("imported with %v", findings)
			}
			for _, format := range []Format{FormatAzureXML, FormatOVPN} {
				if problem := roundTrip(p, format); problem != "" {
					t.Fatalf("%q as %s: %s", p.Name, format, problem)
				}
			}
		}
	})
}
