package client

import (
	"context"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/footbridge-vpn/footbridge/profiles/store"
)

// The times of watching the user's profiles.
const (
	storeSettles  = 300 * time.Millisecond
	storeRechecks = time.Minute
)

// watchStore tells when the profiles of a store may have changed.
func watchStore(ctx context.Context, profiles *store.Store) (<-chan time.Time, func()) {
	out := make(chan time.Time, 1)
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		ticker := time.NewTicker(storeRechecks)
		return ticker.C, ticker.Stop
	}
	_ = watcher.Add(profiles.Dir()) // a folder that is not there yet is found by the next look
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			var settle <-chan time.Time
			select {
			case <-ctx.Done():
				return
			case <-watcher.Events:
				settle = time.After(storeSettles)
			case <-time.After(storeRechecks):
				_ = watcher.Add(profiles.Dir())
				settle = time.After(0)
			}
			select {
			case <-ctx.Done():
				return
			case now := <-settle:
				select {
				case out <- now:
				default:
				}
			}
		}
	}()
	return out, func() { watcher.Close(); <-done }
}
