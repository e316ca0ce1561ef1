package diagnose

import (
	"context"
	"errors"
	"io/fs"
	"sync"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/diagnosis"
	"github.com/footbridge-vpn/footbridge/client/report"
	"github.com/footbridge-vpn/footbridge/ui/look"
	"github.com/footbridge-vpn/footbridge/ui/page"
	"github.com/footbridge-vpn/footbridge/ui/page/pagetest"
)

// doctor finds what a test wants.
type doctor struct {
	checks  chan diagnosis.Check // closed: it is done
	result  diagnosis.Result
	fails   error
	mu      sync.Mutex
	asked   []string
	plain   bool
	with    *diagnosis.Result
	written report.Written
}

func (d *doctor) Diagnose(ctx context.Context, id, host string, observe func(diagnosis.Check)) (diagnosis.Result, error) {
	d.mu.Lock()
	d.asked = append(d.asked, id+" "+host)
	d.mu.Unlock()
	for {
		select {
		case <-ctx.Done():
			return diagnosis.Result{}, context.Cause(ctx)
		case c, more := <-d.checks:
			if !more {
				return d.result, d.fails
			}
			observe(c)
		}
	}
}

func (d *doctor) Report(_ context.Context, path string, plain bool, result *diagnosis.Result) (report.Written, error) {
	d.plain, d.with = plain, result
	d.written.Path = path
	return d.written, d.fails
}

func (d *doctor) all(result diagnosis.Result) {
	d.result = result
	for _, c := range result.Checks {
		d.checks <- c
	}
	close(d.checks)
}

type viewer client.View

func (v viewer) View() client.View { return client.View(v) }

func connections() viewer {
	return viewer{Connections: []client.Connection{{ID: "c1", Name: "contoso"}, {ID: "f1", Name: "fabrikam"},
		{ID: client.MachinePrefix + "m1", Name: "head office", Machine: &api.MachineProfile{ID: "m1"}}}}
}

func show(t *testing.T, id string) (*pagetest.Bench, *Page, *doctor) {
	t.Helper()
	b := pagetest.New(t, "en", look.Light, fyne.NewSize(480, 640))
	d := &doctor{checks: make(chan diagnosis.Check)}
	p := New(b.Env, connections(), d, id)
	b.Show(p)
	return b, p, d
}

func TestStagesTickOffWhileItRuns(t *testing.T) {
	b, p, d := show(t, "c1")
	result := broken(t)
	b.UntilShown("Looking…")
	d.checks <- result.Checks[0]
	b.Until("the service is in order", func() bool { return p.rows[diagnosis.StageService].word.Text == "In order" })
	if p.rows[diagnosis.StagePermission].word.Text != "Looking…" || !b.Shows("Routes on this computer") || !p.cancel.Visible() || p.run.Visible() {
		t.Error(b.Shown())
	}
	d.result = result
	for _, c := range result.Checks[1:] {
		d.checks <- c
	}
	close(d.checks)
	b.UntilShown("Look again")
	if b.Shows("Routes on this computer") || b.Shows("Secure connection") || !b.Shows(result.Summary.Sentence) || !b.Shows(result.Summary.Remedy) {
		t.Error(b.Shown())
	}
	if len(d.asked) != 1 || d.asked[0] != "c1 " {
		t.Errorf("%q", d.asked)
	}
	b.Tick("Show everything")
	if !b.Shows("Secure connection") || !b.Shows("gateway.contoso.example is 203.0.113.7") {
		t.Error(b.Shown())
	}
	b.Press("Copy")
	if b.Copied != p.presenter.Text(b.Now()) || len(b.Notices) != 1 {
		t.Errorf("%q", b.Copied)
	}
}

