package entra

import (
	"fmt"
	"strings"
	"time"
)

// Problem is why there is no token: what happened, who can mend it, and how. It holds no secret.
type Problem struct {
	Code          Code
	Sentence      string
	Remedy        string
	Detail        string        // in the tenant's own words or with names, for people; may be empty
	Number        int           // of Entra's error, 53003 of AADSTS53003; 0: it is none of Entra's
	CorrelationID string        // by which an administrator finds the sign-in in the tenant's log
	Trace         string        // by which Microsoft finds it
	NeedsUser     bool          // the user can mend it by signing in
	Claims        string        // what that sign-in has to ask for (Request.Claims)
	RetryAfter    time.Duration // how long the tenant wants to be left alone; 0: it did not say
	Err           error         // behind it; nil: nothing
}

// Error implements error: the sentence, what to look it up by, and the remedy.
func (p *Problem) Error() string {
	var facts []string
	if p.Number != 0 {
		facts = append(facts, fmt.Sprintf("AADSTS%d", p.Number))
	}
	if p.Detail != "" {
		facts = append(facts, p.Detail)
	}
	if p.CorrelationID != "" {
		facts = append(facts, "correlation id "+p.CorrelationID)
	}
	text := p.Sentence
	if len(facts) > 0 {
		text += " (" + strings.Join(facts, ", ") + ")"
	}
	if p.Remedy != "" {
		text += " " + p.Remedy
	}
	return text
}

// Sentences is the sentence and the remedy, for people.
func (p *Problem) Sentences() string { return strings.TrimSpace(p.Sentence + " " + p.Remedy) }

// Unwrap returns the error behind it.
func (p *Problem) Unwrap() error { return p.Err }

// Temporary reports whether the same attempt may work a little later, without anybody doing anything.
func (p *Problem) Temporary() bool {
	switch p.Code {
	case CodeUnavailable, CodeThrottled, CodeUnreachable, CodeNoAnswer, CodeCaptivePortal, CodeBadAnswer:
		return true
	default:
		return false
	}
}

// newProblem is a problem in the words for its code.
func newProblem(code Code, err error) *Problem {
	text := textOf(code)
	return &Problem{Code: code, Sentence: text.Sentence, Remedy: text.Remedy, NeedsUser: text.NeedsUser, Err: err}
}
