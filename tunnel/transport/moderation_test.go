package transport

import (
	"testing"
	"time"
)

func TestModeration(t *testing.T) {
	now := time.Now()
	var m moderation
	feed := func(count, packets int, apart time.Duration) (gathered int) {
		for range count {
			now = now.Add(apart)
			if m.read(now, packets) {
				gathered++
			}
		}
		return gathered
	}
	if n := feed(1000, 1, time.Millisecond); n != 0 {
		t.Errorf("slow traffic waited %d times", n)
	}
	if n := feed(1000, 40, 50*time.Microsecond); n != 0 {
		t.Errorf("full reads waited %d times", n)
	}
	feed(1, 1, time.Second)
	if n := feed(fastStreak+100, 3, 30*time.Microsecond); n < 100 {
		t.Errorf("fast traffic in small pieces waited only %d times", n)
	}
	if n := feed(100, 30, 220*time.Microsecond); n != 100 {
		t.Errorf("gathered runs ended the waiting after %d", n)
	}
	if n := feed(100, 1, 250*time.Microsecond); n != 0 {
		t.Errorf("traffic that became slow still waited %d times", n)
	}
}
