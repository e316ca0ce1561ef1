package asking

import (
	"context"
	"errors"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
	"github.com/footbridge-vpn/footbridge/tunnel"
	"github.com/footbridge-vpn/footbridge/ui/look"
	"github.com/footbridge-vpn/footbridge/ui/page/pagetest"
)

// asked is somebody in front of a window that asks.
type asked struct {
	*pagetest.Bench
	*Asker
	t         *testing.T
	raised    int
	cancelled []string
}

func newAsked(t *testing.T, tag string, variant look.Variant) *asked {
	t.Helper()
	a := &asked{Bench: pagetest.New(t, tag, variant, fyne.NewSize(520, 560)), t: t}
	a.Asker = New(a.Env, func() { a.raised++ }, func(profile string) { a.cancelled = append(a.cancelled, profile) })
	return a
}

// key presses a key in what has the focus.
func (a *asked) key(name fyne.KeyName) {
	a.t.Helper()
	focused := a.Window.Canvas().Focused()
	if focused == nil {
		a.t.Fatal("nothing has the focus")
	}
	focused.TypedKey(&fyne.KeyEvent{Name: name})
}

// typed types into what has the focus.
func (a *asked) typed(text string) { test.Type(a.Window.Canvas().Focused(), text) }

// result is what a question came to.
type result[T any] struct {
	answer T
	err    error
}

func ask[T any](do func() (T, error)) chan result[T] {
	got := make(chan result[T], 1)
	go func() {
		answer, err := do()
		got <- result[T]{answer, err}
	}()
	return got
}

func taken[T any](a *asked, got chan result[T]) result[T] {
	a.t.Helper()
	var r result[T]
	a.Until("it is answered", func() bool {
		select {
		case r = <-got:
			return true
		default:
			return false
		}
	})
	return r
}

// A refused password is asked for again, with why; what was typed as the name stays, and a further question is answered with it.
func TestPassword(t *testing.T) {
	a := newAsked(t, "en", look.Light)
	got := ask(func() (signin.PasswordAnswer, error) {
		return a.Password(t.Context(), signin.PasswordRequest{Profile: "Fabrikam", Username: "alice", MayRemember: true, Text: "Code from your telephone",
			Refused: &tunnel.Problem{Code: tunnel.AuthFailed, Sentence: "The gateway refused the sign-in."}})
	})
	a.UntilShown("Fabrikam asks for your user name and password.")
	if !a.Shows("The gateway refused the sign-in.") || !a.Shows("Code from your telephone") || a.raised != 1 {
		t.Errorf("raised %d times: %q", a.raised, a.Asker.env.Texts.Language())
	}
	a.typed("secret") // the name is there already
	a.key(fyne.KeyReturn)
	a.typed("123456")
	a.Tick("Remember the password")
	a.key(fyne.KeyReturn)
	r := taken(a, got)
	if want := (signin.PasswordAnswer{Username: "alice", Password: "secret", Response: "123456", Remember: true}); r.err != nil || r.answer != want {
		t.Errorf("%v", r.err)
	}
}

// Where an administrator forbids it, a password cannot be kept; a question without an answer cannot be sent.
func TestPasswordThatMayNotBeKept(t *testing.T) {
	a := newAsked(t, "en", look.Light)
	got := ask(func() (signin.PasswordAnswer, error) {
		return a.Password(t.Context(), signin.PasswordRequest{Profile: "Fabrikam"})
	})
	a.UntilShown("Fabrikam asks")
	if a.Shows("Remember the password") {
		t.Error("it offers to keep the password")
	}
	a.typed("alice")
	a.key(fyne.KeyReturn)
	a.key(fyne.KeyReturn) // there is no password yet
	select {
	case r := <-got:
		t.Errorf("%v", r.err)
	default:
	}
	a.Press("Cancel")
	if r := taken(a, got); !errors.Is(r.err, signin.ErrCancelled) {
		t.Errorf("%v", r.err)
	}
}

