package main

import (
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/client/fleet"
	"github.com/footbridge-vpn/footbridge/profiles"
)

// A manifest that was published is followed: from the folder that a web server hands out to what the service reads.
func TestPublishAndFollow(t *testing.T) {
	root := newAccount(t, 0)
	root.file("vnet.ovpn", sampleProfile)
	root.file("policy.toml", "save_passwords = false\n")
	root.file("bad.toml", "no_such_rule = true\n")
	site, settings := filepath.Join(root.home, "site"), filepath.Join(root.home, "etc", "fleet.toml")
	root.run("fleet", "publish", "vnet.ovpn").want(exitUsage)
	root.run("fleet", "publish", "--out", site, "--policy", "bad.toml").want(exitFailed)
	var published fleetPublishResult
	root.run("fleet", "publish", "--json", "--out", site, "--policy", "policy.toml", "vnet.ovpn").want(exitDone).into(&published)
	if published.Serial != 1 || len(published.Profiles) != 1 || published.SHA256 == "" {
		t.Fatalf("%+v", published)
	}
	server := httptest.NewUnstartedServer(http.FileServer(http.Dir(site)))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	certificate := root.file("root.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	root.environment = append(root.environment, "SSL_CERT_FILE="+certificate)

	follow := func(more ...string) result {
		return root.run(append([]string{"import", "--machine", "--machine-dir", filepath.Join(root.home, "etc", "profiles"), "--from-url", server.URL + "/manifest.json"}, more...)...)
	}
	follow().want(exitUsage)
	follow("--sha256", "abc").want(exitUsage)
	follow("--sha256", published.SHA256, "vnet.ovpn").want(exitUsage)
	if r := follow("--sha256", strings.Repeat("0", 64)).want(exitFailed); !strings.Contains(r.stderr, "SHA-256") {
		t.Error(r.stderr)
	}
	if _, err := os.Stat(settings); err == nil {
		t.Error("a manifest that is not the pinned one is followed")
	}
	for _, outcome := range []string{"added", "unchanged"} {
		var followed fleetFollowResult
		follow("--sha256", published.SHA256, "--json").want(exitDone).into(&followed)
		if followed.Outcome != outcome || followed.Serial != 1 || len(followed.Profiles) != 1 {
			t.Errorf("%+v, want %s", followed, outcome)
		}
	}
	source, err := fleet.ReadSource(settings, nil)
	if info, statErr := os.Stat(settings); err != nil || statErr != nil || source.SHA256 != published.SHA256 || info.Mode().Perm() != 0o640 {
		t.Errorf("%+v %v %v", source, err, statErr)
	}
	root.run("fleet", "publish", "--json", "--out", site, "vnet.ovpn").want(exitDone).into(&published)
	if published.Serial != 2 {
		t.Errorf("%+v", published)
	}
	follow("--sha256", published.SHA256).want(exitFailed) // another one is followed already
	follow("--sha256", published.SHA256, "--force").want(exitDone)
	for _, left := range []bool{true, false} {
		var result fleetLeaveResult
		root.run("fleet", "leave", "--json", "--machine-dir", filepath.Join(root.home, "etc", "profiles")).want(exitDone).into(&result)
		if result.Left != left {
			t.Errorf("%+v", result)
		}
	}
	root.run("fleet", "status").want(exitService)

	user := newAccount(t, alice)
	r := user.run("import", "--machine", "--from-url", server.URL+"/manifest.json", "--sha256", published.SHA256).want(exitPermission)
	if !strings.Contains(r.stderr, "sudo footbridge import --machine --from-url") {
		t.Error(r.stderr)
	}
	user.run("import", "--from-url", server.URL+"/manifest.json", "--sha256", published.SHA256).want(exitUsage)
	user.run("fleet", "leave").want(exitPermission)
}

// A machine import that deployment repeats says that nothing was to be done, and the policy of a configuration profile is applied once
// it is asked for, but never over another one.
func TestMachineImportWithPolicy(t *testing.T) {
	root := newAccount(t, 0)
	folder, policy := filepath.Join(root.home, "etc", "profiles"), filepath.Join(root.home, "etc", "policy.toml")
	file := root.file("vnet.ovpn", sampleProfile)
	azure := root.file("azure.xml", azureProfile("Managed"))
	imported, err := profiles.ImportFile(azure)
	if err != nil {
		t.Fatal(err)
	}
	data, err := profiles.ExportMobileconfig("Contoso", imported.Profiles, profiles.ManagedOptions{Policy: []byte("save_passwords = false\n")})
	if err != nil {
		t.Fatal(err)
	}
	apple := root.file("contoso.mobileconfig", string(data))
	run := func(wanted string, arguments ...string) importResult {
		t.Helper()
		var result importResult
		root.run(append([]string{"import", "--json", "--machine", "--machine-dir", folder}, arguments...)...).want(exitDone).into(&result)
		if len(result.Profiles) != 1 || result.Profiles[0].Outcome != wanted {
			t.Errorf("%q: %+v, want %s", arguments, result.Profiles, wanted)
		}
		return result
	}
	run("added", "--force", file)
	run("unchanged", "--force", file)
	run("unchanged", file)
	if got := run("added", apple).Policy; got != policyNotAsked {
		t.Errorf("without --yes: %q", got)
	}
	if _, err := os.Stat(policy); err == nil {
		t.Error("a policy was applied that nobody asked for")
	}
	for i, wanted := range []string{policyAdded, policyAdded, policyUnchanged} {
		arguments := []string{"--yes", apple}
		if i == 0 {
			arguments = append(arguments, "--dry-run")
		}
		if got := run("unchanged", arguments...).Policy; got != wanted {
			t.Errorf("%q: %q, want %q", arguments, got, wanted)
		}
	}
	if data, err := os.ReadFile(policy); err != nil || string(data) != "save_passwords = false\n" {
		t.Errorf("%q %v", data, err)
	}
	if err := os.WriteFile(policy, []byte("machine_profiles_only = true\n"), 0o640); err != nil {
		t.Fatal(err)
	}
	if got := run("unchanged", "--force", apple).Policy; got != policyConflict {
		t.Errorf("over another one: %q", got)
	}
	if data, err := os.ReadFile(policy); err != nil || string(data) != "machine_profiles_only = true\n" {
		t.Errorf("%q %v", data, err)
	}
}

// Profiles are packed by name, with their settings, and as files.
func TestDeployCommand(t *testing.T) {
	u := newAccount(t, alice)
	u.file("vnet.ovpn", sampleProfile)
	u.file("azure.xml", azureProfile("Managed"))
	u.run("import", "azure.xml", "--name", "Contoso's VPN").want(exitDone)
	u.run("set", "contoso", "autoconnect=true", "trusted-networks=office.example").want(exitDone)
	for _, tool := range []string{"intune", "jamf", "ansible", "gpo"} {
		var done deployResult
		u.run("deploy", tool, "--json", "--out", tool, "contoso", "vnet.ovpn").want(exitDone).into(&done)
		if len(done.Profiles) != 2 || done.Profiles[0] != "Contoso's VPN" || len(done.Files) < 4 {
			t.Errorf("%+v", done)
		}
		if _, err := os.Stat(filepath.Join(u.home, tool, "README.md")); err != nil {
			t.Error(err)
		}
	}
	found, err := filepath.Glob(filepath.Join(u.home, "gpo", "files", "*.mobileconfig"))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	packed, err := profiles.ImportFile(found[0])
	if err != nil || !packed.Management[packed.Profiles[0]].AutoConnect {
		t.Errorf("%+v %v", packed, err)
	}
	u.run("deploy", "jamf", "--out", "mac", "--policy", u.file("policy.toml", "save_passwords = false\n"), "contoso", "azure.xml").want(exitDone)
	if apple, err := profiles.ImportFile(filepath.Join(u.home, "mac", "footbridge-profiles.mobileconfig")); err != nil || len(apple.Profiles) != 2 || len(apple.Policy) == 0 {
		t.Errorf("%+v %v", apple, err)
	} else if office := apple.Management[apple.Profiles[0]]; !office.AutoConnect || len(office.TrustedNetworks) != 1 || apple.Management[apple.Profiles[1]].AutoConnect {
		t.Errorf("when to connect by itself is not what the user had set: %+v, %+v", office, apple.Management[apple.Profiles[1]])
	}
	u.run("deploy", "gpo", "--out", "gpo", "contoso").want(exitFailed) // the folder is not empty
	u.run("deploy", "sccm", "--out", "x", "contoso").want(exitUsage)
	u.run("deploy", "gpo", "contoso").want(exitUsage)
	u.run("deploy", "gpo", "--out", "x").want(exitUsage)
	u.run("deploy", "gpo", "--out", "x", "nothing").want(exitNotFound)
	u.run("deploy", "gpo", "--out", "x", "--from-url", "http://vpn.example/m.json", "--sha256", strings.Repeat("0", 64)).want(exitUsage)
	u.run("deploy", "gpo", "--out", "x", "--from-url", "https://vpn.example/m.json", "--sha256", strings.Repeat("0", 64)).want(exitDone)
}

// deployAndWithdraw runs a package's scripts where the service is not root and lives in its sandbox.
func (p *pc) deployAndWithdraw() {
	p.t.Helper()
	p.do("root", "sh", "-c", "footbridge deploy jamf --out /root/package /home/alice/vpn.zip && sh /root/package/install.sh")
	if got := p.do("root", "sh", "/root/package/detect.sh"); got != "<result>installed</result>\n" {
		p.t.Errorf("detect.sh says %q", got)
	}
	if got := p.try("root", "footbridge", "remove", "--machine", p.machineProfile()); !strings.Contains(got, "exit 1") || !strings.Contains(got, "profiles.d") {
		p.t.Errorf("removing a profile of the drop folder: %s", got)
	}
	if got := p.do("root", "footbridge", "fleet", "status"); !strings.Contains(got, "/etc/footbridge/profiles.d") {
		p.t.Errorf("fleet status says %q", got)
	}
	p.do("root", "sh", "/root/package/remove.sh")
	for deadline := time.Now().Add(20 * time.Second); strings.Contains(p.do("root", "footbridge", "list", "--json"), `"machine": true`); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Fatal("the package's profiles are not withdrawn")
		}
	}
}
