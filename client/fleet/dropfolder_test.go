package fleet

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestDropFolder(t *testing.T) {
	dir, state := filepath.Join(t.TempDir(), "profiles.d"), t.TempDir()
	d, err := OpenDropFolder(dir, state, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	follow := func(what string, changed bool, unused []string, wanted ...string) {
		t.Helper()
		did, problems, err := d.Follow()
		if err != nil || did != changed {
			t.Fatalf("%s: changed %v, %v", what, did, err)
		}
		var bad, got []string
		for _, p := range problems {
			bad = append(bad, filepath.Base(p.Path))
		}
		entries, _, err := d.Profiles()
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			got = append(got, e.Name+" "+e.Profile.Servers[0].Host)
		}
		slices.Sort(got)
		if !slices.Equal(bad, unused) || !slices.Equal(got, wanted) {
			t.Fatalf("%s: %q, unused %q; want %q, unused %q", what, got, bad, wanted, unused)
		}
	}
	write := func(name string, data []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	follow("no folder", false, nil)
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	write("west.xml", azureFile("West", "west.example"))
	write("east.xml", azureFile("East", "east.example"))
	write("README.md", []byte("What this is."))
	write(".west.xml.swp", []byte("x"))
	write("page.html", []byte("<!DOCTYPE html><html></html>"))
	follow("put there", true, []string{"page.html"}, "East east.example", "West west.example")
	follow("nothing new", false, []string{"page.html"}, "East east.example", "West west.example")
	write("west.xml", azureFile("West", "west.example")[:300])
	follow("damaged", false, []string{"page.html", "west.xml"}, "East east.example", "West west.example")
	write("west.xml", azureFile("West", "west2.example"))
	follow("replaced", true, []string{"page.html"}, "East east.example", "West west2.example")
	write("zz.xml", azureFile("WEST", "west3.example"))
	follow("a second of the name", false, []string{"page.html", "zz.xml"}, "East east.example", "West west2.example")
	if err := os.Remove(filepath.Join(dir, "west.xml")); err != nil {
		t.Fatal(err)
	}
	follow("the second takes over", true, []string{"page.html"}, "East east.example", "West west3.example")
	if d, err = OpenDropFolder(dir, state, nil, nil); err != nil { // the service was started anew
		t.Fatal(err)
	}
	os.Remove(filepath.Join(dir, "page.html"))
	os.Remove(filepath.Join(dir, "zz.xml"))
	follow("taken away", true, nil, "East east.example")
	if err := os.WriteFile(filepath.Join(state, stateFile), []byte("not JSON"), 0o600); err != nil {
		t.Fatal(err)
	}
	if d, err = OpenDropFolder(dir, state, nil, nil); err != nil {
		t.Fatal(err)
	}
	follow("notes lost", false, nil, "East east.example")
	os.RemoveAll(dir)
	follow("folder taken away", true, nil)
}

func TestDropFolderTrustsAdministratorsOnly(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "west.xml"), azureFile("West", "west.example"), 0o600); err != nil {
		t.Fatal(err)
	}
	trusted := true
	d, err := OpenDropFolder(dir, t.TempDir(), func(info fs.FileInfo) error {
		if !trusted {
			return errors.New("it must belong to root")
		}
		return nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, problems, err := d.Follow(); err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	trusted = false
	if changed, _, err := d.Follow(); err == nil || changed || !strings.Contains(err.Error(), "root") {
		t.Error(changed, err)
	}
	if entries, _, err := d.Profiles(); err != nil || len(entries) != 1 {
		t.Error(entries, err)
	}
}

// What a device management says about a profile holds, and no longer when it says so no more.
func TestDropFolderTakesSettings(t *testing.T) {
	dir := t.TempDir()
	d, err := OpenDropFolder(dir, t.TempDir(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	inner := strings.NewReplacer("<AzVpnProfile", "<azvpnprofile", "</AzVpnProfile", "</azvpnprofile").Replace(string(azureFile("West", "west.example")))
	for _, always := range []string{"true", "false"} {
		text := "<VPNProfile><AlwaysOn>" + always + "</AlwaysOn><TrustedNetworkDetection>office.example</TrustedNetworkDetection><PluginProfile>" +
			"<ServerUrlList>west.example</ServerUrlList><CustomConfiguration>" + inner + "</CustomConfiguration>" +
			"<PluginPackageFamilyName>Microsoft.AzureVpn_8wekyb3d8bbwe</PluginPackageFamilyName></PluginProfile></VPNProfile>"
		if err := os.WriteFile(filepath.Join(dir, "ProfileXML.xml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, problems, err := d.Follow(); err != nil || len(problems) > 0 {
			t.Fatal(problems, err)
		}
		entries, _, err := d.Profiles()
		if err != nil || len(entries) != 1 || entries[0].Settings.AutoConnect != (always == "true") || len(entries[0].Settings.TrustedNetworks) != 1 {
			t.Errorf("always on %s: %v %v", always, entries, err)
		}
	}
}
