// Package failure finds the words for what went wrong, the same for every face.
package failure

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/azure"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/client/signin/entra"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/finding"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
	"github.com/footbridge-vpn/footbridge/profiles/store"
	"github.com/footbridge-vpn/footbridge/tunnel"
)

// Failure is what people and programs are told of an error.
type Failure struct {
	Code     string `json:"code"`
	Sentence string `json:"sentence"`
	Remedy   string `json:"remedy,omitempty"`
	Command  string `json:"command,omitempty"` // that would work
	Detail   string `json:"detail,omitempty"`
}

// Explain finds the words for an error in a language.
func Explain(texts *language.Texts, err error) Failure {
	var (
		problem   *tunnel.Problem
		refusal   *api.Error
		notFound  *store.NotFoundError
		ambiguous *store.AmbiguousError
		entraID   *entra.Problem
		exists    *store.ExistsError
		imported  *profiles.ImportError
		exported  *profiles.ExportError
		value     *settings.ValueError
		key       *settings.UnknownKeyError
		inAzure   *azure.Problem
	)
	say := func(code string, values language.Values) Failure {
		f := Failure{Code: code, Sentence: texts.Text("error."+code, values), Detail: err.Error()}
		if remedy := "error." + code + ".remedy"; texts.Has(remedy) {
			f.Remedy = texts.Text(remedy, values)
		}
		return f
	}
	switch {
	case errors.As(err, &entraID):
		sentence, remedy := texts.Explain(language.SignIns, string(entraID.Code), entraID.Sentence, entraID.Remedy)
		return Failure{Code: "entra-" + string(entraID.Code), Sentence: sentence, Remedy: remedy, Detail: entraDetail(entraID)}
	case errors.As(err, &inAzure):
		f := say(string(inAzure.Code), azureValues(texts, inAzure))
		f.Detail = azureDetail(inAzure)
		return f
	case errors.Is(err, context.Canceled), errors.Is(err, signin.ErrCancelled):
		return say("cancelled", nil)
	case errors.Is(err, signin.ErrNobodyToAsk):
		return say("nobody-to-ask", nil)
	case errors.As(err, &problem):
		sentence, remedy := texts.Explain(language.Problems, string(problem.Code), problem.Sentence, problem.Remedy)
		if problem.Code == tunnel.AuthFailed && problem.Detail != "" {
			sentence += " (" + problem.Detail + ")" // the gateway's own words, for people
		}
		return Failure{Code: string(problem.Code), Sentence: sentence, Remedy: remedy, Detail: problem.Detail}
	case errors.As(err, &refusal):
		sentence, remedy := texts.Explain(language.Refusals, string(refusal.Code), refusal.Sentence, refusal.Remedy)
		f := Failure{Code: string(refusal.Code), Sentence: sentence, Remedy: remedy}
		if refusal.Code == api.NotRunning {
			f.Detail = err.Error() // the service's own refusals have no more to say
		}
		return f
	case errors.As(err, &notFound):
		return say("profile-not-found", language.Values{"Name": notFound.Name})
	case errors.As(err, &ambiguous):
		return say("profile-ambiguous", language.Values{"Name": ambiguous.Name, "Names": strings.Join(ambiguous.Names, ", ")})
	case errors.As(err, &exists):
		return say("profile-exists", language.Values{"Name": exists.Entry.Name})
	case errors.As(err, &imported):
		return Failure{Code: faultCode(imported.Findings), Sentence: texts.Text("error.not-a-profile", language.Values{"Reason": faults(texts, imported.Findings)})}
	case errors.As(err, &exported):
		code := "cannot-export"
		if exported.Format == profiles.FormatOVPN {
			code = "cannot-export-ovpn"
		}
		return say(code, language.Values{"Format": string(exported.Format), "Reason": translated(texts, exported.Problem)})
	case errors.As(err, &value):
		return say("setting-value", language.Values{"Key": value.Key, "Expected": translated(texts, value.Expected)})
	case errors.As(err, &key) && key.Similar != "":
		return say("setting-unknown-similar", language.Values{"Key": key.Key, "Similar": key.Similar})
	case errors.As(err, &key):
		return say("setting-unknown", language.Values{"Key": key.Key})
	case errors.Is(err, store.ErrBusy):
		return say("store-busy", nil)
	case errors.Is(err, store.ErrReadOnly), errors.Is(err, fs.ErrPermission):
		return say("not-permitted", language.Values{"Reason": reason(err)})
	case errors.Is(err, fs.ErrNotExist):
		return say("file-not-found", language.Values{"Reason": reason(err)})
	case errors.Is(err, context.DeadlineExceeded):
		return say("timed-out", nil)
	}
	if sentence, remedy, ok := signin.ExplainCertificate(err); ok {
		sentence, _ = texts.Translate(sentence)
		remedy, _ = texts.Translate(remedy)
		return Failure{Code: "client-certificate", Sentence: sentence, Remedy: remedy, Detail: err.Error()}
	}
	return say("failed", language.Values{"Reason": err.Error()})
}

// translated is a text of another package in a language, where the catalogue has it.
func translated(texts *language.Texts, text string) string {
	text, _ = texts.Translate(text)
	return text
}

// reason is which file an error is about.
func reason(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Path
	}
	return err.Error()
}

// faultCode is the first fault's.
func faultCode(findings []finding.Finding) string {
	for _, f := range findings {
		if f.Severity == finding.Fault {
			return f.Code
		}
	}
	return "not-a-profile"
}

// faults are the reasons why a file is no profile, in one text.
func faults(texts *language.Texts, findings []finding.Finding) string {
	var reasons []string
	for _, f := range findings {
		if f.Severity == finding.Fault {
			problem, remedy := texts.Explain(language.Noted, f.Code, f.Problem, f.Remedy)
			reasons = append(reasons, strings.TrimSpace(Place(f, texts)+problem+" "+remedy))
		}
	}
	return strings.Join(reasons, " ")
}

// entraDetail is what an administrator looks a refused sign-in up by.
func entraDetail(p *entra.Problem) string {
	var facts []string
	if p.Number != 0 {
		facts = append(facts, fmt.Sprintf("AADSTS%d", p.Number))
	}
	if p.CorrelationID != "" {
		facts = append(facts, "correlation id "+p.CorrelationID)
	}
	if p.Detail != "" {
		facts = append(facts, p.Detail)
	}
	return strings.Join(facts, ", ")
}

// Place is where a finding is, with a colon and a space behind.
func Place(f finding.Finding, texts *language.Texts) string {
	switch {
	case f.File != "" && f.Line > 0:
		return fmt.Sprintf("%s:%d: ", f.File, f.Line)
	case f.File != "":
		return f.File + ": "
	case f.Line > 0:
		return texts.Text("finding.line", language.Values{"Line": fmt.Sprint(f.Line)}) + ": "
	default:
		return ""
	}
}
