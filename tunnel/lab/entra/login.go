package entra

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// login is all pages of a sign-in: it takes what was typed on one and shows the next.
func (p *Provider) login(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		p.showError(w, refuse(90014), uuid.NewString())
		return
	}
	p.store.mu.Lock()
	current := p.store.signIns[r.URL.Query().Get("request")]
	p.store.mu.Unlock()
	if current == nil {
		p.showError(w, refuse(90014), uuid.NewString())
		return
	}
	switches := p.Switches()
	if code := switches.errorAt(OnPage); code != 0 && beforeSignIn(code) {
		p.showError(w, refuse(code), uuid.NewString())
		return
	}
	shown := p.advance(w, r, current, switches)
	if shown.Step != stepDone {
		p.show(w, http.StatusOK, string(shown.Step), shown)
		return
	}
	p.finish(w, r, current, switches)
}

// beforeSignIn reports whether an error is shown before anybody has signed in: those about the application and the tenant.
func beforeSignIn(code int) bool {
	return slices.Contains([]int{50011, 50059, 90002, 90009, 500011, 650054, 650057, 700016, 900383}, code)
}

// advance takes what was typed and says what the next page shows.
func (p *Provider) advance(w http.ResponseWriter, r *http.Request, s *signIn, switches Switches) page {
	p.store.mu.Lock()
	defer p.store.mu.Unlock()
	browser := p.store.session(r)
	p.recognise(s, browser)
	problem := ""
	if expected := s.next(switches); r.Method == http.MethodPost && r.PostForm.Get("step") == string(expected) {
		problem = p.take(s, expected, r.PostForm, browser)
	}
	shown := page{Step: s.next(switches), Problem: problem, Action: r.URL.RequestURI()}
	shown.Title = titles(shown.Step)
	if s.user != nil {
		shown.Who = s.user.Username
	}
	switch shown.Step {
	case stepUsername:
		shown.Hint = s.asked.loginHint
		if browser != nil {
			for _, known := range browser.members {
				shown.Accounts = append(shown.Accounts, known.user.Username)
			}
		}
	case stepNumber:
		if s.number == "" {
			s.number = randomNumber()
		}
		shown.Number = s.number
	case stepDone:
		if !s.declined && s.user != nil {
			p.store.remember(w, r, s.user, s.factor)
		}
	}
	return shown
}

// recognise takes a step for people whom the application or the browser knows.
func (p *Provider) recognise(s *signIn, browser *session) {
	if s.user != nil || s.device != nil && !s.confirmed {
		return
	}
	if s.asked.loginHint != "" {
		if user, known := p.directory.find(s.asked.loginHint); known {
			s.choose(user, browser)
		}
		return
	}
	if browser != nil && len(browser.members) == 1 && !s.prompt(oidc.PromptSelectAccount) && !s.prompt(oidc.PromptLogin) {
		s.choose(browser.members[0].user, browser)
	}
}

// choose says who signs in. Whom the browser knows need not prove it again, unless the application wants that.
func (s *signIn) choose(user *account, browser *session) {
	s.user = user
	if known, there := browser.find(user.Username); there && !s.prompt(oidc.PromptLogin) {
		s.password, s.factor = true, known.factor
	}
}

// take takes what was typed on a page; it returns what is wrong with it.
func (p *Provider) take(s *signIn, on step, typed url.Values, browser *session) (problem string) {
	switch on {
	case stepUsername:
		user, known := p.directory.find(typed.Get("username"))
		if !known {
			return "This username may be incorrect. Make sure you typed it correctly. Otherwise, contact your admin."
		}
		s.choose(user, browser)
	case stepPassword:
		if s.password = s.user.passwordIs(typed.Get("password")); !s.password {
			return "Your account or password is incorrect. If you don’t remember your password, reset it now."
		}
	case stepCode:
		if s.factor = s.user.codeIs(strings.TrimSpace(typed.Get("code")), time.Now()); !s.factor {
			return "You didn’t enter the expected verification code. Please try again."
		}
	case stepNumber:
		s.factor = s.number != "" && strings.TrimSpace(typed.Get("code")) == s.number
		if s.number = ""; !s.factor {
			return "That was not the number. Please try again."
		}
	case stepConsent:
		s.consented = typed.Get("answer") == "accept"
		s.declined = !s.consented
	case stepConfirm:
		s.confirmed = typed.Get("answer") == "accept"
		s.declined = !s.confirmed
	}
	return ""
}

// randomNumber has two digits, as number matching has.
func randomNumber() string {
	n, err := rand.Int(rand.Reader, big.NewInt(90))
	if err != nil {
		return "42" // crypto/rand does not fail
	}
	return fmt.Sprint(10 + n.Int64())
}

// finish ends a sign-in whose pages are all done: back to the application, or to the device that waits.
func (p *Provider) finish(w http.ResponseWriter, r *http.Request, s *signIn, switches Switches) {
	code := switches.errorAt(OnPage)
	if s.device != nil && switches.DeviceCodeBlocked {
		code = 53003
	}
	p.store.mu.Lock()
	s.declined = s.declined || switches.AccessDenied
	declined := s.declined
	if declined && s.device != nil {
		s.device.denied = true
	}
	if !declined && code == 0 {
		p.store.complete(s)
	}
	p.store.mu.Unlock()
	switch {
	case declined && s.device != nil:
		p.show(w, http.StatusOK, "done", page{Title: "You have declined the sign-in", Text: "You may now close this window."})
	case declined:
		p.sendBack(w, r, s.request, refuse(65004))
	case code != 0:
		p.showError(w, refuse(code), uuid.NewString())
	case s.device != nil:
		p.show(w, http.StatusOK, "done", page{
			Title: "Azure VPN", Text: "You have signed in to the Azure VPN application on your device. You may now close this window.",
		})
	default:
		http.Redirect(w, r, p.callbackURL(s.id), http.StatusFound)
	}
}

// complete grants what was asked for. The store must be locked.
func (s *store) complete(done *signIn) {
	if done.finished {
		return
	}
	resource, refused := s.provider.resource(done.asked.scopes)
	if refused != nil {
		return // checked when the sign-in began
	}
	granted := done.grant(resource, s.generation, time.Now())
	done.finished = true
	if done.device != nil {
		done.device.granted = granted
	} else {
		done.request.granted = granted
	}
}

// deviceAuth is the page where the code of a device is typed in.
func (p *Provider) deviceAuth(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		p.showError(w, refuse(90014), uuid.NewString())
		return
	}
	shown := page{Title: "Enter code to allow access", Action: r.URL.Path, Hint: r.URL.Query().Get("user_code")}
	if r.Method == http.MethodPost {
		if found, there := p.store.deviceByCode(r.PostForm.Get("user_code")); there {
			http.Redirect(w, r, p.loginURL(found.signIn.id), http.StatusSeeOther)
			return
		}
		shown.Problem = "That code didn’t work. Check the code and try again."
	}
	p.show(w, http.StatusOK, "device", shown)
}
