// Package secret holds values that must never be printed: a profile's keys, passwords and tokens.
package secret

import "log/slog"

// redacted is what every way of printing a secret shows.
const redacted = "[secret]"

// Text is a secret string. Printing, logging or encoding it as JSON shows only that there is one, so a
// secret cannot reach a log, an event or a support bundle by accident. Convert to string to use it.
type Text string

// String implements fmt.Stringer without the secret.
func (t Text) String() string {
	if t == "" {
		return ""
	}
	return redacted
}

// GoString implements fmt.GoStringer without the secret.
func (t Text) GoString() string { return t.String() }

// LogValue implements slog.LogValuer without the secret.
func (t Text) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalText implements encoding.TextMarshaler without the secret; what stores a secret converts it first.
func (t Text) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// Reveal returns the secret itself.
func (t Text) Reveal() string { return string(t) }
