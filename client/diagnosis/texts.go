package diagnosis

import (
	"slices"
	"strings"
)

// ID names what a check found, for programs and for the catalogue of texts.
type ID string

// Text is what people are told about a finding.
type Text struct {
	ID       ID
	Verdict  Verdict
	Who      Who
	Sentence string
	Remedy   string
}

// Texts are all findings in English, in the order of the stages: what a catalogue of another language has to hold.
func Texts() []Text {
	return slices.Concat(runTexts(), serviceTexts(), networkTexts(), gatewayTexts(), signInTexts(), tunnelTexts(), hostTexts())
}

// say makes the check of a finding. What is left empty of details is left out, and of what several errors say alike all but one.
func say(id ID, details ...string) Check {
	var said []string
	for _, detail := range details {
		for line := range strings.Lines(detail) { // joined errors have one line each
			if line = strings.TrimSpace(line); line != "" && !slices.Contains(said, line) {
				said = append(said, line)
			}
		}
	}
	check := Check{ID: id, Verdict: Unknown, Detail: strings.Join(said, "; ")}
	for _, text := range Texts() {
		if text.ID == id {
			check.Verdict, check.Who, check.Sentence, check.Remedy = text.Verdict, text.Who, text.Sentence, text.Remedy
		}
	}
	return check
}

// one is a step's answer with a single check and nothing learned.
func one(id ID, details ...string) ([]Check, learned) { return []Check{say(id, details...)}, nil }

// The findings about the diagnosis itself.
const (
	AllWell      ID = "all-well"
	CannotMatter ID = "skipped-after-failure"
	NotFinished  ID = "not-finished"
	NoProfile    ID = "no-profile"
)

func runTexts() []Text {
	return []Text{
		{AllWell, OK, "", "Nothing is wrong.", ""},
		{CannotMatter, Skipped, "", "This was not looked at, because something before it has failed.", ""},
		{NotFinished, Unknown, "", "This could not be found out in time.", ""},
		{NoProfile, Skipped, "", "This was not looked at, because no profile was given.", ""},
	}
}
