package gateway

import "time"

// keepalive decides when to ping a client and when to give it up (OpenVPN ping.c).
type keepalive struct {
	ping    time.Duration // of silence from here; 0: no pings
	timeout time.Duration // of silence from there; 0: never
}

// clientTimeout is how much longer than a client the gateway waits, so that the client is the first to notice
// (OpenVPN helper.c, helper_keepalive).
const clientTimeout = 2

func (c *Config) keepalive() keepalive {
	return keepalive{ping: c.Ping, timeout: clientTimeout * c.PingTimeout}
}

// due says what is to be done now, and when to ask again; zero: never.
func (k keepalive) due(now, lastSent, lastReceived time.Time) (ping, dead bool, again time.Time) {
	if k.ping > 0 {
		again = lastSent.Add(k.ping)
		if !now.Before(again) {
			ping = true
			again = now.Add(k.ping)
		}
	}
	if k.timeout > 0 {
		end := lastReceived.Add(k.timeout)
		dead = !now.Before(end)
		if again.IsZero() || end.Before(again) {
			again = end
		}
	}
	return ping, dead, again
}
