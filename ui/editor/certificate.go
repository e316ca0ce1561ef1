package editor

import (
	"context"
	"errors"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
	"github.com/footbridge-vpn/footbridge/ui/page"
)

// certificateCheck says what the gateway will see of the chosen certificate.
type certificateCheck struct {
	env     page.Env
	draft   *Draft
	content *fyne.Container
	label   *widget.Label
	number  int // of the last look
}

func newCertificateCheck(env page.Env, draft *Draft) *certificateCheck {
	c := &certificateCheck{env: env, draft: draft, label: widget.NewLabel("")}
	c.label.Wrapping = fyne.TextWrapWord
	c.content = container.NewVBox(c.label)
	c.content.Hide()
	return c
}

// lookLimit bounds how long files are read: a folder may be on a network that is away.
const lookLimit = 10 * time.Second

// look reads the chosen certificate again.
func (c *certificateCheck) look() {
	entry := c.draft.before.Entry
	if entry == nil || entry.Profile.Authentication.Type != profiles.Certificate && entry.Profile.Authentication.Type != "" {
		return
	}
	set, err := c.draft.Settings()
	if err != nil {
		return // what is wrong stands beside the field
	}
	c.number++
	number := c.number
	c.env.Go(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, lookLimit)
		defer cancel()
		profile, err := set.Apply(entry.Profile)
		var says string
		if err == nil {
			says = c.inspect(ctx, signin.SelectionFor(profile, set.Certificate))
		}
		c.env.Post(func() {
			if number == c.number {
				c.show(says)
			}
		})
	})
}

// inspect reads a certificate without asking anybody for anything.
func (c *certificateCheck) inspect(ctx context.Context, selection signin.CertificateSelection) string {
	certificate, err := signin.Load(ctx, selection, func(context.Context, signin.PassphraseRequest) (secret.Text, error) {
		return "", signin.ErrNobodyToAsk
	})
	texts := c.env.Texts
	switch {
	case errors.Is(err, signin.ErrNobodyToAsk):
		return texts.Text("ui.editor.certificate-protected", nil)
	case errors.Is(err, signin.ErrNoSource):
		return texts.Text("ui.editor.certificate-none", nil)
	case err != nil:
		if sentence, remedy, ok := signin.ExplainCertificate(err); ok {
			sentence, _ = texts.Translate(sentence)
			remedy, _ = texts.Translate(remedy)
			return sentence + " " + remedy
		}
		return texts.Text("error.failed", language.Values{"Reason": err.Error()})
	}
	defer signin.Release(certificate)
	leaf := certificate.Leaf
	return texts.Text("ui.editor.certificate-is", language.Values{"Name": leaf.Subject.CommonName, "Issuer": leaf.Issuer.CommonName, "Date": texts.Date(leaf.NotAfter)})
}

func (c *certificateCheck) show(says string) {
	c.label.SetText(says)
	if says == "" {
		c.content.Hide()
	} else {
		c.content.Show()
	}
}
