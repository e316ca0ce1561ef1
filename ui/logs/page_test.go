package logs

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/ui/look"
	"github.com/footbridge-vpn/footbridge/ui/page"
	"github.com/footbridge-vpn/footbridge/ui/page/pagetest"
)

// source is a log that a test writes.
type source struct {
	mu      sync.Mutex
	written []api.LogRecord
	queries []api.LogQuery
	fails   error
	more    chan api.LogRecord
	reading int
}

func newSource(written ...api.LogRecord) *source {
	return &source{written: written, more: make(chan api.LogRecord)}
}

func (s *source) Logs(ctx context.Context, query api.LogQuery, each func(api.LogRecord) error) error {
	s.mu.Lock()
	s.queries = append(s.queries, query)
	written, fails := s.written, s.fails
	s.reading++
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.reading--
		s.mu.Unlock()
	}()
	if fails != nil {
		return fails
	}
	for _, r := range written {
		if query.Level == "error" && r.Level != "ERROR" || r.Time.Before(query.Since) {
			continue
		}
		if err := each(r); err != nil {
			return err
		}
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case r := <-s.more:
			if err := each(r); err != nil {
				return err
			}
		}
	}
}

func (s *source) readers() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reading
}

func examples() []api.LogRecord {
	return []api.LogRecord{
		{Time: pagetest.Moment(), Level: "INFO", Message: "connecting", Attributes: map[string]string{"profile": "contoso"}},
		{Time: pagetest.Moment().Add(1 * time.Second), Level: "DEBUG", Message: "control channel reset sent", Attributes: map[string]string{"server": "gateway.contoso.example:443"}},
		{Time: pagetest.Moment().Add(2 * time.Second), Level: "WARN", Message: "the gateway does not answer", Attributes: map[string]string{"attempt": "2"}},
		{Time: pagetest.Moment().Add(3 * time.Second), Level: "ERROR", Message: "sign-in refused", Attributes: map[string]string{"profile": "contoso"}},
	}
}

func show(t *testing.T, s *source) (*pagetest.Bench, *Page) {
	t.Helper()
	b := pagetest.New(t, "en", look.Light, fyne.NewSize(640, 480))
	p := New(b.Env, s)
	b.Show(p)
	return b, p
}

func TestPageFollowsWhileItIsSeen(t *testing.T) {
	s := newSource(examples()...)
	b, p := show(t, s)
	b.UntilShown("sign-in refused profile=contoso")
	s.more <- record(10_000, "INFO", "connected")
	b.UntilShown("connected n=10000")
	b.UntilShown("5 lines")
	p.Hidden()
	b.Until("nobody reads", func() bool { return s.readers() == 0 })
	p.Shown()
	b.Until("it is read again", func() bool { return s.readers() == 1 })
	last := s.queries[len(s.queries)-1]
	if !last.Follow || last.Level != "info" || !last.Since.Equal(record(10_000, "", "").Time) {
		t.Errorf("%+v", last)
	}
	if len(p.presenter.Rows()) != 5 {
		t.Errorf("%d rows", len(p.presenter.Rows()))
	}
}

func TestPageDrawsBurstsTogether(t *testing.T) {
	s := newSource()
	b, p := show(t, s)
	b.Until("it is read", func() bool { return s.readers() == 1 })
	began := time.Now()
	draws := 0
	const many = 200
	go func() {
		for n := 1; n <= many; n++ {
			s.more <- record(n, "INFO", "packet")
			time.Sleep(5 * time.Millisecond)
		}
	}()
	b.Until("all are shown", func() bool {
		draws += b.Drain()
		return len(p.presenter.Rows()) == many
	})
	if most := int(time.Since(began)/redraw) + 2; draws > most {
		t.Errorf("drawn %d times for %d records, at most %d", draws, many, most)
	}
	if !p.atEnd() {
		t.Error("the newest is out of sight")
	}
}

