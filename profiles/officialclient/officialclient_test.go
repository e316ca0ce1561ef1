package officialclient

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestFind(t *testing.T) {
	layouts := map[System]struct{ there, found []string }{
		Windows: {[]string{"AppData/Local/Packages/Microsoft.AzureVpn_8wekyb3d8bbwe/LocalState/rasphone.pbk", "AppData/Local/Packages/Microsoft.AzureVpn_8wekyb3d8bbwe/LocalState/azurevpnconfig.xml",
			"AppData/Local/Packages/Microsoft.AzureVpn_8wekyb3d8bbwe/LocalState/LogFiles/AzureVPNClient.log", "AppData/Local/Packages/Other/LocalState/rasphone.pbk"},
			[]string{"azurevpnconfig.xml", "rasphone.pbk"}},
		MacOS: {[]string{"Library/Containers/com.microsoft.AzureVpnMac/Data/Library/Application Support/com.microsoft.AzureVpnMac/contoso.AzureVpnProfile.xml",
			"Library/Containers/com.microsoft.AzureVpnMac/Data/Library/Application Support/com.microsoft.AzureVpnMac/state.plist"}, []string{"contoso.AzureVpnProfile.xml"}},
		Linux: {[]string{".config/microsoft-azurevpnclient/profiles/contoso.json", ".local/share/microsoft-azurevpnclient/shared_preferences.json",
			".local/share/microsoft-azurevpnclient/window.json", ".local/share/microsoft-azurevpnclient/profiles/labs.xml"}, []string{"labs.xml", "contoso.json", "shared_preferences.json"}},
	}
	for system, layout := range layouts {
		home := t.TempDir()
		for _, path := range layout.there {
			path = filepath.Join(home, path)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var names []string
		for _, path := range Find(home, system) {
			names = append(names, filepath.Base(path))
		}
		if !slices.Equal(names, layout.found) {
			t.Errorf("%s: %q, want %q", system, names, layout.found)
		}
	}
	if found := Find(t.TempDir(), Linux); len(found) != 0 {
		t.Errorf("in an empty home: %q", found)
	}
}
