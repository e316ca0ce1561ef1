package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/client/shell"
	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/finding"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
	"github.com/footbridge-vpn/footbridge/profiles/store"
	"github.com/footbridge-vpn/footbridge/tunnel"
)

// failures are the errors that commands can end with.
func failures() map[string]struct {
	err  error
	exit int
} {
	problem := func(code tunnel.Code, err error) error {
		return &tunnel.Problem{Code: code, Sentence: "It failed.", Err: err}
	}
	refusal := func(code api.Code) error {
		return fmt.Errorf("call service: %w", &api.Error{Code: code, Sentence: "It refused."})
	}
	type end = struct {
		err  error
		exit int
	}
	return map[string]end{
		"other":                  {errors.New("odd"), exitFailed},
		"no profile":             {&profiles.ImportError{Findings: []finding.Finding{{Severity: finding.Fault, Code: "unknown-format", Problem: "It is a song."}}}, exitFailed},
		"export":                 {&profiles.ExportError{Format: profiles.FormatOVPN, Problem: "it lacks a root"}, exitFailed},
		"usage":                  {&usageError{"shell", language.Values{"Value": "x", "Allowed": "y"}}, exitUsage},
		"setting's value":        {&settings.ValueError{Key: "mtu", Value: "x", Expected: "a number"}, exitUsage},
		"setting's key":          {&settings.UnknownKeyError{Key: "mtoo"}, exitUsage},
		"ambiguous":              {&store.AmbiguousError{Name: "c", Names: []string{"ca", "cb"}}, exitUsage},
		"no such profile":        {&store.NotFoundError{Name: "c"}, exitNotFound},
		"no such file":           {fmt.Errorf("read profile: %w", &fs.PathError{Op: "open", Path: "x", Err: fs.ErrNotExist}), exitNotFound},
		"service: not found":     {refusal(api.NotFound), exitNotFound},
		"sign-in refused":        {problem(tunnel.AuthFailed, nil), exitSignIn},
		"certificate refused":    {problem(tunnel.CertificateRefused, nil), exitSignIn},
		"certificate expired":    {&signin.CertificateProblem{Kind: signin.ErrExpired}, exitSignIn},
		"wrong passphrase":       {&signin.PassphraseError{File: "x", Wrong: true}, exitSignIn},
		"nobody to ask":          {tunnel.CredentialProblem(signin.ErrNobodyToAsk), exitSignIn},
		"unreachable":            {problem(tunnel.Unreachable, nil), exitUnreachable},
		"no such name":           {problem(tunnel.NameNotFound, nil), exitUnreachable},
		"proxy":                  {problem(tunnel.ProxyUnreachable, nil), exitUnreachable},
		"gateway not trusted":    {problem(tunnel.GatewayUntrusted, nil), exitFailed},
		"file closed":            {&fs.PathError{Op: "open", Path: "x", Err: fs.ErrPermission}, exitPermission},
		"not permitted":          {refusal(api.NotPermitted), exitPermission},
		"no device":              {problem(tunnel.HostFailed, os.ErrPermission), exitPermission},
		"computer":               {problem(tunnel.HostFailed, errors.New("odd")), exitFailed},
		"service not running":    {refusal(api.NotRunning), exitService},
		"service stopping":       {refusal(api.Stopping), exitService},
		"timed out":              {problem(tunnel.TimedOut, nil), exitTimeout},
		"deadline":               {fmt.Errorf("download profile: %w", context.DeadlineExceeded), exitTimeout},
		"interrupted":            {errInterrupted, exitCancelled},
		"no answer by the user":  {tunnel.CredentialProblem(signin.ErrCancelled), exitCancelled},
		"disconnected elsewhere": {problem(tunnel.UserDisconnected, nil), exitCancelled},
	}
}

// Every error has its exit code and words in both languages.
func TestFailures(t *testing.T) {
	reached := map[int]bool{exitDone: true}
	for name, test := range failures() {
		got := exitCode(t.Context(), test.err)
		reached[got] = true
		if got != test.exit {
			t.Errorf("%s: exit code %d, want %d", name, got, test.exit)
		}
		for _, tag := range language.Languages() {
			texts, err := language.Open(tag)
			if err != nil {
				t.Fatal(err)
			}
			f := explain(texts, test.err)
			if f.Sentence == "" || f.Code == "" || strings.HasPrefix(f.Sentence, "error.") || strings.HasPrefix(f.Sentence, "usage.") || strings.Contains(f.Sentence, "<no value>") {
				t.Errorf("%s (%s): %+v", name, tag, f)
			}
		}
	}
	for _, code := range exitCodes() {
		if !reached[code] {
			t.Errorf("exit code %d is not reached", code)
		}
	}
}

