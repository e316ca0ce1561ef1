package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"unicode"

	"github.com/mattn/go-runewidth"
	"golang.org/x/term"
)

// output is a place for text, and what is known of it.
type output struct {
	writer   io.Writer
	screen   *sync.Mutex // held while the user is asked something on the same terminal
	file     *os.File    // nil: it is none
	terminal bool
	colour   bool
}

// newOutput looks at where text will go. Colour is for terminals only, and not where NO_COLOR (no-color.org), CLICOLOR=0
// (bixense.com/clicolors) or the terminal itself speak against it.
func newOutput(w io.Writer, screen *sync.Mutex, getenv func(string) string) *output {
	o := &output{writer: w, screen: screen}
	if file, ok := w.(*os.File); ok {
		o.file, o.terminal = file, term.IsTerminal(int(file.Fd()))
	}
	o.colour = o.terminal && getenv("NO_COLOR") == "" && getenv("CLICOLOR") != "0" && getenv("TERM") != "dumb"
	return o
}

// Write implements io.Writer.
func (o *output) Write(data []byte) (int, error) {
	o.screen.Lock()
	defer o.screen.Unlock()
	return o.writer.Write(data)
}

// unlimited is the width of what is no terminal.
const unlimited = 0

// width is how many columns there are now; unlimited where it is no terminal.
func (o *output) width() int {
	if !o.terminal {
		return unlimited
	}
	width, _, err := term.GetSize(int(o.file.Fd()))
	if err != nil || width < 20 {
		return 80
	}
	return width
}

// height is how many lines there are now.
func (o *output) height() int {
	if !o.terminal {
		return unlimited
	}
	_, height, err := term.GetSize(int(o.file.Fd()))
	if err != nil || height < 5 {
		return 24
	}
	return height
}

// line prints a line. On a terminal it is broken between words where it is too long, and goes on with the same indentation.
func (o *output) line(text string) { o.styledLine(plain, text) }

// styledLine is line in a style.
func (o *output) styledLine(s style, text string) {
	for _, part := range wrap(printable(text), o.width()) {
		fmt.Fprintln(o, o.styled(s, part))
	}
}

// marked prints a line that begins with a word that stands out.
func (o *output) marked(s style, mark, text string) {
	for i, part := range wrap(printable(mark+" "+text), o.width()) {
		if rest, found := strings.CutPrefix(part, mark); found && i == 0 {
			part = o.styled(s, mark) + rest
		}
		fmt.Fprintln(o, part)
	}
}

// style is how something stands out on a terminal that has colour (ECMA-48, SGR).
type style string

const (
	plain  style = ""
	bold   style = "1"
	dim    style = "2"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
)

func (o *output) styled(s style, text string) string {
	if !o.colour || s == plain || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// printable takes out of a text what would command a terminal: gateways and files say things too. Styles are put around afterwards.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || !unicode.IsControl(r) && !isDirection(r) {
			return r
		}
		return '\uFFFD'
	}, text)
}

// isDirection tells the characters that reorder what stands beside them (Unicode UAX #9).
func isDirection(r rune) bool {
	return r >= '\u202A' && r <= '\u202E' || r >= '\u2066' && r <= '\u2069'
}

// wrap breaks lines between words. A word that is too long is left whole.
func wrap(text string, width int) []string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if width == unlimited || runewidth.StringWidth(line) <= width {
			lines = append(lines, line)
			continue
		}
		indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
		current := indent
		for word := range strings.FieldsSeq(line) {
			switch {
			case current == indent:
				current += word
			case runewidth.StringWidth(current)+1+runewidth.StringWidth(word) > width:
				lines = append(lines, current)
				current = indent + word
			default:
				current += " " + word
			}
		}
		lines = append(lines, current)
	}
	return lines
}
