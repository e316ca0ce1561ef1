// Package officialclient finds the profiles that Microsoft's Azure VPN Client keeps on a computer.
package officialclient

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// System is an operating system, by its name in Go.
type System string

// The systems that the official client was made for.
const (
	Windows System = "windows"
	MacOS   System = "darwin"
	Linux   System = "linux"
)

// folder is a place where the official client keeps profiles, below the user's home.
type folder struct {
	path   string
	suffix []string // of the files in it, lower case
}

// folders are the official client's, by system: the package's LocalState on Windows, the sandbox's container on macOS, the XDG folders
// of the retired client for Linux.
func folders(system System) []folder {
	switch system {
	case Windows:
		return []folder{{"AppData/Local/Packages/Microsoft.AzureVpn_8wekyb3d8bbwe/LocalState", []string{".pbk", ".xml"}}}
	case MacOS:
		return []folder{{"Library/Containers/com.microsoft.AzureVpnMac/Data/Library/Application Support/com.microsoft.AzureVpnMac", []string{".azurevpnprofile.xml", ".xml"}}}
	case Linux:
		return []folder{{".config/microsoft-azurevpnclient/profiles", []string{".json", ".xml"}}, {".local/share/microsoft-azurevpnclient/profiles", []string{".json", ".xml"}},
			{".local/share/microsoft-azurevpnclient", []string{"shared_preferences.json"}}}
	default:
		return nil
	}
}

// most bounds the files of one folder.
const most = 1000

// Find lists the files with profiles below a user's home, the client's own exports before what it keeps for itself. A folder that is not
// there, or may not be read, has none.
func Find(home string, system System) []string {
	var found []string
	for _, f := range folders(system) {
		dir := filepath.Join(home, filepath.FromSlash(f.path))
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue
		}
		for _, entry := range entries[:min(len(entries), most)] {
			if entry.Type() == 0 && hasSuffix(entry, f.suffix) {
				found = append(found, filepath.Join(dir, entry.Name()))
			}
		}
	}
	slices.SortStableFunc(found, func(a, b string) int { return rank(a) - rank(b) })
	return found
}

func hasSuffix(entry fs.DirEntry, suffixes []string) bool {
	name := strings.ToLower(entry.Name())
	return slices.ContainsFunc(suffixes, func(suffix string) bool { return strings.HasSuffix(name, suffix) })
}

// rank puts whole profiles before the client's own notes, which may hold the same ones.
func rank(path string) int {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".xml":
		return 0
	case ".pbk":
		return 1
	default:
		return 2
	}
}
