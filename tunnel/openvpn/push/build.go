package push

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

// Text implements Message.
func (Request) Text() string { return "PUSH_REQUEST" }

// Text implements Message.
func (m Reply) Text() string { return withList("PUSH_REPLY", m.List) }

// Text implements Message.
func (m Update) Text() string { return withList("PUSH_UPDATE", m.List) }

// Text implements Message.
func (m AuthFailed) Text() string {
	switch {
	case m.Challenge != nil:
		c := m.Challenge
		return fmt.Sprintf("AUTH_FAILED,CRV1:%s:%s:%s:%s", c.flags(), c.State, base64.StdEncoding.EncodeToString([]byte(c.Username)), c.Text)
	case m.Temporary:
		var flags []string
		if m.Backoff > 0 {
			flags = append(flags, fmt.Sprintf("backoff %d", m.Backoff/time.Second))
		}
		if m.Advance != AdvanceUnsaid {
			flags = append(flags, "advance "+string(m.Advance))
		}
		text := "AUTH_FAILED,TEMP"
		if len(flags) > 0 {
			text += "[" + strings.Join(flags, ",") + "]"
		}
		if m.Reason != "" {
			text += ":" + m.Reason
		}
		return text
	case m.SessionExpired:
		return "AUTH_FAILED,SESSION:" + m.Reason
	}
	return withList("AUTH_FAILED", m.Reason)
}

// Text implements Message.
func (m AuthPending) Text() string {
	if m.Timeout <= 0 {
		return "AUTH_PENDING"
	}
	return fmt.Sprintf("AUTH_PENDING,timeout %d", m.Timeout/time.Second)
}

// Text implements Message.
func (m Info) Text() string {
	name := "INFO"
	if m.Pre {
		name = "INFO_PRE"
	}
	switch {
	case m.Challenge != nil:
		return fmt.Sprintf("%s,CR_TEXT:%s:%s", name, m.Challenge.flags(), m.Challenge.Text)
	case m.Page != nil:
		var flags []string
		if m.Page.Hidden {
			flags = append(flags, "hidden")
		}
		if m.Page.External {
			flags = append(flags, "external")
		}
		return fmt.Sprintf("%s,WEB_AUTH:%s:%s", name, strings.Join(flags, ","), m.Page.URL)
	}
	return withList(name, m.Message)
}

// Text implements Message.
func (m CRResponse) Text() string {
	return "CR_RESPONSE," + base64.StdEncoding.EncodeToString(m.Response)
}

// String hides the response.
func (m CRResponse) String() string { return "CR_RESPONSE,[redacted]" }

// GoString hides the response.
func (m CRResponse) GoString() string { return m.String() }

// Text implements Message.
func (m Restart) Text() string { return signal("RESTART", m.KeepCredential, m.NextServer, m.Reason) }

// Text implements Message.
func (m Halt) Text() string { return signal("HALT", m.KeepCredential, m.NextServer, m.Reason) }

// Text implements Message.
func (Exit) Text() string { return "EXIT" }

// Text implements Message.
func (m Unknown) Text() string { return m.Raw }

func withList(name, list string) string {
	if list == "" {
		return name
	}
	return name + "," + list
}

func signal(name string, keepCredential, nextServer bool, reason string) string {
	flags := ""
	if keepCredential {
		flags += "P"
	}
	if nextServer {
		flags += "N"
	}
	if flags != "" {
		reason = "[" + flags + "]" + reason
	}
	return withList(name, reason)
}

// DefaultReplySize is how long OpenVPN makes a PUSH_REPLY before it continues it in another, in bytes (common.h,
// PUSH_BUNDLE_SIZE).
const DefaultReplySize = 1024

// Replies lays options out over as many PUSH_REPLY messages of at most size bytes as they need, the continuation marked
// in each (OpenVPN push.c, send_push_options). An option that has a comma, a control character or no room fails. size 0
// is DefaultReplySize.
func Replies(options []string, size int) ([]Reply, error) {
	const name, continuation = "PUSH_REPLY", ",push-continuation 2"
	if size == 0 {
		size = DefaultReplySize
	}
	room := size - len(name+",") - len(continuation) - 1 // the NUL byte
	var replies []Reply
	var list strings.Builder
	for _, option := range options {
		if strings.Contains(option, ",") || printable(option) != option && len(option) <= maxText {
			return nil, fmt.Errorf("push option %q: it has a comma or a control character", withoutSecrets(option))
		}
		if len(option) > room {
			return nil, fmt.Errorf("push option %q: %d bytes do not fit into one message", withoutSecrets(option), len(option))
		}
		if list.Len()+1+len(option) > room {
			replies = append(replies, Reply{List: list.String() + continuation})
			list.Reset()
		}
		if list.Len() > 0 {
			list.WriteByte(',')
		}
		list.WriteString(option)
	}
	last := list.String()
	if len(replies) > 0 {
		last += ",push-continuation 1"
	}
	return append(replies, Reply{List: last}), nil
}

// String is the reply as it may be shown and logged.
func (m Reply) String() string { return withList("PUSH_REPLY", listWithoutSecrets(m.List)) }

// GoString is the reply as it may be shown and logged.
func (m Reply) GoString() string { return m.String() }

// String is the update as it may be shown and logged.
func (m Update) String() string { return withList("PUSH_UPDATE", listWithoutSecrets(m.List)) }

// GoString is the update as it may be shown and logged.
func (m Update) GoString() string { return m.String() }

func listWithoutSecrets(list string) string {
	options := strings.Split(list, ",")
	for i, option := range options {
		options[i] = withoutSecrets(strings.TrimSpace(option))
	}
	return strings.Join(options, ",")
}
