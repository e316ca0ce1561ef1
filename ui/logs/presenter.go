package logs

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/language"
)

// mostKept is how many records are kept to be looked through.
const mostKept = 5000

// Level is how much a record matters.
type Level string

// The levels, as the service knows them.
const (
	Debug   Level = "debug"
	Info    Level = "info"
	Warning Level = "warn"
	Error   Level = "error"
)

// levels are all levels, the most talkative first.
func levels() []Level { return []Level{Debug, Info, Warning, Error} }

// word is a level in the user's language.
func (l Level) word(texts *language.Texts) string {
	switch l {
	case Debug:
		return texts.Text("ui.logs.level.debug", nil)
	case Warning:
		return texts.Text("ui.logs.level.warn", nil)
	case Error:
		return texts.Text("ui.logs.level.error", nil)
	default:
		return texts.Text("ui.logs.level.info", nil)
	}
}

// from is what a choice of levels is called: this one and those that matter more.
func (l Level) from(texts *language.Texts) string {
	switch l {
	case Debug:
		return texts.Text("ui.logs.from.debug", nil)
	case Warning:
		return texts.Text("ui.logs.from.warn", nil)
	case Error:
		return texts.Text("ui.logs.from.error", nil)
	default:
		return texts.Text("ui.logs.from.info", nil)
	}
}

// Row is a record as it is shown.
type Row struct {
	Time  time.Time
	Level Level
	Text  string // in one line
	lower string // what is searched
}

func newRow(record api.LogRecord) Row {
	text := record.Message
	for _, name := range slices.Sorted(maps.Keys(record.Attributes)) {
		text += " " + name + "=" + record.Attributes[name]
	}
	text = oneLine(text)
	level := Level(strings.ToLower(record.Level))
	return Row{Time: record.Time, Level: level, Text: text, lower: strings.ToLower(text)}
}

// oneLine replaces line breaks and what would steer a terminal or hide text: a log holds words of gateways.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t', r == '\r':
			return ' '
		case r < ' ', r == 0x7f, r >= 0x80 && r < 0xa0, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
			return '\uFFFD'
		default:
			return r
		}
	}, text)
}

// Presenter is the log as it is shown: the newest records, those among them that are searched for, and whether it stands still.
type Presenter struct {
	texts  *language.Texts
	kept   []Row
	shown  []Row
	held   []api.LogRecord // came while it stood still
	missed int             // of those, how many are gone
	words  []string
	paused bool
}

// NewPresenter makes an empty log.
func NewPresenter(texts *language.Texts) *Presenter { return &Presenter{texts: texts} }

// Rows are what is shown, oldest first. They are not to be changed.
func (p *Presenter) Rows() []Row { return p.shown }

// Kept is how many records there are to search in.
func (p *Presenter) Kept() int { return len(p.kept) }

// Held is how many records came since it stands still.
func (p *Presenter) Held() int { return len(p.held) + p.missed }

// Paused reports whether it stands still.
func (p *Presenter) Paused() bool { return p.paused }

// Newest is the time of the newest record that came; the zero time where none did.
func (p *Presenter) Newest() time.Time {
	switch {
	case len(p.held) > 0:
		return p.held[len(p.held)-1].Time
	case len(p.kept) > 0:
		return p.kept[len(p.kept)-1].Time
	default:
		return time.Time{}
	}
}

// Add takes new records. It returns how many of the first rows are gone for them.
func (p *Presenter) Add(records []api.LogRecord) (gone int) {
	if !p.paused {
		return p.add(records)
	}
	p.held = append(p.held, records...)
	if more := len(p.held) - mostKept; more > 0 {
		p.missed += more
		p.held = slices.Clone(p.held[more:])
	}
	return 0
}

func (p *Presenter) add(records []api.LogRecord) (gone int) {
	for _, record := range records {
		row := newRow(record)
		p.kept = append(p.kept, row)
		if row.has(p.words) {
			p.shown = append(p.shown, row)
		}
	}
	p.kept = newest(p.kept)
	for gone < len(p.shown) && (len(p.shown)-gone > mostKept || p.shown[gone].Time.Before(p.kept[0].Time)) {
		gone++ // what is not kept any more is not shown either
	}
	p.shown = p.shown[gone:]
	return gone
}

// newest are the last mostKept rows.
func newest(rows []Row) []Row { return rows[max(0, len(rows)-mostKept):] }

func (r Row) has(words []string) bool {
	for _, word := range words {
		if !strings.Contains(r.lower, word) {
			return false
		}
	}
	return true
}

// Search shows only records that have all words in them.
func (p *Presenter) Search(text string) {
	p.words = strings.Fields(strings.ToLower(text))
	p.shown = make([]Row, 0, len(p.kept))
	for _, row := range p.kept {
		if row.has(p.words) {
			p.shown = append(p.shown, row)
		}
	}
}

// Pause makes it stand still, or go on with what came meanwhile.
func (p *Presenter) Pause(paused bool) {
	p.paused = paused
	if !paused {
		held := p.held
		p.held, p.missed = nil, 0
		p.add(held)
	}
}

// Clear forgets all records, as before another level's are read.
func (p *Presenter) Clear() {
	p.kept, p.shown, p.held, p.missed = nil, nil, nil, 0
}

// Text is what is shown as lines of a text file.
func (p *Presenter) Text() string {
	var b strings.Builder
	for _, row := range p.shown {
		b.WriteString(row.Line())
		b.WriteByte('\n')
	}
	return b.String()
}

// Line is a record as a line of a text file, the same in every language.
func (r Row) Line() string {
	return r.Time.Format(time.RFC3339) + " " + strings.ToUpper(string(r.Level)) + " " + r.Text
}

// Status says how much is shown.
func (p *Presenter) Status() string {
	number := func(n int) string { return p.texts.Number(int64(n)) }
	switch {
	case p.paused:
		return p.texts.Count("ui.logs.held", p.Held(), nil)
	case len(p.words) > 0:
		return p.texts.Text("ui.logs.found", language.Values{"Found": number(len(p.shown)), "All": number(len(p.kept))})
	case len(p.kept) == 0:
		return p.texts.Text("ui.logs.empty", nil)
	default:
		return p.texts.Count("ui.logs.count", len(p.kept), nil)
	}
}
