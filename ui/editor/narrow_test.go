package editor

import (
	"testing"

	"fyne.io/fyne/v2"

	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/ui/look"
)

// The page fits into a window as narrow as a telephone, in every language.
func TestNarrow(t *testing.T) {
	const narrow = 380
	for _, tag := range language.Languages() {
		s := see(t, contoso(t, "cert"), options{tag: tag, variant: look.Light, size: fyne.NewSize(narrow, 700)})
		s.Press(s.p.text("gateway", nil))
		s.Press(s.p.text("secret-replace", nil))
		for i, part := range s.p.tabs.parts {
			s.p.tabs.show(i)
			if width := s.p.content.MinSize().Width; width > narrow {
				t.Errorf("%s: %s is %.0f wide", tag, part.name, width)
			}
		}
	}
}
