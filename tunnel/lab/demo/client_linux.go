package demo

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel"
	"github.com/footbridge-vpn/footbridge/tunnel/lab"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns"
)

const (
	maxEvent   = 4 << 20 // bytes of one event: a session with thousands of routes
	maxErrors  = 8 << 10 // bytes kept of what the client logs
	endTimeout = 20 * time.Second
)

// client is "footbridge run" on the laptop.
type client struct {
	command *exec.Cmd
	ended   <-chan error
	events  chan event
	errors  *tail
}

// event is a line of "footbridge run --json".
type event struct {
	tunnel.Event
	Kind  string `json:"kind"` // an event's kind, "finding" or "failure"
	Error string `json:"error"`
}

// startClient starts the client with the profile package and the client certificate.
func startClient(ctx context.Context, l *lab.Lab, program string) (*client, error) {
	command := l.Laptop.Command(ctx, program, "run", l.Files.Package, "--cert", l.Files.Certificate, "--key", l.Files.Key,
		"--json", "--state-dir", filepath.Join(l.Files.Directory, "state"))
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGINT) }
	command.WaitDelay = endTimeout
	reader, writer := io.Pipe()
	c := &client{command: command, events: make(chan event, 64), errors: &tail{}}
	command.Stdout, command.Stderr = writer, c.errors
	ended, err := netns.StartTied(command)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	passed := make(chan error, 1)
	go func() {
		err := <-ended
		writer.Close()
		passed <- err
	}()
	c.ended = passed
	go c.read(reader)
	return c, nil
}

// read passes events on. It always reads on, so that the client is never stopped by a full pipe; events that nobody waits for
// are dropped.
func (c *client) read(reader io.Reader) {
	defer close(c.events)
	scanner := bufio.NewScanner(reader)
	scanner.Buffer(nil, maxEvent)
	for scanner.Scan() {
		var e event
		if json.Unmarshal(scanner.Bytes(), &e) != nil {
			continue
		}
		select {
		case c.events <- e:
		default:
		}
	}
	io.Copy(io.Discard, reader)
}

// connected waits until the tunnel is up and tells what happens on the way.
func (c *client) connected(ctx context.Context, tell func(format string, values ...any)) (*tunnel.Session, error) {
	var told tunnel.Stage
	for {
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for the tunnel: %w%s", ctx.Err(), c.errors)
		case e, open := <-c.events:
			switch {
			case !open:
				return nil, fmt.Errorf("footbridge ended before the tunnel was up%s", c.errors)
			case e.Kind == "failure":
				return nil, fmt.Errorf("footbridge: %s%s", e.Error, c.errors)
			case e.Kind == string(tunnel.KindStage) && e.Stage != told && stages[e.Stage] != "":
				told = e.Stage
				tell("%s", stages[e.Stage])
			case e.Kind == string(tunnel.KindWarning):
				tell("Footbridge warns: %s", e.Message)
			case e.Kind == string(tunnel.KindSession) && e.Session != nil:
				return e.Session, nil
			}
		}
	}
}

// stages says what footbridge does at a stage.
var stages = map[tunnel.Stage]string{
	tunnel.Dialling:       "Footbridge connects to the gateway.",
	tunnel.Handshaking:    "It verifies the gateway: its certificate's root, purpose and name.",
	tunnel.Authenticating: "It signs in with the client certificate.",
	tunnel.Configuring:    "It sets the laptop up: address, routes, name servers.",
}

// end ends the client as Ctrl-C does, and waits. How it ended counts.
func (c *client) end() error {
	if err := c.command.Process.Signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("end footbridge: %w", err)
	}
	select {
	case err := <-c.ended:
		if err != nil {
			return &exitError{err, c.errors.String()}
		}
		return nil
	case <-time.After(endTimeout):
		return errors.Join(errors.New("footbridge does not end"), c.command.Process.Kill())
	}
}

// stop ends a client that was in the way of something else, where it does not matter how it ends.
func (c *client) stop() error {
	err := c.end()
	var exit *exitError
	if errors.As(err, &exit) {
		return nil
	}
	return err
}

// exitError is the end of a client with an exit code or by a signal.
type exitError struct {
	err    error
	output string
}

func (e *exitError) Error() string { return fmt.Sprintf("footbridge ended with %v%s", e.err, e.output) }

func (e *exitError) Unwrap() error { return e.err }

// tail keeps the end of what is written.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(data []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, data...)
	t.text = t.text[max(0, len(t.text)-maxErrors):]
	return len(data), nil
}

// String is the text for the end of an error, or nothing.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.text) == 0 {
		return ""
	}
	return "; it said:\n" + strings.TrimSpace(string(t.text))
}
