package look

import (
	"os"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/software"
	"fyne.io/fyne/v2/test"
)

// The icon on desktops is the app's own.
func TestDesktopIcon(t *testing.T) {
	packaged, err := os.ReadFile("../../packaging/linux/io.github.footbridge-vpn.footbridge.svg")
	if err != nil {
		t.Fatal(err)
	}
	if string(packaged) != string(AppIcon().Content()) {
		t.Error("packaging/linux has another icon")
	}
}

// Every picture can be drawn, and no two states look the same without colour.
func TestPicturesDiffer(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(New(Light))
	seen := map[string]string{}
	for _, resource := range []fyne.Resource{Off(), Busy(), On(), Waiting(), Failed(), Managed(), Down(), Up(), TrayOff(), TrayBusy(), TrayOn(), TrayAttention(), Cloud(), AppIcon()} {
		canvas := software.NewTransparentCanvas()
		canvas.SetContent(NewIcon(resource, 32))
		canvas.Resize(fyne.NewSquareSize(32))
		picture := canvas.Capture()
		shape := ""
		for y := range picture.Bounds().Dy() {
			for x := range picture.Bounds().Dx() {
				r, _, _, alpha := picture.At(x, y).RGBA()
				shape += string(rune('a'+alpha>>14)) + string(rune('a'+r>>15))
			}
		}
		if other, there := seen[shape]; there {
			t.Errorf("%s looks like %s", resource.Name(), other)
		}
		seen[shape] = resource.Name()
	}
}