func TestNothingRunsBeforeTheUserWantsIt(t *testing.T) {
	b, p, d := show(t, "")
	if p.presenter.Running() || len(d.asked) != 0 || !p.copying.Disabled() {
		t.Error(d.asked)
	}
	b.Select("fabrikam").SetSelected("fabrikam")
	test.Type(p.host, " intranet:443 ")
	p.host.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	b.Until("it is asked", func() bool { d.mu.Lock(); defer d.mu.Unlock(); return len(d.asked) == 1 })
	if d.asked[0] != "f1 intranet:443" || !p.choice.Disabled() {
		t.Errorf("%q", d.asked)
	}
	p.start()
	d.all(broken(t))
	b.UntilShown("Look again")
	if len(d.asked) != 1 {
		t.Errorf("%q", d.asked)
	}
}

func TestCancelByKeyboardAndAgain(t *testing.T) {
	b, p, d := show(t, "c1")
	d.checks <- broken(t).Checks[0]
	b.Until("it began", func() bool { return p.presenter.Progress() > 0 })
	b.TabTo("Cancel", func(f fyne.Focusable) bool { return f == p.cancel }).TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	b.UntilShown("You cancelled it.")
	if !b.Shows("Footbridge service") || b.Shows("Clock") {
		t.Error(b.Shown())
	}
	b.TabToButton("Find out")
	d.all(broken(t))
	b.UntilShown("Look again")
	if b.Shows("You cancelled it.") || len(b.Failures) != 0 {
		t.Error(b.Shown(), b.Failures)
	}
}

func TestLeavingThePageCancels(t *testing.T) {
	b, p, _ := show(t, "c1")
	p.Hidden()
	b.Until("it is over", func() bool { return !p.presenter.Running() })
	p.Shown()
	if p.presenter.Running() {
		t.Error("it began by itself again")
	}
}

func TestMachineProfileSaysWhatIsNotSeen(t *testing.T) {
	b, _, d := show(t, client.MachinePrefix+"m1")
	b.UntilShown("An administrator installed this connection.")
	close(d.checks)
	b.UntilShown("Look again")
}

func TestReport(t *testing.T) {
	b, p, d := show(t, "c1")
	d.all(broken(t))
	b.UntilShown("Look again")
	d.written = report.Written{Size: 12_345, Files: []string{"README.txt", "diagnosis.txt"}, Replaced: 7, Missing: []string{"x is missing"}}
	suggested := ""
	p.ask = func(_ page.Env, name string, then func(string)) { suggested = name; then("/somewhere/r.zip") }
	b.Press("Support report…")
	b.UntilShown("One ZIP file for your helpdesk")
	b.Tick("Leave names and addresses in it")
	b.Press("Choose where…")
	b.UntilShown("The report is /somewhere/r.zip (12.3 kB).")
	if !d.plain || d.with == nil || suggested != "footbridge-report-20261123-090000.zip" || !b.Shows("Names and addresses are in it.") || !b.Shows("README.txt, diagnosis.txt") || !b.Shows("x is missing") {
		t.Error(d.plain, d.with, suggested, b.Shown())
	}
	b.Press("Copy path")
	if b.Copied != "/somewhere/r.zip" {
		t.Error(b.Copied)
	}
	b.Press("Close")
	b.Press("Support report…")
	b.Press("Choose where…")
	b.UntilShown("7 names and addresses were replaced")
	if d.plain {
		t.Error("names were left in it")
	}
	b.Press("Close")
	d.fails = fs.ErrPermission
	b.Press("Support report…")
	b.Press("Choose where…")
	b.Until("it is said", func() bool { return len(b.Failures) == 1 && errors.Is(b.Failures[0], fs.ErrPermission) })
}

func TestPictures(t *testing.T) {
	for _, c := range []struct {
		name, tag string
		variant   look.Variant
		ready     string
	}{{"light-nl", "nl", look.Light, "Opnieuw kijken"}, {"dark-en", "en", look.Dark, "Look again"}} {
		t.Run(c.name, func(t *testing.T) {
			b := pagetest.New(t, c.tag, c.variant, fyne.NewSize(420, 640))
			d := &doctor{checks: make(chan diagnosis.Check)}
			p := New(b.Env, connections(), d, "c1")
			b.Show(p)
			d.all(broken(t))
			b.UntilShown(c.ready)
			b.Scrolled(p.Content())
			b.Picture(c.name)
		})
	}
}
