package ui

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/ui/control"
	"github.com/footbridge-vpn/footbridge/ui/look"
	"github.com/footbridge-vpn/footbridge/ui/page"
	"github.com/footbridge-vpn/footbridge/ui/present"
)

// banner says what stands in the way of every connection: no service, a policy that cannot be followed, damaged profiles.
type banner struct {
	env        page.Env
	controller *control.Controller
	content    *fyne.Container
	label      *widget.Label
	start      *widget.Button
}

func newBanner(env page.Env, controller *control.Controller, start func()) *banner {
	b := &banner{env: env, controller: controller, label: widget.NewLabel("")}
	b.label.Wrapping = fyne.TextWrapWord
	b.start = widget.NewButton(env.Texts.Text("ui.service.start", nil), start)
	b.start.Importance = widget.HighImportance
	b.content = look.NewCard(container.NewBorder(nil, nil, container.NewCenter(look.NewIcon(look.Waiting(), 22)), container.NewCenter(b.start), b.label))
	b.content.Hide()
	return b
}

func (b *banner) refresh() {
	text, start := b.says()
	if text == "" {
		b.content.Hide()
		return
	}
	b.label.SetText(text)
	if start {
		b.start.Show()
	} else {
		b.start.Hide()
	}
	b.content.Show()
}

func (b *banner) says() (text string, start bool) {
	view := b.controller.View()
	switch {
	case !view.Service.Known:
		return "", false
	case !view.Service.Running:
		trouble := present.NewTrouble(b.env.Texts, view.Service.Err)
		return trouble.Sentence, true
	case view.Policy != nil && view.Policy.Problem != "":
		return b.env.Texts.Text("ui.policy.problem", language.Values{"Source": view.Policy.Source, "Reason": view.Policy.Problem}), false
	case len(view.Damaged) > 0:
		return b.env.Texts.Text("ui.damaged", language.Values{"Path": view.Damaged[0].Path, "Reason": view.Damaged[0].Err.Error()}), false
	default:
		return "", false
	}
}

// startService starts the service; the system asks for an administrator where it has to.
func (w *Window) startService() {
	w.banner.start.Disable()
	w.env.Go(func(ctx context.Context) {
		err := w.options.Backend.StartService(ctx)
		w.env.Post(func() {
			w.banner.start.Enable()
			if err != nil {
				w.failed(err)
			}
		})
	})
}
