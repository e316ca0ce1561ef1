package openvpn

import (
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
)

// lifeState is what keeps an established session alive, and what ends it.
type lifeState struct {
	heard time.Time // the last control packet of the gateway

	ping, pingRestart, pingExit time.Duration // 0: off
	inactive                    time.Duration // 0: off
	inactiveBytes               uint64
	active                      time.Time // when enough had flowed the last time
	activeBytes                 uint64    // what had flowed then
	endsAt                      time.Time // session-timeout

	tried       time.Time // when an in-band message was sent, or could not be
	looked      time.Time // when keepAlive came last
	renegotiate bool      // a renegotiation waits for a credential
	closing     bool      // EXIT is on its way
	closeAt     time.Time // when not to wait for it any longer
}

// beginLife starts the clocks of an established session. What the gateway pushed wins over the profile.
func (c *Client) beginLife(now time.Time, options *push.Options) {
	life := &c.life
	life.ping = chosen(options.Ping, c.config.Ping)
	life.pingRestart = chosen(options.PingRestart, c.config.PingRestart)
	life.pingExit = chosen(options.PingExit, c.config.PingExit)
	life.inactive, life.inactiveBytes = chosen(options.Inactive, c.config.Inactive), uint64(max(0, c.config.InactiveBytes))
	if options.Inactive != 0 {
		life.inactiveBytes = uint64(options.InactiveBytes)
	}
	life.heard, life.active, life.tried, life.looked = now, now, now, now
	life.activeBytes, _ = c.traffic()
	if timeout := chosen(options.SessionTimeout, c.config.SessionTimeout); timeout > 0 {
		life.endsAt = now.Add(timeout)
	}
}

// chosen is the pushed duration or the profile's, 0 where both are off.
func chosen(pushed, own time.Duration) time.Duration {
	if pushed == 0 {
		pushed = own
	}
	return max(pushed, 0)
}

// lifeDeadline is when keepAlive has something to do.
func (c *Client) lifeDeadline() time.Time {
	if c.life.closing {
		return c.life.closeAt
	}
	if c.stage != StageEstablished {
		return time.Time{}
	}
	deadline := c.life.endsAt
	if c.life.ping > 0 {
		deadline = earlier(deadline, c.lastSent().Add(c.life.ping))
	}
	if limit := c.silenceLimit(); limit > 0 {
		deadline = earlier(deadline, c.lastHeard().Add(limit))
	}
	if c.life.inactive > 0 {
		deadline = earlier(deadline, c.life.active.Add(c.life.inactive))
	}
	return earlier(deadline, c.usageDeadline())
}

// silenceLimit is how long the gateway may be silent: ping-restart or ping-exit, whichever comes first.
func (c *Client) silenceLimit() time.Duration {
	restart, exit := c.life.pingRestart, c.life.pingExit
	if restart == 0 || exit > 0 && exit < restart {
		return exit
	}
	return restart
}

// sleepSlack is how late keepAlive may come on a busy computer.
const sleepSlack = 5 * time.Second

// keepAlive pings, and ends a session whose time is over. The time of a session is also over where this program was held for longer
// than the gateway is patient, as by a suspended computer: the packets that waited in the socket since then say nothing of the gateway.
func (c *Client) keepAlive(now time.Time) {
	if c.ended() || c.stage != StageEstablished {
		return
	}
	if c.life.closing {
		if !now.Before(c.life.closeAt) || c.current.channel.Delivered() {
			c.closed()
		}
		return
	}
	limit := c.silenceLimit()
	slept := limit > 0 && now.Sub(c.life.looked) > limit+sleepSlack
	c.life.looked = now
	if c.life.ping > 0 && !now.Before(c.lastSent().Add(c.life.ping)) {
		c.sendPing(now)
	}
	if slept || limit > 0 && !now.Before(c.lastHeard().Add(limit)) {
		code := PingRestart
		if c.life.pingExit == limit {
			code = PingExit
		}
		c.fail(&Failure{Code: code, Temporary: code == PingRestart})
		return
	}
	if !c.life.endsAt.IsZero() && !now.Before(c.life.endsAt) {
		c.notifyExit(now)
		c.fail(&Failure{Code: SessionTimeout})
		return
	}
	c.checkActivity(now)
}

// checkActivity ends a session in which too little flowed for too long.
func (c *Client) checkActivity(now time.Time) {
	if c.life.inactive == 0 {
		return
	}
	if total, _ := c.traffic(); total-c.life.activeBytes > 0 && total-c.life.activeBytes >= c.life.inactiveBytes {
		c.life.active, c.life.activeBytes = now, total
	}
	if !now.Before(c.life.active.Add(c.life.inactive)) {
		c.notifyExit(now)
		c.fail(&Failure{Code: Inactive})
	}
}
