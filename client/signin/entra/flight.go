package entra

import (
	"context"
	"errors"
	"sync"
)

// flights lets one refresh at a time run for an account: MSAL has no such thing, and five refreshes at once are five refresh tokens.
type flights struct {
	mu     sync.Mutex
	flying map[string]*flight
}

type flight struct {
	landed    chan struct{} // closed when there are a token or an error
	token     Token
	err       error
	abandoned bool // its caller went away
}

// do runs a refresh, or waits for the one that runs. joined is true for who waited.
func (f *flights) do(ctx context.Context, key string, refresh func(context.Context) (Token, error)) (token Token, joined bool, err error) {
	for {
		f.mu.Lock()
		other := f.flying[key]
		if other == nil {
			mine := &flight{landed: make(chan struct{})}
			if f.flying == nil {
				f.flying = map[string]*flight{}
			}
			f.flying[key] = mine
			f.mu.Unlock()
			f.fly(ctx, key, mine, refresh)
			return mine.token, false, mine.err
		}
		f.mu.Unlock()
		select {
		case <-other.landed:
			if other.err != nil && other.abandoned {
				continue
			}
			return other.token, true, other.err
		case <-ctx.Done():
			return Token{}, true, ended(ctx)
		}
	}
}

func (f *flights) fly(ctx context.Context, key string, mine *flight, refresh func(context.Context) (Token, error)) {
	defer func() {
		f.mu.Lock()
		delete(f.flying, key)
		f.mu.Unlock()
		close(mine.landed)
	}()
	mine.err = newProblem(CodeInternal, errors.New("refresh: it ended in a panic")) // unless it returns
	mine.token, mine.err = refresh(ctx)
	mine.abandoned = ctx.Err() != nil
}
