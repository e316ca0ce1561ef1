package azurezip_test

import (
	"crypto/sha1"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/azurezip"
)

// The package is read back by the importer that reads Azure's own.
func TestImport(t *testing.T) {
	for name, d := range map[string]azurezip.Description{"certificate": description(t), "everything": everything(t)} {
		path := filepath.Join(t.TempDir(), "vnet.zip")
		file, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := azurezip.Write(file, d); err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		imported, err := profiles.ImportFile(path)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, authentication := range d.Authentications {
			index := slices.IndexFunc(imported.Profiles, func(p *profiles.Profile) bool {
				return p.Authentication.Type == profiles.AuthenticationType(authentication)
			})
			if index < 0 {
				t.Errorf("%s: no profile of type %s", name, authentication)
				continue
			}
			compare(t, d, imported.Profiles[index])
		}
		if len(imported.Profiles) != len(d.Authentications) {
			t.Errorf("%s: %d profiles", name, len(imported.Profiles))
		}
	}
}

func compare(t *testing.T, d azurezip.Description, p *profiles.Profile) {
	t.Helper()
	if !strings.Contains(p.Name, d.Name) {
		t.Errorf("name %q", p.Name)
	}
	var hosts []string
	for _, server := range p.Servers {
		if server.Port != 443 {
			t.Errorf("port %d", server.Port)
		}
		hosts = append(hosts, server.Host)
	}
	if !slices.Equal(hosts, d.Hosts) {
		t.Errorf("servers %q", hosts)
	}
	if p.Transport != profiles.TCP {
		t.Errorf("transport %q", p.Transport)
	}
	if want := []string{fmt.Sprintf("%x", sha1.Sum(d.Roots[0].Raw))}; !slices.Equal(p.Gateway.RootThumbprints, want) {
		t.Errorf("thumbprints %q", p.Gateway.RootThumbprints)
	}
	if !slices.ContainsFunc(p.Gateway.Roots, d.Roots[0].Equal) {
		t.Error("the root from the package is no trust anchor")
	}
	if p.ControlChannel.Mode != profiles.TLSAuth || p.ControlChannel.Key.Reveal() != secretDigits || p.ControlChannel.Digest != "SHA256" {
		t.Errorf("control channel %s with %s", p.ControlChannel.Mode, p.ControlChannel.Digest)
	}
	var suffixes []string
	for _, suffix := range d.DNSSuffixes {
		suffixes = append(suffixes, strings.TrimPrefix(suffix, "."))
	}
	if !slices.Equal(p.DNS.Servers, d.DNSServers) || !slices.Equal(p.DNS.Suffixes, suffixes) {
		t.Errorf("DNS %v for %q", p.DNS.Servers, p.DNS.Suffixes)
	}
	if !slices.Equal(p.IncludeRoutes, d.IncludeRoutes) || !slices.Equal(p.ExcludeRoutes, d.ExcludeRoutes) {
		t.Errorf("routes %v without %v", p.IncludeRoutes, p.ExcludeRoutes)
	}
}
