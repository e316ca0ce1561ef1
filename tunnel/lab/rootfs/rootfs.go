// Package rootfs keeps a small Debian system in a folder, for tests that need the real programs of a desktop computer
// without installing them on this one.
package rootfs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Packages are what the system has besides what every Debian has.
var packages = []string{
	"dbus", "dnsmasq-base", "iproute2", "libnss-resolve", "libpam-systemd", "network-manager", "procps", "systemd",
	"systemd-resolved", "systemd-sysv",
}

// sidePackages are programs of which only one can be installed at a time. Each is unpacked into /opt/NAME of the system.
var sidePackages = []string{"openresolv", "resolvconf"}

// completeMark is the file that says what a finished system was made of.
const completeMark = "footbridge-complete"

// Ensure gives the folder of the system, and makes it first if it is not there or is of other packages. It needs root,
// debootstrap and this computer's Debian mirror, and takes a minute or two.
func Ensure(ctx context.Context) (string, error) {
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	unlock, err := lock(filepath.Join(cache, "rootfs.lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	root := filepath.Join(cache, "rootfs")
	source, err := findSource("/")
	if err != nil {
		return "", err
	}
	wanted := fmt.Sprintf("%s %s %s\n", source.suite, strings.Join(packages, " "), strings.Join(sidePackages, " "))
	if have, err := os.ReadFile(filepath.Join(root, completeMark)); err == nil && string(have) == wanted {
		return root, nil
	}
	part := root + ".part"
	if err := errors.Join(os.RemoveAll(root), os.RemoveAll(part)); err != nil {
		return "", fmt.Errorf("remove old system: %w", err)
	}
	if err := build(ctx, part, source); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(part, completeMark), []byte(wanted), 0o644); err != nil {
		return "", fmt.Errorf("finish system: %w", err)
	}
	if err := os.Rename(part, root); err != nil {
		return "", fmt.Errorf("finish system: %w", err)
	}
	return root, nil
}

func build(ctx context.Context, root string, from source) error {
	err := run(ctx, "", "debootstrap", "--variant=minbase", "--include="+strings.Join(packages, ","), from.suite, root, from.mirror)
	if err != nil {
		return err
	}
	download, err := os.MkdirTemp("", "footbridge-packages-")
	if err != nil {
		return fmt.Errorf("make folder for packages: %w", err)
	}
	defer os.RemoveAll(download)
	get := append([]string{"-o", "APT::Sandbox::User=root", "download"}, sidePackages...)
	if err := run(ctx, download, "apt-get", get...); err != nil {
		if err := run(ctx, download, "apt-get", "update"); err != nil {
			return err
		}
		if err := run(ctx, download, "apt-get", get...); err != nil {
			return err
		}
	}
	for _, name := range sidePackages {
		files, err := filepath.Glob(filepath.Join(download, name+"_*.deb"))
		if err != nil || len(files) != 1 {
			return fmt.Errorf("find package %s: %d files: %w", name, len(files), errors.Join(err, os.ErrNotExist))
		}
		if err := run(ctx, "", "dpkg", "-x", files[0], filepath.Join(root, "opt", name)); err != nil {
			return err
		}
	}
	return nil
}

func run(ctx context.Context, dir, name string, args ...string) error {
	command := exec.CommandContext(ctx, name, args...)
	command.Dir = dir
	command.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C")
	output, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("run %s: %w: %s", name, err, lastLines(string(output), 10))
	}
	return nil
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// cacheDir is .cache beside go.mod.
func cacheDir() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find project: %w", err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("find project: no go.mod above the working directory: %w", os.ErrNotExist)
		}
	}
	cache := filepath.Join(dir, ".cache")
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", fmt.Errorf("make cache folder: %w", err)
	}
	return cache, nil
}
