// Package finding describes what was noticed while reading a file: where it is, what is wrong and what to do.
package finding

import "fmt"

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
