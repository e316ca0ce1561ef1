package freeradius

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
)

// Bounds of what is kept of a log.
const (
	maxLines = 2000
	maxLine  = 8 << 10 // bytes
)

// output keeps what the server prints, line by line.
type output struct {
	mu      sync.Mutex
	partial []byte
	lines   []string
	changed chan struct{} // closed when something has changed
}

func newOutput() *output { return &output{changed: make(chan struct{})} }

// Write takes output as it comes. It never fails: the server must not be stopped by its log.
func (o *output) Write(printed []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.partial = append(o.partial, printed...)
	for {
		line, rest, found := bytes.Cut(o.partial, []byte("\n"))
		if !found {
			break
		}
		o.lines = append(o.lines, string(line))
		o.partial = rest
	}
	if len(o.partial) > maxLine {
		o.lines = append(o.lines, string(o.partial))
		o.partial = nil
	}
	if len(o.lines) > maxLines {
		o.lines = append(o.lines[:0], o.lines[len(o.lines)-maxLines/2:]...)
	}
	close(o.changed)
	o.changed = make(chan struct{})
	return len(printed), nil
}

func (o *output) snapshot() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]string(nil), o.lines...)
}

// wait waits for a line that holds a text, or for the end of the process.
func (o *output) wait(ctx context.Context, text string, ended <-chan struct{}) error {
	for {
		o.mu.Lock()
		changed := o.changed
		o.mu.Unlock()
		lines := o.snapshot()
		for _, line := range lines {
			if strings.Contains(line, text) {
				return nil
			}
		}
		tail := strings.Join(lines[max(0, len(lines)-8):], "\n")
		select {
		case <-changed:
		case <-ended:
			return fmt.Errorf("the process ended:\n%s", tail)
		case <-ctx.Done():
			return fmt.Errorf("%w:\n%s", context.Cause(ctx), tail)
		}
	}
}
