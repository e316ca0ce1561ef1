package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
	"github.com/footbridge-vpn/footbridge/tunnel"
)

// runAsAsker makes the test binary ask one question at its terminal, print the answer and end as the program would.
const runAsAsker = "FOOTBRIDGE_TEST_ASK"

func askAtTerminal(kind string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	a := newApp(os.Stdin, os.Stdout, os.Stderr, os.Getenv)
	k := &asker{app: a}
	var shown string
	var err error
	switch kind {
	case "password":
		var got signin.PasswordAnswer
		got, err = k.Password(ctx, signin.PasswordRequest{Profile: "Contoso", MayRemember: true, Text: "Code from your telephone?", Echo: true})
		shown = fmt.Sprintf("%s/%s/%s/%v", got.Username, got.Password.Reveal(), got.Response.Reveal(), got.Remember)
	case "again":
		refused := &tunnel.Problem{Code: tunnel.AuthFailed, Sentence: "The gateway refused the sign-in."}
		var got signin.PasswordAnswer
		got, err = k.Password(ctx, signin.PasswordRequest{Profile: "Contoso", Username: "alice", Refused: refused})
		shown = got.Username + "/" + got.Password.Reveal()
	case "given":
		k.username, k.password, k.given = "alice", "from stdin", true
		var got signin.PasswordAnswer
		got, err = k.Password(ctx, signin.PasswordRequest{Profile: "Contoso"})
		shown = got.Username + "/" + got.Password.Reveal()
		refused := &tunnel.Problem{Code: tunnel.AuthFailed, Sentence: "The gateway refused the sign-in."}
		if _, again := k.Password(ctx, signin.PasswordRequest{Profile: "Contoso", Refused: refused}); !errors.Is(again, refused) {
			err = fmt.Errorf("a refused password was sent again: %w", again)
		}
	case "challenge":
		var got secret.Text
		got, err = k.Challenge(ctx, signin.ChallengeRequest{Profile: "Contoso", Text: "Next token\x1b[2J code?"})
		shown = got.Reveal()
	case "pin":
		var got secret.Text
		got, err = k.KeyPassphrase(ctx, signin.PassphraseRequest{Profile: "Contoso", File: "alice's token", PIN: true, Wrong: true})
		shown = got.Reveal()
	case "device-code", "browser", "waiting":
		showFor(ctx, k, kind)
		shown = "shown"
	}
	if err != nil {
		return a.fail(ctx, nil, err)
	}
	fmt.Println("answer: " + shown)
	return exitDone
}

// showFor shows for a moment what waits for something elsewhere.
func showFor(ctx context.Context, k *asker, kind string) {
	ctx, cancel := context.WithTimeout(ctx, 1500*time.Millisecond)
	defer cancel()
	switch kind {
	case "device-code":
		k.DeviceCode(ctx, signin.DeviceCode{Profile: "Contoso", UserCode: "ABCD-EFGH", VerificationURL: "https://microsoft.com/devicelogin", Expires: time.Now().Add(time.Hour)})
	case "browser":
		k.Browser(ctx, signin.BrowserRequest{Profile: "Contoso", URL: "https://login.microsoftonline.com/" + strings.Repeat("long", 40)})
	case "waiting":
		show := k.app.newProgress()
		show.event(tunnel.Event{Kind: tunnel.KindStage, Stage: tunnel.Handshaking})
		show.event(tunnel.Event{Kind: tunnel.KindStage, Stage: tunnel.Pending})
		<-ctx.Done()
		show.event(tunnel.Event{Kind: tunnel.KindStage, Stage: tunnel.Configuring})
		show.end()
	}
}

// asks starts a question at a terminal.
func (u *account) asks(kind string, environment ...string) *screenTest {
	at := *u
	at.environment = append(append(append([]string{}, u.environment...), runAsAsker+"="+kind), environment...)
	return at.at(100)
}

func TestAskerAtATerminal(t *testing.T) {
	u := newAccount(t, alice)
	s := u.asks("password")
	s.await("User name for Contoso:")
	s.types("alice\r")
	s.await("Password:")
	s.types("s3cret\x7fT\r") // a key too many, taken back
	s.await("Code from your telephone?")
	s.types("123456\r")
	s.await("Keep the password on this computer?")
	if strings.Contains(s.text(), "s3cre") || !strings.Contains(s.text(), "123456") {
		t.Errorf("what is shown is wrong:\n%s", s.text())
	}
	s.types("y\r")
	s.await("answer: alice/s3creT/123456/true")

	dutch := u.asks("password", "LC_ALL=nl_NL.UTF-8")
	dutch.await("Gebruikersnaam voor Contoso:")
	dutch.types("alice\rpassword\r1\r")
	dutch.await("bewaren?")
	dutch.types("nee\r")
	dutch.await("answer: alice/password/1/false")

	again := u.asks("again")
	again.await("The gateway refused the sign-in.")
	again.await("Password of alice for Contoso:")
	again.types("pässwörd\r")
	again.await("answer: alice/pässwörd")

	given := u.asks("given")
	given.await("answer: alice/from stdin")

	challenge := u.asks("challenge")
	challenge.await("The gateway of Contoso asks:")
	challenge.await("code?")
	challenge.types("42\r")
	challenge.await("answer: 42")
	if strings.Contains(challenge.text(), "\x1b[2J") {
		t.Error("the gateway commanded the terminal")
	}

	pin := u.asks("pin")
	pin.await("That is not the PIN.")
	pin.await("PIN of alice's token:")
	pin.types(ctrlC)
	if code := pin.exit(); code != exitCancelled {
		t.Errorf("exit code %d", code)
	}
}

// A code for another screen is shown with a picture, where the terminal can show one.
func TestDeviceCodeAtATerminal(t *testing.T) {
	u := newAccount(t, alice)
	s := u.asks("device-code")
	s.await("open https://microsoft.com/devicelogin on any screen and type the code ABCD-EFGH")
	s.await("█▀▀") // a part of every QR code
	s.await("answer: shown")
	plain := u.asks("device-code", "LANG=C")
	plain.await("answer: shown")
	if strings.Contains(plain.text(), "█") || !strings.Contains(plain.text(), "ABCD-EFGH") {
		t.Errorf("without UTF-8:\n%s", plain.text())
	}
	browser := u.asks("browser")
	browser.await("https://login.microsoftonline.com/" + strings.Repeat("long", 40)) // whole, to be copied
}

// Time is seen to pass while somebody has to approve the sign-in.
func TestWaitingAtATerminal(t *testing.T) {
	u := newAccount(t, alice)
	s := u.asks("waiting")
	s.await("Verifying the gateway.")
	s.await("Waiting for the sign-in to be approved. (0 s)")
	s.await("Waiting for the sign-in to be approved. (1 s)")
	s.await("Configuring this computer.")
	if !strings.Contains(s.text(), "s)\r\nConfiguring") {
		t.Errorf("the next line is not on a line of its own:\n%q", s.text())
	}
}
