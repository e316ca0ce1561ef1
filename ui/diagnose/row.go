package diagnose

import (
	"image/color"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/client/diagnosis"
	"github.com/footbridge-vpn/footbridge/ui/look"
)

// row is a stage in the list: what it is called, what was found, and below it why and what to do.
type row struct {
	content *fyne.Container
	icon    *canvas.Image
	name    *widget.Label
	word    *widget.Label
	found   *fyne.Container
	shown   Stage
	whole   bool
}

func newRow() *row {
	r := &row{icon: look.NewIcon(pendingIcon(), 20), name: widget.NewLabel(""), word: widget.NewLabel(""), found: container.NewVBox()}
	r.name.Truncation = fyne.TextTruncateEllipsis
	r.word.Importance = widget.LowImportance
	head := container.NewBorder(nil, nil, container.NewCenter(r.icon), r.word, r.name)
	r.content = container.NewVBox(head, container.NewBorder(nil, nil, indent(), nil, r.found))
	return r
}

// indent is as wide as the icon.
func indent() fyne.CanvasObject {
	space := canvas.NewRectangle(color.Transparent)
	space.SetMinSize(fyne.NewSize(20, 0))
	return space
}

// show shows a stage, its good news too where everything is wanted.
func (r *row) show(stage Stage, everything bool) {
	if r.same(stage, everything) {
		return
	}
	r.shown, r.whole = stage, everything
	r.icon.Resource = stageIcon(stage)
	r.icon.Refresh()
	r.name.TextStyle.Bold = stage.Verdict == diagnosis.Failed || stage.Verdict == diagnosis.Warning
	r.name.SetText(stage.Name)
	r.word.SetText(stage.Word)
	r.found.Objects = nil
	for _, check := range stage.Checks {
		if everything || check.Verdict == diagnosis.Failed || check.Verdict == diagnosis.Warning || check.Verdict == diagnosis.Unknown {
			r.add(check)
		}
	}
	r.content.Refresh()
}

// add says what was found.
func (r *row) add(check Check) {
	r.found.Add(text(check.Sentence, widget.MediumImportance))
	if check.Detail != "" {
		r.found.Add(text(check.Detail, widget.LowImportance))
	}
	if check.Remedy != "" {
		r.found.Add(text(check.Remedy, widget.MediumImportance))
	}
	if check.Who != "" {
		r.found.Add(text(check.Who, widget.LowImportance))
	}
}

func text(words string, importance widget.Importance) *widget.Label {
	label := wrapped(words)
	label.Importance, label.Selectable = importance, true
	return label
}

func (r *row) same(stage Stage, everything bool) bool {
	return r.whole == everything && r.shown.Name == stage.Name && r.shown.Phase == stage.Phase && r.shown.Word == stage.Word &&
		slices.Equal(r.shown.Checks, stage.Checks)
}

// summary is the first cause.
type summary struct {
	content                       *fyne.Container
	icon                          *canvas.Image
	sentence, remedy, who, detail *widget.Label
}

func newSummary() *summary {
	s := &summary{icon: look.NewIcon(pendingIcon(), 28), sentence: wrapped(""), remedy: wrapped(""), who: wrapped(""), detail: wrapped("")}
	s.sentence.TextStyle.Bold = true
	s.detail.Importance, s.who.Importance = widget.LowImportance, widget.LowImportance
	for _, label := range []*widget.Label{s.sentence, s.remedy, s.who, s.detail} {
		label.Selectable = true
	}
	words := container.NewVBox(s.sentence, s.remedy, s.who, s.detail)
	s.content = look.NewCard(container.NewBorder(nil, nil, container.NewCenter(s.icon), nil, words))
	s.content.Hide()
	return s
}

func (s *summary) show(check Check) {
	s.icon.Resource = verdictIcon(check.Verdict)
	s.icon.Refresh()
	for label, words := range map[*widget.Label]string{s.sentence: check.Sentence, s.remedy: check.Remedy, s.who: check.Who, s.detail: check.Detail} {
		label.SetText(words)
		setVisible(label, words != "")
	}
	s.content.Show()
}

func stageIcon(stage Stage) fyne.Resource {
	switch stage.Phase {
	case Done:
		return verdictIcon(stage.Verdict)
	case Running:
		return look.Busy()
	default:
		return pendingIcon()
	}
}

func pendingIcon() fyne.Resource {
	return theme.NewColoredResource(theme.RadioButtonIcon(), look.ColorNameQuiet)
}

// verdictIcon tells a verdict by its shape; the word is beside it.
func verdictIcon(verdict diagnosis.Verdict) fyne.Resource {
	switch verdict {
	case diagnosis.OK:
		return theme.NewSuccessThemedResource(theme.ConfirmIcon())
	case diagnosis.Warning:
		return theme.NewWarningThemedResource(theme.WarningIcon())
	case diagnosis.Failed:
		return theme.NewErrorThemedResource(theme.ErrorIcon())
	case diagnosis.Skipped:
		return theme.NewColoredResource(theme.ContentRemoveIcon(), look.ColorNameQuiet)
	default:
		return theme.NewColoredResource(theme.QuestionIcon(), look.ColorNameQuiet)
	}
}
