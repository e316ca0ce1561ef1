package diagnose

import (
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/client/diagnosis"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/ui/page/pagetest"
)

func open(t *testing.T, tag string) *language.Texts {
	t.Helper()
	texts, err := language.Open(tag)
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

// check is a finding with the texts that it has.
func check(t testing.TB, stage diagnosis.Stage, id diagnosis.ID, detail string) diagnosis.Check {
	t.Helper()
	for _, text := range diagnosis.Texts() {
		if text.ID == id {
			return diagnosis.Check{ID: id, Stage: stage, Verdict: text.Verdict, Sentence: text.Sentence, Remedy: text.Remedy, Who: text.Who, Detail: detail}
		}
	}
	t.Fatalf("no finding %s", id)
	return diagnosis.Check{}
}

// broken are the checks of a computer that cannot reach the gateway.
func broken(t testing.TB) diagnosis.Result {
	checks := []diagnosis.Check{
		check(t, diagnosis.StageService, diagnosis.ServiceOK, "1.2.3"),
		check(t, diagnosis.StagePermission, diagnosis.PermissionOK, ""),
		check(t, diagnosis.StageNetwork, diagnosis.NetworkOK, "eth0"),
		check(t, diagnosis.StageClock, diagnosis.ClockNotKept, ""),
		check(t, diagnosis.StageClock, diagnosis.ClockOK, ""),
		check(t, diagnosis.StageNames, diagnosis.NamesOK, "gateway.contoso.example is 203.0.113.7"),
		check(t, diagnosis.StageReach, diagnosis.ReachFiltered, "203.0.113.7:443"),
		check(t, diagnosis.StageTLS, diagnosis.CannotMatter, ""),
	}
	return diagnosis.Result{Profile: "contoso", Server: "gateway.contoso.example:443", Started: pagetest.Moment(), Checks: checks, Summary: checks[6]}
}

func TestEveryStageIsShown(t *testing.T) {
	p := NewPresenter(open(t, "en"))
	p.Begin()
	seen := map[string]bool{}
	for _, stage := range p.Stages(false) {
		if strings.HasPrefix(stage.Name, "ui.") || seen[stage.Name] {
			t.Errorf("%s is called %q", stage.ID, stage.Name)
		}
		seen[stage.Name] = true
	}
	if len(seen) != 20 {
		t.Errorf("%d stages", len(seen))
	}
}

func TestStagesAreTickedOff(t *testing.T) {
	p := NewPresenter(open(t, "en"))
	p.Begin()
	phases := func() string {
		var b strings.Builder
		for _, stage := range p.Stages(false)[:11] {
			switch stage.Phase {
			case Done:
				b.WriteString(string(stage.Verdict[0]))
			case Running:
				b.WriteString(">")
			default:
				b.WriteString(".")
			}
		}
		return b.String()
	}
	steps := []string{">..........", "o>.........", "oo>........", "oo.o>......", "oo.o..w>...", "oo.o..w>...", "oo.o..w.o>.", "oo.o..w.of>"}
	for i, step := range steps {
		if got := phases(); got != step {
			t.Errorf("after %d checks it is %s instead of %s", i, got, step)
		}
		p.Observe(broken(t).Checks[i])
	}
	if p.Progress() != 13.0/20 {
		t.Error(p.Progress())
	}
	p.Finish(broken(t))
	if stages := p.Stages(false); p.Running() || len(stages) != 6 {
		t.Errorf("%d stages: %+v", len(stages), stages)
	}
	if stages := p.Stages(true); len(stages) != 7 || stages[6].Word != "Skipped" {
		t.Errorf("%d stages: %+v", len(stages), stages)
	}
}

func TestCancelKeepsWhatWasSeen(t *testing.T) {
	p := NewPresenter(open(t, "en"))
	p.Begin()
	p.Observe(broken(t).Checks[0])
	p.Cancel()
	p.Observe(broken(t).Checks[1])
	if stages := p.Stages(true); len(stages) != 1 || !p.Cancelled() || p.Running() || p.Result() != nil {
		t.Errorf("%+v", stages)
	}
}

func TestTextForAHelpdesk(t *testing.T) {
	for tag, wanted := range map[string][]string{
		"en": {"Footbridge diagnosis, 2026-11-23 09:00:00\ncontoso gateway.contoso.example:443\n\n", "[ok] Footbridge service: ", "\n[x] Way to the gateway: ", "\n    203.0.113.7:443\n", "\nResult: ",
			"This is for whoever runs the network that you are in."},
		"nl": {"Diagnose van Footbridge, 23-11-2026 09:00:00\n", "\n[x] Weg naar de gateway: ", "\n[!] Klok: "},
	} {
		p := NewPresenter(open(t, tag))
		p.Begin()
		result := broken(t)
		for _, c := range result.Checks {
			p.Observe(c)
		}
		p.Finish(result)
		text := p.Text(pagetest.Moment())
		for _, part := range wanted {
			if !strings.Contains(text, part) {
				t.Errorf("%s: %q is not in it:\n%s", tag, part, text)
			}
		}
	}
}
