package main

import (
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// otherProfile is a profile of the same name that differs.
func otherProfile() string {
	return strings.ReplaceAll(sampleProfile, "a-rather-long-name", "another-name")
}

// golden compares what was printed with a file, or writes it with UPDATE_GOLDEN=1. What differs from run to run is replaced.
func golden(t *testing.T, name, got string, replace ...string) {
	t.Helper()
	got = strings.NewReplacer(replace...).Replace(got)
	got = regexp.MustCompile(`\d[-\d]{9} \d\d:\d\d:\d\d`).ReplaceAllString(got, "TIME")
	got = regexp.MustCompile(`vnet-[0-9a-z]+\.ovpn`).ReplaceAllString(got, "vnet-ID.ovpn")
	path := filepath.Join("testdata", name+".golden")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s:\n%s\nwant:\n%s", name, got, want)
	}
}

// The whole life of a profile, in both languages, as people see it.
func TestProfilesInBothLanguages(t *testing.T) {
	for name, choose := range map[string]func(*account) *account{"english": func(u *account) *account { return u }, "dutch": (*account).dutch} {
		t.Run(name, func(t *testing.T) {
			u := choose(newAccount(t, alice))
			u.t = t
			u.file("vnet.ovpn", sampleProfile)
			u.file("other.ovpn", otherProfile())
			u.file("page.html", "<!DOCTYPE html><html><body>Sign in</body></html>")
			var transcript strings.Builder
			for _, arguments := range [][]string{
				{"list"},
				{"import", "vnet.ovpn", "--dry-run"},
				{"import", "vnet.ovpn"},
				{"import", "vnet.ovpn"},
				{"import", "other.ovpn", "--name", "vnet"},
				{"import", "other.ovpn", "--name", "vnet", "--dry-run"},
				{"import", "other.ovpn", "page.html", "missing.zip"},
				{"list"},
				{"set", "vnet", "dns-suffixes=corp.example", "include-routes+=10.20.0.0/16,10.30.0.0/16", "mtu=1400"},
				{"set", "vnet", "include-routes-=10.30.0.0/16", "mtu=", "proxy=http://me:hidden@proxy.example:8080"},
				{"show", "vnet"},
				{"rename", "vnet", "Contoso Amsterdam"},
				{"export", "cont", "-o", "out.ovpn", "--as", "ovpn"},
				{"export", "contoso amsterdam", "-o", "out.ovpn", "--as", "ovpn"},
				{"remove", "contoso"},
				{"remove", "contoso"},
				{"status"},
			} {
				r := u.run(arguments...)
				transcript.WriteString("$ footbridge " + r.command + "\n" + r.stdout + r.stderr + "exit code " + string(rune('0'+r.code)) + "\n\n")
			}
			golden(t, "profiles-"+name, transcript.String(), u.home, "HOME")
		})
	}
}

func TestHelpInBothLanguages(t *testing.T) {
	u := newAccount(t, alice)
	golden(t, "help-english", u.run("--help").want(exitDone).stdout+u.run("import", "--help").want(exitDone).stdout)
	golden(t, "help-dutch", u.dutch().run("--help").want(exitDone).stdout+u.dutch().run("import", "--help").want(exitDone).stdout)
	if plain, asked := u.run().want(exitDone).stdout, u.run("--help").stdout; plain != asked {
		t.Error("without a command there is other help than with --help")
	}
}

// Deployment scripts of the official client work: -i FILE, with -f over what is there.
func TestImportAsTheOfficialClient(t *testing.T) {
	u := newAccount(t, alice)
	u.file("vnet.ovpn", sampleProfile)
	os.Mkdir(filepath.Join(u.home, "new"), 0o755)
	path := filepath.Join(u.home, "new", "vnet.ovpn")
	if err := os.WriteFile(path, []byte(otherProfile()), 0o644); err != nil {
		t.Fatal(err)
	}
	u.run("-i", "vnet.ovpn").want(exitDone)
	u.run("-i", "vnet.ovpn").want(exitDone) // again: nothing to do
	u.run("set", "vnet", "mtu=1400").want(exitDone)
	if r := u.run("-i", path).want(exitFailed); !strings.Contains(r.stderr, "--force") {
		t.Errorf("without -f: %s", r.stderr)
	}
	u.run("-i", path, "-f").want(exitDone)
	u.run("-f", "-i", path).want(exitDone)
	shown := u.run("show", "vnet").want(exitDone).stdout
	if !strings.Contains(shown, "another-name") || !strings.Contains(shown, "1400") {
		t.Errorf("after -f the profile is\n%s", shown)
	}
	u.run("-f").want(exitUsage)
	u.run("-i", "missing.xml", "-f").want(exitNotFound)
}

