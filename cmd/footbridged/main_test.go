package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A command line that cannot be meant is told from work that failed.
func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "good.toml"), filepath.Join(dir, "bad.toml")
	for path, text := range map[string]string{good: "save_passwords = false\n", bad: "save_passwrods = false\n"} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		arguments []string
		code      int
		says      string
	}{
		{[]string{"check-policy", good}, exitDone, ""},
		{[]string{"check-policy", bad}, exitFailed, `no rule "save_passwrods"`},
		{[]string{"check-policy", filepath.Join(dir, "none.toml")}, exitFailed, "none.toml"},
		{[]string{"check-policy", good, bad}, exitUsage, "See: footbridged check-policy --help"},
		{[]string{"walk"}, exitUsage, "See: footbridged --help"},
		{[]string{"run", "--sokcet", "x"}, exitUsage, "--sokcet"},
		{[]string{"run", "--log-level", "loud", "--state-dir", dir}, exitFailed, "--log-level"},
	} {
		var stderr bytes.Buffer
		if code := execute(t.Context(), test.arguments, &stderr); code != test.code || !strings.Contains(stderr.String(), test.says) {
			t.Errorf("%v: %d %s", test.arguments, code, stderr.String())
		}
	}
}
