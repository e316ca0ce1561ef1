package fleet

import (
	"fmt"
	"os"
	"path/filepath"
)

// WriteSource puts an administrator's choice in place. group may read it, which the service has to; negative: the writer's.
func WriteSource(path string, s *Source, group int) error {
	data, err := s.Encode()
	if err != nil {
		return err
	}
	return Install(path, data, group)
}

// Install writes an administrator's file beside its place and renames it.
func Install(path string, data []byte, group int) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	beside := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".new")
	err := replaceFile(beside, data, 0o640)
	if err == nil && group >= 0 {
		err = os.Chown(beside, -1, group)
	}
	if err == nil {
		err = os.Rename(beside, path)
	}
	if err != nil {
		os.Remove(beside)
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return nil
}
