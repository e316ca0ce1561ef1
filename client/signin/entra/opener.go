package entra

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"strings"
	"time"
)

// errNoBrowser says that no browser could be started.
var errNoBrowser = errors.New("no browser could be started")

// OpenBrowser shows an https address in the user's browser. It returns as soon as that is under way, within some seconds, and shows nothing of
// what the browser writes.
func OpenBrowser(ctx context.Context, address string) error {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Scheme != "https" || parsed.Host == "" {
		return errors.New("open browser: it is no https address")
	}
	if err := openSystem(ctx, parsed.String()); err != nil {
		return fmt.Errorf("open browser: %w", err)
	}
	return nil
}

// startLimit is how long a program has to fail. One that runs on, or that ended well, shows the page.
const startLimit = 1500 * time.Millisecond

// start runs a program that shows a page, and leaves it alone once it does.
func start(ctx context.Context, name string, arguments ...string) error {
	path, err := exec.LookPath(name)
	if err != nil {
		return err
	}
	command := exec.Command(path, arguments...) // not with ctx: a browser outlives the sign-in. Its input and output are nowhere.
	apart(command)
	if err := command.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	limit := time.NewTimer(startLimit)
	defer limit.Stop()
	select {
	case err := <-ended:
		return err
	case <-limit.C:
		return nil
	case <-ctx.Done():
		return nil
	}
}

// fromBrowserVariable are the commands of $BROWSER: a list with colons between, each with %s for the address or with the address behind it.
func fromBrowserVariable(value, address string) [][]string {
	var commands [][]string
	for command := range strings.SplitSeq(value, ":") {
		words := strings.Fields(command)
		if len(words) == 0 {
			continue
		}
		placed := false
		for i, word := range words {
			if i > 0 && strings.Contains(word, "%s") {
				words[i], placed = strings.ReplaceAll(word, "%s", address), true
			}
		}
		if !placed {
			words = append(words, address)
		}
		commands = append(commands, words)
	}
	return commands
}
