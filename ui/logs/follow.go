package logs

import (
	"context"
	"sync"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
)

// Source is where the log is read: an *api.Client.
type Source interface {
	Logs(ctx context.Context, query api.LogQuery, each func(api.LogRecord) error) error
}

// The times of following.
const (
	redraw = 100 * time.Millisecond // records that come within are shown together
	again  = 3 * time.Second        // before a log that could not be read is tried again
)

// inbox collects records that were read until they are shown. It never holds more than are kept.
type inbox struct {
	mu      sync.Mutex
	records []api.LogRecord
	filled  chan struct{} // has one where there is something
}

func newInbox() *inbox { return &inbox{filled: make(chan struct{}, 1)} }

func (b *inbox) put(record api.LogRecord) {
	b.mu.Lock()
	b.records = append(b.records, record)
	if len(b.records) > 2*mostKept {
		b.records = append([]api.LogRecord(nil), b.records[len(b.records)-mostKept:]...)
	}
	b.mu.Unlock()
	select {
	case b.filled <- struct{}{}:
	default:
	}
}

func (b *inbox) take() []api.LogRecord {
	b.mu.Lock()
	defer b.mu.Unlock()
	records := b.records
	b.records = nil
	return records
}

// follower reads a log until its context ends, and hands over what is new at most every redraw.
type follower struct {
	source Source
	level  string
	since  time.Time                     // of the newest record that is known already
	post   func(func())                  // to the goroutine that shows
	show   func(records []api.LogRecord) // on that goroutine
	state  func(err error)               // on that goroutine: the log cannot be read; nil: it is read again
}

func (f *follower) run(ctx context.Context) {
	box := newInbox()
	var reading sync.WaitGroup
	reading.Go(func() { f.read(ctx, box) })
	defer reading.Wait()
	for {
		select {
		case <-ctx.Done():
			return
		case <-box.filled:
		}
		f.post(func() {
			if ctx.Err() == nil {
				f.show(box.take())
			}
		})
		select {
		case <-ctx.Done():
			return
		case <-time.After(redraw):
		}
	}
}

// read goes on after the service was away.
func (f *follower) read(ctx context.Context, box *inbox) {
	since, failed := f.since, false
	for {
		err := f.source.Logs(ctx, api.LogQuery{Follow: true, Level: f.level, Since: since}, func(record api.LogRecord) error {
			if !record.Time.After(since) {
				return nil // it was shown before
			}
			if failed {
				failed = false
				f.tell(ctx, nil)
			}
			since = record.Time
			box.put(record)
			return nil
		})
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			failed = true
			f.tell(ctx, err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(again):
		}
	}
}

func (f *follower) tell(ctx context.Context, err error) {
	f.post(func() {
		if ctx.Err() == nil {
			f.state(err)
		}
	})
}
