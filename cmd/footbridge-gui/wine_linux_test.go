//go:build cgo && wine

package main

import (
	"bytes"
	"context"
	"image"
	_ "image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/screen"
)

// randomness is a library of Windows 10 that Go's programs need and Wine 8 does not have; it asks the one that Wine has.
const randomness = `#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID data, ULONG size);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size) { return SystemFunction036(data, (ULONG)size); }
BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, LPVOID reserved) { return TRUE; }
`

// mingw is the compiler that the Windows programs are built with.
const mingw = "x86_64-w64-mingw32-gcc"

// wine is where Debian's packages wine and wine64 put the program; empty: neither is installed.
func wine() string {
	for _, name := range []string{"wine64", "wine", "/usr/lib/wine/wine64"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// windowsComputer is a Windows without its network, routes and services: enough for a window.
type windowsComputer struct {
	*testing.T
	wine string
	dir  string
	env  []string
}

func newWindowsComputer(t *testing.T, program, display string) *windowsComputer {
	t.Helper()
	c := &windowsComputer{T: t, wine: program, dir: t.TempDir()}
	c.env = append(os.Environ(), "WINEPREFIX="+filepath.Join(c.dir, "prefix"), "WINEDEBUG=-all", "WINEDLLOVERRIDES=mscoree,mshtml=", "HOME="+c.dir, "DISPLAY="+display,
		"WAYLAND_DISPLAY=", "LIBGL_ALWAYS_SOFTWARE=1", "LC_ALL=C.UTF-8", "LANG=en_US.UTF-8")
	t.Cleanup(func() { // it ends the programs of this prefix only
		c.command("/usr/lib/wine/wineserver", "-k").Run()
		c.command("/usr/lib/wine/wineserver", "-w").Run()
	})
	c.run("wineboot", "-i")
	source, library := filepath.Join(c.dir, "randomness.c"), filepath.Join(c.dir, "prefix/drive_c/windows/system32/bcryptprimitives.dll")
	if err := os.WriteFile(source, []byte(randomness), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(mingw, "-shared", "-o", library, source, "-ladvapi32").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	c.run("reg", "add", `HKCU\Software\Wine`, "/v", "Version", "/d", "win10", "/f")
	return c
}

// patience is how long a program of Windows' own may take: making a new prefix is most of it.
const patience = 3 * time.Minute

func (c *windowsComputer) command(name string, arguments ...string) *exec.Cmd {
	command := exec.Command(name, arguments...)
	command.Env, command.WaitDelay = c.env, 5*time.Second
	return command
}

func (c *windowsComputer) run(arguments ...string) {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.Context(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, c.wine, arguments...)
	command.Env, command.WaitDelay = c.env, 5*time.Second
	out, err := os.Create(filepath.Join(c.dir, "output")) // a file: Wine's server keeps the other end of a pipe open
	if err != nil {
		c.Fatal(err)
	}
	defer out.Close()
	command.Stdout, command.Stderr = out, out
	if err := command.Run(); err != nil {
		said, _ := os.ReadFile(out.Name())
		c.Fatalf("%s: %v: %s", strings.Join(arguments, " "), err, said)
	}
}

// The Windows build opens its window and draws it; without what screen readers need, which Wine 8 has not got (uiautomationcore.dll).
func TestWindowOpensOnWindows(t *testing.T) {
	program := wine()
	if program == "" {
		t.Fatal("Wine is not installed: make wine does")
	}
	bin := filepath.Join(t.TempDir(), "footbridge-gui.exe")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-H=windowsgui", "-o", bin, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=1", "GOOS=windows", "CC="+mingw)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v: %s", err, out)
	}
	s, err := screen.Start(t.TempDir(), 1100, 760)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	c := newWindowsComputer(t, program, s.Display)
	var log bytes.Buffer
	command := c.command(program, bin, "--verbose")
	command.Stdout, command.Stderr = &log, &log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	_, err = s.Wait(t.Context(), patience, "No connections yet")
	picture := filepath.Join(t.TempDir(), "windows.png")
	if dir := os.Getenv(picturesVariable); dir != "" {
		picture = filepath.Join(dir, "windows.png")
	}
	if failed := s.Picture(t.Context(), picture); failed != nil {
		t.Fatal(failed)
	}
	if colours := countColours(t, picture); colours < 20 { // letters alone have as many shades
		t.Errorf("the picture has %d colours only", colours)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// countColours tells a picture with something on it from a blank one.
func countColours(t *testing.T, path string) int {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	picture, _, err := image.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	colours := map[[3]uint32]bool{}
	for y := picture.Bounds().Min.Y; y < picture.Bounds().Max.Y; y++ {
		for x := picture.Bounds().Min.X; x < picture.Bounds().Max.X; x++ {
			r, g, b, _ := picture.At(x, y).RGBA()
			colours[[3]uint32{r >> 8, g >> 8, b >> 8}] = true
		}
	}
	return len(colours)
}
