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
	var username, password, response *keyboard.Entry
	var remember *widget.Check
	err := a.ask(ctx, func() question {
		username, password = keyboard.NewEntry(), keyboard.NewPasswordEntry()
		username.SetText(request.Username)
		q := question{title: a.text("password-title", nil), about: a.text("password-about", language.Values{"Name": request.Profile}),
			fields: []field{{label: a.text("username", nil), entry: username}, {label: a.text("password", nil), entry: password}}}
		if request.Refused != nil {
			q.wrong = present.NewTrouble(a.env.Texts, request.Refused)
		}
		if request.Text != "" {
			response = answerEntry(request.Echo)
			q.fields = append(q.fields, field{label: request.Text, entry: response})
		}
		if request.MayRemember {
			remember = widget.NewCheck(a.text("remember", nil), nil)
			q.check = remember
		}
		return q
	})
	if err != nil {
		return signin.PasswordAnswer{}, err
	}
	answer := signin.PasswordAnswer{Username: username.Text, Password: secret.Text(password.Text)}
	if response != nil {
		answer.Response = secret.Text(response.Text)
	}
	answer.Remember = remember != nil && remember.Checked
	return answer, nil
}

// Challenge implements signin.Asker.
func (a *Asker) Challenge(ctx context.Context, request signin.ChallengeRequest) (secret.Text, error) {
	var response *keyboard.Entry
	err := a.ask(ctx, func() question {
		response = answerEntry(request.Echo)
		return question{title: a.text("challenge-title", nil), about: a.text("challenge-about", language.Values{"Name": request.Profile}),
			fields: []field{{label: request.Text, entry: response}}}
	})
	if err != nil {
		return "", err
	}
	return secret.Text(response.Text), nil
}

// KeyPassphrase implements signin.Asker.
func (a *Asker) KeyPassphrase(ctx context.Context, request signin.PassphraseRequest) (secret.Text, error) {
	var passphrase *keyboard.Entry
	err := a.ask(ctx, func() question {
		passphrase = keyboard.NewPasswordEntry()
		kind := "passphrase"
		if request.PIN {
			kind = "pin"
		}
		values := language.Values{"Name": request.Profile, "File": request.File}
		q := question{title: a.text(kind+"-title", nil), about: a.text(kind+"-about", values), fields: []field{{label: a.text(kind, nil), entry: passphrase}}}
		if request.Wrong {
			q.wrong = &present.Trouble{Sentence: a.text(kind+"-wrong", nil)}
		}
		return q
	})
	if err != nil {
		return "", err
	}
	return secret.Text(passphrase.Text), nil
}

func answerEntry(echo bool) *keyboard.Entry {
	if echo {
		return keyboard.NewEntry()
	}
	return keyboard.NewPasswordEntry()
}
