package gateway

import (
	"testing"
	"time"
)

func TestKeepalive(t *testing.T) {
	start := time.Unix(1_000_000, 0)
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	both := keepalive{ping: 10 * time.Second, timeout: 60 * time.Second}
	tests := []struct {
		name                string
		keepalive           keepalive
		now, sent, received int
		wantPing, wantDead  bool
		wantAgain           int // 0: never
	}{
		{"busy", both, 100, 95, 98, false, false, 105},
		{"nothing sent", both, 100, 90, 98, true, false, 110},
		{"long silent", both, 100, 95, 45, false, false, 105},
		{"the end is near", both, 104, 104, 45, false, false, 105},
		{"dead", both, 105, 100, 45, false, true, 105},
		{"only pings", keepalive{ping: 10 * time.Second}, 1000, 995, 1, false, false, 1005},
		{"only a time-out", keepalive{timeout: 10 * time.Second}, 5, 1, 1, false, false, 11},
		{"off", keepalive{}, 1000, 1, 1, false, false, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ping, dead, again := test.keepalive.due(at(test.now), at(test.sent), at(test.received))
			if ping != test.wantPing || dead != test.wantDead {
				t.Errorf("ping %v, dead %v", ping, dead)
			}
			if test.wantAgain == 0 != again.IsZero() || test.wantAgain != 0 && !again.Equal(at(test.wantAgain)) {
				t.Errorf("again at %v", again.Sub(start))
			}
		})
	}
}
