package page

import (
	"context"
	"time"
)

// Every has something done again and again on the goroutine that may touch widgets, until the returned function is called.
func Every(env Env, interval time.Duration, do func()) (stop func()) {
	ended := make(chan struct{})
	env.Go(func(ctx context.Context) {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ended:
				return
			case <-ticker.C:
				env.Post(func() {
					select {
					case <-ended: // it was on its way when it was stopped
					default:
						do()
					}
				})
			}
		}
	})
	return func() { close(ended) }
}
