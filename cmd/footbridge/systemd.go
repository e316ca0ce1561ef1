package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/footbridge-vpn/footbridge/client/language"
)

// systemd is the service manager of a computer.
type systemd struct{ root string }

func newSystemd(root string) (systemd, error) {
	if _, err := exec.LookPath("systemctl"); err != nil {
		return systemd{}, &commandError{code: "no-systemd", exit: exitFailed, err: err}
	}
	return systemd{root}, nil
}

// run runs one of systemd's programs, whose last line says what is wrong where something is.
func (s systemd) run(ctx context.Context, name string, arguments ...string) error {
	out, err := exec.CommandContext(ctx, name, arguments...).CombinedOutput()
	if err == nil {
		return nil
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return &commandError{code: "systemd-failed", exit: exitFailed, err: err,
		values: language.Values{"Command": strings.Join(append([]string{name}, arguments...), " "), "Reason": lines[len(lines)-1]}}
}

// word is systemctl's answer of one word about the service. Its exit code says the same.
func (s systemd) word(ctx context.Context, question string) string {
	out, _ := exec.CommandContext(ctx, "systemctl", question, serviceUnit).Output()
	return strings.TrimSpace(string(out))
}

func (s systemd) has(paths ...string) bool {
	for _, path := range paths {
		if _, err := os.Stat(filepath.Join(s.root, path)); err == nil {
			return true
		}
	}
	return false
}

// write puts a file in place that everybody may read.
func (s systemd) write(path, content string) error {
	path = filepath.Join(s.root, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("install service: %w", err)
	}
	beside := path + ".new"
	if err := os.WriteFile(beside, []byte(content), 0o644); err != nil {
		return fmt.Errorf("install service: %w", err)
	}
	if err := os.Rename(beside, path); err != nil {
		return fmt.Errorf("install service: %w", err)
	}
	return nil
}

func (s systemd) remove(path string) error {
	err := os.Remove(filepath.Join(s.root, path))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("uninstall service: %w", err)
	}
	return nil
}
