package deploy

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// oddNames are names that scripts stumble over.
func oddNames() []string {
	return []string{"Contoso", "It's a \"test\" $(touch /tmp/x) `id` \\ %PATH% ${x} $env:PATH", "O\u2019Neil \u2018quoted\u2019 \u201adown\u201a \u201bodd", "-rf *", "Ünïcode — 東京",
		"two\nlines", "'; exit 3 #", "!!! ???", "END_OF_FILE", "{{ jinja }} {% raw %}", "#> <# [x]"}
}

func example(names ...string) Package {
	p := Package{Name: "Contoso VPN", Policy: []byte("save_passwords = false\n")}
	for i, name := range names {
		p.Profiles = append(p.Profiles, Profile{Name: name, Extension: ".xml", Content: []byte(strings.Repeat("<x/>é", i*40) + "\nEND_OF_FILE\n")})
	}
	return p
}

// run runs a script with its settings in a folder, and returns what it printed and its exit code.
func run(t *testing.T, settings string, arguments ...string) (string, int) {
	t.Helper()
	command := exec.Command(arguments[0], arguments[1:]...)
	command.Env = append(os.Environ(), "FOOTBRIDGE_SETTINGS="+settings, "ANSIBLE_NOCOLOR=1", "ANSIBLE_GATHER_SUBSET=!all", "ANSIBLE_LOCALHOST_WARNING=False", "LC_ALL=C.UTF-8", "HOME="+filepath.Dir(settings))
	out, err := command.CombinedOutput()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	return string(out), command.ProcessState.ExitCode()
}

func needTools(t *testing.T, names ...string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("putting files into place for root needs root")
	}
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("needs %s", name)
		}
	}
}

func written(t *testing.T, tool Tool, p Package) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "package")
	if _, err := Write(tool, dir, p); err != nil {
		t.Fatal(err)
	}
	return dir
}

// installed are the files below a folder of settings.
func installed(t *testing.T, settings string) map[string]string {
	t.Helper()
	found := map[string]string{}
	filepath.WalkDir(settings, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			name, _ := filepath.Rel(settings, path)
			found[name] = string(data)
		}
		return nil
	})
	return found
}

// isInPlace compares what is installed with a package, besides what an administrator has there.
func isInPlace(t *testing.T, what, settings string, p Package) {
	t.Helper()
	v, err := p.view()
	if err != nil {
		t.Fatal(err)
	}
	found := installed(t, settings)
	if len(found) != len(v.Files)+1 || found["profiles.d/own.xml"] != "own" {
		t.Fatalf("%s: %d files are there, want %d and the administrator's", what, len(found), len(v.Files))
	}
	for _, file := range v.Files {
		if found[file.Path] != string(file.Content) {
			t.Errorf("%s: %s is not what it ought to be", what, file.Path)
		}
		if info, err := os.Stat(filepath.Join(settings, file.Path)); err != nil || info.Mode().Perm() != 0o640 {
			t.Errorf("%s: %s: %v %v", what, file.Path, info.Mode(), err)
		}
	}
}

