package push

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Message is a control message: what the two ends tell each other inside TLS after the key method messages. Exactly one of the types
// below. Text is the message on the wire, without the NUL byte that ends it.
type Message interface {
	Text() string
	message()
}

type (
	// Request is PUSH_REQUEST: the client asks for its configuration.
	Request struct{}
	// Reply is PUSH_REPLY: options, separated by commas. See Assembler.
	Reply struct{ List string }
	// Update is PUSH_UPDATE: changed options for a client that announced that it takes them.
	Update struct{ List string }
	// AuthFailed is AUTH_FAILED: the gateway does not accept the sign-in, and why.
	AuthFailed struct {
		Reason         string
		Temporary      bool          // TEMP: try again without asking
		Backoff        time.Duration // with Temporary: how long to wait; 0: not said
		Advance        Advance       // with Temporary
		SessionExpired bool          // SESSION: the token is no longer good
		Challenge      *Challenge    // CRV1
	}
	// AuthPending is AUTH_PENDING: something outside must happen first. Timeout is how long the gateway waits; 0: not said.
	AuthPending struct{ Timeout time.Duration }
	// Info is INFO or INFO_PRE: a text, or what the user has to do to go on signing in.
	Info struct {
		Pre       bool // INFO_PRE: before the configuration
		Message   string
		Page      *WebPage   // OPEN_URL, WEB_AUTH
		Challenge *Challenge // CR_TEXT
	}
	// CRResponse is CR_RESPONSE: the user's answer to CR_TEXT.
	CRResponse struct{ Response []byte }
	// Restart is RESTART: connect again.
	Restart struct {
		Reason         string
		KeepCredential bool // [P]
		NextServer     bool // [N]
	}
	// Halt is HALT: do not connect again.
	Halt struct {
		Reason         string
		KeepCredential bool
		NextServer     bool
	}
	// Exit is EXIT: the other end leaves.
	Exit struct{}
	// Unknown is any other message.
	Unknown struct{ Raw string }
)

// Advance is where a gateway wants the next attempt to go.
type Advance string

// The arguments of advance (OpenVPN man page, "AUTH_FAILED,TEMP").
const (
	AdvanceUnsaid  Advance = ""
	AdvanceNo      Advance = "no"     // the same address
	AdvanceAddress Advance = "addr"   // the next address of the same name
	AdvanceServer  Advance = "remote" // the next server
)

// WebPage is a page that the user has to see to go on signing in.
type WebPage struct {
	URL      string // http or https
	Hidden   bool   // load it without showing it at first
	External bool   // in the user's own browser
	Proxied  bool   // only reachable through a proxy that the message names, which is not supported
}

func (Request) message()     {}
func (Reply) message()       {}
func (Update) message()      {}
func (AuthFailed) message()  {}
func (AuthPending) message() {}
func (Info) message()        {}
func (CRResponse) message()  {}
func (Restart) message()     {}
func (Halt) message()        {}
func (Exit) message()        {}
func (Unknown) message()     {}

// ParseMessage reads a control message. It takes everything; what it does not know is Unknown (OpenVPN forward.c,
// parse_incoming_control_channel_command; push.c).
func ParseMessage(text string) Message {
	text = strings.TrimRight(text, "\r\n\x00")
	name, rest, extended := strings.Cut(text, ",")
	switch name {
	case "PUSH_REQUEST":
		return Request{}
	case "PUSH_REPLY":
		return Reply{List: rest}
	case "PUSH_UPDATE":
		return Update{List: rest}
	case "AUTH_FAILED":
		return parseAuthFailed(rest)
	case "AUTH_PENDING":
		return parseAuthPending(rest)
	case "INFO", "INFO_PRE":
		return parseInfo(name == "INFO_PRE", rest)
	case "CR_RESPONSE":
		response, err := base64.StdEncoding.DecodeString(rest)
		if !extended || err != nil {
			return Unknown{Raw: printable(text)}
		}
		return CRResponse{Response: response}
	case "RESTART":
		keep, next, reason := parseSignal(rest)
		return Restart{Reason: reason, KeepCredential: keep, NextServer: next}
	case "HALT":
		keep, next, reason := parseSignal(rest)
		return Halt{Reason: reason, KeepCredential: keep, NextServer: next}
	case "EXIT":
		return Exit{}
	}
	return Unknown{Raw: printable(text)}
}

