package fleet

import (
	"math/rand/v2"
	"time"
)

// The waits after a check that failed: doubled from the first to the last, or to the interval where that is shorter.
const (
	firstRetry = time.Minute
	lastRetry  = 15 * time.Minute
)

// wait is how long to wait for the next check. It differs from computer to computer, so that a thousand of them do not all ask at once.
func (s *Source) wait(failures int, problem *Problem) time.Duration {
	interval := s.Every()
	if failures == 0 {
		return jitter(interval)
	}
	retry := min(firstRetry<<min(failures-1, 10), lastRetry, interval)
	if problem != nil && problem.retryAfter > 0 {
		retry = max(retry, min(problem.retryAfter, interval))
	}
	return jitter(retry)
}

// jitter is a time up to a tenth shorter or longer.
func jitter(d time.Duration) time.Duration {
	return d - d/10 + rand.N(d/5+1)
}
