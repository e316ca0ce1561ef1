// Package visitor goes through a sign-in page by page as a person at a browser would, for tests: by itself over HTTP, or in any browser that can be
// driven.
package visitor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// Person is who signs in.
type Person struct {
	Username, Password string
	Code               func() (string, error) // what their authenticator app shows; nil: they have none
	Decline            bool                   // where they are asked
}

// Visitor is a browser without a screen: it keeps cookies, follows redirects, and posts forms that post themselves. It is not safe for
// concurrent use; another one is another browser.
type Visitor struct {
	client *http.Client
}

// New makes a browser. client reaches the provider and trusts it; its cookies and redirects are the visitor's own.
func New(client *http.Client) (*Visitor, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, fmt.Errorf("make visitor: %w", err)
	}
	own := *client
	own.Jar = jar
	return &Visitor{client: &own}, nil
}

// Page is where the visitor ended up.
type Page struct {
	URL    *url.URL
	Status int
	Title  string
	Done   string // what the page says when a device was signed in
	Error  string // what the provider's error page says, "AADSTS50105: …"; the visitor can go nowhere from there
	Number string // to be typed in again

	problem string
	form    *form
}

// ErrRefused says that the provider did not take what the person typed.
var ErrRefused = errors.New("the page does not take it")

// maxPages bounds a sign-in; maxPage a page, in bytes.
const (
	maxPages = 20
	maxPage  = 1 << 20
)

// Open goes to an address, which an application wanted its user's browser to open, and signs the person in. It returns the page at the end: the
// application's own, or the provider's if that does not lead back. What the provider does not take is an error with ErrRefused.
func (v *Visitor) Open(ctx context.Context, address string, person Person) (*Page, error) {
	page, err := v.get(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("sign in: %w", err)
	}
	return v.follow(ctx, page, person)
}

// OpenDevice types the code of a device in, at the address that came with it, and signs the person in.
func (v *Visitor) OpenDevice(ctx context.Context, address, userCode string, person Person) (*Page, error) {
	page, err := v.get(ctx, address)
	if err == nil && page.form != nil {
		page.form.fields.Set("user_code", userCode)
		page, err = v.post(ctx, page.form)
	}
	if err != nil {
		return nil, fmt.Errorf("sign in for a device: %w", err)
	}
	return v.follow(ctx, page, person)
}

func (v *Visitor) follow(ctx context.Context, page *Page, person Person) (*Page, error) {
	for range maxPages {
		if page.problem != "" {
			return page, fmt.Errorf("sign in: %w: %s", ErrRefused, page.problem)
		}
		if page.form == nil {
			return page, nil
		}
		if err := person.fill(page); err != nil {
			return page, fmt.Errorf("sign in: %w", err)
		}
		var err error
		if page, err = v.post(ctx, page.form); err != nil {
			return nil, fmt.Errorf("sign in: %w", err)
		}
	}
	return page, errors.New("sign in: the pages never end")
}

// fill types into a page what it asks for.
func (p *Person) fill(page *Page) error {
	fields := page.form.fields
	switch fields.Get("step") {
	case "username":
		fields.Set("username", p.Username)
	case "password":
		fields.Set("password", p.Password)
	case "code":
		if p.Code == nil {
			return errors.New("the page asks for a code, and the person has none")
		}
		code, err := p.Code()
		if err != nil {
			return err
		}
		fields.Set("code", code)
	case "number":
		fields.Set("code", page.Number)
	case "consent", "confirm":
		answer := "accept"
		if p.Decline {
			answer = "cancel"
		}
		fields.Set("answer", answer)
	case "":
		if !page.form.posts {
			return fmt.Errorf("the page %q has a form that nobody knows", page.Title)
		}
	}
	return nil
}

func (v *Visitor) get(ctx context.Context, address string) (*Page, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	return v.load(request)
}

func (v *Visitor) post(ctx context.Context, f *form) (*Page, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, f.action.String(), strings.NewReader(f.fields.Encode()))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return v.load(request)
}

func (v *Visitor) load(request *http.Request) (*Page, error) {
	response, err := v.client.Do(request)
	if err != nil {
		return nil, hideQuery(err)
	}
	defer response.Body.Close()
	root, err := html.Parse(io.LimitReader(response.Body, maxPage))
	if err != nil {
		return nil, err
	}
	page := &Page{URL: response.Request.URL, Status: response.StatusCode}
	page.read(root)
	return page, nil
}

// hideQuery takes the address out of an error: it may hold a code.
func hideQuery(err error) error {
	var failed *url.Error
	if errors.As(err, &failed) {
		return failed.Err
	}
	return err
}