// withOwn makes a folder of settings with a profile of the administrator's.
func withOwn(t *testing.T) string {
	t.Helper()
	settings := filepath.Join(t.TempDir(), "Foot bridge")
	if err := os.MkdirAll(filepath.Join(settings, "profiles.d"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(settings, "profiles.d", "own.xml"), []byte("own"), 0o640); err != nil {
		t.Fatal(err)
	}
	return settings
}

// The shell scripts install, detect and remove, as often as one likes, whatever profiles are called.
func TestShellScripts(t *testing.T) {
	needTools(t, "shellcheck", "sh")
	settings, p := withOwn(t), example(oddNames()...)
	for _, tool := range []Tool{Intune, Jamf} {
		dir := written(t, tool, p)
		folder, missing, there := dir, "<result>missing</result>\n", "<result>installed</result>\n"
		if tool == Intune {
			folder, missing, there = filepath.Join(dir, "linux"), "{\"FootbridgeProfiles\": \"missing\"}\n", "{\"FootbridgeProfiles\": \"installed\"}\n"
		}
		for _, script := range []string{"install.sh", "detect.sh", "remove.sh"} {
			if out, code := run(t, settings, "shellcheck", filepath.Join(folder, script)); code != 0 {
				t.Fatalf("%s: %s", script, out)
			}
		}
		script := func(name string) string {
			t.Helper()
			out, code := run(t, settings, "sh", filepath.Join(folder, name))
			if code != 0 {
				t.Fatalf("%s ends with %d: %s", name, code, out)
			}
			return out
		}
		if got := script("detect.sh"); got != missing {
			t.Errorf("before: %q", got)
		}
		for range 2 {
			out := script("install.sh")
			for _, name := range oddNames() {
				if !strings.Contains(out, "in place: "+oneLine(name)+"\n") {
					t.Errorf("%q is not named: %s", name, out)
				}
			}
			isInPlace(t, string(tool), settings, p)
			if got := script("detect.sh"); got != there {
				t.Errorf("after: %q", got)
			}
		}
		newer := example("Contoso", "Another")
		next := written(t, Jamf, newer)
		if out, code := run(t, settings, "sh", filepath.Join(next, "detect.sh")); code != 0 || !strings.Contains(out, "outdated") && !strings.Contains(out, "missing") {
			t.Error(out, code)
		}
		if out, code := run(t, settings, "sh", filepath.Join(next, "install.sh")); code != 0 {
			t.Error(out)
		}
		isInPlace(t, "a newer package", settings, newer)
		for range 2 {
			script("remove.sh")
		}
		if left := installed(t, settings); len(left) != 1 || left["profiles.d/own.xml"] != "own" {
			t.Errorf("left: %q", left)
		}
	}
	mac := filepath.Join(written(t, Intune, p), "macos", "detect.sh")
	if out, code := run(t, settings, "sh", mac); code != 1 || out != "missing\n" {
		t.Error(out, code)
	}
}

// A script that lost a part puts nothing half in place.
func TestDamagedScript(t *testing.T) {
	needTools(t, "sh")
	settings, dir := withOwn(t), written(t, Jamf, example("Contoso"))
	path := filepath.Join(dir, "install.sh")
	script, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	v, _ := example("Contoso").view()
	damaged := bytes.Replace(script, []byte(v.Files[0].Base64()), []byte("QUFB"), 1)
	if err := os.WriteFile(path, damaged, 0o700); err != nil {
		t.Fatal(err)
	}
	if out, code := run(t, settings, "sh", path); code == 0 {
		t.Error(out)
	}
	if left := installed(t, settings); len(left) != 1 {
		t.Errorf("%q", left)
	}
}

// The role is run for real, on this machine, into a folder.
func TestAnsible(t *testing.T) {
	needTools(t, "ansible-playbook")
	settings, p := withOwn(t), example(oddNames()[1])
	dir := written(t, Ansible, p)
	play := func(step string, code int, more ...string) string {
		t.Helper()
		out, got := run(t, settings, append([]string{"ansible-playbook", "-i", "localhost,", "-c", "local", "-e", `{"footbridge_settings": ` + quoted(settings) + `, "ansible_become": false}`,
			filepath.Join(dir, step+".yml")}, more...)...)
		if got != code {
			t.Fatalf("%s ends with %d: %s", step, got, out)
		}
		return out
	}
	play("detect", 2)
	play("install", 0)
	isInPlace(t, "ansible", settings, p)
	if out := play("install", 0); !strings.Contains(out, "changed=0") {
		t.Errorf("the second time: %s", out)
	}
	play("detect", 0)
	play("remove", 0)
	odd := written(t, Ansible, example(oddNames()...))
	if out, code := run(t, settings, "ansible-playbook", "--syntax-check", "-i", "localhost,", filepath.Join(odd, "install.yml"), filepath.Join(odd, "detect.yml"),
		filepath.Join(odd, "remove.yml")); code != 0 {
		t.Error(out)
	}
	if left := installed(t, settings); len(left) != 1 {
		t.Errorf("left: %q", left)
	}
}

func quoted(text string) string {
	data, _ := json.Marshal(text)
	return string(data)
}

// unquotePowerShell reads a single-quoted string as PowerShell does (about_Quoting_Rules), and returns what follows it.
func unquotePowerShell(text string) (value, rest string, ok bool) {
	isQuote := func(r rune) bool { return strings.ContainsRune("'\u2018\u2019\u201a\u201b", r) }
	first, size := utf8.DecodeRuneInString(text)
	if !isQuote(first) {
		return "", text, false
	}
	text = text[size:]
	var out strings.Builder
	for text != "" {
		r, size := utf8.DecodeRuneInString(text)
		text = text[size:]
		if isQuote(r) {
			next, size := utf8.DecodeRuneInString(text)
			if !isQuote(next) {
				return out.String(), text, true
			}
			text = text[size:]
		}
		out.WriteRune(r)
	}
	return "", "", false
}

func TestPowerShellQuoting(t *testing.T) {
	for _, name := range append(oddNames(), "", "'", "''", "\u2019") {
		value, rest, ok := unquotePowerShell(PowerShell(name) + " rest")
		if !ok || value != name || rest != " rest" {
			t.Errorf("%q became %q, then %q", name, value, rest)
		}
	}
}

// There is no PowerShell here: what can be checked without one is that quotes and brackets of the scripts are closed, that the strings are
// those that were meant, and that Windows PowerShell reads the file as UTF-8.
func TestPowerShellScripts(t *testing.T) {
	for tool, names := range map[Tool][]string{Intune: {"windows/install.ps1", "windows/detect.ps1", "windows/uninstall.ps1"}, GroupPolicy: {"startup.ps1", "detect.ps1", "uninstall.ps1"}} {
		files, err := Render(tool, example(oddNames()...))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			script, marked := strings.CutPrefix(string(files[name]), "\xef\xbb\xbf")
			if !marked || strings.Count(script, "\n") != strings.Count(script, "\r\n") {
				t.Errorf("%s is not saved as Windows PowerShell reads it", name)
			}
			strs := powerShellStrings(t, name, script)
			if !strings.HasSuffix(name, "detect.ps1") {
				for _, wanted := range oddNames() {
					if !strs[oneLine(wanted)] {
						t.Errorf("%s does not name %q", name, wanted)
					}
				}
			}
		}
	}
}

