package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/client/service"
)

// What was mistyped is answered with what was perhaps meant.
func TestSaysWhatWasMeant(t *testing.T) {
	u := newAccount(t, alice)
	u.file("vnet.ovpn", sampleProfile)
	other := u.file("other.ovpn", otherProfile())
	u.run("import", "vnet.ovpn").want(exitDone)
	u.run("import", other, "--name", "second").want(exitDone)
	for _, test := range []struct {
		arguments string
		code      int
		want      string
	}{
		{"lst", exitUsage, "Did you mean: list"},
		{"statsu", exitUsage, "Did you mean: status?"},
		{"service strat", exitUsage, "Did you mean: start"},
		{"xyzzy", exitUsage, `There is no command "xyzzy".`},
		{"connect vnet --timeout soon", exitUsage, "a time such as 90s"},
		{"history --limit many", exitUsage, "a whole number"},
		{"set vnet secondary=second", exitUsage, "Did you mean secondary-profile?"},
		{"set vnet xyzzy=1", exitUsage, "footbridge set PROFILE"},
		{"rename second vnet", exitFailed, "Choose another name."},
		{"export vnet --as azure", exitFailed, "--as ovpn"},
	} {
		r := u.run(strings.Fields(test.arguments)...).want(test.code)
		if !strings.Contains(r.stderr, test.want) || strings.Contains(r.stderr, "--force") {
			t.Errorf("%s: %s", test.arguments, r.stderr)
		}
	}
}

// Of several files each problem says which it is about.
func TestImportOfSeveralNamesTheFile(t *testing.T) {
	u := newAccount(t, alice)
	u.run("import", u.file("vnet.ovpn", sampleProfile)).want(exitDone)
	if err := os.Mkdir(filepath.Join(u.home, "new"), 0o755); err != nil {
		t.Fatal(err)
	}
	different := filepath.Join(u.home, "new", "vnet.ovpn")
	if err := os.WriteFile(different, []byte(otherProfile()), 0o644); err != nil {
		t.Fatal(err)
	}
	r := u.run("import", u.file("page.html", "<html>"), different).want(exitFailed)
	if !strings.Contains(r.stderr, "vnet.ovpn: There is a different profile vnet") || strings.Count(r.stderr, "page.html") != 1 {
		t.Error(r.stderr)
	}
}

// A path below the home folder is known whatever the shell makes of it.
func TestSetKeepsWholePaths(t *testing.T) {
	u := newAccount(t, alice)
	u.run("import", u.file("vnet.ovpn", sampleProfile)).want(exitDone)
	for _, path := range []string{"~/alice.p12", "alice.p12", filepath.Join(u.home, "alice.p12")} {
		r := u.run("set", "vnet", "pkcs12="+path).want(exitDone)
		if !strings.Contains(r.stdout, filepath.Join(u.home, "alice.p12")) {
			t.Errorf("%s became\n%s", path, r.stdout)
		}
	}
}

// A file that cannot be read is set aside; where, and why, is said once.
func TestDamagedProfileIsReported(t *testing.T) {
	u := newAccount(t, alice)
	u.run("import", u.file("vnet.ovpn", sampleProfile)).want(exitDone)
	u.run("import", u.file("other.ovpn", otherProfile()), "--name", "second").want(exitDone)
	found, err := filepath.Glob(filepath.Join(u.home, ".config/footbridge/profiles/vnet*.ovpn"))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	if err := os.WriteFile(found[0], []byte("nothing of use"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := u.run("list").want(exitDone)
	if !strings.Contains(r.stderr, "set aside as") || !strings.Contains(r.stderr, ".damaged-") || !strings.Contains(r.stdout, "second") {
		t.Errorf("%s%s", r.stdout, r.stderr)
	}
	if r := u.run("list").want(exitDone); strings.Contains(r.stderr, "damaged") || strings.Contains(r.stdout, "vnet ") {
		t.Errorf("again: %s%s", r.stdout, r.stderr)
	}
}

// A policy that cannot be followed is why nobody may connect, and every command that a user would look with says so.
func TestPolicyProblemIsSaid(t *testing.T) {
	u := newAccount(t, alice)
	const rule = "machine_profile_only"
	u.socket = serveWith(t, func(o *service.Options) {
		o.Policy = filepath.Join(t.TempDir(), "policy.toml")
		if err := os.WriteFile(o.Policy, []byte(rule+" = true\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	})
	u.run("import", u.file("contoso.ovpn", serveGateway(t))).want(exitDone)
	for _, command := range []string{"status", "service status"} {
		for _, form := range []string{"", "--json"} {
			if r := u.run(strings.Fields(command + " " + form)...).want(exitDone); !strings.Contains(r.stdout, rule) {
				t.Errorf("%s %s: %s", command, form, r.stdout)
			}
		}
	}
	if r := u.dutch().run("status").want(exitDone); !strings.Contains(r.stdout, "Niemand mag verbinden") {
		t.Errorf("in Dutch: %s", r.stdout)
	}
	daemon := newAccount(t, 901) // may not connect in any case: whom the policy would let is not known
	daemon.socket = u.socket
	daemon.run("import", daemon.file("contoso.ovpn", serveGateway(t))).want(exitDone)
	for _, account := range []*account{u, daemon} {
		if r := account.run("connect", "contoso").want(exitPermission); !strings.Contains(r.stderr, rule) {
			t.Errorf("user %d: %s", account.uid, r.stderr)
		}
	}
}
