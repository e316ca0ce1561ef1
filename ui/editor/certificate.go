package editor

import (
	"context"
	"crypto/tls"
	"errors"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/certificate"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
	"github.com/footbridge-vpn/footbridge/ui/keyboard"
	"github.com/footbridge-vpn/footbridge/ui/look"
)

// certificateCheck says what the gateway will see of the chosen certificate, and lets the user choose another one of those that were found.
type certificateCheck struct {
	page    *Page
	draft   *Draft
	content *fyne.Container
	label   *widget.Label
	picker  *fyne.Container
	choice  *keyboard.Select
	found   map[string]string // thumbprints, by what is said of the certificate
	number  int               // of the last look
}

func newCertificateCheck(p *Page) *certificateCheck {
	c := &certificateCheck{page: p, draft: p.draft, label: widget.NewLabel("")}
	c.label.Wrapping = fyne.TextWrapWord
	c.choice = keyboard.NewSelect(nil, c.choose)
	c.picker = p.titled(p.text("certificate-choose", nil), "", c.choice)
	c.content = container.New(layout.NewCustomPaddedVBoxLayout(fieldGap), look.NewCard(c.label), c.picker)
	c.content.Hide()
	return c
}

// lookLimit bounds how long files are read: a folder may be on a network that is away.
const lookLimit = 10 * time.Second

// look reads the chosen certificate again.
func (c *certificateCheck) look() {
	c.number++
	entry := c.draft.before.Entry
	if entry == nil || c.draft.Method() != profiles.Certificate {
		c.content.Hide()
		return
	}
	set, err := c.draft.Settings()
	if err != nil {
		return // what is wrong stands beside the field
	}
	number := c.number
	c.page.env.Go(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, lookLimit)
		defer cancel()
		profile, err := set.Apply(entry.Profile)
		var says string
		var found []signin.CertificateCandidate
		if err == nil {
			selection := signin.SelectionFor(profile, set.Certificate)
			says = c.inspect(ctx, selection)
			if found, err = signin.Candidates(selection); err != nil { // what is wrong is said already
				c.page.env.Logger.Debug("list certificates", "error", err)
			}
		}
		c.page.env.Post(func() {
			if number == c.number {
				c.show(says, found)
			}
		})
	})
}

// inspect reads a certificate without asking anybody for anything.
func (c *certificateCheck) inspect(ctx context.Context, selection signin.CertificateSelection) string {
	loaded, err := signin.Load(ctx, selection, func(context.Context, signin.PassphraseRequest) (secret.Text, error) {
		return "", signin.ErrNobodyToAsk
	})
	texts := c.page.env.Texts
	switch {
	case errors.Is(err, signin.ErrNobodyToAsk):
		return texts.Text("ui.editor.certificate-protected", nil)
	case errors.Is(err, signin.ErrAmbiguous):
		return texts.Text("ui.editor.certificate-several", nil)
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
	defer c.release(loaded)
	leaf := loaded.Leaf
	return texts.Text("ui.editor.certificate-is", language.Values{"Name": leaf.Subject.CommonName, "Issuer": leaf.Issuer.CommonName, "Date": texts.Date(leaf.NotAfter)})
}

func (c *certificateCheck) release(loaded *tls.Certificate) {
	if err := signin.Release(loaded); err != nil {
		c.page.env.Logger.Debug("give token back", "error", err)
	}
}

func (c *certificateCheck) show(says string, found []signin.CertificateCandidate) {
	c.label.SetText(says)
	visible(c.content, says != "")
	c.offer(found)
}

// offer lets the user choose where there is more than one certificate. Choosing sets the thumbprint.
func (c *certificateCheck) offer(found []signin.CertificateCandidate) {
	p := c.page
	any := p.text("certificate-any", nil)
	words, thumbprints := []string{any}, map[string]string{any: ""}
	now := any
	for _, one := range found {
		word := p.text("certificate-one", language.Values{"Name": one.Subject, "Issuer": one.Issuer, "Date": p.env.Texts.Date(one.NotAfter)})
		if _, there := thumbprints[word]; there {
			word += " (" + one.Thumbprint[:8] + ")"
		}
		words, thumbprints[word] = append(words, word), one.Thumbprint
		if chosen, ok := certificate.ParseThumbprint(c.draft.Value(thumbprintKey)); ok && chosen == one.Thumbprint {
			now = word
		}
	}
	c.found = thumbprints
	c.choice.Options, c.choice.Selected = words, now
	c.choice.Refresh()
	enable(c.choice, !c.draft.locked(thumbprintKey))
	visible(c.picker, len(found) > 1)
}

// thumbprintKey is the setting that names a certificate.
const thumbprintKey = "certificate-thumbprint"

func (c *certificateCheck) choose(word string) {
	if thumbprint, known := c.found[word]; known {
		c.page.set(thumbprintKey, thumbprint)
	}
}
