package openvpnd

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"
)

// Bounds of what is kept of a log.
const (
	maxLogLines = 20_000
	maxLogLine  = 8 << 10  // bytes
	maxLogFile  = 32 << 20 // bytes
)

// log keeps what a process prints, line by line, in memory and in a file.
type log struct {
	mu      sync.Mutex
	file    *os.File
	written int
	partial []byte
	lines   []string
	changed chan struct{} // closed when something has changed
	ended   bool          // nothing more will be printed
}

func newLog(file *os.File) *log { return &log{file: file, changed: make(chan struct{})} }

// Write takes output as it comes. It never fails: a process must not be stopped by its log.
func (l *log) Write(output []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.written+len(output) <= maxLogFile {
		n, _ := l.file.Write(output)
		l.written += n
	}
	l.partial = append(l.partial, output...)
	for {
		line, rest, found := bytes.Cut(l.partial, []byte("\n"))
		if !found {
			break
		}
		l.add(string(line))
		l.partial = rest
	}
	if len(l.partial) > maxLogLine {
		l.add(string(l.partial))
		l.partial = nil
	}
	l.wake()
	return len(output), nil
}

func (l *log) add(line string) {
	if len(l.lines) == maxLogLines {
		l.lines = append(l.lines[:0], l.lines[maxLogLines/2:]...)
	}
	l.lines = append(l.lines, line)
}

func (l *log) wake() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// end says that the process has ended.
func (l *log) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	l.wake()
}

// restart forgets what an earlier run of the process printed; the file keeps it.
func (l *log) restart() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines, l.partial, l.ended = nil, nil, false
}

func (l *log) snapshot() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.lines...)
}

// tail is the end of the log for an error.
func (l *log) tail() string {
	lines := l.snapshot()
	return strings.Join(lines[max(0, len(lines)-8):], "\n")
}

// wait waits for count lines that match and returns the last of them.
func (l *log) wait(ctx context.Context, pattern *regexp.Regexp, count int) (string, error) {
	for {
		line, found, changed, ended := l.find(pattern, count)
		if found {
			return line, nil
		}
		if ended {
			return "", fmt.Errorf("wait for %q in the log: process ended:\n%s", pattern, l.tail())
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return "", fmt.Errorf("wait for %q in the log: %w:\n%s", pattern, context.Cause(ctx), l.tail())
		}
	}
}

func (l *log) find(pattern *regexp.Regexp, count int) (line string, found bool, changed <-chan struct{}, ended bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.lines {
		if pattern.MatchString(line) {
			if count--; count <= 0 {
				return line, true, nil, false
			}
		}
	}
	return "", false, l.changed, l.ended
}
