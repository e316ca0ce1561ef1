package control

import (
	"context"
	"time"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/tunnel"
)

// The times of measuring traffic.
const (
	meterInterval = time.Second
	meterHistory  = 5 * time.Minute
)

// Sample is how fast a connection was until a moment, in bytes of inner IP a second.
type Sample struct {
	At      time.Time
	In, Out float64
}

// meter keeps how fast each session was. It asks only while someone looks.
type meter struct {
	lookers int
	running bool
	by      map[string]*series // by session id
}

type series struct {
	last    tunnel.Traffic
	at      time.Time
	samples []Sample // oldest first
}

func newMeter() meter { return meter{by: map[string]*series{}} }

// keep drops the sessions that are over.
func (m *meter) keep(view client.View) {
	live := map[string]bool{}
	for _, connection := range view.Connections {
		if connection.Session != nil {
			live[connection.Session.ID] = true
		}
	}
	for id := range m.by {
		if !live[id] {
			delete(m.by, id)
		}
	}
}

// add takes what the counters were at a moment.
func (m *meter) add(at time.Time, counters map[string]tunnel.Traffic) {
	for id, now := range counters {
		s := m.by[id]
		if s == nil {
			m.by[id] = &series{last: now, at: at}
			continue
		}
		elapsed := at.Sub(s.at).Seconds()
		if elapsed <= 0 || now.BytesIn < s.last.BytesIn || now.BytesOut < s.last.BytesOut {
			s.last, s.at = now, at
			continue
		}
		s.samples = append(s.samples, Sample{at, float64(now.BytesIn-s.last.BytesIn) / elapsed, float64(now.BytesOut-s.last.BytesOut) / elapsed})
		s.last, s.at = now, at
		for len(s.samples) > 0 && at.Sub(s.samples[0].At) > meterHistory {
			s.samples = s.samples[1:]
		}
	}
}

// Traffic is how fast a session was in the last minutes, oldest first, and its totals.
func (c *Controller) Traffic(session string) ([]Sample, tunnel.Traffic) {
	s := c.meter.by[session]
	if s == nil {
		return nil, tunnel.Traffic{}
	}
	return s.samples, s.last
}

// LookAtTraffic has traffic measured until the returned function is called.
func (c *Controller) LookAtTraffic() (stop func()) {
	c.meter.lookers++
	if !c.meter.running {
		c.meter.running = true
		c.measure()
	}
	ended := false
	return func() {
		if !ended {
			ended = true
			c.meter.lookers--
		}
	}
}

// measure asks once, and again after a while where someone still looks.
func (c *Controller) measure() {
	if c.meter.lookers == 0 {
		c.meter.running = false
		return
	}
	idle := !c.anySession()
	c.options.Go(func(ctx context.Context) {
		if !idle {
			c.measureOnce(ctx)
		}
		select {
		case <-ctx.Done():
		case <-time.After(meterInterval):
			c.options.Post(c.measure)
		}
	})
}

func (c *Controller) measureOnce(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, 5*meterInterval)
	defer cancel()
	counters, err := c.options.Connector.Traffic(limited)
	at := c.options.Now()
	if err != nil {
		c.options.Logger.Debug("traffic not measured", "error", err)
		return
	}
	c.options.Post(func() {
		c.meter.add(at, counters)
		c.tell()
	})
}

func (c *Controller) anySession() bool {
	for _, connection := range c.view.Connections {
		if connection.Session != nil {
			return true
		}
	}
	return false
}

// LooksAtTraffic reports whether traffic is measured for somebody.
func (c *Controller) LooksAtTraffic() bool { return c.meter.lookers > 0 }