// Ordinary users are told how an administrator does it.
func TestMachineImportIsForAdministrators(t *testing.T) {
	u := newAccount(t, alice)
	machine := filepath.Join(u.home, "machine")
	file := u.file("Contoso's VPN.ovpn", sampleProfile)
	r := u.run("import", "--machine", "--force", "--machine-dir", machine, file).want(exitPermission)
	want := `sudo footbridge import --machine --force '` + strings.ReplaceAll(file, "'", `'\''`) + `'`
	if !strings.Contains(r.stderr, want) {
		t.Errorf("the command is not told:\n%s\nwant %s", r.stderr, want)
	}
	if _, err := os.Stat(machine); err == nil {
		t.Error("something was written")
	}
	var told struct {
		ExitCode int     `json:"exit_code"`
		Problem  failure `json:"problem"`
	}
	u.run("import", "--json", "--machine", file).want(exitPermission).into(&told)
	if told.ExitCode != exitPermission || told.Problem.Command == "" || told.Problem.Code != "machine-needs-root" {
		t.Errorf("as JSON: %+v", told)
	}

	root := newAccount(t, 0)
	folder := filepath.Join(root.home, "machine")
	root.run("import", "--machine", "--machine-dir", folder, file).want(exitDone)
	root.run("import", "--machine", "--force", "--machine-dir", folder, file).want(exitDone) // deployment repeats it
	root.run("set", "--machine", "--machine-dir", folder, "contoso", "autoconnect=true").want(exitDone)
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) == 0 {
		t.Fatalf("nothing was written: %v", err)
	}
	for _, entry := range entries {
		if info, err := entry.Info(); err != nil || info.Mode().Perm()&0o007 != 0 {
			t.Errorf("%s has mode %v, %v", entry.Name(), info.Mode(), err)
		}
	}
	root.run("remove", "--machine", "--machine-dir", folder, "contoso").want(exitDone)
	root.run("remove", "--machine", "--machine-dir", folder, "contoso").want(exitNotFound)
}

// A profile decides whom to trust: it is taken over https only, and not from somewhere that a server sends us to without.
func TestImportFromAddresses(t *testing.T) {
	profile := func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(sampleProfile)) }
	unsafe := httptest.NewServer(http.HandlerFunc(profile))
	defer unsafe.Close()
	mux := http.NewServeMux()
	mux.HandleFunc("/vnet.ovpn", profile)
	mux.Handle("/astray.ovpn", http.RedirectHandler(unsafe.URL+"/vnet.ovpn", http.StatusFound))
	mux.Handle("/moved.ovpn", http.RedirectHandler("/vnet.ovpn", http.StatusFound))
	mux.HandleFunc("/endless.ovpn", func(w http.ResponseWriter, r *http.Request) {
		for block := make([]byte, 1<<20); r.Context().Err() == nil; {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	})
	safe := httptest.NewUnstartedServer(mux)
	safe.Config.ErrorLog = log.New(io.Discard, "", 0)
	safe.StartTLS()
	defer safe.Close()
	u := newAccount(t, alice)
	if r := u.run("import", safe.URL+"/vnet.ovpn?sig=hidden").want(exitFailed); strings.Contains(r.stderr, "hidden") {
		t.Errorf("an unknown authority was not refused quietly: %s", r.stderr)
	}
	certificate := u.file("ca.pem", certificatePEM(safe.Certificate().Raw))
	u.environment = append(u.environment, "SSL_CERT_FILE="+certificate)
	u.run("import", safe.URL+"/vnet.ovpn").want(exitDone)
	u.run("import", safe.URL+"/moved.ovpn").want(exitDone)
	u.run("import", safe.URL+"/astray.ovpn").want(exitFailed)
	u.run("import", safe.URL+"/missing.ovpn").want(exitNotFound)
	u.run("import", unsafe.URL+"/vnet.ovpn").want(exitUsage)
	u.run("import", "ftp://example.com/vnet.ovpn").want(exitUsage)
	if r := u.run("import", safe.URL+"/endless.ovpn").want(exitFailed); !strings.Contains(r.stderr, "MB") {
		t.Errorf("an endless download: %s", r.stderr)
	}
	u.runWith(sampleProfile, "import", "-", "--name", "from a pipe").want(exitDone)
	if out := u.run("list").want(exitDone).stdout; !strings.Contains(out, "from a pipe") || !strings.Contains(out, "vnet") {
		t.Errorf("the profiles are\n%s", out)
	}
}

