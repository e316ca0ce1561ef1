//go:build linux

// Package screen is a screen without a monitor, which tests read and click on as a person does.
package screen

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Screen is an X server in memory (Xvfb). What is on it is read by Tesseract, and xdotool moves its mouse and types.
type Screen struct {
	Display string // for $DISPLAY
	dir     string
	server  *exec.Cmd
}

// Start starts a screen of a size in pixels. Its own options follow, such as "-extension", "GLX".
func Start(dir string, width, height int, options ...string) (*Screen, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start screen: %w", err)
	}
	defer read.Close()
	arguments := append([]string{"-displayfd", "3", "-screen", "0", fmt.Sprintf("%dx%dx24", width, height), "-nolisten", "tcp"}, options...)
	s := &Screen{dir: dir, server: exec.Command("Xvfb", arguments...)}
	s.server.ExtraFiles = []*os.File{write}
	err = s.server.Start()
	write.Close()
	if err != nil {
		return nil, fmt.Errorf("start screen: %w", err)
	}
	number, err := bufio.NewReader(read).ReadString('\n') // the whole line: the server dies where nobody reads on
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("start screen: no display: %w", err)
	}
	s.Display = ":" + strings.TrimSpace(number)
	return s, nil
}

// Close ends the screen.
func (s *Screen) Close() error {
	if err := s.server.Process.Kill(); err != nil {
		return err
	}
	_ = s.server.Wait() // it was killed
	return nil
}

func (s *Screen) run(ctx context.Context, name string, arguments ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, name, arguments...)
	command.Env = append(os.Environ(), "DISPLAY="+s.Display, "OMP_THREAD_LIMIT=1")
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(stderr.String()))
	}
	return out, nil
}

// Picture writes what is on the screen as a PNG file.
func (s *Screen) Picture(ctx context.Context, path string) error {
	_, err := s.run(ctx, "import", "-window", "root", path)
	return err
}

// Word is a word that is on the screen, and where its middle is, in pixels.
type Word struct {
	Text string
	X, Y int
	line string
}

// scale is how much larger than on the screen words are read: small letters are read badly.
const scale = 2

// Words reads the screen.
func (s *Screen) Words(ctx context.Context) ([]Word, error) {
	picture := filepath.Join(s.dir, "screen.png")
	if _, err := s.run(ctx, "import", "-window", "root", "-colorspace", "Gray", "-resize", strconv.Itoa(scale*100)+"%", picture); err != nil {
		return nil, err
	}
	out, err := s.run(ctx, "tesseract", picture, "-", "--psm", "11", "-l", "eng", "tsv")
	if err != nil {
		return nil, err
	}
	return parse(string(out)), nil
}

// parse reads Tesseract's table: level, page, block, paragraph, line, word, left, top, width, height, confidence, text.
func parse(table string) []Word {
	var words []Word
	for row := range strings.Lines(table) {
		cells := strings.Split(strings.TrimRight(row, "\n"), "\t")
		if len(cells) != 12 || cells[0] != "5" || strings.TrimSpace(cells[11]) == "" {
			continue
		}
		var box [4]int
		for i := range box {
			box[i], _ = strconv.Atoi(cells[6+i])
		}
		words = append(words, Word{Text: cells[11], X: (box[0] + box[2]/2) / scale, Y: (box[1] + box[3]/2) / scale, line: strings.Join(cells[1:5], ".")})
	}
	return words
}

// Find returns the first place where words stand one after another in a line.
func Find(words []Word, text string) (Word, bool) {
	wanted := strings.Fields(text)
	for i := range words {
		if i+len(wanted) > len(words) {
			break
		}
		found := true
		for j, want := range wanted {
			word := words[i+j]
			found = found && word.line == words[i].line && clean(word.Text) == clean(want)
		}
		if found {
			first, last := words[i], words[i+len(wanted)-1]
			return Word{Text: text, X: (first.X + last.X) / 2, Y: first.Y}, true
		}
	}
	return Word{}, false
}

// clean leaves out what is read unreliably.
func clean(word string) string { return strings.ToLower(strings.Trim(word, ".,:;…·'\"|©®()")) }

// ErrNotSeen says that a text did not appear.
var ErrNotSeen = errors.New("not seen on the screen")

// Wait reads the screen until one of the texts is on it, and returns which.
func (s *Screen) Wait(ctx context.Context, limit time.Duration, texts ...string) (Word, error) {
	deadline := time.Now().Add(limit)
	for {
		words, err := s.Words(ctx)
		if err != nil {
			return Word{}, err
		}
		for _, text := range texts {
			if word, ok := Find(words, text); ok {
				return word, nil
			}
		}
		if time.Now().After(deadline) {
			return Word{}, fmt.Errorf("%w: %q; there is %q", ErrNotSeen, texts, all(words))
		}
	}
}

func all(words []Word) string {
	var texts []string
	for _, word := range words {
		texts = append(texts, word.Text)
	}
	return strings.Join(texts, " ")
}

// Click clicks on a text, once it is there.
func (s *Screen) Click(ctx context.Context, limit time.Duration, text string) error {
	word, err := s.Wait(ctx, limit, text)
	if err != nil {
		return err
	}
	return s.ClickAt(ctx, word.X, word.Y)
}

// ClickAt clicks on a place.
func (s *Screen) ClickAt(ctx context.Context, x, y int) error {
	_, err := s.run(ctx, "xdotool", "mousemove", strconv.Itoa(x), strconv.Itoa(y), "sleep", "0.1", "click", "1")
	return err
}

// Type types a text where the keyboard is.
func (s *Screen) Type(ctx context.Context, text string) error {
	_, err := s.run(ctx, "xdotool", "type", "--delay", "30", "--", text)
	return err
}

// Key presses keys, each named as xdotool names them: "Return", "ctrl+f".
func (s *Screen) Key(ctx context.Context, keys ...string) error {
	_, err := s.run(ctx, "xdotool", append([]string{"key", "--delay", "60"}, keys...)...)
	return err
}
