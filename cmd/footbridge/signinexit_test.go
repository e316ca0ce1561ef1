package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/client/signin/entra"
)

// Every way in which a sign-in fails has its exit code, and words with a remedy, the tenant's number and the correlation id in every language.
func TestSignInsExitCodes(t *testing.T) {
	elsewhere := map[entra.Code]int{
		entra.CodeCancelled: exitCancelled,
		entra.CodeTimedOut:  exitTimeout, entra.CodeCodeExpired: exitTimeout,
		entra.CodeUnavailable: exitUnreachable, entra.CodeThrottled: exitUnreachable, entra.CodeUnreachable: exitUnreachable,
		entra.CodeNoAnswer: exitUnreachable, entra.CodeProxyFailed: exitUnreachable, entra.CodeCaptivePortal: exitUnreachable,
	}
	seen := 0
	for _, text := range entra.Texts() {
		want, is := elsewhere[text.Code]
		if !is {
			want = exitSignIn
		} else {
			seen++
		}
		problem := &entra.Problem{Code: text.Code, Sentence: text.Sentence, Remedy: text.Remedy, Number: 50105, CorrelationID: "0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0"}
		if got := exitCode(t.Context(), problem); got != want {
			t.Errorf("%s: exit code %d, want %d", text.Code, got, want)
		}
		for _, tag := range language.Languages() {
			texts, err := language.Open(tag)
			if err != nil {
				t.Fatal(err)
			}
			f := explain(texts, problem)
			if f.Code != "entra-"+string(text.Code) || f.Sentence == "" || f.Remedy == "" || tag != "en" && (f.Sentence == text.Sentence || f.Remedy == text.Remedy) ||
				!strings.Contains(f.Detail, "AADSTS50105") || !strings.Contains(f.Detail, problem.CorrelationID) {
				t.Errorf("%s in %s: %+v", text.Code, tag, f)
			}
		}
	}
	if seen != len(elsewhere) {
		t.Errorf("%d of %d codes with an exit code of their own are there", seen, len(elsewhere))
	}
	declined := &entra.Problem{Code: entra.CodeDeclined, Sentence: "x", Err: signin.ErrCancelled}
	if got := exitCode(t.Context(), declined); got != exitSignIn {
		t.Errorf("declined at the tenant: exit code %d", got)
	}
}

// signInDocument lists the ways in which signing in with Entra ID fails. UPDATE_GOLDEN=1 writes it anew.
const signInDocument = "../../docs/sign-in.md"

// highestNumber is above Entra's error numbers that users of a VPN meet.
const highestNumber = 9_100_000

func TestSignInDocument(t *testing.T) {
	numbers := map[entra.Code][]string{}
	for number := 1; number < highestNumber; number++ {
		if code := entra.CodeOfNumber(number); code != "" {
			numbers[code] = append(numbers[code], fmt.Sprint(number))
		}
	}
	var b strings.Builder
	b.WriteString(`# When signing in with Entra ID fails

What users are told, by the code that ` + "`--json`" + ` prints, with the exit code and the numbers (AADSTS…) of Microsoft Entra ID that lead to it. Beside it stand the
number and the correlation id where the tenant gave them: with the id an administrator finds the sign-in in the tenant's log.

| code | exit | AADSTS | what happened | what helps |
| --- | --- | --- | --- | --- |
`)
	for _, text := range entra.Texts() {
		exit := exitCode(t.Context(), &entra.Problem{Code: text.Code})
		fmt.Fprintf(&b, "| `entra-%s` | %d | %s | %s | %s |\n", text.Code, exit, strings.Join(numbers[text.Code], ", "), text.Sentence, text.Remedy)
	}
	b.WriteString("\nWhat the tenant says on its own page, the browser shows, and `footbridge` does not hear of it: it waits until it is cancelled or its time is over.\n")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(signInDocument, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if written, err := os.ReadFile(signInDocument); err != nil || string(written) != b.String() {
		t.Errorf("docs/sign-in.md is not what the program says (UPDATE_GOLDEN=1 writes it): %v", err)
	}
}
