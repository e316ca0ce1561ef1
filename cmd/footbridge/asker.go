package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/mdp/qrterminal/v3"

	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// asker asks at the terminal, one question at a time. It implements signin.Asker.
type asker struct {
	app      *app
	username string      // given with --username
	password secret.Text // given with --password-stdin, and used once: repeating a wrong one locks accounts
	given    bool        // there is such a password

	passphrase secret.Text // of a key's file, given beforehand; empty: ask
}

var _ signin.Asker = (*asker)(nil)

// question is what is asked in one go.
type question struct {
	explain []string // lines before it
	fields  []field
}

type field struct {
	prompt string
	echo   bool
}

// ask shows a question and reads an answer for each of its fields. Progress waits meanwhile.
func (k *asker) ask(ctx context.Context, q question) ([]string, error) {
	k.app.screen.Lock()
	defer k.app.screen.Unlock()
	terminal, err := openTTY()
	if err != nil {
		return nil, err
	}
	defer terminal.Close()
	for _, line := range q.explain {
		if line != "" {
			fmt.Fprint(terminal.out, printable(line)+"\r\n")
		}
	}
	var answers []string
	for _, field := range q.fields {
		text, err := terminal.ask(ctx, printable(field.prompt)+" ", field.echo)
		if err != nil {
			return nil, err
		}
		answers = append(answers, text)
	}
	return answers, nil
}

// Password implements signin.Asker.
func (k *asker) Password(ctx context.Context, request signin.PasswordRequest) (signin.PasswordAnswer, error) {
	if k.given {
		return k.givenPassword(ctx, request)
	}
	var q question
	if request.Refused != nil {
		sentence, _ := k.app.texts().Explain(language.Problems, string(request.Refused.Code), request.Refused.Sentence, request.Refused.Remedy)
		q.explain = append(q.explain, sentence)
	}
	answer := signin.PasswordAnswer{Username: k.username}
	if answer.Username == "" {
		answer.Username = request.Username
	}
	wantsName := answer.Username == ""
	if wantsName {
		q.fields = append(q.fields, field{k.app.text("ask.username", language.Values{"Profile": request.Profile}), true})
		q.fields = append(q.fields, field{k.app.text("ask.password", nil), false})
	} else {
		q.fields = append(q.fields, field{k.app.text("ask.password-of", language.Values{"User": answer.Username, "Profile": request.Profile}), false})
	}
	if request.Text != "" {
		q.fields = append(q.fields, field{request.Text, request.Echo})
	}
	if request.MayRemember {
		q.fields = append(q.fields, field{k.app.text("ask.remember", nil), true})
	}
	answers, err := k.ask(ctx, q)
	if err != nil {
		return signin.PasswordAnswer{}, err
	}
	if wantsName {
		answer.Username, answers = answers[0], answers[1:]
	}
	if answers[0] == "" || answer.Username == "" {
		return signin.PasswordAnswer{}, signin.ErrCancelled
	}
	answer.Password, answers = secret.Text(answers[0]), answers[1:]
	if request.Text != "" {
		answer.Response, answers = secret.Text(answers[0]), answers[1:]
	}
	answer.Remember = request.MayRemember && k.yes(answers[0])
	return answer, nil
}

// givenPassword answers with what was given beforehand, once.
func (k *asker) givenPassword(ctx context.Context, request signin.PasswordRequest) (signin.PasswordAnswer, error) {
	if request.Refused != nil {
		return signin.PasswordAnswer{}, request.Refused
	}
	answer := signin.PasswordAnswer{Username: k.username, Password: k.password}
	if answer.Username == "" {
		answer.Username = request.Username
	}
	if request.Text == "" {
		return answer, nil
	}
	response, err := k.Challenge(ctx, signin.ChallengeRequest{Profile: request.Profile, Text: request.Text, Echo: request.Echo})
	answer.Response = response
	return answer, err
}