// parseAuthFailed reads what follows AUTH_FAILED (OpenVPN push.c, receive_auth_failed; options_util.c,
// parse_auth_failed_temp).
func parseAuthFailed(rest string) Message {
	if after, found := strings.CutPrefix(rest, "TEMP"); found {
		failed := AuthFailed{Temporary: true}
		if strings.HasPrefix(after, "[") {
			if flags, message, closed := strings.Cut(after[1:], "]"); closed {
				failed.setFlags(flags)
				after = message
			}
		}
		after = strings.TrimPrefix(after, ":")
		failed.Reason = printable(after)
		return failed
	}
	if after, found := strings.CutPrefix(rest, "CRV1:"); found {
		if challenge, ok := parseCRV1(after); ok {
			return AuthFailed{Reason: challenge.Text, Challenge: challenge}
		}
	}
	if after, found := strings.CutPrefix(rest, "SESSION:"); found {
		return AuthFailed{Reason: printable(after), SessionExpired: true}
	}
	return AuthFailed{Reason: printable(rest)}
}

func (f *AuthFailed) setFlags(flags string) {
	for _, flag := range strings.Split(flags, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(flag), " ")
		switch name {
		case "backoff":
			if seconds, err := strconv.Atoi(value); err == nil && seconds > 0 && seconds <= maxSeconds {
				f.Backoff = time.Duration(seconds) * time.Second
			}
		case "advance":
			switch advance := Advance(value); advance {
			case AdvanceNo, AdvanceAddress, AdvanceServer:
				f.Advance = advance
			}
		}
	}
}

func parseAuthPending(rest string) Message {
	var pending AuthPending
	for _, keyword := range strings.Split(rest, ",") {
		if value, found := strings.CutPrefix(keyword, "timeout "); found {
			if seconds, err := strconv.Atoi(strings.TrimSpace(value)); err == nil && seconds > 0 && seconds <= maxSeconds {
				pending.Timeout = time.Duration(seconds) * time.Second
			}
		}
	}
	return pending
}

// parseInfo reads what follows INFO and INFO_PRE (OpenVPN doc/management-notes.txt, "client-pending-auth").
func parseInfo(pre bool, rest string) Message {
	info := Info{Pre: pre}
	if url, found := strings.CutPrefix(rest, "OPEN_URL:"); found {
		if page, ok := webPage("", url); ok {
			info.Page = page
			return info
		}
	}
	if arguments, found := strings.CutPrefix(rest, "WEB_AUTH:"); found {
		flags, url := cutFlags(arguments)
		if page, ok := webPage(flags, url); ok {
			info.Page = page
			return info
		}
	}
	if arguments, found := strings.CutPrefix(rest, "CR_TEXT:"); found {
		if challenge, ok := parseCRText(arguments); ok {
			info.Challenge = challenge
			return info
		}
	}
	info.Message = printable(rest)
	return info
}

// cutFlags splits flags from the address behind them at the first colon that is not inside the brackets of an IPv6 address.
func cutFlags(s string) (flags, url string) {
	inside := false
	for i := range len(s) {
		switch s[i] {
		case '[':
			inside = true
		case ']':
			inside = false
		case ':':
			if !inside {
				return s[:i], s[i+1:]
			}
		}
	}
	return "", s
}

// webPage accepts addresses that a browser may be started with, and nothing else.
func webPage(flags, url string) (*WebPage, bool) {
	lower := strings.ToLower(url)
	if !strings.HasPrefix(lower, "https://") && !strings.HasPrefix(lower, "http://") {
		return nil, false
	}
	if len(url) > maxURL || printable(url) != url || strings.ContainsAny(url, " \"'`<>\\|^{}") {
		return nil, false
	}
	page := &WebPage{URL: url}
	for _, flag := range strings.Split(flags, ",") {
		switch name, _, _ := strings.Cut(flag, "="); name {
		case "hidden":
			page.Hidden = true
		case "external":
			page.External = true
		case "proxy":
			page.Proxied = true
		}
	}
	return page, true
}

// parseSignal reads what follows RESTART and HALT: flags in brackets, and a reason (OpenVPN push.c, server_pushed_signal).
func parseSignal(rest string) (keepCredential, nextServer bool, reason string) {
	if strings.HasPrefix(rest, "[") {
		if flags, after, closed := strings.Cut(rest[1:], "]"); closed {
			keepCredential = strings.Contains(flags, "P")
			nextServer = strings.Contains(flags, "N")
			rest = strings.TrimPrefix(after, ",")
		}
	}
	return keepCredential, nextServer, printable(rest)
}

// Limits of control messages.
const (
	maxURL     = 4096             // bytes
	maxText    = 1024             // bytes of a text that is shown
	maxSeconds = 10 * 366 * 86400 // of any duration
)

// printable is a text from the other end as it may be shown and logged: no control characters, no endless text.
func printable(text string) string {
	if len(text) > maxText {
		text = text[:maxText]
		for len(text) > 0 && !utf8.ValidString(text[len(text)-1:]) && !utf8.ValidString(text) {
			text = text[:len(text)-1]
		}
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text))
}