// powerShellStrings walks over a script and returns its single-quoted strings.
func powerShellStrings(t *testing.T, name, script string) map[string]bool {
	t.Helper()
	found, open := map[string]bool{}, []byte{}
	for script != "" {
		if value, rest, ok := unquotePowerShell(script); ok {
			found[value], script = true, rest
			continue
		}
		c := script[0]
		script = script[1:]
		switch c {
		case '#':
			_, script, _ = strings.Cut(script, "\n")
		case '"':
			end := strings.IndexByte(script, '"')
			if end < 0 || strings.Contains(script[:end], "\n") {
				t.Fatalf("%s: a string is not closed", name)
			}
			script = script[end+1:]
		case '(', '{', '[':
			open = append(open, c)
		case ')', '}', ']':
			if len(open) == 0 || open[len(open)-1] != map[byte]byte{')': '(', '}': '{', ']': '['}[c] {
				t.Fatalf("%s: brackets do not fit at %.40q", name, script)
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		t.Errorf("%s: brackets are not closed: %s", name, open)
	}
	return found
}

func TestPackages(t *testing.T) {
	for _, tool := range Tools() {
		files, err := Render(tool, example("Contoso"))
		if err != nil {
			t.Fatal(tool, err)
		}
		for name, data := range files {
			if strings.Contains(string(data), "<no value>") || strings.HasSuffix(name, ".json") && !json.Valid(data) {
				t.Errorf("%s: %s:\n%s", tool, name, data)
			}
		}
		if len(files["README.md"]) == 0 {
			t.Errorf("%s has no README.md", tool)
		}
	}
	dir := written(t, GroupPolicy, example("Contoso"))
	if _, err := Write(GroupPolicy, dir, example("Contoso")); !errors.Is(err, ErrExists) {
		t.Error(err)
	}
	if _, err := Render(Intune, Package{Name: "x"}); err == nil {
		t.Error("a package with nothing in it")
	}
	if _, err := Render(Intune, Package{Name: "!", Policy: []byte("#")}); err == nil {
		t.Error("a package without a name")
	}
}
