package logs

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/ui/page/pagetest"
)

func record(n int, level, message string) api.LogRecord {
	return api.LogRecord{Time: pagetest.Moment().Add(time.Duration(n) * time.Millisecond), Level: level, Message: message, Attributes: map[string]string{"n": fmt.Sprint(n)}}
}

func records(from, to int) []api.LogRecord {
	var list []api.LogRecord
	for n := from; n < to; n++ {
		list = append(list, record(n, "INFO", "packet"))
	}
	return list
}

func english(t *testing.T) *language.Texts {
	t.Helper()
	texts, err := language.Open("en")
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

func TestPresenterKeepsTheNewest(t *testing.T) {
	p := NewPresenter(english(t))
	gone := 0
	for n := 0; n < 3*mostKept; n += 700 {
		gone += p.Add(records(n, n+700))
	}
	rows := p.Rows()
	if len(rows) != mostKept || p.Kept() != mostKept || gone != 15400-mostKept {
		t.Fatalf("%d rows, %d kept, %d gone", len(rows), p.Kept(), gone)
	}
	if last := rows[len(rows)-1].Text; last != "packet n=15399" {
		t.Error(last)
	}
	p.Search("n=15399")
	if len(p.Rows()) != 1 {
		t.Errorf("%d found", len(p.Rows()))
	}
	p.Search("nothing like it")
	p.Add(records(20000, 20000+mostKept))
	p.Search("")
	if first := p.Rows()[0].Text; first != "packet n=20000" {
		t.Error(first)
	}
}

func TestPresenterSearchesWords(t *testing.T) {
	p := NewPresenter(english(t))
	p.Search("GATEWAY refused")
	p.Add([]api.LogRecord{record(1, "INFO", "Connection refused by the gateway"), record(2, "INFO", "gateway found")})
	if rows := p.Rows(); len(rows) != 1 || !strings.HasPrefix(rows[0].Text, "Connection") {
		t.Errorf("%+v", rows)
	}
	if status := p.Status(); status != "1 of 2 lines" {
		t.Error(status)
	}
	p.Search("n=2")
	if rows := p.Rows(); len(rows) != 1 || rows[0].Text != "gateway found n=2" {
		t.Errorf("%+v", rows)
	}
}

func TestPresenterStandsStill(t *testing.T) {
	p := NewPresenter(english(t))
	p.Add(records(0, 3))
	p.Pause(true)
	p.Add(records(3, 10))
	if len(p.Rows()) != 3 || p.Held() != 7 || p.Status() != "Paused: 7 new lines are waiting." {
		t.Errorf("%d rows, %d held, %s", len(p.Rows()), p.Held(), p.Status())
	}
	if want := record(9, "", "").Time; !p.Newest().Equal(want) {
		t.Errorf("%v instead of %v", p.Newest(), want)
	}
	p.Add(records(10, 10+mostKept))
	if p.Held() != 7+mostKept {
		t.Errorf("%d held", p.Held())
	}
	p.Pause(false)
	if len(p.Rows()) != mostKept || p.Held() != 0 {
		t.Errorf("%d rows, %d held", len(p.Rows()), p.Held())
	}
}

func TestRowIsOneHarmlessLine(t *testing.T) {
	row := newRow(api.LogRecord{Level: "WARN", Message: "first\nsecond\x1b[31m\u202etxt", Attributes: map[string]string{"b": "2", "a": "1"}})
	if row.Text != "first second\uFFFD[31m\uFFFDtxt a=1 b=2" || row.Level != Warning {
		t.Errorf("%q, %s", row.Text, row.Level)
	}
}

func TestPresenterText(t *testing.T) {
	p := NewPresenter(english(t))
	p.Add([]api.LogRecord{record(0, "INFO", "one"), record(1, "ERROR", "two")})
	if got := p.Text(); got != "2026-11-23T09:00:00Z INFO one n=0\n2026-11-23T09:00:00Z ERROR two n=1\n" {
		t.Errorf("%q", got)
	}
}
