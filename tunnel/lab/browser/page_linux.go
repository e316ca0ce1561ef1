package browser

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// lookAgain is how often the page is looked at while it is waited for.
const lookAgain = 30 * time.Millisecond

// Navigate opens an address and waits until the page is there. That there is none is an error; a network that changes meanwhile, as one does that
// was just made, is not.
func (b *Browser) Navigate(ctx context.Context, address string) error {
	for {
		err := b.call(ctx, http.MethodPost, "/url", map[string]any{"url": address}, nil)
		if err == nil {
			err = b.failure(ctx)
		}
		if err == nil || !strings.Contains(err.Error(), "ERR_NETWORK_CHANGED") {
			return wrap("open page", err)
		}
		select {
		case <-time.After(lookAgain):
		case <-ctx.Done():
			return fmt.Errorf("open page: %w: %w", context.Cause(ctx), err)
		}
	}
}

// failure is what the browser's own page says where it could not get the one that was wanted.
func (b *Browser) failure(ctx context.Context) error {
	const script = `return document.URL.startsWith("chrome-error:") ? document.body.innerText : "";`
	var text string
	err := b.call(ctx, http.MethodPost, "/execute/sync", map[string]any{"script": script, "args": []any{}}, &text)
	if err != nil && !passes(err) {
		return err
	}
	if text != "" {
		return fmt.Errorf("the browser says %q", text)
	}
	return nil
}

func wrap(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// URL is the page's address.
func (b *Browser) URL(ctx context.Context) (string, error) {
	var address string
	if err := b.call(ctx, http.MethodGet, "/url", nil, &address); err != nil {
		return "", fmt.Errorf("read page's address: %w", err)
	}
	return address, nil
}

// Title is the page's title.
func (b *Browser) Title(ctx context.Context) (string, error) {
	var title string
	if err := b.call(ctx, http.MethodGet, "/title", nil, &title); err != nil {
		return "", fmt.Errorf("read page's title: %w", err)
	}
	return title, nil
}

// Screenshot is a picture of the window, PNG.
func (b *Browser) Screenshot(ctx context.Context) ([]byte, error) {
	var encoded string
	if err := b.call(ctx, http.MethodGet, "/screenshot", nil, &encoded); err != nil {
		return nil, fmt.Errorf("take picture of page: %w", err)
	}
	return base64.StdEncoding.DecodeString(encoded)
}

// WaitFor waits until something fits a CSS selector.
func (b *Browser) WaitFor(ctx context.Context, selector string) error {
	return b.with(ctx, "wait for", selector, func(string) error { return nil })
}

// Click clicks on what fits a CSS selector. If that leads to another page, it waits for that.
func (b *Browser) Click(ctx context.Context, selector string) error {
	return b.with(ctx, "click on", selector, func(element string) error {
		return b.call(ctx, http.MethodPost, element+"/click", nil, nil)
	})
}

// Fill types a text into the field that fits a CSS selector, in place of what is there.
func (b *Browser) Fill(ctx context.Context, selector, text string) error {
	return b.with(ctx, "fill in", selector, func(element string) error {
		if err := b.call(ctx, http.MethodPost, element+"/clear", nil, nil); err != nil {
			return err
		}
		return b.call(ctx, http.MethodPost, element+"/value", map[string]any{"text": text}, nil)
	})
}

// Text is what a person reads in what fits a CSS selector.
func (b *Browser) Text(ctx context.Context, selector string) (text string, err error) {
	err = b.with(ctx, "read", selector, func(element string) error {
		return b.call(ctx, http.MethodGet, element+"/text", nil, &text)
	})
	return text, err
}

// Look reads the text, or of a field the value, of what fits a CSS selector at this moment; it does not wait.
func (b *Browser) Look(ctx context.Context, selector string) (text string, found bool, err error) {
	const script = `const e = document.querySelector(arguments[0]); return e === null ? null : (e.value ?? e.innerText);`
	var value *string
	err = b.call(ctx, http.MethodPost, "/execute/sync", map[string]any{"script": script, "args": []any{selector}}, &value)
	if passes(err) {
		return "", false, nil // between two pages
	}
	if err != nil {
		return "", false, fmt.Errorf("look for %s: %w", selector, err)
	}
	if value == nil {
		return "", false, nil
	}
	return *value, true, nil
}

// elementKey is the name that WebDriver gives to references (https://www.w3.org/TR/webdriver2/#elements).
const elementKey = "element-6066-11e4-a52e-4f735466cecf"

// with does something with an element, again until it works or the context ends.
func (b *Browser) with(ctx context.Context, what, selector string, do func(element string) error) error {
	for {
		err := b.once(ctx, selector, do)
		if err == nil {
			return nil
		}
		if !passes(err) {
			return fmt.Errorf("%s %s: %w", what, selector, err)
		}
		select {
		case <-time.After(lookAgain):
		case <-ctx.Done():
			return fmt.Errorf("%s %s: %w: %w", what, selector, context.Cause(ctx), err)
		}
	}
}

func (b *Browser) once(ctx context.Context, selector string, do func(element string) error) error {
	var reference map[string]string
	if err := b.call(ctx, http.MethodPost, "/element", map[string]any{"using": "css selector", "value": selector}, &reference); err != nil {
		return err
	}
	return do("/element/" + reference[elementKey])
}
