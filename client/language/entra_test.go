package language

import (
	"testing"

	"github.com/footbridge-vpn/footbridge/client/signin/entra"
)

// What can go wrong with Entra ID has its English texts from where it is found out, and a translation.
func TestEntraProblemsHaveTexts(t *testing.T) {
	english := raw(t, Default)
	for _, text := range entra.Texts() {
		key := SignIns + "." + string(text.Code)
		for name, want := range map[string]string{key: text.Sentence, key + ".remedy": text.Remedy} {
			if english[name]["other"] != want {
				t.Errorf("%s is %v, not %q", name, english[name], want)
			}
		}
	}
}
