package startup

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func program() Program {
	return Program{ID: "io.github.footbridge-vpn.footbridge", Name: "Footbridge", Comment: "Connects you", Command: []string{"/opt/foot bridge/footbridge-gui", "--hidden"}}
}

// turn switches an entry on and off.
func turn(t *testing.T, e Entry) {
	t.Helper()
	for i, on := range []bool{false, true, true, false, false} {
		if err := e.Set(on); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
		if got, err := e.On(); err != nil || got != on {
			t.Fatalf("step %d: %v, %v", i, got, err)
		}
	}
}

func TestAutostart(t *testing.T) {
	a := Autostart{Folder: filepath.Join(t.TempDir(), "autostart"), Program: program()}
	if on, err := a.On(); on || err != nil {
		t.Error(on, err)
	}
	turn(t, a)
	if err := a.Set(true); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(a.Folder, "io.github.footbridge-vpn.footbridge.desktop"))
	want := "[Desktop Entry]\nType=Application\nVersion=1.5\nName=Footbridge\nComment=Connects you\nExec=\"/opt/foot bridge/footbridge-gui\" --hidden\nTerminal=false\nX-GNOME-Autostart-enabled=true\n"
	if err != nil || string(content) != want {
		t.Errorf("%v:\n%s", err, content)
	}
	if entries, _ := os.ReadDir(a.Folder); len(entries) != 1 {
		t.Errorf("left beside: %v", entries)
	}
}

func TestAutostartSwitchedOffElsewhere(t *testing.T) {
	for text, want := range map[string]bool{
		"[Desktop Entry]\nExec=x\n":                                  true,
		"[Desktop Entry]\nExec=x\nX-GNOME-Autostart-enabled=false\n": false,
		"[Desktop Entry]\nHidden = true\nExec=x\n":                   false,
		"[Desktop Entry]\nName=x\n":                                  false,
		"[Other]\nExec=x\n[Desktop Entry]\n":                         false,
		"[Desktop Entry]\nExec=x\n[Desktop Action y]\nHidden=true\n": true,
		"": false,
	} {
		if got := starts(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestAutostartQuotes(t *testing.T) {
	for word, want := range map[string]string{
		"/usr/bin/x": "/usr/bin/x", "": `""`, "a b": `"a b"`, "100%": "100%%", `a"b`: `"a\"b"`, "$HOME`x`": "\"\\$HOME\\`x\\`\"", `a\ b`: `"a\\ b"`,
	} {
		if got := quoted(word); got != want {
			t.Errorf("%q is %s instead of %s", word, got, want)
		}
	}
	a := Autostart{Folder: t.TempDir(), Program: Program{ID: "x", Name: "two\nExec=evil", Command: []string{`C:\x`}}}
	content, err := a.content()
	if err != nil || strings.Count(content, "\nExec=") != 1 || !strings.Contains(content, `Name=two\nExec=evil`) || !strings.Contains(content, `Exec="C:\\\\x"`) {
		t.Errorf("%v:\n%s", err, content)
	}
}

func TestLaunchAgent(t *testing.T) {
	l := LaunchAgent{Folder: filepath.Join(t.TempDir(), "LaunchAgents"), Program: program()}
	turn(t, l)
	if err := l.Set(true); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(l.Folder, "io.github.footbridge-vpn.footbridge.plist")
	content, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(content), "<string>/opt/foot bridge/footbridge-gui</string>") || !strings.Contains(string(content), "<key>RunAtLoad</key>") {
		t.Errorf("%v:\n%s", err, content)
	}
	if err := os.WriteFile(path, []byte("<plist"), 0o600); err != nil {
		t.Fatal(err)
	}
	if on, err := l.On(); on || err != nil {
		t.Error(on, err)
	}
}

// registryValues is a registry that a test holds.
type registryValues struct {
	run      map[string]string
	approved map[string][]byte
	fails    error
}

func (v registryValues) Command(name string) (string, error) { return v.run[name], v.fails }
func (v registryValues) SetCommand(name, command string) error {
	v.run[name] = command
	return v.fails
}
func (v registryValues) DeleteCommand(name string) error {
	delete(v.run, name)
	return v.fails
}
func (v registryValues) Approval(name string) ([]byte, error) { return v.approved[name], v.fails }
func (v registryValues) DeleteApproval(name string) error {
	delete(v.approved, name)
	return v.fails
}

func TestRunKey(t *testing.T) {
	v := registryValues{run: map[string]string{}, approved: map[string][]byte{}}
	r := RunKey{Values: v, Program: program()}
	turn(t, r)
	if err := r.Set(true); err != nil || v.run["Footbridge"] != `"/opt/foot bridge/footbridge-gui" --hidden` {
		t.Errorf("%v, %v", err, v.run)
	}
	v.approved["Footbridge"] = []byte{3, 0, 0, 0}
	if on, err := r.On(); on || err != nil {
		t.Error("Task Manager switched it off", err)
	}
	if err := r.Set(true); err != nil {
		t.Fatal(err)
	}
	if on, _ := r.On(); !on {
		t.Error("the user switched it on again")
	}
	r.Values = registryValues{run: map[string]string{}, approved: map[string][]byte{}, fails: errors.New("no access")}
	if _, err := r.On(); err == nil {
		t.Error("the error is lost")
	}
	if err := r.Set(true); err == nil {
		t.Error("the error is lost")
	}
}

func TestQuotedForWindows(t *testing.T) {
	for word, want := range map[string]string{
		`C:\Programs\x.exe`: `C:\Programs\x.exe`, `C:\Program Files\`: `"C:\Program Files\\"`, `a"b`: `"a\"b"`, `a\"b c`: `"a\\\"b c"`, "": `""`,
	} {
		if got := quotedForWindows(word); got != want {
			t.Errorf("%s is %s instead of %s", word, got, want)
		}
	}
}

func TestNoCommandIsAnError(t *testing.T) {
	folder := t.TempDir()
	for _, e := range []Entry{Autostart{Folder: folder}, LaunchAgent{Folder: folder}, RunKey{Values: registryValues{}}} {
		if err := e.Set(true); err == nil {
			t.Errorf("%T starts nothing", e)
		}
	}
}
