package visitor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Driven is a real browser; browser.Browser is one.
type Driven interface {
	Navigate(ctx context.Context, address string) error
	Fill(ctx context.Context, selector, text string) error
	Click(ctx context.Context, selector string) error
	Look(ctx context.Context, selector string) (text string, found bool, err error)
	URL(ctx context.Context) (string, error)
}

// lookAgain is how often a page is looked at that is not there yet.
const lookAgain = 30 * time.Millisecond

// Drive opens an address, which an application wanted its user's browser to open, and signs the person in with a real browser. It ends on the page that
// the application answers with, or on the provider's last; an error page is an error with the page's text.
func Drive(ctx context.Context, b Driven, address string, person Person) error {
	if err := b.Navigate(ctx, address); err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	return DriveOn(ctx, b, person)
}

// DriveDevice types the code of a device in and signs the person in with a real browser.
func DriveDevice(ctx context.Context, b Driven, address, userCode string, person Person) error {
	for _, step := range []func() error{
		func() error { return b.Navigate(ctx, address) },
		func() error { return b.Fill(ctx, "#user-code", userCode) },
		func() error { return submit(ctx, b, "#next") },
	} {
		if err := step(); err != nil {
			return fmt.Errorf("sign in for a device: %w", err)
		}
	}
	return DriveOn(ctx, b, person)
}

// submit clicks on a button and waits until the page has made room for another: what is done next must not be done to the one that is leaving, or to
// the next one in its place.
func submit(ctx context.Context, b Driven, button string) error {
	const shown = "input[name=shown]"
	before, _, err := b.Look(ctx, shown)
	if err != nil {
		return err
	}
	if err := b.Click(ctx, button); err != nil {
		return err
	}
	for {
		now, found, err := b.Look(ctx, shown)
		if err != nil || !found || now != before {
			return err
		}
		select {
		case <-time.After(lookAgain):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// DriveOn goes on from the provider's page that the browser shows.
func DriveOn(ctx context.Context, b Driven, person Person) error {
	first, err := b.URL(ctx)
	if err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	provider := origin(first)
	for range maxPages {
		done, err := person.driveStep(ctx, b, provider)
		if err != nil {
			return fmt.Errorf("sign in: %w", err)
		}
		if done {
			return nil
		}
	}
	return errors.New("sign in: the pages never end")
}

// driveStep waits for a page and does what it asks.
func (p *Person) driveStep(ctx context.Context, b Driven, provider string) (done bool, err error) {
	for {
		if at, err := b.URL(ctx); err != nil || origin(at) != provider {
			return true, err
		}
		for selector, outcome := range map[string]error{"#done": nil, "#error": ErrRefused, "#problem": ErrRefused} {
			text, found, err := b.Look(ctx, selector)
			switch {
			case err != nil:
				return false, err
			case found && outcome != nil:
				return true, fmt.Errorf("%w: %s", outcome, text)
			case found:
				return true, nil
			}
		}
		step, found, err := b.Look(ctx, "form:last-of-type > input[name=step]")
		if err != nil {
			return false, err
		}
		if found {
			return false, p.drive(ctx, b, step)
		}
		select {
		case <-time.After(lookAgain):
		case <-ctx.Done():
			return false, context.Cause(ctx)
		}
	}
}

// drive fills in one page.
func (p *Person) drive(ctx context.Context, b Driven, step string) error {
	var field, text string
	button := "#next"
	switch step {
	case "username":
		field, text = "#username", p.Username
	case "password":
		field, text = "#password", p.Password
	case "code":
		if p.Code == nil {
			return errors.New("the page asks for a code, and the person has none")
		}
		code, err := p.Code()
		if err != nil {
			return err
		}
		field, text = "#code", code
	case "number":
		number, _, err := b.Look(ctx, "#number")
		if err != nil {
			return err
		}
		field, text = "#code", number
	case "consent", "confirm":
		if p.Decline {
			button = "#cancel"
		}
	default:
		return fmt.Errorf("the page asks for %q, which nobody knows", step)
	}
	if field != "" {
		if err := b.Fill(ctx, field, text); err != nil {
			return err
		}
	}
	return submit(ctx, b, button)
}

// origin is the part of an address that says whose page it is.
func origin(address string) string {
	scheme, rest, _ := strings.Cut(address, "://")
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host
}
