package ui

import (
	"context"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/ui/look"
	"github.com/footbridge-vpn/footbridge/ui/page"
)

// toastTime is how long a notice in passing stays.
const toastTime = 5 * time.Second

// toast says in passing that something was done.
type toast struct {
	env     page.Env
	content *fyne.Container
	label   *widget.Label
	undo    *widget.Button
	number  int // of the notice that is shown
}

func newToast(env page.Env) *toast {
	t := &toast{env: env, label: widget.NewLabel(""), undo: widget.NewButton(env.Texts.Text("ui.undo", nil), nil)}
	t.content = container.NewVBox(layout.NewSpacer(), container.NewHBox(layout.NewSpacer(), look.NewCard(container.NewHBox(t.label, t.undo)), layout.NewSpacer()))
	t.content.Hide()
	return t
}

func (t *toast) show(text string, undo func()) {
	t.number++
	mine := t.number
	t.label.SetText(text)
	t.undo.OnTapped = func() {
		t.content.Hide()
		undo()
	}
	if undo == nil {
		t.undo.Hide()
	} else {
		t.undo.Show()
	}
	t.content.Show()
	t.content.Refresh()
	t.env.Go(func(ctx context.Context) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(toastTime):
		}
		t.env.Post(func() {
			if t.number == mine {
				t.content.Hide()
			}
		})
	})
}
