package client

import (
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/client/signin/entra"
)

// FinishedPage says what the browser shows after a sign-in in the user's language.
func FinishedPage(texts *language.Texts) func(entra.Page) entra.Page {
	return func(page entra.Page) entra.Page {
		page.Language = texts.Language()
		switch {
		case page.Done:
			page.Title, page.Text = texts.Text("sign-in.page.done", nil), texts.Text("sign-in.page.done.text", nil)
		case page.Code != "":
			page.Title, page.Text = texts.Explain(language.SignIns, string(page.Code), page.Title, page.Text)
		default:
			page.Title, page.Text = texts.Text("sign-in.page.stray", nil), texts.Text("sign-in.page.stray.text", nil)
		}
		return page
	}
}
