package preferences

import (
	"context"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/ui/look"
	"github.com/footbridge-vpn/footbridge/ui/page"
)

// fleetInterval is how often the service is asked what this computer follows, while that is seen.
const fleetInterval = 10 * time.Second

// fleetLimit bounds how long its answer is waited for.
const fleetLimit = 5 * time.Second

// organisation says which manifest manages this computer, how that goes, and what it brought.
type organisation struct {
	env     page.Env
	ask     func(context.Context) (*api.Fleet, error)
	changed func() // what is shown got another height
	content *fyne.Container
	shown   string
	number  int // of the last question
}

func newOrganisation(env page.Env, ask func(context.Context) (*api.Fleet, error), changed func()) *organisation {
	o := &organisation{env: env, ask: ask, changed: changed, content: container.NewVBox()}
	o.content.Hide()
	return o
}

// read asks the service beside. Where it does not run there is nothing to say: the window says that already.
func (o *organisation) read() {
	if o.ask == nil {
		return
	}
	o.number++
	mine := o.number
	o.env.Go(func(ctx context.Context) {
		limited, cancel := context.WithTimeout(ctx, fleetLimit)
		defer cancel()
		fleet, err := o.ask(limited)
		if err != nil {
			o.env.Logger.Debug("fleet not known", "error", err)
			return
		}
		o.env.Post(func() {
			if mine == o.number {
				o.show(fleetLines(o.env.Texts, fleet))
			}
		})
	})
}

func (o *organisation) show(lines []fleetLine) {
	var all strings.Builder
	for _, l := range lines {
		all.WriteString(l.text + "\n")
	}
	if all.String() == o.shown {
		return
	}
	o.shown = all.String()
	show(o.content, len(lines) > 0)
	o.content.Objects = []fyne.CanvasObject{heading(o.env.Texts.Text("ui.fleet.title", nil))}
	for _, l := range lines {
		label := wrapped(l.text)
		label.Selectable = true
		switch {
		case l.wrong:
			o.content.Add(container.NewBorder(nil, nil, container.NewCenter(look.NewIcon(look.Waiting(), 22)), nil, label))
		case l.managed:
			o.content.Add(container.NewBorder(nil, nil, container.NewCenter(look.NewIcon(look.Managed(), 22)), nil, label))
		default:
			label.Wrapping = fyne.TextWrapBreak // addresses and paths have no spaces
			o.content.Add(label)
		}
	}
	o.content.Refresh()
	o.changed()
}

// fleetLine is one thing to say; at most one of the two marks is set.
type fleetLine struct {
	text    string
	managed bool
	wrong   bool
}

// fleetLines say what a computer follows; none: nothing.
func fleetLines(texts *language.Texts, f *api.Fleet) []fleetLine {
	var lines []fleetLine
	if f.Address != "" {
		managed := texts.Text("ui.fleet.not-yet", nil)
		if f.Checked != nil {
			managed = texts.Text("ui.fleet.managed", language.Values{"Moment": texts.Moment(*f.Checked)})
		}
		lines = append(lines, fleetLine{text: managed, managed: true})
		lines = append(lines, fleetLine{text: texts.Text("fleet.address", nil) + ": " + f.Address})
	}
	if p := f.Problem; p != nil {
		reason := texts.Text("fleet.problem."+p.Code, language.Values{"File": p.File, "Detail": p.Detail})
		if f.Address != "" {
			reason = texts.Text("ui.fleet.problem", nil) + " " + reason
		}
		lines = append(lines, fleetLine{text: reason, wrong: true})
		if f.Succeeded != nil {
			lines = append(lines, fleetLine{text: texts.Text("fleet.succeeded", nil) + ": " + texts.Moment(*f.Succeeded)})
		}
	}
	if len(f.Profiles) > 0 {
		lines = append(lines, fleetLine{text: texts.Text("ui.fleet.brought", language.Values{"Names": strings.Join(f.Profiles, ", ")})})
	}
	if len(f.Dropped) > 0 {
		lines = append(lines, fleetLine{text: texts.Text("fleet.dropped", language.Values{"Folder": f.DropFolder, "Names": strings.Join(f.Dropped, ", ")})})
	}
	return lines
}

// heading stands over what belongs together.
func heading(text string) *widget.Label {
	label := widget.NewLabelWithStyle(text, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	label.SizeName = theme.SizeNameSubHeadingText
	return label
}
