package browser

import (
	"context"
	"fmt"
	"regexp"
	"sync"
)

// maxOutput bounds what is kept of what the driver prints, in bytes.
const maxOutput = 64 << 10

// output keeps the end of what the driver prints.
type output struct {
	mu      sync.Mutex
	text    []byte
	changed chan struct{} // closed when something has changed
}

func newOutput() *output { return &output{changed: make(chan struct{})} }

// Write takes output as it comes. It never fails.
func (o *output) Write(printed []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text = append(o.text, printed...)
	if len(o.text) > maxOutput {
		o.text = append([]byte(nil), o.text[len(o.text)-maxOutput/2:]...)
	}
	close(o.changed)
	o.changed = make(chan struct{})
	return len(printed), nil
}

// tail is the end, for an error.
func (o *output) tail() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.text[max(0, len(o.text)-2000):])
}

// wait waits for something to be printed.
func (o *output) wait(ctx context.Context, pattern *regexp.Regexp, ended <-chan struct{}) ([]string, error) {
	for {
		o.mu.Lock()
		found, changed := pattern.FindSubmatch(o.text), o.changed
		o.mu.Unlock()
		if found != nil {
			var texts []string
			for _, text := range found {
				texts = append(texts, string(text))
			}
			return texts, nil
		}
		select {
		case <-changed:
		case <-ended:
			return nil, fmt.Errorf("the driver ended: %s", o.tail())
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %s", context.Cause(ctx), o.tail())
		}
	}
}
