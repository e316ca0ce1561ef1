package main

import (
	"fmt"
	"time"

	"github.com/footbridge-vpn/footbridge/client/language"
)

// waiting is a line on a terminal in which time passes.
type waiting struct {
	halt  chan struct{}
	ended chan struct{}
}

// wait says what is waited for, and on a terminal for how long by now.
func (a *app) wait(key string) *waiting { return a.waitOn(a.out, a.text(key, nil)) }

// waitFor is wait beside the results of a command.
func (a *app) waitFor(text string) *waiting { return a.waitOn(a.err, text) }

func (a *app) waitOn(out *output, text string) *waiting {
	w := &waiting{halt: make(chan struct{}), ended: make(chan struct{})}
	if !out.terminal {
		out.line(text)
		close(w.ended)
		return w
	}
	started := time.Now()
	show := func() {
		waited := a.text("progress.waited", language.Values{"Time": a.texts().Duration(time.Since(started))})
		fmt.Fprint(out, "\r\x1b[K"+text+" "+waited)
	}
	show()
	go func() {
		defer close(w.ended)
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				show()
			case <-w.halt:
				fmt.Fprintln(out)
				return
			}
		}
	}()
	return w
}

func (w *waiting) stop() {
	close(w.halt)
	<-w.ended
}
