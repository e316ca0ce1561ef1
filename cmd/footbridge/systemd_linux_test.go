package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// withSystemd puts programs with the names of systemd's first in the path. They write down how they were called.
func withSystemd(t *testing.T, u *account, script string) (calls func() string) {
	t.Helper()
	folder := filepath.Join(u.home, "systemd")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(u.home, "calls")
	for _, name := range []string{"systemctl", "systemd-sysusers"} {
		content := "#!/bin/sh\necho " + name + " \"$@\" >>" + log + "\n" + script + "\n"
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	u.environment = append(u.environment, "PATH="+folder+":"+os.Getenv("PATH"))
	return func() string {
		data, err := os.ReadFile(log)
		if err != nil {
			return ""
		}
		os.Remove(log)
		return string(data)
	}
}

func TestServiceInstall(t *testing.T) {
	u := newAccount(t, 0)
	calls := withSystemd(t, u, "case $1 in is-active) echo active;; is-enabled) echo enabled;; esac")
	root := filepath.Join(u.home, "root")
	u.run("service", "uninstall", "--root", root).want(exitNotFound)

	// The service's program has to be somewhere that a service can use.
	program, err := programFile()
	if err != nil {
		t.Fatal(err)
	}
	beside := filepath.Join(filepath.Dir(program), "footbridged")
	if err := os.WriteFile(beside, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	r := u.run("service", "install", "--root", root).want(exitFailed)
	os.Remove(beside)
	if !strings.Contains(r.stderr, "sudo install") || calls() != "" {
		t.Errorf("installed from a folder for temporary files: %s", r.stderr)
	}

	// A package brought the files: they are left alone.
	if err := os.MkdirAll(filepath.Join(root, "usr/lib/systemd/system"), 0o755); err != nil {
		t.Fatal(err)
	}
	packaged := filepath.Join(root, "usr/lib/systemd/system", serviceUnit)
	if err := os.WriteFile(packaged, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	u.run("service", "install", "--root", root).want(exitDone)
	if got := calls(); got != "systemctl --global enable footbridge-autoconnect.service\nsystemctl enable --now footbridged.service\n" {
		t.Errorf("with a package: %s", got)
	}
	if _, err := os.Stat(filepath.Join(root, "etc")); err == nil {
		t.Error("files were written beside those of the package")
	}
	u.run("service", "stop", "--root", root).want(exitDone)
	u.run("service", "start", "--root", root).want(exitDone)
	if got := calls(); got != "systemctl stop footbridged.service\nsystemctl start footbridged.service\n" {
		t.Errorf("stop and start: %s", got)
	}
	u.run("service", "uninstall", "--root", root).want(exitDone)
	if got := calls(); got != "systemctl disable --now footbridged.service\nsystemctl --global disable footbridge-autoconnect.service\nsystemctl daemon-reload\n" {
		t.Errorf("uninstall: %s", got)
	}
}

// What is written is what the project ships, with the program where it really is.
func TestServiceFiles(t *testing.T) {
	u := newAccount(t, 0)
	calls := withSystemd(t, u, "")
	root := filepath.Join(u.home, "root")
	const installed = "/usr/local/bin/footbridged"
	u.run("service", "install", "--root", root).want(exitNotFound) // there is no such program yet
	if err := os.MkdirAll(filepath.Join(root, "usr/local/bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, installed), nil, 0o755); err != nil {
		t.Fatal(err)
	}
	u.run("service", "install", "--root", root).want(exitDone)
	for path, want := range map[string]string{unitPath: "ExecStart=" + installed + " run", usersPath: "u footbridge", polkitPath: "org.freedesktop.resolve1.set-dns-servers",
		agentPath: "ExecStart=/usr/local/bin/footbridge agent --autoconnect", entryPath: "TryExec=footbridge-gui", iconPath: "<svg"} {
		data, err := os.ReadFile(filepath.Join(root, path))
		if err != nil || !strings.Contains(string(data), want) {
			t.Errorf("%s does not have %q: %v", path, want, err)
		}
	}
	if got := calls(); !strings.HasPrefix(got, "systemd-sysusers "+root+"/etc/sysusers.d/footbridge.conf\nsystemctl daemon-reload\nsystemctl --global enable footbridge-autoconnect.service\nsystemctl enable --now") {
		t.Errorf("calls: %s", got)
	}
	u.run("service", "uninstall", "--root", root).want(exitDone)
	for _, path := range []string{unitPath, usersPath, polkitPath, agentPath, entryPath, iconPath} {
		if _, err := os.Stat(filepath.Join(root, path)); err == nil {
			t.Errorf("%s is still there", path)
		}
	}
}

// What systemd says is told, and ordinary users are told how an administrator does it.
func TestServiceRefusals(t *testing.T) {
	root := newAccount(t, 0)
	withSystemd(t, root, "echo Unit is masked. >&2; exit 1")
	if r := root.run("service", "start").want(exitFailed); !strings.Contains(r.stderr, "Unit is masked.") {
		t.Errorf("systemd's words are missing: %s", r.stderr)
	}
	u := newAccount(t, alice)
	for _, verb := range []string{"install", "start", "stop", "uninstall"} {
		if r := u.run("service", verb).want(exitPermission); !strings.Contains(r.stderr, "sudo footbridge service "+verb) {
			t.Errorf("%s: %s", verb, r.stderr)
		}
	}
	u.socket = serve(t)
	if out := u.run("service", "status").want(exitDone).stdout; !strings.Contains(out, "0.9-test") {
		t.Errorf("status: %s", out)
	}
	without := newAccount(t, 0)
	without.environment = append(without.environment, "PATH=/nowhere")
	if r := without.run("service", "install").want(exitFailed); !strings.Contains(r.stderr, "systemd") {
		t.Errorf("without systemd: %s", r.stderr)
	}
}
