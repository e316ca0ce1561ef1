package browser

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
)

// maxAnswer bounds an answer of the driver, in bytes: a picture of the window is the largest.
const maxAnswer = 64 << 20

// webError is an error of the driver (https://www.w3.org/TR/webdriver2/#errors).
type webError struct {
	Code    string `json:"error"`
	Message string `json:"message"`
}

func (e *webError) Error() string { return e.Code + ": " + e.Message }

// passes reports whether an error may go away by itself: the page is still being made, or has just been replaced.
func passes(err error) bool {
	var failed *webError
	if !errors.As(err, &failed) {
		return false
	}
	switch failed.Code {
	case "no such element", "stale element reference", "element not interactable", "element click intercepted", "detached shadow root", "unknown error":
		return true
	}
	return false
}

// call gives the driver a command of WebDriver (https://www.w3.org/TR/webdriver2/#endpoints) and reads its value into result unless that is nil.
func (b *Browser) call(ctx context.Context, method, path string, body map[string]any, result any) error {
	address := b.driver + "/session"
	if b.session != "" {
		address += "/" + b.session + path
	}
	var content io.Reader
	if method == http.MethodPost {
		if body == nil {
			body = map[string]any{}
		}
		encoded, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(ctx, method, address, content)
	if err != nil {
		return err
	}
	response, err := b.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	return readAnswer(io.LimitReader(response.Body, maxAnswer), response.StatusCode, result)
}

func readAnswer(from io.Reader, status int, result any) error {
	var answer struct {
		Value json.RawMessage `json:"value"`
	}
	if err := json.NewDecoder(from).Decode(&answer); err != nil {
		return fmt.Errorf("read the driver's answer: %w", err)
	}
	if status >= http.StatusBadRequest {
		failed := new(webError)
		if err := json.Unmarshal(answer.Value, failed); err != nil {
			return fmt.Errorf("the driver answers with status %d", status)
		}
		return failed
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(answer.Value, result)
}

// startSession opens Chromium's window. The flags keep it from reaching out by itself.
func (b *Browser) startSession(ctx context.Context, chromium string, further []string) error {
	arguments := append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
		"--disable-sync", "--disable-dev-shm-usage", "--disable-extensions", "--no-default-browser-check", "--password-store=basic",
		"--disable-features=OptimizationHints,MediaRouter,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable", "--no-proxy-server",
		"--window-size=1000,800", "--user-data-dir=" + filepath.Join(b.home, "profile"),
	}, further...)
	var made struct {
		SessionID string `json:"sessionId"`
	}
	err := b.call(ctx, http.MethodPost, "", map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{
		"browserName":         "chrome",
		"goog:chromeOptions":  map[string]any{"binary": chromium, "args": arguments},
		"acceptInsecureCerts": false,
	}}}, &made)
	if err != nil {
		return fmt.Errorf("%w\n%s", err, b.output.tail())
	}
	b.session = made.SessionID
	return nil
}
