package main

import (
	"fmt"

	explanation "github.com/footbridge-vpn/footbridge/client/failure"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/profiles/finding"
)

// findingJSON is what was noticed in a file.
type findingJSON struct {
	Severity string `json:"severity"` // "note", "warning", "error"
	Code     string `json:"code"`
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty"`
	Problem  string `json:"problem"`
	Remedy   string `json:"remedy,omitempty"`
}

func toFindingJSON(f finding.Finding) findingJSON {
	return findingJSON{f.Severity.String(), f.Code, f.File, f.Line, f.Problem, f.Remedy}
}

// showFinding tells people what was noticed in a file; notes only where they want to know everything.
func (a *app) showFinding(f finding.Finding) {
	kind, colour := "finding.warning", yellow
	switch {
	case f.Severity == finding.Fault:
		kind, colour = "finding.error", red
	case f.Severity == finding.Note && !a.verbose:
		return
	case f.Severity == finding.Note:
		kind, colour = "finding.note", plain
	}
	a.err.marked(colour, a.text(kind, nil), a.noted(f))
	if f.Remedy != "" {
		fmt.Fprint(a.err, "  ")
		a.err.line(a.translate(f.Remedy))
	}
}

// noted is where a finding is and what it is.
func (a *app) noted(f finding.Finding) string {
	problem, _ := a.texts().Explain(language.Noted, f.Code, f.Problem, f.Remedy)
	return explanation.Place(f, a.texts()) + problem
}