// What the user did goes before what it led to.
func TestInterruptGoesFirst(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errInterrupted)
	if code := exitCode(ctx, &tunnel.Problem{Code: tunnel.Unreachable}); code != exitCancelled {
		t.Errorf("exit code %d", code)
	}
}

// Every problem of a connection has been thought about: none but these few is just a failure.
func TestProblemsExitCodes(t *testing.T) {
	plain := map[string]bool{}
	for _, code := range []tunnel.Code{tunnel.SecretRefused, tunnel.TLSFailed, tunnel.TLSReset, tunnel.GatewayUntrusted, tunnel.GatewayWrongName,
		tunnel.GatewayExpired, tunnel.NoPushReply, tunnel.Unsupported, tunnel.PushRejected, tunnel.GatewayRestart, tunnel.GatewayHalt,
		tunnel.SessionTimeout, tunnel.Inactive, tunnel.HostFailed, tunnel.HostUnsupported, tunnel.Internal} {
		plain[string(code)] = true
	}
	for _, key := range catalogueKeys(t) {
		code, found := strings.CutPrefix(key, "problem.")
		if !found || strings.HasSuffix(code, ".remedy") {
			continue
		}
		got := problemExit(&tunnel.Problem{Code: tunnel.Code(code)})
		if (got == exitFailed) != plain[code] {
			t.Errorf("%s has exit code %d", code, got)
		}
	}
}

func TestShellWords(t *testing.T) {
	for word, want := range map[string]string{"plain-1.xml": "plain-1.xml", "": "''", "two words": "'two words'", "it's": `'it'\''s'`,
		"$(reboot)": "'$(reboot)'", "a;b": "'a;b'", "ü": "'ü'"} {
		if got := shell.Word(word); got != want {
			t.Errorf("%q is typed as %s, want %s", word, got, want)
		}
	}
}

// What gateways and files say cannot command a terminal.
func TestPrintable(t *testing.T) {
	if got := printable("a\x1b[31mred\x07\u202Etxt\r\nb\tc"); strings.ContainsAny(got, "\x1b\x07\r\u202e") || !strings.Contains(got, "\n") {
		t.Errorf("%q", got)
	}
}

func TestWrap(t *testing.T) {
	for _, test := range []struct {
		text  string
		width int
		want  string
	}{
		{"short", 20, "short"},
		{"one two three four", 9, "one two\nthree\nfour"},
		{"  indented words go on", 12, "  indented\n  words go\n  on"},
		{"azuregateway-0000.vpn.azure.com is long", 10, "azuregateway-0000.vpn.azure.com\nis long"},
		{"日本語 日本語", 7, "日本語\n日本語"},
		{"any width at all", unlimited, "any width at all"},
	} {
		if got := strings.Join(wrap(test.text, test.width), "\n"); got != test.want {
			t.Errorf("%q in %d: %q, want %q", test.text, test.width, got, test.want)
		}
	}
}

func TestSplitAssignment(t *testing.T) {
	for argument, want := range map[string]assignment{
		"mtu=1400":                   {"mtu", "=", "1400"},
		"proxy=":                     {"proxy", "=", ""},
		"include-routes+=10.0.0.0/8": {"include-routes", "+=", "10.0.0.0/8"},
		"include-routes-=10.0.0.0/8": {"include-routes", "-=", "10.0.0.0/8"},
		"login-hint=a=b":             {"login-hint", "=", "a=b"},
	} {
		if got, err := parseAssignment(argument); err != nil || got != want {
			t.Errorf("%s: %+v, %v", argument, got, err)
		}
	}
	for _, argument := range []string{"mtu", "=1", "+=1", ""} {
		if got, err := parseAssignment(argument); err == nil {
			t.Errorf("%q was taken for %+v", argument, got)
		}
	}
}
