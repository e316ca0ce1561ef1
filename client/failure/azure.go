package failure

import (
	"strings"

	"github.com/footbridge-vpn/footbridge/client/azure"
	"github.com/footbridge-vpn/footbridge/client/language"
)

// azureValues are what the texts about Azure are filled in with.
func azureValues(texts *language.Texts, p *azure.Problem) language.Values {
	values := language.Values{"Subject": p.Subject, "Action": p.Action, "Scope": p.Scope, "Names": strings.Join(p.Names, ", "), "Detail": p.Detail}
	for name, value := range values {
		if value == "" {
			values[name] = texts.Text("azure.unknown", nil)
		}
	}
	return values
}

// azureDetail is what an administrator or Microsoft's support looks a refusal up by.
func azureDetail(p *azure.Problem) string {
	var facts []string
	for _, fact := range []string{p.Detail, p.Request} {
		if fact != "" {
			facts = append(facts, fact)
		}
	}
	if p.Detail == "" && p.Err != nil {
		facts = append(facts, p.Err.Error())
	}
	return strings.Join(facts, ", ")
}
