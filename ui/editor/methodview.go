package editor

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/ui/keyboard"
)

// methodView is how the user signs in, with what Microsoft Entra ID needs.
type methodView struct {
	page             *Page
	content          *fyne.Container
	choice           *keyboard.Select
	entra            *fyne.Container
	tenant, audience *keyboard.Entry
}

func newMethodView(p *Page) *methodView {
	v := &methodView{page: p}
	words, methods := []string{}, map[string]profiles.AuthenticationType{}
	now := ""
	for _, method := range p.draft.Methods() {
		word := p.text("choice.method."+string(method), nil)
		words, methods[word] = append(words, word), method
		if method == p.draft.Method() {
			now = word
		}
	}
	v.choice = keyboard.NewSelect(words, func(word string) {
		p.draft.SetMethod(methods[word])
		p.update()
		p.checked.look()
	})
	v.choice.Selected = now
	locked := p.draft.ProfileLocked()
	enable(v.choice, !locked)
	v.tenant = p.newEntry(p.draft.Tenant(), "https://login.microsoftonline.com/contoso.com/", !locked, func(text string) {
		p.draft.SetTenant(text)
		p.update()
	})
	v.audience = p.newEntry(p.draft.Audience(), "c632b3df-fb67-4d84-bdcf-b95ad541b5c8", !locked, func(text string) {
		p.draft.SetAudience(text)
		p.update()
	})
	v.entra = container.New(layout.NewCustomPaddedVBoxLayout(fieldGap),
		p.titled(p.text("tenant", nil), "", v.tenant, p.newWrong(tenantKey)), p.titled(p.text("audience", nil), "", v.audience, p.newWrong(audienceKey)))
	way := p.titled(p.text("method", nil), "", v.choice)
	if locked {
		way.Add(p.lockedNote())
	}
	v.content = container.New(layout.NewCustomPaddedVBoxLayout(fieldGap), way, v.entra)
	return v
}

// update shows what the way to sign in needs.
func (v *methodView) update() {
	visible(v.entra, v.page.draft.Method() == profiles.EntraID && v.page.before.Entry != nil)
}
