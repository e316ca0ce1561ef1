package entra

import (
	_ "embed"
	"html/template"
	"io"
)

// Page is what the browser shows when it has returned: a finished sign-in, or what went wrong.
type Page struct {
	Done     bool
	Code     Code // of the problem; empty where Done
	Language string
	Title    string
	Text     string
	Detail   string // for the administrator; may be empty
}

//go:embed page.html
var pageSource string

// donePage says that all went well.
func donePage() Page {
	return Page{Done: true, Language: "en", Title: "You are signed in", Text: "Return to Footbridge. You can close this page."}
}

// problemPage says what went wrong.
func problemPage(problem *Problem) Page {
	page := Page{Code: problem.Code, Language: "en", Title: problem.Sentence, Text: problem.Remedy}
	if problem.CorrelationID != "" {
		page.Detail = "Correlation ID: " + problem.CorrelationID
	}
	return page
}

// strayPage is for requests that belong to no sign-in.
func strayPage() Page {
	return Page{Language: "en", Title: "This page belongs to no sign-in", Text: "Return to Footbridge and sign in again if you want to connect."}
}

func (p Page) write(w io.Writer) error {
	made, err := template.New("page").Parse(pageSource)
	if err != nil {
		return err
	}
	return made.Execute(w, p)
}