// yes reads a yes in the user's language, or in English.
func (k *asker) yes(answer string) bool {
	answer = strings.ToLower(strings.TrimSpace(answer))
	for _, word := range append(strings.Fields(k.app.text("ask.yes", nil)), "y", "yes") {
		if answer == word {
			return true
		}
	}
	return false
}

// Challenge implements signin.Asker.
func (k *asker) Challenge(ctx context.Context, request signin.ChallengeRequest) (secret.Text, error) {
	answers, err := k.ask(ctx, question{[]string{k.app.text("ask.challenge", language.Values{"Profile": request.Profile})},
		[]field{{request.Text, request.Echo}}})
	if err != nil {
		return "", err
	}
	return secret.Text(answers[0]), nil
}

// KeyPassphrase implements signin.Asker.
func (k *asker) KeyPassphrase(ctx context.Context, request signin.PassphraseRequest) (secret.Text, error) {
	if k.passphrase != "" && !request.PIN && !request.Wrong {
		return k.passphrase, nil
	}
	var q question
	key, wrong, name := "ask.passphrase", "ask.passphrase-wrong", filepath.Base(request.File)
	if request.PIN {
		key, wrong, name = "ask.pin", "ask.pin-wrong", request.File
	}
	if request.Wrong {
		q.explain = append(q.explain, k.app.text(wrong, nil))
	}
	if request.File == "" {
		name = request.Profile
	}
	q.fields = []field{{k.app.text(key, language.Values{"File": name}), false}}
	answers, err := k.ask(ctx, q)
	if err != nil {
		return "", err
	}
	if answers[0] == "" {
		return "", signin.ErrCancelled
	}
	return secret.Text(answers[0]), nil
}

type browserLine struct {
	line
	Profile string `json:"profile"`
	URL     string `json:"url"`
	Opened  bool   `json:"opened"`
}

// Browser implements signin.Asker.
func (k *asker) Browser(ctx context.Context, request signin.BrowserRequest) {
	switch {
	case k.app.json:
		k.app.printLine(browserLine{line{"browser"}, request.Profile, request.URL, request.Opened})
	case request.Opened:
		k.app.say("ask.browser", nil)
	default:
		k.app.say("ask.browser-by-hand", nil)
		fmt.Fprintln(k.app.out, "  "+printable(request.URL)) // whole, so that it can be copied
	}
	<-ctx.Done()
}

type deviceCodeLine struct {
	line
	Profile         string    `json:"profile"`
	UserCode        string    `json:"user_code"`
	VerificationURL string    `json:"verification_url"`
	Expires         time.Time `json:"expires"`
}

// DeviceCode implements signin.Asker: the code as text, and the address as a picture for a telephone's camera.
func (k *asker) DeviceCode(ctx context.Context, code signin.DeviceCode) {
	if k.app.json {
		k.app.printLine(deviceCodeLine{line{"device-code"}, code.Profile, code.UserCode, code.VerificationURL, code.Expires})
		<-ctx.Done()
		return
	}
	k.app.say("ask.device-code", language.Values{"URL": code.VerificationURL, "Code": code.UserCode})
	if k.app.out.terminal && k.app.drawsBlocks() {
		qrterminal.GenerateWithConfig(code.VerificationURL, qrterminal.Config{Level: qrterminal.L, Writer: k.app.out, HalfBlocks: true,
			BlackChar: qrterminal.BLACK_BLACK, WhiteChar: qrterminal.WHITE_WHITE, BlackWhiteChar: qrterminal.BLACK_WHITE,
			WhiteBlackChar: qrterminal.WHITE_BLACK, QuietZone: 1})
	}
	if !code.Expires.IsZero() {
		k.app.say("ask.device-code-expires", language.Values{"Moment": k.app.texts().Moment(code.Expires)})
	}
	<-ctx.Done()
}

// drawsBlocks tells whether the terminal can be expected to show the characters that a picture is made of.
func (a *app) drawsBlocks() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if locale := a.getenv(name); locale != "" {
			locale = strings.ToUpper(locale)
			return strings.Contains(locale, "UTF-8") || strings.Contains(locale, "UTF8")
		}
	}
	return false
}
