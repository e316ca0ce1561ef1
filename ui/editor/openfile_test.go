package editor

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/ui/look"
	"github.com/footbridge-vpn/footbridge/ui/page/pagetest"
)

// Each way to a file or folder shows what there is to choose from.
func TestFilesAreShown(t *testing.T) {
	for name, open := range map[string]func(*pagetest.Bench){
		"a file to read":   func(b *pagetest.Bench) { openFile(b.Env, 1, func([]byte) { t.Error("read without a choice") }) },
		"a file to name":   func(b *pagetest.Bench) { (&Page{env: b.Env}).browse(File, widget.NewEntry()) },
		"a folder to name": func(b *pagetest.Bench) { (&Page{env: b.Env}).browse(Folder, widget.NewEntry()) },
	} {
		t.Run(name, func(t *testing.T) {
			b := pagetest.New(t, "en", look.Light, fyne.NewSize(800, 600))
			open(b)
			overlays := b.Window.Canvas().Overlays().List()
			if len(overlays) != 1 || !overlays[0].Visible() || len(b.Failures) != 0 {
				t.Errorf("%d dialogs, %v", len(overlays), b.Failures)
			}
		})
	}
}
