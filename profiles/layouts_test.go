package profiles

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/profiles/officialclient"
)

// layouts are homes with what Microsoft's client keeps on each system, by the fixture that has the content; other content is as it stands.
func layouts() map[officialclient.System]map[string]string {
	const (
		windows = "AppData/Local/Packages/Microsoft.AzureVpn_8wekyb3d8bbwe/LocalState/"
		macOS   = "Library/Containers/com.microsoft.AzureVpnMac/Data/Library/Application Support/com.microsoft.AzureVpnMac/"
		data    = ".local/share/microsoft-azurevpnclient/"
		config  = ".config/microsoft-azurevpnclient/profiles/"
	)
	return map[officialclient.System]map[string]string{
		officialclient.Windows: {windows + "rasphone.pbk": "rasphone.pbk", windows + "azurevpnconfig.xml": "entra.xml", windows + "LogFiles/AzureVPNClient.log": "=connected",
			windows + "settings.xml": "=<settings><theme>dark</theme></settings>"},
		officialclient.MacOS: {macOS + "contoso.AzureVpnProfile.xml": "export-compact.xml", macOS + "labs.AzureVpnProfile.xml": "certificate-chosen.xml", macOS + "state.plist": "=bplist00"},
		officialclient.Linux: {data + "shared_preferences.json": "shared_preferences.json", data + "profiles/vnet.xml": "client-config.xml", config + "notes.json": `={"version": 3}`,
			data + "window.json": `={"width": 800}`},
	}
}

// What Microsoft's client keeps in a user's home, laid out as on its system, is found and means what it meant there; its notes are no profiles.
func TestOfficialClientsLayouts(t *testing.T) {
	for system, want := range map[officialclient.System][]string{
		officialclient.Windows: {"VNET-EXAMPLE aad", "VNET-EXAMPLE aad"},
		officialclient.MacOS:   {"example-export aad", "VNET-EXAMPLE cert"},
		officialclient.Linux:   {"VNET-EXAMPLE aad", "contoso aad", "labs cert"},
	} {
		home := t.TempDir()
		for path, content := range layouts()[system] {
			data, literal := strings.CutPrefix(content, "=")
			if !literal {
				data = string(fixtureNamed(t, content))
			}
			path = filepath.Join(home, filepath.FromSlash(path))
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(data), 0o600)); err != nil {
				t.Fatal(err)
			}
		}
		var got []string
		for _, path := range officialclient.Find(home, system) {
			imported, err := ImportFile(path)
			var refused *ImportError
			if errors.As(err, &refused) {
				if code := refused.Findings[0].Code; code != "wrong-file" {
					t.Errorf("%s: %s is refused with %s", system, filepath.Base(path), code)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range imported.Profiles {
				got = append(got, fmt.Sprint(p.Name, " ", p.Authentication.Type))
				if len(p.ControlChannel.Key) != 512 || len(p.Servers) == 0 {
					t.Errorf("%s: %s has lost its server or its secret", system, p.Name)
				}
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", system, got, want)
		}
	}
}
