package profiles

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/profiles/finding"
)

var update = flag.Bool("update", false, "write the golden files")

// report is all that an import says, for comparison with a golden file.
func report(imported *Imported, err error) string {
	var out strings.Builder
	var findings []finding.Finding
	var refused *ImportError
	switch {
	case errors.As(err, &refused):
		out.WriteString("refused\n")
		findings = refused.Findings
	case err != nil:
		fmt.Fprintf(&out, "error %v\n", err)
	default:
		findings = imported.Findings
	}
	for _, f := range findings {
		fmt.Fprintf(&out, "%s %s: %s\n", f.Severity, f.Code, f)
	}
	if imported != nil {
		for _, p := range imported.Profiles {
			out.WriteString("\n" + dump(p))
			dumpValue(&out, "Management", reflect.ValueOf(imported.Management[p]))
		}
	}
	if imported != nil && imported.Policy != nil {
		fmt.Fprintf(&out, "\nPolicy: %q\n", imported.Policy)
	}
	return out.String()
}

func TestGoldenImports(t *testing.T) {
	for _, f := range fixtures(t) {
		imported, err := Import(bytes.NewReader(f.data), ImportOptions{Name: strings.TrimSuffix(f.name, ".txt")})
		got := report(imported, err)
		path := filepath.Join("testdata/import", f.name+".golden")
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s: got\n%s\nwant\n%s", f.name, got, want)
		}
	}
}

// samples are the fixtures and, where there are any, files of real gateways.
func samples(t testing.TB) []fixture {
	t.Helper()
	all := fixtures(t)
	folder := samplesFolder()
	if folder == "" {
		return all
	}
	paths, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, fixture{filepath.Base(path), data})
	}
	return all
}

// What is exported is imported again with the same meaning, and exported again to the same bytes.
func TestRoundTrip(t *testing.T) {
	trips := 0
	for _, f := range samples(t) {
		imported, err := Import(bytes.NewReader(f.data), ImportOptions{Name: f.name})
		if err != nil {
			continue // TestGoldenImports knows which
		}
		for _, p := range imported.Profiles {
			for _, format := range []Format{FormatAzureXML, FormatOVPN} {
				if problem := roundTrip(p, format); problem != "" {
					t.Errorf("%s: %q as %s: %s", f.name, p.Name, format, problem)
				}
				trips++
			}
		}
	}
	if trips < 20 {
		t.Errorf("only %d round trips", trips)
	}
}

// roundTrip says what an export and an import of it change; "" for nothing, and for profiles that the format cannot hold.
func roundTrip(p *Profile, format Format) string {
	exported, err := Export(p, format)
	var refused *ExportError
	if errors.As(err, &refused) {
		return ""
	}
	if err != nil {
		return err.Error()
	}
	again, err := Import(bytes.NewReader(exported), ImportOptions{})
	if err != nil {
		return fmt.Sprintf("import: %v\n%s", err, exported)
	}
	if len(again.Profiles) != 1 {
		return fmt.Sprintf("%d profiles", len(again.Profiles))
	}
	got, want := comparableDump(again.Profiles[0], format), comparableDump(p, format)
	if got != want {
		return fmt.Sprintf("got\n%s\nwant\n%s", got, want)
	}
	twice, err := Export(again.Profiles[0], format)
	if err != nil {
		return err.Error()
	}
	if !bytes.Equal(twice, exported) {
		return fmt.Sprintf("second export\n%s\nfirst\n%s", twice, exported)
	}
	return ""
}

// comparableDump leaves out what a format has no words for, or says differently. A profile that came in the same format has to
// come back as it was.
func comparableDump(p *Profile, format Format) string {
	copied := *p
	switch {
	case format == FormatAzureXML:
		copied.Gateway.Roots, copied.Gateway.Name = nil, NameRule{} // they come from elsewhere in a package
		copied.Authentication.ClientCert, copied.Authentication.ClientKey = "", ""
		if p.Format != format {
			copied = *fromAzure(toAzure(p), nil, "")
		}
	case p.Format != format:
		copied = *fromOpenVPN(toOpenVPN(p), nil, "")
	}
	copied.Format = format
	return dump(&copied)
}