// Secrets are shown to those who ask for them, and nowhere else.
func TestSecretsAreHidden(t *testing.T) {
	u := newAccount(t, alice)
	u.run("import", u.file("vnet.ovpn", sampleProfile)).want(exitDone)
	const hidden, tlsAuth = "hidden-proxy-password", "0123456789abcdef0123456789abcdef"
	out := u.run("set", "vnet", "proxy=http://me:"+hidden+"@proxy.example:8080").want(exitDone).stdout
	for _, arguments := range [][]string{{"show", "vnet"}, {"show", "vnet", "--json"}, {"set", "vnet"}, {"set", "vnet", "--json"}, {"list", "--json"}} {
		out += u.run(arguments...).want(exitDone).stdout
	}
	if strings.Contains(out, hidden) || strings.Contains(out, tlsAuth) {
		t.Errorf("a secret was shown:\n%s", out)
	}
	shown := u.run("show", "vnet", "--secrets", "--json").want(exitDone).stdout
	if !strings.Contains(shown, hidden) || !strings.Contains(shown, tlsAuth) {
		t.Errorf("with --secrets:\n%s", shown)
	}
	u.run("export", "vnet", "--as", "ovpn", "-o", "out.ovpn").want(exitDone)
	if info, err := os.Stat(filepath.Join(u.home, "out.ovpn")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the export has mode %v, %v", info.Mode(), err)
	}
}

// What commands print with --json is what docs/json.md has.
func TestJSONIsAsDocumented(t *testing.T) {
	u := newAccount(t, alice)
	u.file("vnet.ovpn", sampleProfile)
	for _, test := range []struct {
		heading   string
		arguments []string
		code      int
	}{
		{"footbridge import", []string{"import", "vnet.ovpn", "missing.ovpn"}, exitNotFound},
		{"errors", []string{"import", "missing.ovpn"}, exitNotFound},
		{"errors", []string{"show", "nothing"}, exitNotFound},
		{"errors", []string{"--nothing"}, exitUsage},
		{"footbridge list", []string{"list"}, exitDone},
		{"footbridge set", []string{"set", "vnet", "mtu=1400"}, exitDone},
		{"footbridge show", []string{"show", "vnet"}, exitDone},
		{"footbridge export", []string{"export", "vnet", "--as", "ovpn"}, exitDone},
		{"footbridge rename", []string{"rename", "vnet", "other"}, exitDone},
		{"footbridge remove", []string{"remove", "other"}, exitDone},
		{"footbridge version", []string{"version"}, exitDone},
		{"errors", []string{"status"}, exitService},
		{"errors", []string{"disconnect"}, exitService},
		{"errors", []string{"history"}, exitService},
		{"errors", []string{"logs"}, exitService},
		{"errors", []string{"repair"}, exitPermission},
		{"footbridge service status", []string{"service", "status"}, exitService},
		{"errors", []string{"service", "install"}, exitPermission},
		{"footbridge diagnose", []string{"diagnose", "--offline"}, exitService},
		{"footbridge report", []string{"report", "--offline", "-o", "report.zip"}, exitDone},
		{"footbridge cert new-root", []string{"cert", "new-root", "Root", "-o", "root.p12", "--password-file", u.file("password", "secret one\n")}, exitDone},
		{"footbridge cert issue", []string{"cert", "issue", "--for", "alice", "--root", "root.p12", "--root-password-file", "password", "--key-type", "p256", "--password-file", "password"}, exitDone},
		{"footbridge cert inspect", []string{"cert", "inspect", "alice.p12", "--password-file", "password"}, exitDone},
		{"footbridge cert revoke-info", []string{"cert", "revoke-info", "alice.cer"}, exitDone},
		{"errors", []string{"cert", "inspect", "missing.pem"}, exitNotFound},
		{"errors", []string{"cert", "inspect", "password"}, exitSignIn},
	} {
		r := u.run(append(test.arguments, "--json")...)
		if r.code != test.code {
			t.Errorf("%s: exit code %d, want %d\n%s%s", r.command, r.code, test.code, r.stdout, r.stderr)
		}
		if missing := undocumented(t, test.heading, r.stdout); len(missing) > 0 || !json.Valid([]byte(r.stdout)) {
			t.Errorf("%s: docs/json.md (%s) does not have %q in\n%s%s", r.command, test.heading, missing, r.stdout, r.stderr)
		}
		if r.stderr != "" && test.heading != "footbridge report" {
			t.Errorf("%s: also says %q", r.command, r.stderr)
		}
		if dutch := u.dutch().run(append(test.arguments, "--json")...); test.heading == "errors" && dutch.stdout != r.stdout {
			t.Errorf("%s: differs by locale:\n%s%s", r.command, r.stdout, dutch.stdout)
		}
	}
}
