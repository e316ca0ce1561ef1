package entra

import (
	"bytes"
	"crypto/rand"
	"embed"
	"html/template"
	"net/http"
	"net/url"

	"github.com/google/uuid"
	"github.com/zitadel/oidc/v3/pkg/oidc"
)

//go:embed pages/pages.html.tmpl
var pageFiles embed.FS

// page is what a page shows.
type page struct {
	Title    string
	Who      string // signs in
	Problem  string // with what was typed
	Action   string // where the form goes
	Shown    string // different each time a page is shown, so that a browser that is driven can tell when the next one is there
	Step     step
	Hint     string
	Accounts []string
	Number   string
	Text     string

	Trace, Correlation, Timestamp string
	Fields                        map[string]string
}

// titles are the pages' headings, as Entra's are.
func titles(s step) string {
	switch s {
	case stepUsername:
		return "Sign in"
	case stepPassword:
		return "Enter password"
	case stepCode:
		return "Enter code"
	case stepNumber:
		return "Approve sign in request"
	case stepConsent:
		return "Permissions requested"
	case stepConfirm:
		return "Are you trying to sign in to Azure VPN?"
	}
	return "Sign in to your account"
}

func (p *Provider) show(w http.ResponseWriter, status int, name string, shown page) {
	shown.Shown = rand.Text()
	parsed, err := template.ParseFS(pageFiles, "pages/pages.html.tmpl")
	var out bytes.Buffer
	if err == nil {
		err = parsed.ExecuteTemplate(&out, name, shown)
	}
	if err != nil {
		p.logger.Error("show page", "page", name, "error", err)
		http.Error(w, "The page could not be made.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store, no-cache")
	w.WriteHeader(status)
	w.Write(out.Bytes())
}

// showError shows a refusal on a page that nothing leads away from: the application never hears of it.
func (p *Provider) showError(w http.ResponseWriter, why *refusal, correlation string) {
	answer := why.answer(correlation, p.now())
	p.logger.Debug("show error", "code", why.code, "correlation", correlation)
	p.show(w, http.StatusOK, "error", page{
		Title: "Sorry, but we’re having trouble signing you in.", Text: why.Error(),
		Trace: answer.TraceID, Correlation: correlation, Timestamp: answer.Timestamp,
	})
}

// sendBack sends the browser back to the application with a refusal, in the way the application asked for.
func (p *Provider) sendBack(w http.ResponseWriter, r *http.Request, request *authRequest, why *refusal) {
	answer := why.answer(uuid.NewString(), p.now())
	fields := map[string]string{"error": answer.Error, "error_description": answer.Description, "error_uri": answer.URI, "state": request.state}
	if why.code == 65004 {
		fields["error_subcode"] = "cancel"
	}
	if request.mode == oidc.ResponseModeFormPost {
		p.show(w, http.StatusOK, "post", page{Action: request.redirect, Fields: fields})
		return
	}
	back, err := url.Parse(request.redirect)
	if err != nil {
		p.showError(w, refuse(50011), answer.CorrelationID)
		return
	}
	query := back.Query()
	for name, value := range fields {
		query.Set(name, value)
	}
	back.RawQuery = query.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}
