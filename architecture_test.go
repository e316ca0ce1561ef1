package footbridge

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/footbridge-vpn/footbridge/"

// allowed says which top-level folders a folder's packages may import.
func allowed(folder string) []string {
	switch folder {
	case "cmd":
		return []string{"cmd", "ui", "client", "tunnel", "profiles", "packaging"}
	case "ui": // it talks to client only; what client shows is made of tunnel's states and profiles' values
		return []string{"ui", "client", "tunnel", "profiles"}
	case "client":
		return []string{"client", "tunnel", "profiles"}
	case "tunnel":
		return []string{"tunnel", "profiles"}
	case "profiles":
		return []string{"profiles"}
	default:
		return nil
	}
}

type listedPackage struct {
	ImportPath string
	Imports    []string
}

// Imports run one way, so that each folder can be read, tested and changed without the ones above it.
func TestImportsRunOneWay(t *testing.T) {
	packages := list(t)
	if len(packages) < 20 {
		t.Fatalf("listed only %d packages", len(packages))
	}
	for _, p := range packages {
		path := strings.TrimPrefix(p.ImportPath, module)
		folder, _, _ := strings.Cut(path, "/")
		for _, imported := range p.Imports {
			target, ours := strings.CutPrefix(imported, module)
			if !ours {
				checkForeign(t, path, imported)
				continue
			}
			top, _, _ := strings.Cut(target, "/")
			if !contains(allowed(folder), top) {
				t.Errorf("%s imports %s", path, target)
			}
			if strings.HasPrefix(path+"/", "tunnel/openvpn/") && !strings.HasPrefix(target+"/", "tunnel/openvpn/") {
				t.Errorf("%s imports %s: the protocol stands alone", path, target)
			}
			if strings.HasPrefix(target, "tunnel/lab") && !strings.HasPrefix(path, "tunnel/lab") && path != "cmd/footbridge-lab" {
				t.Errorf("%s imports %s: the lab is for tests and demos", path, target)
			}
		}
	}
}

// The protocol does no I/O of its own, and no package has a name that says nothing.
func checkForeign(t *testing.T, path, imported string) {
	if imported == "fyne.io/fyne/v2/app" && path != "cmd/footbridge-gui" {
		t.Errorf("%s imports %s: only the desktop app's main has a driver, so that all else is tested without a screen", path, imported)
	}
	t.Helper()
	if strings.HasPrefix(path+"/", "tunnel/openvpn/") && (imported == "os" || imported == "os/exec" || imported == "syscall" || strings.HasPrefix(imported, "golang.org/x/sys")) {
		t.Errorf("%s imports %s: the protocol is pure", path, imported)
	}
	for part := range strings.SplitSeq(path, "/") {
		if contains([]string{"util", "utils", "common", "helpers", "types"}, part) {
			t.Errorf("%s: the name %q says nothing", path, part)
		}
	}
}

func contains(list []string, wanted string) bool {
	for _, item := range list {
		if item == wanted {
			return true
		}
	}
	return false
}

func list(t *testing.T) []listedPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var packages []listedPackage
	for decoder := json.NewDecoder(strings.NewReader(string(out))); decoder.More(); {
		var p listedPackage
		if err := decoder.Decode(&p); err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
	return packages
}
