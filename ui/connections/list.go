// Package connections lists what the user can connect with.
package connections

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/ui/connection"
	"github.com/footbridge-vpn/footbridge/ui/control"
	"github.com/footbridge-vpn/footbridge/ui/look"
	"github.com/footbridge-vpn/footbridge/ui/page"
	"github.com/footbridge-vpn/footbridge/ui/present"
)

// Actions are what leads away from the list.
type Actions struct {
	Open   func(id string) // a connection was chosen
	Import func()
}

// List shows all connections, with a search.
type List struct {
	env        page.Env
	controller *control.Controller
	actions    Actions

	search  *widget.Entry
	list    *widget.List
	empty   *fyne.Container
	none    *widget.Label
	content fyne.CanvasObject

	rows     []present.Connection // that the search finds
	selected string               // id
	parts    map[fyne.CanvasObject]*row
	stop     func()
}

// New makes the list.
func New(env page.Env, controller *control.Controller, actions Actions) *List {
	l := &List{env: env, controller: controller, actions: actions, parts: map[fyne.CanvasObject]*row{}}
	l.search = widget.NewEntry()
	l.search.SetPlaceHolder(l.text("search"))
	l.search.ActionItem = widget.NewIcon(theme.SearchIcon())
	l.search.OnChanged = func(string) { l.refresh() }
	l.list = widget.NewList(func() int { return len(l.rows) }, l.newRow, l.fillRow)
	l.list.HideSeparators = true
	l.list.OnSelected = l.chosen
	l.none = widget.NewLabel(l.text("none-found"))
	l.none.Wrapping = fyne.TextWrapWord
	l.empty = l.newEmpty()
	importing := widget.NewButtonWithIcon(l.text("import"), theme.ContentAddIcon(), actions.Import)
	top := container.NewBorder(nil, nil, nil, importing, l.search)
	l.content = container.NewBorder(container.NewPadded(top), nil, nil, nil, container.NewStack(l.list, l.empty, container.NewVBox(l.none)))
	l.refresh()
	return l
}

func (l *List) text(key string) string { return l.env.Texts.Text("ui.connections."+key, nil) }

// newEmpty says how to get a profile.
func (l *List) newEmpty() *fyne.Container {
	title := widget.NewLabelWithStyle(l.text("empty"), fyne.TextAlignCenter, fyne.TextStyle{Bold: true})
	how := widget.NewLabel(l.text("empty-how"))
	for _, label := range []*widget.Label{title, how} {
		label.Wrapping = fyne.TextWrapWord
		label.Alignment = fyne.TextAlignCenter
	}
	button := widget.NewButtonWithIcon(l.text("import-file"), theme.FolderOpenIcon(), l.actions.Import)
	button.Importance = widget.HighImportance
	return container.NewVBox(layout.NewSpacer(), container.NewCenter(look.NewIcon(look.AppIcon(), 64)), title, how, container.NewCenter(button), layout.NewSpacer())
}

// Content implements page.Page.
func (l *List) Content() fyne.CanvasObject { return l.content }

// Shown implements page.Page.
func (l *List) Shown() {
	if l.stop == nil {
		l.stop = l.controller.Watch(l.refresh)
		l.refresh()
	}
}

// Hidden implements page.Page.
func (l *List) Hidden() {
	if l.stop != nil {
		l.stop()
		l.stop = nil
	}
}

// FocusSearch puts the keyboard where one types to find a connection.
func (l *List) FocusSearch() { l.env.Window.Canvas().Focus(l.search) }

// Select marks a connection as the one that is open; empty: none is.
func (l *List) Select(id string) {
	l.selected = id
	l.mark()
}

// mark shows the selection where it is now.
func (l *List) mark() {
	chosen := l.list.OnSelected
	l.list.OnSelected = nil
	defer func() { l.list.OnSelected = chosen }()
	l.list.UnselectAll()
	for i, row := range l.rows {
		if row.ID == l.selected {
			l.list.Select(i)
		}
	}
}

func (l *List) chosen(i widget.ListItemID) {
	if i < len(l.rows) {
		l.selected = l.rows[i].ID
		l.actions.Open(l.selected)
	}
}

