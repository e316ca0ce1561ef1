package diagnose

import (
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/client/diagnosis"
	"github.com/footbridge-vpn/footbridge/client/language"
)

// Phase is how far a stage is.
type Phase string

// The phases. The zero value is that it was not looked at yet.
const (
	Pending Phase = ""
	Running Phase = "running"
	Done    Phase = "done"
)

// Stage is a part of the way as it is shown.
type Stage struct {
	ID      diagnosis.Stage
	Name    string
	Phase   Phase
	Verdict diagnosis.Verdict // the gravest of its checks'
	Word    string            // the verdict, or what is happening
	Checks  []Check
}

// Check is one thing that was looked at, in the user's language.
type Check struct {
	Verdict                       diagnosis.Verdict
	Sentence, Remedy, Who, Detail string
}

// Presenter is a diagnosis as it is shown.
type Presenter struct {
	texts     *language.Texts
	stages    []Stage
	running   bool
	cancelled bool
	result    *diagnosis.Result
}

// NewPresenter makes one that nothing was looked at for yet.
func NewPresenter(texts *language.Texts) *Presenter { return &Presenter{texts: texts} }

// Begin starts anew.
func (p *Presenter) Begin() {
	p.stages, p.result, p.running, p.cancelled = nil, nil, true, false
	for _, s := range stages() {
		p.stages = append(p.stages, Stage{ID: s.id, Name: p.texts.Text(s.key, nil)})
	}
	p.mark(0)
}

// mark says that a stage is being looked at.
func (p *Presenter) mark(at int) {
	if at < len(p.stages) {
		p.stages[at].Phase, p.stages[at].Word = Running, p.texts.Text("ui.diagnose.looking", nil)
	}
}

// Observe takes a check. They come in the order of the way.
func (p *Presenter) Observe(check diagnosis.Check) {
	at := place(check.Stage)
	if !p.running || at < 0 {
		return
	}
	for i := range p.stages[:at] {
		if p.stages[i].Phase == Running {
			p.stages[i].Phase, p.stages[i].Word = Pending, "" // it had nothing to say
		}
	}
	stage := &p.stages[at]
	stage.Checks = append(stage.Checks, p.explain(check))
	if stage.Phase != Done || grave(check.Verdict) > grave(stage.Verdict) {
		stage.Verdict = check.Verdict
	}
	stage.Phase, stage.Word = Done, word(p.texts, stage.Verdict)
	if at+1 < len(p.stages) && p.stages[at+1].Phase == Pending {
		p.mark(at + 1)
	}
}

// Finish takes the result.
func (p *Presenter) Finish(result diagnosis.Result) {
	p.stop()
	p.result = &result
}

// Cancel ends it before it is done. What was seen stays.
func (p *Presenter) Cancel() {
	p.stop()
	p.cancelled = true
}

func (p *Presenter) stop() {
	p.running = false
	for i := range p.stages {
		if p.stages[i].Phase == Running {
			p.stages[i].Phase, p.stages[i].Word = Pending, ""
		}
	}
}

// Running reports whether it is under way.
func (p *Presenter) Running() bool { return p.running }

// Cancelled reports whether the user ended it.
func (p *Presenter) Cancelled() bool { return p.cancelled }

// Result is what was found; nil: it is not done.
func (p *Presenter) Result() *diagnosis.Result { return p.result }

// Progress is how much of the way was looked at, from 0 to 1.
func (p *Presenter) Progress() float64 {
	for i := len(p.stages) - 1; i >= 0; i-- {
		if p.stages[i].Phase == Done {
			return float64(i+1) / float64(len(p.stages))
		}
	}
	return 0
}

// Stages are what is shown: all while it runs, and then what was looked at or, with everything, what there is to know.
func (p *Presenter) Stages(everything bool) []Stage {
	var shown []Stage
	for _, stage := range p.stages {
		seen := stage.Phase == Done && stage.Verdict != diagnosis.Skipped
		if p.running || seen || everything && stage.Phase == Done {
			shown = append(shown, stage)
		}
	}
	return shown
}

// Summary is the first cause; false: it is not known yet.
func (p *Presenter) Summary() (Check, bool) {
	if p.result == nil {
		return Check{}, false
	}
	return p.explain(p.result.Summary), true
}

// explain says a check in the user's language.
func (p *Presenter) explain(check diagnosis.Check) Check {
	shown := Check{Verdict: check.Verdict, Detail: check.Detail}
	shown.Sentence, shown.Remedy = p.texts.Explain(language.Checks, string(check.ID), check.Sentence, check.Remedy)
	if check.Verdict == diagnosis.OK {
		shown.Remedy = ""
	}
	if shown.Remedy == "" {
		return shown
	}
	switch check.Who {
	case diagnosis.Administrator:
		shown.Who = p.texts.Text("diagnose.who.administrator", nil)
	case diagnosis.Network:
		shown.Who = p.texts.Text("diagnose.who.network", nil)
	}
	return shown
}

// Text is everything that was found, for a message to a helpdesk.
func (p *Presenter) Text(now time.Time) string {
	var b strings.Builder
	line := func(indent, text string) {
		if text != "" {
			b.WriteString(indent + text + "\n")
		}
	}
	line("", p.texts.Text("ui.diagnose.heading", language.Values{"Moment": p.texts.Moment(now)}))
	if p.result != nil {
		line("", strings.TrimSpace(p.result.Profile+" "+p.result.Server))
	}
	b.WriteByte('\n')
	for _, stage := range p.stages {
		for _, check := range stage.Checks {
			line(mark(check.Verdict)+" ", stage.Name+": "+check.Sentence)
			line("    ", check.Detail)
			line("    ", check.Remedy)
			line("    ", check.Who)
		}
	}
	if summary, known := p.Summary(); known {
		b.WriteByte('\n')
		line(p.texts.Text("diagnose.result", nil)+" ", summary.Sentence)
		line("", summary.Remedy)
		line("", summary.Who)
	}
	return b.String()
}

// mark is a verdict in plain text.
func mark(verdict diagnosis.Verdict) string {
	switch verdict {
	case diagnosis.OK:
		return "[ok]"
	case diagnosis.Warning:
		return "[!]"
	case diagnosis.Failed:
		return "[x]"
	case diagnosis.Skipped:
		return "[-]"
	default:
		return "[?]"
	}
}

// grave orders verdicts, the gravest highest.
func grave(verdict diagnosis.Verdict) int {
	switch verdict {
	case diagnosis.Failed:
		return 4
	case diagnosis.Warning:
		return 3
	case diagnosis.Unknown:
		return 2
	case diagnosis.OK:
		return 1
	default:
		return 0
	}
}

// word is a verdict in the user's language.
func word(texts *language.Texts, verdict diagnosis.Verdict) string {
	switch verdict {
	case diagnosis.OK:
		return texts.Text("ui.diagnose.verdict.ok", nil)
	case diagnosis.Warning:
		return texts.Text("ui.diagnose.verdict.warning", nil)
	case diagnosis.Failed:
		return texts.Text("ui.diagnose.verdict.failed", nil)
	case diagnosis.Skipped:
		return texts.Text("ui.diagnose.verdict.skipped", nil)
	default:
		return texts.Text("ui.diagnose.verdict.unknown", nil)
	}
}
