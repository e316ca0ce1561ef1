package client

import (
	"context"
	"path/filepath"
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
	watchFolder(watcher, profiles.Dir())
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
				settle = time.After(0)
			}
			watchFolder(watcher, profiles.Dir()) // before the look at what is in it
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

// watchFolder watches a folder. One that does not exist, as before a user's first import, is waited for in the nearest above it.
func watchFolder(watcher *fsnotify.Watcher, path string) {
	for watcher.Add(path) != nil && path != filepath.Dir(path) {
		path = filepath.Dir(path)
	}
}
