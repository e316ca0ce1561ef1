package relay

import (
	"container/heap"
	"math/rand/v2"
	"time"
)

// Impairment is what happens to the datagrams of one direction. The probabilities are between 0 and 1.
type Impairment struct {
	Loss      float64       // of a datagram being dropped
	Duplicate float64       // of it coming twice
	Reorder   float64       // of it coming after the datagram behind it
	Delay     time.Duration // of all
	Jitter    time.Duration // at most this much more, so that datagrams may overtake each other
}

const (
	// longestHold is how long a datagram waits for the one that is to overtake it.
	longestHold = 20 * time.Millisecond
	// maxQueued bounds the datagrams under way in one direction; more are dropped as by a full queue.
	maxQueued = 10_000
)

// Counters are what became of the datagrams of one direction.
type Counters struct {
	Arrived, Forwarded, Lost, Duplicated, Reordered uint64
}

// line is one direction's way through the relay. What it does with the n-th datagram depends on its seed, n and the impairment only.
type line struct {
	random   *rand.Rand
	order    uint64
	queue    queue
	held     *datagram // waits to be overtaken
	counters Counters
}

// datagram is on its way to where send brings it.
type datagram struct {
	due   time.Time
	order uint64
	data  []byte
	send  func([]byte)
}

func newLine(seed, direction uint64) *line {
	return &line{random: rand.New(rand.NewPCG(seed, direction))}
}

// take decides about a datagram that has arrived. data is copied.
func (l *line) take(now time.Time, impairment Impairment, data []byte, send func([]byte)) {
	// Always as many draws, so that a changed setting does not shift the decisions after it.
	loss, duplicate, reorder, jitter := l.random.Float64(), l.random.Float64(), l.random.Float64(), l.random.Float64()
	l.counters.Arrived++
	if loss < impairment.Loss {
		l.counters.Lost++
		return
	}
	copies := 1
	if duplicate < impairment.Duplicate {
		l.counters.Duplicated++
		copies = 2
	}
	delay := impairment.Delay + time.Duration(jitter*float64(impairment.Jitter))
	d := datagram{due: now.Add(delay), data: append([]byte(nil), data...), send: send}
	if l.held == nil && reorder < impairment.Reorder {
		l.counters.Reordered++
		d.due = d.due.Add(longestHold)
		l.held = &d
		for range copies - 1 {
			l.push(d)
		}
		return
	}
	for range copies {
		l.push(d)
	}
	if l.held != nil {
		overtaken := *l.held
		overtaken.due = d.due
		l.held = nil
		l.push(overtaken)
	}
}

func (l *line) push(d datagram) {
	if len(l.queue) >= maxQueued {
		l.counters.Lost++
		return
	}
	l.order++
	d.order = l.order
	heap.Push(&l.queue, d)
}

// release sends what is due.
func (l *line) release(now time.Time) {
	if l.held != nil && !l.held.due.After(now) {
		l.push(*l.held)
		l.held = nil
	}
	for len(l.queue) > 0 && !l.queue[0].due.After(now) {
		d := heap.Pop(&l.queue).(datagram)
		d.send(d.data)
		l.counters.Forwarded++
	}
}

// next is when something will be due; zero: nothing is under way.
func (l *line) next() time.Time {
	var next time.Time
	if len(l.queue) > 0 {
		next = l.queue[0].due
	}
	if l.held != nil && (next.IsZero() || l.held.due.Before(next)) {
		next = l.held.due
	}
	return next
}

// queue is a heap, the datagram that is due first on top.
type queue []datagram

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	if q[i].due.Equal(q[j].due) {
		return q[i].order < q[j].order
	}
	return q[i].due.Before(q[j].due)
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push and Pop are container/heap's, which speaks in any.
func (q *queue) Push(x any) { *q = append(*q, x.(datagram)) }
func (q *queue) Pop() any {
	old := *q
	last := old[len(old)-1]
	old[len(old)-1] = datagram{}
	*q = old[:len(old)-1]
	return last
}
