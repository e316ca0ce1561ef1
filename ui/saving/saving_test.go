package saving

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/ui/look"
	"github.com/footbridge-vpn/footbridge/ui/page/pagetest"
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

// The dialog opens with the suggested name.
func TestAsk(t *testing.T) {
	b := pagetest.New(t, "en", look.Light, fyne.NewSize(800, 600))
	Ask(b.Env, "footbridge.log", func(path string) { t.Errorf("%s was chosen", path) })
	overlays := b.Window.Canvas().Overlays().List()
	if len(overlays) != 1 || !overlays[0].Visible() {
		t.Fatalf("%d dialogs", len(overlays))
	}
	if name, is := b.Window.Canvas().Focused().(*widget.Entry); !is || name.Text != "footbridge.log" {
		t.Errorf("the keyboard is on %T", b.Window.Canvas().Focused())
	}
	if len(b.Failures) != 0 {
		t.Error(b.Failures)
	}
}
