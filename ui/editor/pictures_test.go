package editor

import (
	"testing"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/ui/look"
	"github.com/footbridge-vpn/footbridge/ui/page/pagetest"
)

func TestPictures(t *testing.T) {
	for _, c := range []struct {
		name, tag string
		variant   look.Variant
	}{{"light-en", "en", look.Light}, {"dark-nl", "nl", look.Dark}} {
		for i, tab := range []string{"general", "gateway", "sign-in", "automatic", "network"} {
			t.Run(tab+"-"+c.name, func(t *testing.T) {
				method := "cert"
				if c.tag == "nl" {
					method = "aad"
				}
				s := see(t, contoso(t, method), options{tag: c.tag, variant: c.variant, change: func(v *client.View) {
					v.Connections[0].Entry.Imported = pagetest.Moment()
					v.Policy = &api.Policy{Locked: []string{"proxy", "trusted-networks"}, SavePasswords: true}
				}})
				s.Until("it is looked at", func() bool { return method != "cert" || s.p.checked.label.Text != "" })
				s.p.tabs.show(i)
				switch tab {
				case "gateway":
					s.Press(s.p.text("secret-replace", nil))
					s.p.secret.entry.SetText("0123")
					s.Window.Canvas().Unfocus()
				case "network":
					s.p.entries["dns-servers"].SetText("10.0.0")
					s.p.sendAll.SetChecked(true)
				}
				s.tall()
				s.Picture(tab + "-" + c.name)
			})
		}
	}
}
