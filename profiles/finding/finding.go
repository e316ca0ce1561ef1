// Package finding describes what was noticed while reading a file: where it is, what is wrong and what to do.
package finding

import (
	"cmp"
	"fmt"
	"slices"
)

// Severity says whether a file can be used in spite of a finding.
type Severity int

const (
	// Note is worth knowing and changes nothing.
	Note Severity = iota
	// Warning means that the file was read, but probably does not say what its author meant.
	Warning
	// Fault means that the file cannot be used.
	Fault
)

// String returns the severity in one lower-case word.
func (s Severity) String() string {
	switch s {
	case Fault:
		return "error"
	case Warning:
		return "warning"
	default:
		return "note"
	}
}

// Finding is one thing noticed in a file. Its texts never contain a secret from the file.
type Finding struct {
	Severity Severity
	Code     string // stable, kebab-case, for programs: "unknown-option"
	File     string // the file, or the entry within an archive; empty where there is just one
	Line     int    // from 1; 0 where no line can be named
	Problem  string // one plain sentence
	Remedy   string // what to do about it; empty where nothing needs doing
}

// Error implements error, so that a fault can be returned as one.
func (f Finding) Error() string { return f.String() }

// String returns the finding on one line: file and line, problem, remedy.
func (f Finding) String() string {
	place := f.File
	if f.Line > 0 {
		if place != "" {
			place += ":"
		} else {
			place = "line "
		}
		place += fmt.Sprint(f.Line)
	}
	text := f.Problem
	if f.Remedy != "" {
		text += " " + f.Remedy
	}
	if place == "" {
		return text
	}
	return place + ": " + text
}

// Faulty reports whether a fault is among the findings.
func Faulty(findings []Finding) bool {
	for _, f := range findings {
		if f.Severity == Fault {
			return true
		}
	}
	return false
}

// maxFindings bounds a List: a file of other content can have something to say of every line.
const maxFindings = 1000

// List collects findings while a file is read. What comes after a thousand is dropped, but never the first fault.
type List []Finding

// ByLine returns the findings in the order of their lines, those without one last.
func (l List) ByLine() []Finding {
	slices.SortStableFunc(l, func(a, b Finding) int {
		if a.Line == 0 || b.Line == 0 {
			return cmp.Compare(b.Line, a.Line)
		}
		return cmp.Compare(a.Line, b.Line)
	})
	return l
}

// Append adds a finding.
func (l *List) Append(f Finding) {
	if len(*l) >= maxFindings && (f.Severity != Fault || Faulty(*l)) {
		return
	}
	*l = append(*l, f)
}

// Add adds a finding from its parts.
func (l *List) Add(severity Severity, code string, line int, problem, remedy string) {
	l.Append(Finding{Severity: severity, Code: code, Line: line, Problem: problem, Remedy: remedy})
}

// Fault adds a reason why the file cannot be used.
func (l *List) Fault(code string, line int, problem, remedy string) {
	l.Add(Fault, code, line, problem, remedy)
}

// Warning adds something that is probably not meant.
func (l *List) Warning(code string, line int, problem, remedy string) {
	l.Add(Warning, code, line, problem, remedy)
}

// Note adds something worth knowing.
func (l *List) Note(code string, line int, problem string) { l.Add(Note, code, line, problem, "") }
