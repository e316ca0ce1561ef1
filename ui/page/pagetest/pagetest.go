// Package pagetest is the window's part in tests of pages: the test's own goroutine is the one that may touch widgets.
package pagetest

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/ui/keyboard"
	"github.com/footbridge-vpn/footbridge/ui/look"
	"github.com/footbridge-vpn/footbridge/ui/page"
)

// Moment is what the clock of a bench stands at.
func Moment() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }

// Bench gives a page what the window gives to it, and keeps what the page does with it.
type Bench struct {
	page.Env
	Copied   string
	Notices  []string
	Failures []error
	URLs     []string

	t       testing.TB
	mu      sync.Mutex
	posted  []func()
	arrived chan struct{}
}

// New makes a bench with texts in a language and the look of a variant, in a window of a size.
func New(t testing.TB, tag string, variant look.Variant, size fyne.Size) *Bench {
	t.Helper()
	texts, err := language.Open(tag)
	if err != nil {
		t.Fatal(err)
	}
	zone := time.Local
	time.Local = time.UTC // pictures and texts have times in them
	t.Cleanup(func() { time.Local = zone })
	app := test.NewTempApp(t)
	app.Settings().SetTheme(look.New(variant))
	window := test.NewTempWindow(t, widget.NewLabel(""))
	window.Resize(size)
	ctx, cancel := context.WithCancel(t.Context())
	var working sync.WaitGroup
	b := &Bench{t: t, arrived: make(chan struct{}, 1)}
	b.Env = page.Env{
		Texts: texts, Window: window, Logger: slog.New(slog.DiscardHandler), Now: Moment, Post: b.post,
		Go:      func(do func(context.Context)) { working.Go(func() { do(ctx) }) },
		OpenURL: func(address string) error { b.URLs = append(b.URLs, address); return nil },
		Copy:    func(text string) { b.Copied = text },
		Paste:   func() string { return b.Copied },
		Notice:  func(text string) { b.Notices = append(b.Notices, text) },
		Failed:  func(err error) { b.Failures = append(b.Failures, err) },
	}
	t.Cleanup(func() { cancel(); working.Wait() })
	return b
}

// Show puts a page into the window.
func (b *Bench) Show(p page.Page) {
	size := b.Window.Canvas().Size()
	b.Window.SetContent(p.Content())
	b.Settle(size)
	p.Shown()
	b.t.Cleanup(p.Hidden)
}

// Settle gives the window a size, and its content the time to find its own: what wraps knows its height only when it knows its width.
func (b *Bench) Settle(size fyne.Size) {
	for range 3 {
		b.Window.Resize(size.AddWidthHeight(1, 1))
		b.Window.Resize(size)
	}
}

func (b *Bench) post(do func()) {
	b.mu.Lock()
	b.posted = append(b.posted, do)
	b.mu.Unlock()
	select {
	case b.arrived <- struct{}{}:
	default:
	}
}

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// Until does what was posted until something is so.
func (b *Bench) Until(what string, so func() bool) {
	b.t.Helper()
	deadline := time.After(patience)
	for {
		b.Drain()
		if so() {
			return
		}
		select {
		case <-b.arrived:
		case <-time.After(20 * time.Millisecond): // not everything that a test waits for is posted
		case <-deadline:
			b.t.Fatalf("waited in vain until %s; shown is:\n%s", what, strings.Join(b.Shown(), "\n"))
		}
	}
}

// Drain does what was posted so far, and returns how much that was.
func (b *Bench) Drain() int {
	b.mu.Lock()
	posted := b.posted
	b.posted = nil
	b.mu.Unlock()
	for _, do := range posted {
		do()
	}
	return len(posted)
}

// UntilShown does what was posted until a text can be read somewhere.
func (b *Bench) UntilShown(text string) {
	b.t.Helper()
	b.Until(text+" is shown", func() bool { return b.Shows(text) })
}

// Shows reports whether a text can be read somewhere.
func (b *Bench) Shows(text string) bool {
	for _, line := range b.Shown() {
		if strings.Contains(line, text) {
			return true
		}
	}
	return false
}

// Shown are all texts that can be read, from the top of the tree of widgets to its end.
func (b *Bench) Shown() []string {
	var texts []string
	for _, o := range b.visible() {
		switch o := o.(type) {
		case *widget.RichText:
			texts = append(texts, o.String())
		case *canvas.Text:
			texts = append(texts, o.Text)
		}
	}
	return texts
}

