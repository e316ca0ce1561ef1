// Package instance keeps the desktop app to one window a user: a second start raises the first.
package instance

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// Request is what a second start asks of the first.
type Request struct {
	Import []string `json:"import,omitempty"` // files, by whole paths
	Hidden bool     `json:"hidden,omitempty"` // do not raise the window
}

// The bounds of a request.
const (
	maxRequest  = 64 << 10
	answerLimit = 5 * time.Second
)

// ErrSilent says that another instance runs and does not answer.
var ErrSilent = errors.New("another window of Footbridge runs and does not answer")

// Instance is the first start.
type Instance struct {
	lock     *flock.Flock
	listener net.Listener
}

// Claim makes this program the first of its user. Where another one is, that one gets the request instead and the result is nil.
func Claim(dir string, request Request) (*Instance, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("claim window: %w", err)
	}
	lock := flock.New(filepath.Join(dir, "window.lock"))
	deadline := time.Now().Add(answerLimit)
	for {
		first, err := lock.TryLock()
		if err != nil {
			return nil, fmt.Errorf("claim window: %w", err)
		}
		if first {
			break
		}
		if err := ask(dir, request); err == nil {
			return nil, nil
		} else if time.Now().After(deadline) {
			return nil, errors.Join(ErrSilent, err)
		}
		time.Sleep(50 * time.Millisecond) // it is on its way up, or down
	}
	listener, err := listen(dir)
	if err != nil {
		lock.Close()
		return nil, fmt.Errorf("claim window: %w", err)
	}
	return &Instance{lock, listener}, nil
}

// ask gives a request to the first start.
func ask(dir string, request Request) error {
	conn, err := dial(dir)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(answerLimit))
	data, err := json.Marshal(request)
	if err != nil {
		return err
	}
	if _, err := conn.Write(append(data, '\n')); err != nil {
		return err
	}
	answer := make([]byte, 3)
	if _, err := io.ReadFull(conn, answer); err != nil {
		return err
	}
	return nil
}

// Serve hands the requests of later starts to a function, until ctx ends.
func (i *Instance) Serve(ctx context.Context, each func(Request)) {
	stop := context.AfterFunc(ctx, func() { i.listener.Close() })
	defer stop()
	for {
		conn, err := i.listener.Accept()
		if err != nil {
			return
		}
		if request, err := read(conn); err == nil {
			each(request)
			_, _ = conn.Write([]byte("ok\n"))
		}
		conn.Close()
	}
}

func read(conn net.Conn) (Request, error) {
	conn.SetDeadline(time.Now().Add(answerLimit))
	line, err := bufio.NewReader(io.LimitReader(conn, maxRequest)).ReadBytes('\n')
	if err != nil {
		return Request{}, err
	}
	return Parse(line)
}

// Parse reads a request. Paths that are not whole are refused: this program has another working directory.
func Parse(line []byte) (Request, error) {
	var request Request
	if err := json.Unmarshal(line, &request); err != nil {
		return Request{}, fmt.Errorf("read request: %w", err)
	}
	for _, path := range request.Import {
		if !filepath.IsAbs(path) {
			return Request{}, fmt.Errorf("read request: %q is not a whole path", path)
		}
	}
	return request, nil
}

// Close lets another start be the first.
func (i *Instance) Close() error { return errors.Join(i.listener.Close(), i.lock.Close()) }
