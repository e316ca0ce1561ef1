// Package gatewaymemory keeps in a file which hello each gateway understood.
package gatewaymemory

import (
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/footbridge-vpn/footbridge/tunnel"
)

// Memory keeps in a file which hello each profile's gateway understood. Losing it costs an attempt, no more, so its errors are
// only logged.
type Memory struct {
	path   string
	logger *slog.Logger

	mu     sync.Mutex
	hellos map[string]tunnel.HelloVariant // by profile name
}

// Open reads a memory. One that is damaged is begun anew.
func Open(path string, logger *slog.Logger) *Memory {
	m := &Memory{path: path, logger: logger, hellos: map[string]tunnel.HelloVariant{}}
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, &m.hellos)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		logger.Warn("memory of gateways not read", "path", path, "error", err)
		m.hellos = map[string]tunnel.HelloVariant{}
	}
	return m
}

// Hello implements tunnel.Memory.
func (m *Memory) Hello(profile string) (tunnel.HelloVariant, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	hello, known := m.hellos[profile]
	return hello, known
}

// RememberHello implements tunnel.Memory.
func (m *Memory) RememberHello(profile string, hello tunnel.HelloVariant) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if known, ok := m.hellos[profile]; ok && known == hello {
		return
	}
	if hello == (tunnel.HelloVariant{}) && len(m.hellos) == 0 {
		return // the standard hello needs no memory
	}
	m.hellos[profile] = hello
	if err := m.write(); err != nil {
		m.logger.Warn("memory of gateways not written", "path", m.path, "error", err)
	}
}

// write puts the new file beside the old one and renames it, so that a crash leaves one of the two.
func (m *Memory) write() error {
	data, err := json.MarshalIndent(m.hellos, "", "\t")
	if err != nil {
		return err
	}
	dir := filepath.Dir(m.path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(dir, ".hello-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // gone already when renamed
	if _, err := file.Write(data); err != nil {
		file.Close()
		return err
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), m.path)
}
