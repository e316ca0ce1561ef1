package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/api"
	explanation "github.com/footbridge-vpn/footbridge/client/failure"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/client/shell"
)

// commandError is a refusal of the command line itself. Its texts stand in the catalogue as "error.CODE" and "error.CODE.remedy".
type commandError struct {
	code    string
	exit    int
	values  language.Values
	command string // that would work
	err     error  // behind it; may be nil
}

// Error implements error, for logs.
func (e *commandError) Error() string {
	if e.err != nil {
		return e.code + ": " + e.err.Error()
	}
	return e.code
}

// Unwrap returns the error behind it.
func (e *commandError) Unwrap() error { return e.err }

// failure is what people and programs are told of an error.
type failure = explanation.Failure

// explain finds the words for an error in a language: this program's own ones here, all others where every face finds them.
func explain(texts *language.Texts, err error) failure {
	var own *commandError
	say := func(code string, values language.Values) failure {
		f := failure{Code: code, Sentence: texts.Text("error."+code, values), Detail: err.Error()}
		if remedy := "error." + code + ".remedy"; texts.Has(remedy) {
			f.Remedy = texts.Text(remedy, values)
		}
		return f
	}
	switch {
	case errors.Is(err, errInterrupted):
		return say("cancelled", nil)
	case errors.As(err, &own):
		f := say(own.code, own.values)
		f.Command, f.Detail = own.command, ""
		if own.err != nil {
			f.Detail = own.err.Error()
		}
		return f
	case isUsage(err):
		return explainUsage(texts, err)
	default:
		return explanation.Explain(texts, err)
	}
}

// explain also knows whether the service that is not running is there at all.
func (a *app) explain(texts *language.Texts, err error) failure {
	f := explain(texts, err)
	if f.Code == string(api.NotRunning) && runtime.GOOS == "linux" && a.socket == api.DefaultSocket && !(systemd{root: "/"}).has(unitPaths()...) {
		f.Remedy, f.Command = texts.Text("error.service-missing", nil), shell.Command("sudo", "footbridge", "service", "install")
	}
	return f
}

// fail tells of an error and returns the exit code.
func (a *app) fail(ctx context.Context, command *cobra.Command, err error) int {
	if errors.Is(context.Cause(ctx), errInterrupted) {
		err = errInterrupted
	}
	code := exitCode(ctx, err)
	var told toldError
	if errors.As(err, &told) {
		return code
	}
	if a.json {
		a.failJSON(err, code)
		return code
	}
	a.showFailure(a.explain(a.texts(), err))
	if isUsage(err) && command != nil {
		a.warn("error.see-help", language.Values{"Command": command.CommandPath()})
	}
	return code
}

// failAbout tells of one of several errors: the one about a file.
func (a *app) failAbout(ctx context.Context, file string, err error) {
	if context.Cause(ctx) != nil {
		return // told once, in the end
	}
	f := explain(a.texts(), err)
	if !strings.Contains(f.Sentence, file) {
		f.Sentence = file + ": " + f.Sentence
	}
	a.showFailure(f)
}

func (a *app) showFailure(f failure) {
	a.err.marked(red, "footbridge:", f.Sentence)
	if f.Remedy != "" {
		a.err.line(f.Remedy)
	}
	if f.Command != "" {
		fmt.Fprintln(a.err, "  "+printable(f.Command))
	}
	if a.verbose && f.Detail != "" {
		a.warn("error.detail", language.Values{"Detail": f.Detail})
	}
}

// toldError is an error that was told already, which still decides the exit code.
type toldError struct{ error }

func (e toldError) Unwrap() error { return e.error }

// failJSON prints a failure for programs: in English, so that it is the same everywhere.
func (a *app) failJSON(err error, code int) {
	a.printLine(newFailureLine(a.explain(a.english(), err), code))
}

// failureLine is the last line of a command that failed.
type failureLine struct {
	line
	Error    string  `json:"error"` // the problem's sentence and remedy
	ExitCode int     `json:"exit_code"`
	Problem  failure `json:"problem"`
}

func newFailureLine(f failure, code int) failureLine {
	return failureLine{line{"failure"}, strings.TrimSpace(f.Sentence + " " + f.Remedy), code, f}
}