func TestSearchAsOneTypes(t *testing.T) {
	b, p := show(t, newSource(examples()...))
	b.UntilShown("4 lines")
	p.Focus()
	test.Type(p.search, "CONTOSO refused")
	b.UntilShown("1 of 4 lines")
	if b.Shows("connecting") || !b.Shows("sign-in refused") {
		t.Error(b.Shown())
	}
	b.Press("Copy")
	if want := "2026-11-23T09:00:03Z ERROR sign-in refused profile=contoso\n"; b.Copied != want || len(b.Notices) != 1 {
		t.Errorf("%q, %v", b.Copied, b.Notices)
	}
	p.search.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	b.UntilShown("connecting")
}

func TestLevelIsReadAnew(t *testing.T) {
	s := newSource(examples()...)
	b, p := show(t, s)
	b.UntilShown("4 lines")
	b.Select("Errors only").SetSelected("Errors only")
	b.UntilShown("1 line")
	if b.Shows("connecting") {
		t.Error(b.Shown())
	}
	if last := s.queries[len(s.queries)-1]; last.Level != "error" || !last.Since.IsZero() || p.level != Error {
		t.Errorf("%+v", last)
	}
}

func TestPauseByKeyboard(t *testing.T) {
	s := newSource(examples()...)
	b, _ := show(t, s)
	b.UntilShown("4 lines")
	b.TabToButton("Pause")
	s.more <- record(60_000, "INFO", "unseen")
	b.UntilShown("Paused: 1 new line is waiting.")
	if b.Shows("unseen") {
		t.Error(b.Shown())
	}
	b.Press("Go on")
	b.UntilShown("unseen n=60000")
}

func TestChosenRecordIsShownWhole(t *testing.T) {
	b, p := show(t, newSource(examples()...))
	b.UntilShown("4 lines")
	b.Window.Canvas().Focus(p.list)
	p.list.TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
	p.list.TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
	p.list.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	if !p.detail.Visible() || !strings.HasSuffix(p.whole.Text, "Warning\nthe gateway does not answer attempt=2") {
		t.Errorf("%q", p.whole.Text)
	}
	p.closeDetail()
	if p.detail.Visible() {
		t.Error("it is still there")
	}
}

func TestSave(t *testing.T) {
	b, p := show(t, newSource(examples()...))
	b.UntilShown("4 lines")
	path := filepath.Join(t.TempDir(), "x.log")
	suggested := ""
	p.ask = func(_ page.Env, name string, then func(string)) {
		suggested = name
		then(path)
	}
	b.Press("Save…")
	b.Until("it is said", func() bool { return len(b.Notices) == 1 })
	content, err := os.ReadFile(path)
	if err != nil || strings.Count(string(content), "\n") != 4 || suggested != "footbridge-20261123-090000.log" {
		t.Errorf("%q, %v, %q", content, err, suggested)
	}
	path = filepath.Join(path, "x")
	b.Press("Save…")
	b.Until("it is said", func() bool { return len(b.Failures) == 1 })
}

func TestServiceIsAway(t *testing.T) {
	s := newSource()
	s.fails = &api.Error{Code: api.NotRunning, Sentence: "The service does not run.", Remedy: "Start it."}
	b, p := show(t, s)
	b.Until("it is said", p.trouble.Visible)
	if p.trouble.Text == "" || len(b.Failures) != 0 {
		t.Errorf("%q, %v", p.trouble.Text, b.Failures)
	}
	s.mu.Lock()
	s.fails, s.written = nil, examples()
	s.mu.Unlock()
	b.UntilShown("4 lines")
	b.Until("it is said no more", func() bool { return !p.trouble.Visible() })
	p.setTrouble(errors.New("x"))
}

func TestPictures(t *testing.T) {
	for _, c := range []struct {
		name, tag string
		variant   look.Variant
		size      fyne.Size
		ready     string
	}{
		{"light-en", "en", look.Light, fyne.NewSize(640, 400), "4 lines"},
		{"dark-nl", "nl", look.Dark, fyne.NewSize(360, 480), "4 regels"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := pagetest.New(t, c.tag, c.variant, c.size)
			p := New(b.Env, newSource(examples()...))
			b.Show(p)
			b.UntilShown(c.ready)
			p.list.Select(3)
			b.Picture(c.name)
		})
	}
}
