package entra

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const somePage = "https://login.example/authorize?a=b&c=%20d"

// script writes a program that notes what it is called with.
func browserScript(t *testing.T, dir, name, rest string) (path, notes string) {
	t.Helper()
	path, notes = filepath.Join(dir, name), filepath.Join(dir, name+".notes")
	content := "#!/bin/sh\nprintf '%s\\n' \"$@\" > " + notes + ".new && mv " + notes + ".new " + notes + "\necho noise; echo noise >&2\n" + rest + "\n"
	if err := os.WriteFile(path, []byte(content), 0o700); err != nil {
		t.Fatal(err)
	}
	return path, notes
}

func noted(notes string) string {
	content, err := os.ReadFile(notes)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(content))
}

// headless has nothing that could show a page.
func headless(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, value := range map[string]string{"DISPLAY": "", "WAYLAND_DISPLAY": "", "DBUS_SESSION_BUS_ADDRESS": "", "BROWSER": "", "PATH": dir + ":/usr/bin:/bin"} {
		t.Setenv(name, value)
	}
	return dir
}

func TestOpenBrowser(t *testing.T) {
	t.Run("BROWSER", func(t *testing.T) {
		dir := headless(t)
		broken, _ := browserScript(t, dir, "broken", "exit 3")
		good, notes := browserScript(t, dir, "good", "")
		t.Setenv("BROWSER", filepath.Join(dir, "missing")+":"+broken+":"+good+" --new-window %s:"+broken)
		if err := OpenBrowser(t.Context(), somePage); err != nil {
			t.Fatal(err)
		}
		if got := noted(notes); got != "--new-window\n"+somePage {
			t.Errorf("called with %q", got)
		}
	})
	t.Run("one that stays", func(t *testing.T) {
		dir := headless(t)
		slow, notes := browserScript(t, dir, "slow", "exec sleep 6")
		t.Setenv("BROWSER", slow)
		begun := time.Now()
		if err := OpenBrowser(t.Context(), somePage); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); took > 5*time.Second || noted(notes) != somePage {
			t.Errorf("after %v called with %q", took, noted(notes))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		begun = time.Now()
		if err := OpenBrowser(ctx, somePage); err != nil || time.Since(begun) > time.Second {
			t.Errorf("waited %v for somebody who went away: %v", time.Since(begun), err)
		}
	})
	t.Run("xdg-open", func(t *testing.T) {
		dir := headless(t)
		_, notes := browserScript(t, dir, "xdg-open", "")
		if err := OpenBrowser(t.Context(), somePage); err == nil || noted(notes) != "" {
			t.Errorf("opened without a screen: %v, %q", err, noted(notes))
		}
		t.Setenv("DISPLAY", ":99")
		if err := OpenBrowser(t.Context(), somePage); err != nil || noted(notes) != somePage {
			t.Errorf("%v, %q", err, noted(notes))
		}
	})
	t.Run("nothing", func(t *testing.T) {
		dir := headless(t)
		t.Setenv("PATH", dir)
		t.Setenv("DISPLAY", ":99")
		t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+filepath.Join(dir, "nobody"))
		if err := OpenBrowser(t.Context(), somePage); err == nil || strings.Contains(err.Error(), "authorize") {
			t.Errorf("error %v", err)
		}
	})
	for _, address := range []string{"http://login.example/", "file:///etc/passwd", "--help", "", "https:///x", "javascript:alert(1)"} {
		if err := OpenBrowser(t.Context(), address); err == nil {
			t.Errorf("opened %q", address)
		}
	}
}

func TestBrowserVariable(t *testing.T) {
	for value, want := range map[string][][]string{
		"": nil, "firefox": {{"firefox", "URL"}}, "a -x %s:b": {{"a", "-x", "URL"}, {"b", "URL"}}, " : :c --url=%s -y": {{"c", "--url=URL", "-y"}}, "%s": {{"%s", "URL"}},
	} {
		if diff := cmp.Diff(want, fromBrowserVariable(value, "URL")); diff != "" {
			t.Errorf("%q: %s", value, diff)
		}
	}
}
