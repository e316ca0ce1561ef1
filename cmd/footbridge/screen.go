package main

import (
	"bytes"
	"fmt"
	"strings"
)

// screen shows one text in place of the last: on a terminal by going back over it, elsewhere one after the other when it differs.
type screen struct {
	app   *app
	lines int    // of the last text, on the terminal
	last  string // elsewhere
}

func (a *app) newScreen() *screen {
	s := &screen{app: a}
	if a.out.terminal && !a.json {
		fmt.Fprint(a.out, "\x1b[?25l") // no cursor, which would jump about
	}
	return s
}

func (s *screen) close() {
	if s.app.out.terminal && !s.app.json {
		fmt.Fprint(s.app.out, "\x1b[?25h")
	}
}

// draw collects what show prints and puts it in the place of what was there. Lines are overwritten rather than erased first, so that
// nothing flickers. What does not fit the height is left out: it could not be gone back over.
func (s *screen) draw(show func()) error {
	out := s.app.out
	var text bytes.Buffer
	writer := out.writer
	out.writer = &text
	show()
	out.writer = writer
	if !out.terminal {
		if text.String() == s.last {
			return nil
		}
		s.last = text.String()
		_, err := out.Write(text.Bytes())
		return err
	}
	lines := strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n")
	lines = lines[:min(len(lines), max(1, out.height()-1))]
	var frame strings.Builder
	if s.lines > 0 {
		fmt.Fprintf(&frame, "\x1b[%dA", s.lines)
	}
	for _, line := range lines {
		frame.WriteString("\r" + line + "\x1b[K\n")
	}
	frame.WriteString("\x1b[J")
	s.lines = len(lines)
	_, err := out.Write([]byte(frame.String()))
	return err
}
