package ovpn

import (
	"strconv"
	"time"
)

// longest bounds durations in seconds.
const longest = 10 * 365 * 24 * 3600

// timingOptions are how long things may take, how often they happen, and how large packets are.
func timingOptions() map[string]option {
	seconds := func(target func(*Options) *time.Duration, zero time.Duration) option {
		return option{1, 1, false, func(m *mapper, d *directive) {
			*target(&m.config.Options) = m.duration(d, d.argument(0), zero)
		}}
	}
	connectTimeout := seconds(func(o *Options) *time.Duration { return &o.ConnectTimeout }, 0)
	return map[string]option{
		"tls-timeout":          seconds(func(o *Options) *time.Duration { return &o.TLSTimeout }, 0),
		"hand-window":          seconds(func(o *Options) *time.Duration { return &o.HandshakeWindow }, 0),
		"tran-window":          seconds(func(o *Options) *time.Duration { return &o.TransitionWindow }, 0),
		"ping":                 seconds(func(o *Options) *time.Duration { return &o.Ping }, Never),
		"ping-restart":         seconds(func(o *Options) *time.Duration { return &o.PingRestart }, Never),
		"ping-exit":            seconds(func(o *Options) *time.Duration { return &o.PingExit }, Never),
		"connect-timeout":      connectTimeout,
		"server-poll-timeout":  connectTimeout,
		"session-timeout":      seconds(func(o *Options) *time.Duration { return &o.SessionTimeout }, 0),
		"reneg-sec":            {1, 2, false, (*mapper).renegSec}, // a second argument is a server's
		"reneg-bytes":          {1, 1, false, func(m *mapper, d *directive) { m.config.Options.RenegotiateBytes = m.bytes(d, 0) }},
		"reneg-pkts":           {1, 1, false, func(m *mapper, d *directive) { m.config.Options.RenegotiatePackets = m.bytes(d, 0) }},
		"keepalive":            {2, 2, false, (*mapper).keepalive},
		"inactive":             {1, 2, false, (*mapper).inactive},
		"connect-retry":        {1, 2, false, (*mapper).connectRetry},
		"connect-retry-max":    {1, 1, false, (*mapper).connectRetryMax},
		"explicit-exit-notify": {0, 1, false, (*mapper).explicitExitNotify},
		"tun-mtu":              {1, 2, false, func(m *mapper, d *directive) { m.config.Options.TunMTU = m.number(d, d.argument(0), 100, 65535) }},
		"mssfix":               {0, 2, false, (*mapper).mssfix},
	}
}

// duration reads seconds; zero is what 0 stands for.
func (m *mapper) duration(d *directive, text string, zero time.Duration) time.Duration {
	if text == "0" {
		return zero
	}
	return time.Duration(m.number(d, text, 0, longest)) * time.Second
}

func (m *mapper) bytes(d *directive, argument int) int64 {
	n, err := strconv.ParseInt(d.argument(argument), 10, 64)
	if err != nil || n < 0 {
		m.Fault("bad-number", d.line, "The value of "+d.name+" is not a number of zero or more.", "Correct it.")
		return 0
	}
	return n
}

func (m *mapper) renegSec(d *directive) {
	m.config.Options.RenegotiateAfter = m.duration(d, d.argument(0), Never)
}

func (m *mapper) keepalive(d *directive) {
	m.config.Options.Ping = m.duration(d, d.argument(0), Never)
	m.config.Options.PingRestart = m.duration(d, d.argument(1), Never)
}

func (m *mapper) inactive(d *directive) {
	m.config.Options.Inactive = m.duration(d, d.argument(0), 0)
	if d.argument(1) != "" {
		m.config.Options.InactiveBytes = m.bytes(d, 1)
	}
}

func (m *mapper) connectRetry(d *directive) {
	m.config.Options.ConnectRetry = m.duration(d, d.argument(0), 0)
}

func (m *mapper) connectRetryMax(d *directive) {
	if text := d.argument(0); text != "infinite" && text != "unlimited" {
		m.config.Options.ConnectRetryMax = m.number(d, text, 0, 1<<30)
	}
}

func (m *mapper) explicitExitNotify(d *directive) {
	m.config.Options.ExplicitExitNotify = 1
	if text := d.argument(0); text != "" {
		m.config.Options.ExplicitExitNotify = m.number(d, text, 0, 100)
	}
}

// mssfix without a number is the default.
func (m *mapper) mssfix(d *directive) {
	options := &m.config.Options
	options.MSSFix, options.MSSFixMode = nil, ""
	text := d.argument(0)
	if text == "" {
		return
	}
	size := m.number(d, text, 0, 65535)
	options.MSSFix = &size
	switch mode := d.argument(1); mode {
	case "", "mtu", "fixed":
		options.MSSFixMode = mode
	default:
		m.Fault("bad-argument", d.line, "What mssfix is to count is not known.", "Write mtu or fixed behind the number, or nothing.")
	}
}
