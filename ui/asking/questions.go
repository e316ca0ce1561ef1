package asking

import (
	"context"

	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
	"github.com/footbridge-vpn/footbridge/ui/keyboard"
	"github.com/footbridge-vpn/footbridge/ui/present"
)

// Password implements signin.Asker.
func (a *Asker) Password(ctx context.Context, request signin.PasswordRequest) (signin.PasswordAnswer, error) {
	var answer signin.PasswordAnswer
	err := a.ask(ctx, func() question {
		username, password := keyboard.NewEntry(), keyboard.NewPasswordEntry()
		username.SetText(request.Username)
		q := question{title: a.text("password-title", nil), about: a.text("password-about", language.Values{"Name": request.Profile}),
			fields: []field{{label: a.text("username", nil), entry: username}, {label: a.text("password", nil), entry: password}}}
		if request.Refused != nil {
			q.wrong = present.NewTrouble(a.env.Texts, request.Refused)
		}
		response := answerEntry(request.Echo)
		if request.Text != "" {
			q.fields = append(q.fields, field{label: request.Text, entry: response})
		}
		if request.MayRemember {
			q.check = widget.NewCheck(a.text("remember", nil), nil)
		}
		q.take = func() {
			answer = signin.PasswordAnswer{Username: username.Text, Password: secret.Text(password.Text), Response: secret.Text(response.Text),
				Remember: q.check != nil && q.check.Checked}
		}
		return q
	})
	return answer, err
}

// Challenge implements signin.Asker.
func (a *Asker) Challenge(ctx context.Context, request signin.ChallengeRequest) (secret.Text, error) {
	var answer secret.Text
	err := a.ask(ctx, func() question {
		response := answerEntry(request.Echo)
		return question{title: a.text("challenge-title", nil), about: a.text("challenge-about", language.Values{"Name": request.Profile}),
			fields: []field{{label: request.Text, entry: response}}, take: func() { answer = secret.Text(response.Text) }}
	})
	return answer, err
}

// KeyPassphrase implements signin.Asker.
func (a *Asker) KeyPassphrase(ctx context.Context, request signin.PassphraseRequest) (secret.Text, error) {
	var answer secret.Text
	err := a.ask(ctx, func() question {
		passphrase := keyboard.NewPasswordEntry()
		kind := "passphrase"
		if request.PIN {
			kind = "pin"
		}
		values := language.Values{"Name": request.Profile, "File": request.File}
		q := question{title: a.text(kind+"-title", nil), about: a.text(kind+"-about", values), fields: []field{{label: a.text(kind, nil), entry: passphrase}},
			take: func() { answer = secret.Text(passphrase.Text) }}
		if request.Wrong {
			q.wrong = &present.Trouble{Sentence: a.text(kind+"-wrong", nil)}
		}
		return q
	})
	return answer, err
}

func answerEntry(echo bool) *keyboard.Entry {
	if echo {
		return keyboard.NewEntry()
	}
	return keyboard.NewPasswordEntry()
}