// refresh shows the connections as they are now. Only what changed is drawn.
func (l *List) refresh() {
	before := l.rows
	l.rows = Find(l.all(), l.search.Text)
	some := len(l.controller.View().Connections) > 0
	visible(l.list, len(l.rows) > 0)
	visible(l.empty, !some)
	visible(l.none, some && len(l.rows) == 0)
	if !same(before, l.rows) {
		l.list.Refresh()
		l.mark()
		return
	}
	// The list itself would refresh every row that is seen for each that changed.
	for _, r := range l.parts {
		if r.index < len(l.rows) {
			l.fill(r, r.index)
		}
	}
}

func visible(object fyne.CanvasObject, show bool) {
	if show {
		object.Show()
	} else {
		object.Hide()
	}
}

func (l *List) all() []present.Connection {
	view := l.controller.View()
	rows := make([]present.Connection, 0, len(view.Connections))
	for _, c := range view.Connections {
		rows = append(rows, present.NewConnection(l.env.Texts, l.env.Now(), l.controller, c))
	}
	return rows
}

// Find returns the connections in whose name, or state, all the words are.
func Find(all []present.Connection, words string) []present.Connection {
	wanted := strings.Fields(strings.ToLower(words))
	var found []present.Connection
	for _, c := range all {
		text := strings.ToLower(c.Name + " " + c.Word + " " + c.Method)
		there := true
		for _, word := range wanted {
			there = there && strings.Contains(text, word)
		}
		if there {
			found = append(found, c)
		}
	}
	return found
}

// same reports whether two lists have the same connections in the same order.
func same(x, y []present.Connection) bool {
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		if x[i].ID != y[i].ID {
			return false
		}
	}
	return true
}

// equal reports whether a row looks the same.
func equal(x, y present.Connection) bool {
	return x.ID == y.ID && x.Name == y.Name && x.State == y.State && x.Word == y.Word && x.Action == y.Action && x.Locked == y.Locked && x.Managed == y.Managed && x.NeedUser == y.NeedUser
}

// row is one connection in the list.
type row struct {
	index   int                // in the list
	shown   present.Connection // what it says; the zero value: nothing yet
	content *fyne.Container
	right   *fyne.Container // what is as wide as its words
	state   *canvas.Image
	name    *widget.Label
	word    *widget.Label
	managed *canvas.Image
	action  *widget.Button
}

func (l *List) newRow() fyne.CanvasObject {
	r := &row{state: look.NewIcon(look.Off(), 22), name: widget.NewLabel(""), word: widget.NewLabel(""), managed: look.NewIcon(look.Managed(), 16), action: widget.NewButton("", nil)}
	r.name.Truncation, r.word.Truncation = fyne.TextTruncateEllipsis, fyne.TextTruncateEllipsis
	r.name.TextStyle.Bold = true
	r.word.SizeName = theme.SizeNameCaptionText
	r.word.Importance = widget.LowImportance
	words := look.NewLines(r.name, r.word)
	r.right = container.NewHBox(container.NewCenter(r.managed), container.NewCenter(r.action))
	r.content = container.New(layout.NewCustomPaddedLayout(2, 2, 8, 6), container.NewBorder(nil, nil, container.NewCenter(r.state), r.right, words))
	l.parts[r.content] = r
	return r.content
}

func (l *List) fillRow(i widget.ListItemID, object fyne.CanvasObject) {
	if i < len(l.rows) {
		l.fill(l.parts[object], i)
	}
}

// fill shows a connection in a row. What says so already is left alone: measuring texts and drawing pictures is most of the work.
func (l *List) fill(r *row, i int) {
	shown := l.rows[i]
	r.index = i
	if equal(r.shown, shown) {
		return
	}
	before := r.shown
	r.shown = shown
	if shown.State != before.State || before.ID == "" {
		r.state.Resource = connection.StateImage(shown.State)
		r.state.Refresh()
	}
	r.name.SetText(shown.Name)
	r.word.SetText(shown.Word)
	visible(r.managed, shown.Managed)
	r.action.OnTapped = func() { l.act(shown) }
	if r.action.Text != shown.Label {
		r.action.SetText(shown.Label)
	}
	if shown.Locked != "" || shown.Action == present.Wait {
		r.action.Disable()
	} else {
		r.action.Enable()
	}
	r.content.Refresh()
	r.right.Refresh()
}

func (l *List) act(shown present.Connection) {
	switch shown.Action {
	case present.Connect, present.SignIn:
		l.controller.Connect(shown.ID)
		l.actions.Open(shown.ID)
	case present.Cancel, present.Disconnect:
		l.controller.Disconnect(shown.ID)
	}
}
