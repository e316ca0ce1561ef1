package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/footbridge-vpn/footbridge/client/signin"
)

// tty is the terminal that the user sits at, wherever standard input and output go.
type tty struct {
	in, out *os.File
	fd      int
	state   *term.State
	term    *term.Terminal
}

// openTTY takes hold of the terminal and its keys: nothing is shown that is not asked to be. Close gives them back. It is
// signin.ErrNobodyToAsk where there is no terminal.
func openTTY() (*tty, error) {
	in, out, err := terminalFiles()
	if err != nil {
		return nil, signin.ErrNobodyToAsk
	}
	t := &tty{in: in, out: out}
	// The descriptor is asked for without Fd, which would make reads that no deadline ends.
	raw, err := in.SyscallConn()
	if err == nil {
		err = raw.Control(func(fd uintptr) { t.fd = int(fd) })
	}
	if err != nil || !term.IsTerminal(t.fd) {
		t.closeFiles()
		return nil, signin.ErrNobodyToAsk
	}
	if t.state, err = term.MakeRaw(t.fd); err != nil {
		t.closeFiles()
		return nil, fmt.Errorf("prepare terminal: %w", err)
	}
	t.term = term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{in, out}, "")
	if width, height, err := term.GetSize(t.fd); err == nil && width > 0 {
		t.term.SetSize(width, height)
	}
	return t, nil
}

// Close gives the terminal back as it was.
func (t *tty) Close() error {
	return errors.Join(term.Restore(t.fd, t.state), t.closeFiles())
}

func (t *tty) closeFiles() error {
	if t.in == t.out {
		return t.in.Close()
	}
	return errors.Join(t.in.Close(), t.out.Close())
}

// ask reads a line, which is shown where echo says so. Ctrl-C and Ctrl-D are signin.ErrCancelled.
func (t *tty) ask(ctx context.Context, prompt string, echo bool) (string, error) {
	ended := context.AfterFunc(ctx, func() { t.in.SetReadDeadline(time.Now()) })
	defer ended()
	type answer struct {
		text string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		var got answer
		if echo {
			t.term.SetPrompt(prompt)
			got.text, got.err = t.term.ReadLine()
		} else {
			got.text, got.err = t.term.ReadPassword(prompt)
		}
		answers <- got
	}()
	select {
	case got := <-answers:
		switch {
		case ctx.Err() != nil:
			return "", context.Cause(ctx)
		case errors.Is(got.err, io.EOF):
			fmt.Fprint(t.out, "\r\n")
			return "", signin.ErrCancelled
		case errors.Is(got.err, term.ErrPasteIndicator), got.err == nil:
			return got.text, nil
		default:
			return "", fmt.Errorf("read answer: %w", got.err)
		}
	case <-ctx.Done(): // where the terminal knows no deadlines, its reader is left behind
		fmt.Fprint(t.out, "\r\n")
		return "", context.Cause(ctx)
	}
}
