package push

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// Limits of a configuration, over all its messages.
const (
	MaxReplySize = 1 << 20 // bytes
	MaxOptions   = 20000
	maxOption    = 16 << 10 // bytes of one option
)

// ErrTooLong says that a gateway pushed more than fits the limits.
var ErrTooLong = errors.New("pushed configuration is too long")

// Assembler joins the messages of one configuration.
type Assembler struct {
	options []string
	size    int
}

// Add takes one PUSH_REPLY and reports whether the configuration is complete.
func (a *Assembler) Add(reply Reply) (complete bool, err error) {
	if a.size += len(reply.List); a.size > MaxReplySize {
		return false, fmt.Errorf("read push reply: %w: %d bytes", ErrTooLong, a.size)
	}
	complete = true
	for option := range strings.SplitSeq(reply.List, ",") {
		option = strings.TrimSpace(option)
		if option == "" {
			continue
		}
		if argument, found := strings.CutPrefix(option, "push-continuation"); found {
			complete = strings.TrimSpace(argument) != "2"
			continue
		}
		if len(option) > maxOption {
			return false, fmt.Errorf("read push reply: %w: an option of %d bytes", ErrTooLong, len(option))
		}
		if len(a.options) == MaxOptions {
			return false, fmt.Errorf("read push reply: %w: more than %d options", ErrTooLong, MaxOptions)
		}
		a.options = append(a.options, option)
	}
	return complete, nil
}

// Len is how many options have arrived.
func (a *Assembler) Len() int { return len(a.options) }

// Digest identifies a configuration. Two sessions with the same one need the same device, addresses and routes.
type Digest [sha256.Size]byte

// String is the digest in hexadecimal digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// Digest is the configuration's, without the options that change from session to session and those that concern
// only the protocol (OpenVPN push.c, push_update_digest).
func (a *Assembler) Digest() Digest {
	hash := sha256.New()
	for _, option := range a.options {
		name, _, _ := strings.Cut(option, " ")
		switch name {
		case "peer-id", "auth-token", "auth-token-user", "protocol-flags", "key-derivation", "explicit-exit-notify",
			"ping", "ping-restart", "ping-exit", "ping-timer-rem", "cipher", "inactive", "session-timeout", "sndbuf", "rcvbuf":
			continue
		}
		hash.Write([]byte(option))
		hash.Write([]byte{0})
	}
	return Digest(hash.Sum(nil))
}

// withoutSecrets is an option as it may be shown and logged.
func withoutSecrets(option string) string {
	if strings.Contains(option, "auth-token") && !strings.HasPrefix(option, "auth-token-user") {
		return "auth-token [redacted]"
	}
	return printable(option)
}

// Stream cuts the bytes that come out of TLS into control messages, each of which ends in a NUL byte. The zero value is ready.
type Stream struct {
	buffer []byte
}

// MaxMessage is the longest control message, in bytes.
const MaxMessage = 64 << 10

// Write takes bytes. It fails when a message is longer than MaxMessage.
func (s *Stream) Write(b []byte) error {
	s.buffer = append(s.buffer, b...)
	if end := bytes.LastIndexByte(s.buffer, 0); len(s.buffer)-end-1 > MaxMessage {
		return fmt.Errorf("read control message: %w: more than %d bytes", ErrTooLong, MaxMessage)
	}
	return nil
}

// Next returns the next whole message.
func (s *Stream) Next() (Message, bool) {
	for {
		end := bytes.IndexByte(s.buffer, 0)
		if end < 0 {
			return nil, false
		}
		text := string(s.buffer[:end])
		s.buffer = s.buffer[end+1:]
		if text != "" {
			return ParseMessage(text), true
		}
	}
}

// Pending reports whether bytes without an end have arrived.
func (s *Stream) Pending() bool { return len(s.buffer) > 0 }

// Flush returns what has arrived as a message. OpenVPN takes the end of a TLS record for the end of a message too, so
// a peer may leave the NUL byte out: after a while without more, what is there is all there is.
func (s *Stream) Flush() (Message, bool) {
	if len(s.buffer) == 0 {
		return nil, false
	}
	text := string(s.buffer)
	s.buffer = nil
	return ParseMessage(text), true
}
