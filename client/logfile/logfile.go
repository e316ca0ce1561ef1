// Package logfile is the service's log: structured, in a file that rotates, to be asked for by time, level and session, and followed.
package logfile

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"gopkg.in/natefinch/lumberjack.v2"
)

// The size of the log: a file of 5 MiB and three older ones.
const (
	maxMegabytes = 5
	maxBackups   = 3
)

// Record is one line of the log. Attributes are flat; a group's name stands before a dot.
type Record struct {
	Time       time.Time         `json:"time"`
	Level      slog.Level        `json:"level"`
	Message    string            `json:"message"`
	Session    string            `json:"session,omitempty"` // id of the session that it is about
	UID        *uint32           `json:"uid,omitempty"`     // of that session's owner
	Attributes map[string]string `json:"attributes,omitempty"`
}

// Log is a log file. It is safe for concurrent use, by one process.
type Log struct {
	path   string
	file   *lumberjack.Logger
	levels *slog.LevelVar

	mu        sync.Mutex
	followers map[*follower]struct{}
}

// Open prepares a log file, which is made with its first line. Records below level are left out.
func Open(path string, level slog.Level) (*Log, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("open log file: %w", err)
	}
	l := &Log{path: path, levels: new(slog.LevelVar), followers: map[*follower]struct{}{},
		file: &lumberjack.Logger{Filename: path, MaxSize: maxMegabytes, MaxBackups: maxBackups}}
	l.levels.Set(level)
	return l, nil
}

// Close closes the file.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file.Close()
}

// Handler writes records to the log and hands them on to another handler; nil: to none.
func (l *Log) Handler(next slog.Handler) slog.Handler { return &handler{log: l, next: next} }

// write keeps a record and gives it to those who follow. A log that cannot be written must not stop what is logged.
func (l *Log) write(r Record) {
	data, err := json.Marshal(r)
	if err != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := l.file.Write(append(data, '\n')); err != nil {
		fmt.Fprintln(os.Stderr, "log file not written:", err)
	}
	for f := range l.followers {
		f.send(r)
	}
}

// handler is a slog.Handler that flattens attributes.
type handler struct {
	log     *Log
	next    slog.Handler
	session string
	uid     *uint32
	fields  map[string]string // never changed once it is in a handler
	prefix  string            // of open groups
}

// Enabled implements slog.Handler.
func (h *handler) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= h.log.levels.Level() || h.next != nil && h.next.Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (h *handler) Handle(ctx context.Context, record slog.Record) error {
	if record.Level >= h.log.levels.Level() {
		with := h.clone()
		record.Attrs(func(a slog.Attr) bool {
			with.add(h.prefix, a)
			return true
		})
		h.log.write(Record{Time: record.Time, Level: record.Level, Message: record.Message, Session: with.session, UID: with.uid, Attributes: with.fields})
	}
	if h.next != nil && h.next.Enabled(ctx, record.Level) {
		return h.next.Handle(ctx, record)
	}
	return nil
}

// WithAttrs implements slog.Handler.
func (h *handler) WithAttrs(attributes []slog.Attr) slog.Handler {
	with := h.clone()
	for _, a := range attributes {
		with.add(h.prefix, a)
	}
	if h.next != nil {
		with.next = h.next.WithAttrs(attributes)
	}
	return with
}

// WithGroup implements slog.Handler.
func (h *handler) WithGroup(name string) slog.Handler {
	with := h.clone()
	if name != "" {
		with.prefix += name + "."
	}
	if h.next != nil {
		with.next = h.next.WithGroup(name)
	}
	return with
}

func (h *handler) clone() *handler {
	with := *h
	with.fields = make(map[string]string, len(h.fields)+4)
	for key, value := range h.fields {
		with.fields[key] = value
	}
	return &with
}

// longestValue bounds an attribute, in bytes.
const longestValue = 4 << 10

// add puts an attribute in. Values that hide themselves (slog.LogValuer, fmt.Stringer) stay hidden.
func (h *handler) add(prefix string, a slog.Attr) {
	value := a.Value.Resolve()
	if value.Kind() == slog.KindGroup {
		if a.Key != "" {
			prefix += a.Key + "."
		}
		for _, inner := range value.Group() {
			h.add(prefix, inner)
		}
		return
	}
	text := value.String()
	if len(text) > longestValue {
		text = text[:longestValue] + "…"
	}
	switch key := prefix + a.Key; key {
	case "":
	case "session":
		h.session = text
	case "uid":
		if uid, err := strconv.ParseUint(text, 10, 32); err == nil {
			owner := uint32(uid)
			h.uid = &owner
		}
	default:
		h.fields[key] = text
	}
}