// visible are the objects that are seen, those of dialogs too.
func (b *Bench) visible() []fyne.CanvasObject {
	c := b.Window.Canvas()
	seen := collect(nil, c.Content())
	for _, overlay := range c.Overlays().List() {
		seen = collect(seen, overlay)
	}
	return seen
}

func collect(seen []fyne.CanvasObject, o fyne.CanvasObject) []fyne.CanvasObject {
	if !o.Visible() {
		return seen
	}
	seen = append(seen, o)
	var children []fyne.CanvasObject
	switch o := o.(type) {
	case fyne.Widget:
		children = test.WidgetRenderer(o).Objects()
	case *fyne.Container:
		children = o.Objects
	}
	for _, child := range children {
		seen = collect(seen, child)
	}
	return seen
}

// Find returns what is seen of a kind and fits.
func Find[T fyne.CanvasObject](b *Bench, fits func(T) bool) (found T, ok bool) {
	for _, o := range b.visible() {
		if candidate, is := o.(T); is && fits(candidate) {
			found, ok = candidate, true // the topmost dialog's
		}
	}
	return found, ok
}

// Press taps the button with a text.
func (b *Bench) Press(text string) {
	b.t.Helper()
	if button, ok := Find(b, func(button *keyboard.Button) bool { return button.Text == text && !button.Disabled() }); ok {
		test.Tap(button)
		return
	}
	button, ok := Find(b, func(button *widget.Button) bool { return button.Text == text && !button.Disabled() })
	if !ok {
		b.t.Fatalf("there is no button %q to press; shown is:\n%s", text, strings.Join(b.Shown(), "\n"))
	}
	test.Tap(button)
}

// Tick taps the check box with a text.
func (b *Bench) Tick(text string) {
	b.t.Helper()
	if check, ok := Find(b, func(check *keyboard.Check) bool { return check.Text == text && !check.Disabled() }); ok {
		check.SetChecked(!check.Checked)
		return
	}
	check, ok := Find(b, func(check *widget.Check) bool { return check.Text == text && !check.Disabled() })
	if !ok {
		b.t.Fatalf("there is no check box %q to tick; shown is:\n%s", text, strings.Join(b.Shown(), "\n"))
	}
	check.SetChecked(!check.Checked)
}

// Select is the selection that has an option.
func (b *Bench) Select(option string) *widget.Select {
	b.t.Helper()
	if found, ok := Find(b, func(s *keyboard.Select) bool { return slices.Contains(s.Options, option) }); ok {
		return &found.Select
	}
	found, ok := Find(b, func(s *widget.Select) bool { return slices.Contains(s.Options, option) })
	if !ok {
		b.t.Fatalf("there is no selection with %q", option)
	}
	return found
}

// TabTo goes on with the Tab key until what fits has the focus. A page that traps the focus, or skips the widget, fails the test.
func (b *Bench) TabTo(what string, fits func(fyne.Focusable) bool) fyne.Focusable {
	b.t.Helper()
	c := b.Window.Canvas()
	for range 100 {
		c.FocusNext()
		if focused := c.Focused(); focused != nil && fits(focused) {
			return focused
		}
	}
	b.t.Fatalf("the Tab key does not lead to %s", what)
	return nil
}

// TabToButton goes on with the Tab key until the button with a text has the focus, and presses Enter.
func (b *Bench) TabToButton(text string) {
	b.t.Helper()
	focused := b.TabTo("the button "+text, func(f fyne.Focusable) bool {
		button, is := f.(*keyboard.Button)
		return is && button.Text == text
	})
	focused.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
}

// Picture compares the window with a picture in the package's testdata folder.
func (b *Bench) Picture(name string) {
	b.t.Helper()
	test.AssertRendersToImage(b.t.(*testing.T), name+".png", b.Window.Canvas())
}

// Scrolled makes content as tall as it wants, as though it was scrolled through, so that all of it is seen.
func (b *Bench) Scrolled(content fyne.CanvasObject) {
	if scroll, is := content.(*container.Scroll); is {
		b.Settle(fyne.NewSize(b.Window.Canvas().Size().Width, scroll.Content.MinSize().Height+20))
	}
}
