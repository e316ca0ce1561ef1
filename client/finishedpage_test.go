package client

import (
	"testing"

	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/client/signin/entra"
)

func TestFinishedPage(t *testing.T) {
	dutch, err := language.Open("nl")
	if err != nil {
		t.Fatal(err)
	}
	english, err := language.Open("en")
	if err != nil {
		t.Fatal(err)
	}
	done := entra.Page{Done: true, Language: "en", Title: "You are signed in", Text: "Return to Footbridge. You can close this page."}
	if got := FinishedPage(english)(done); got != done {
		t.Errorf("%+v", got)
	}
	if got := FinishedPage(dutch)(done); got.Language != "nl" || got.Title != "U bent aangemeld" {
		t.Errorf("%+v", got)
	}
	declined := entra.Page{Code: entra.CodeDeclined, Language: "en", Title: "x", Text: "y", Detail: "Correlation ID: 1"}
	if got := FinishedPage(dutch)(declined); got.Title == "x" || got.Title == "entra.declined" || got.Detail != declined.Detail || got.Language != "nl" {
		t.Errorf("%+v", got)
	}
	if got := FinishedPage(dutch)(entra.Page{Title: "x"}); got.Title != "Deze pagina hoort bij geen aanmelding" {
		t.Errorf("%+v", got)
	}
}