// Questions come one after the other, and one that nobody needs an answer to any more goes away.
func TestQuestionsTakeTurns(t *testing.T) {
	a := newAsked(t, "en", look.Light)
	ctx, cancel := context.WithCancel(t.Context())
	first := ask(func() (secret.Text, error) {
		return a.Challenge(ctx, signin.ChallengeRequest{Profile: "Fabrikam", Text: "Favourite colour?", Echo: true})
	})
	a.UntilShown("Favourite colour?")
	second := ask(func() (secret.Text, error) {
		return a.KeyPassphrase(t.Context(), signin.PassphraseRequest{Profile: "Contoso", File: "alice.p12", Wrong: true})
	})
	cancel()
	if r := taken(a, first); !errors.Is(r.err, context.Canceled) {
		t.Errorf("%v", r.err)
	}
	a.UntilShown("That is not the password of the file.")
	if a.Shows("Favourite colour?") || !a.Shows("alice.p12") {
		t.Error("the first question stays, or the second does not say what for")
	}
	a.typed("correct horse")
	a.key(fyne.KeyReturn)
	if r := taken(a, second); r.err != nil || r.answer.Reveal() != "correct horse" {
		t.Errorf("%v", r.err)
	}
}

func TestPIN(t *testing.T) {
	a := newAsked(t, "en", look.Light)
	got := ask(func() (secret.Text, error) {
		return a.KeyPassphrase(t.Context(), signin.PassphraseRequest{Profile: "Contoso", File: "YubiKey", PIN: true})
	})
	a.UntilShown("Contoso signs in with the token YubiKey. Wrong PINs are counted.")
	a.key(fyne.KeyEscape)
	if r := taken(a, got); !errors.Is(r.err, signin.ErrCancelled) {
		t.Errorf("%v", r.err)
	}
}

func code() signin.DeviceCode {
	return signin.DeviceCode{Profile: "Contoso", UserCode: "EK7WLJ4RT", VerificationURL: "https://login.microsoft.com/device", Expires: pagetest.Moment().Add(15 * time.Minute)}
}

// A code for another screen can be copied, and its page opened here; it goes away when the sign-in is over, and that is no cancellation.
func TestDeviceCode(t *testing.T) {
	a := newAsked(t, "en", look.Light)
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() { a.DeviceCode(ctx, code()); close(over) }()
	a.UntilShown("EK7WLJ4RT")
	if !a.Shows("The code is good until 2026-11-23 09:15:00.") {
		t.Error("it does not say for how long")
	}
	a.Press("Copy the code")
	a.Press("Open here")
	if a.Copied != "EK7WLJ4RT" || len(a.Notices) != 1 || len(a.URLs) != 1 || a.URLs[0] != "https://login.microsoft.com/device" {
		t.Errorf("copied %q, opened %q", a.Copied, a.URLs)
	}
	cancel()
	<-over
	a.Until("it is gone", func() bool { return !a.Shows("EK7WLJ4RT") })
	if len(a.cancelled) != 0 {
		t.Errorf("cancelled %q", a.cancelled)
	}
}

// While the user signs in in the browser, the window says so; Cancel, or Escape, ends what the sign-in is for.
func TestBrowser(t *testing.T) {
	for _, way := range []string{"button", "Escape"} {
		a := newAsked(t, "en", look.Light)
		ctx, cancel := context.WithCancel(t.Context())
		go a.Browser(ctx, signin.BrowserRequest{Profile: "Contoso", URL: "https://login.example/authorize", Opened: way == "button"})
		a.UntilShown("Sign in in your browser")
		if way == "button" && !a.Shows("Contoso waits until you have signed in") || way != "button" && !a.Shows("No browser could be opened for Contoso.") {
			t.Error("it does not say what is going on")
		}
		if way == "button" {
			a.Press("Copy the address")
			a.Press("Open the browser again")
			if a.Copied != "https://login.example/authorize" || len(a.URLs) != 1 {
				t.Errorf("copied %q, opened %q", a.Copied, a.URLs)
			}
			a.Press("Cancel")
		} else {
			a.key(fyne.KeyEscape)
		}
		if len(a.cancelled) != 1 || a.cancelled[0] != "Contoso" {
			t.Errorf("%s: cancelled %q", way, a.cancelled)
		}
		cancel()
	}
}

func TestPictures(t *testing.T) {
	for _, c := range []struct {
		name, tag string
		variant   look.Variant
	}{{"light-en", "en", look.Light}, {"dark-fr", "fr", look.Dark}} {
		t.Run(c.name, func(t *testing.T) {
			a := newAsked(t, c.tag, c.variant)
			ctx, cancel := context.WithCancel(t.Context())
			over := make(chan struct{})
			go func() { a.DeviceCode(ctx, code()); close(over) }()
			a.UntilShown("EK7WLJ4RT")
			a.Settle(fyne.NewSize(520, 560))
			a.Picture(c.name)
			cancel()
			<-over
		})
	}
}
