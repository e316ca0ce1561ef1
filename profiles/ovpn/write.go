package ovpn

import (
	"bytes"
	"crypto/tls"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Write writes a configuration that OpenVPN 2.6 accepts. It holds the configuration's secrets.
func Write(c *Config) []byte {
	w := &writer{}
	w.line("client")
	w.line("dev", "tun")
	w.connection(c)
	w.identity(c)
	w.crypto(&c.Options)
	w.timing(&c.Options)
	w.networks(c)
	w.environment(c)
	for _, words := range c.Kept {
		if isWindowsOnly(words[0]) {
			words = append([]string{"setenv", "opt"}, words...)
		}
		w.line(words...)
	}
	w.blocks(c)
	return w.out.Bytes()
}

// writer writes a line or a block at a time.
type writer struct{ out bytes.Buffer }

func (w *writer) line(words ...string) {
	for i, word := range words {
		if i > 0 {
			w.out.WriteByte(' ')
		}
		w.out.WriteString(quote(word))
	}
	w.out.WriteByte('\n')
}

func (w *writer) flag(set bool, name string) {
	if set {
		w.line(name)
	}
}

func (w *writer) text(name, value string) {
	if value != "" {
		w.line(name, value)
	}
}

func (w *writer) number(name string, n int64) {
	if n != 0 {
		w.line(name, strconv.FormatInt(n, 10))
	}
}

func (w *writer) seconds(name string, d time.Duration) {
	switch d {
	case 0:
	case Never:
		w.line(name, "0")
	default:
		w.line(name, strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10))
	}
}

// block writes an inline block. What it holds cannot end it early: a line that begins like its end tag is left out.
func (w *writer) block(name, content string) {
	if content == "" {
		return
	}
	w.out.WriteString("<" + name + ">\n")
	for line := range strings.Lines(content) {
		if !strings.HasPrefix(strings.TrimLeft(line, " \t"), "</"+name+">") {
			w.out.WriteString(strings.TrimRight(line, "\r\n") + "\n")
		}
	}
	w.out.WriteString("</" + name + ">\n")
}

// protocol is a client's name for a transport.
func protocol(transport string) string {
	if transport == "tcp" {
		return "tcp-client"
	}
	return "udp"
}

func (w *writer) connection(c *Config) {
	w.line("proto", protocol(c.Transport))
	for _, remote := range c.Remotes {
		words := []string{"remote", remote.Host, strconv.Itoa(int(remote.Port))}
		if remote.Transport != "" {
			words = append(words, protocol(remote.Transport))
		}
		w.line(words...)
	}
	w.flag(c.RemoteRandom, "remote-random")
	w.flag(c.Options.NoBind, "nobind")
	w.flag(c.Options.Float, "float")
	w.flag(c.Options.DisableDCO, "disable-dco")
	if p := c.Proxy; p != nil {
		words := []string{"http-proxy", p.Host, strconv.Itoa(int(p.Port))}
		if p.Type == "socks5" {
			words[0] = "socks-proxy"
		}
		w.line(words...)
	}
}

func (w *writer) identity(c *Config) {
	if c.Name != "" {
		w.line("verify-x509-name", c.Name, firstOf(c.NameType, "subject"))
	}
	if c.RequireServerEKU {
		w.line("remote-cert-tls", "server")
	}
	if c.KeyDirection != nil && c.ControlMode == "tls-auth" {
		w.line("key-direction", strconv.Itoa(*c.KeyDirection))
	}
}

func (w *writer) crypto(o *Options) {
	w.text("auth", o.Auth)
	if len(o.DataCiphers) > 0 {
		w.line("data-ciphers", strings.Join(o.DataCiphers, ":"))
	}
	w.text("data-ciphers-fallback", o.FallbackCipher)
	w.text("tls-version-min", versionName(o.TLSVersionMin))
	w.text("tls-version-max", versionName(o.TLSVersionMax))
	switch o.Compression {
	case "comp-lzo":
		w.line("comp-lzo", "no")
	case "stub", "stub-v2":
		w.line("compress", o.Compression)
	}
	w.number("replay-window", int64(o.ReplayWindow))
	w.number("max-packet-size", int64(o.MaxPacketSize))
}

func versionName(version uint16) string {
	switch version {
	case tls.VersionTLS12:
		return "1.2"
	case tls.VersionTLS13:
		return "1.3"
	default:
		return ""
	}
}

func (w *writer) timing(o *Options) {
	w.seconds("tls-timeout", o.TLSTimeout)
	w.seconds("hand-window", o.HandshakeWindow)
	w.seconds("tran-window", o.TransitionWindow)
	w.seconds("reneg-sec", o.RenegotiateAfter)
	w.number("reneg-bytes", o.RenegotiateBytes)
	w.number("reneg-pkts", o.RenegotiatePackets)
	w.seconds("ping", o.Ping)
	w.seconds("ping-restart", o.PingRestart)
	w.seconds("ping-exit", o.PingExit)
	if o.Inactive > 0 {
		w.line("inactive", strconv.Itoa(int(o.Inactive/time.Second)), strconv.FormatInt(o.InactiveBytes, 10))
	}
	w.seconds("session-timeout", o.SessionTimeout)
	w.seconds("connect-timeout", o.ConnectTimeout)
	w.seconds("connect-retry", o.ConnectRetry)
	w.number("connect-retry-max", int64(o.ConnectRetryMax))
	w.number("explicit-exit-notify", int64(o.ExplicitExitNotify))
	w.number("tun-mtu", int64(o.TunMTU))
	if o.MSSFix != nil {
		words := []string{"mssfix", strconv.Itoa(*o.MSSFix)}
		if o.MSSFixMode != "" {
			words = append(words, o.MSSFixMode)
		}
		w.line(words...)
	}
}

func (w *writer) environment(c *Config) {
	if c.FriendlyName != "" {
		w.line("setenv", "FRIENDLY_NAME", c.FriendlyName)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Options.PeerInfo)) {
		w.line("setenv", name, c.Options.PeerInfo[name])
	}
	w.flag(c.Options.PushPeerInfo, "push-peer-info")
	w.text("auth-retry", c.Options.AuthRetry)
	w.flag(c.Options.AuthNoCache, "auth-nocache")
	if challenge := c.Challenge; challenge != nil {
		words := []string{"static-challenge", challenge.Text, "0"}
		if challenge.Echo {
			words[2] = "1"
		}
		if challenge.Concat {
			words = append(words, "concat")
		}
		w.line(words...)
	}
}

func firstOf(text, otherwise string) string {
	if text != "" {
		return text
	}
	return otherwise
}
