package saving

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.txt")
	for _, content := range []string{"first", "second, and longer", ""} {
		if err := Write(path, []byte(content)); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != content {
			t.Errorf("%q, %v instead of %q", got, err, content)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Errorf("left beside: %v", entries)
	}
}

func TestWriteWhereThereIsNoFolder(t *testing.T) {
	if err := Write(filepath.Join(t.TempDir(), "gone", "x"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
