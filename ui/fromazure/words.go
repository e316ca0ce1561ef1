package fromazure

import (
	"errors"
	"strings"

	"github.com/footbridge-vpn/footbridge/client/azure"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/ui/present"
)

// method is how a way for users to sign in is called everywhere in the window.
func method(texts *language.Texts, a azure.Authentication) string {
	switch a {
	case azure.EntraAuthentication:
		return present.Method(texts, profiles.EntraID)
	case azure.RADIUSAuthentication:
		return present.Method(texts, profiles.UsernamePassword)
	default:
		return present.Method(texts, profiles.Certificate)
	}
}

// about tells gateways of the same name apart, and how their users sign in.
func about(texts *language.Texts, g azure.Gateway) string {
	subscription := g.SubscriptionName
	if subscription == "" {
		subscription = g.Subscription
	}
	words := []string{subscription + " / " + g.ResourceGroup, texts.Text("azure.kind."+string(g.Kind), nil)}
	if g.PointToSite == nil {
		return strings.Join(append(words, texts.Text("azure.not-set-up", nil)), " · ")
	}
	var methods []string
	for _, a := range g.PointToSite.Authentication {
		methods = append(methods, method(texts, a))
	}
	return strings.Join(append(words, strings.Join(methods, ", ")), " · ")
}

// trouble finds the words for an error. Where the usual remedy speaks of the command line, it is one for the window.
func trouble(texts *language.Texts, err error) *present.Trouble {
	t := present.NewTrouble(texts, err)
	var problem *azure.Problem
	if errors.As(err, &problem) {
		if key := "ui.azure.remedy." + string(problem.Code); texts.Has(key) {
			t.Remedy = texts.Text(key, nil)
		}
	}
	return t
}

// doing is what goes on, and for how long.
func (p *Presenter) doing(texts *language.Texts) string {
	progress, elapsed := p.Progress()
	what := texts.Text("ui.azure.signing-in", nil)
	if progress != nil {
		what = texts.Text("azure.progress."+string(progress.Operation), language.Values{"Subject": progress.Subject})
	}
	if elapsed < longer {
		return what
	}
	return what + " " + texts.Text("ui.azure.elapsed", language.Values{"Duration": texts.Duration(elapsed)})
}
