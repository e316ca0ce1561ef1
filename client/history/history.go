// Package history keeps records of past sessions in a file: when, how long, how much, and why they ended.
package history

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
)

// DefaultLimit is how many records are kept.
const DefaultLimit = 1000

// maxLine bounds one line of the file, in bytes. Longer ones are damaged and skipped.
const maxLine = 64 << 10

// History is a file of one JSON value a line: a session that began, or the record of one that is over. It is safe for concurrent use,
// by one process.
type History struct {
	path   string
	limit  int
	logger *slog.Logger

	mu      sync.Mutex
	records []api.Record // oldest first
	open    map[string]api.Record
	lines   int  // in the file
	cut     bool // the file's last line has no end
}

// line is one line of the file. Exactly one field is set.
type line struct {
	Began *api.Record `json:"began,omitempty"`
	Ended *api.Record `json:"ended,omitempty"`
}

// Open reads a history, limit records of it (0: DefaultLimit). Sessions that began and have no record were those of a service that was
// killed: they end now. Lines that cannot be read are skipped.
func Open(path string, limit int, logger *slog.Logger) (*History, error) {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	if limit <= 0 {
		limit = DefaultLimit
	}
	h := &History{path: path, limit: limit, logger: logger, open: map[string]api.Record{}}
	if err := h.read(); err != nil {
		return nil, err
	}
	return h, h.endKilled(time.Now())
}

func (h *History) read() error {
	data, err := os.ReadFile(h.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read history: %w", err)
	}
	h.cut = len(data) > 0 && data[len(data)-1] != '\n'
	scanner := bufio.NewScanner(bytes.NewReader(data))
	scanner.Buffer(nil, maxLine)
	damaged := 0
	for scanner.Scan() {
		h.lines++
		var l line
		if err := json.Unmarshal(scanner.Bytes(), &l); err != nil || l.Began == nil && l.Ended == nil {
			damaged++
			continue
		}
		h.apply(l)
	}
	if scanner.Err() != nil {
		damaged++
	}
	if damaged > 0 {
		h.logger.Warn("lines of the history skipped", "path", h.path, "damaged", damaged)
	}
	return nil
}

func (h *History) apply(l line) {
	if l.Began != nil {
		h.open[l.Began.Session] = *l.Began
		return
	}
	delete(h.open, l.Ended.Session)
	h.records = append(h.records, *l.Ended)
	if len(h.records) > h.limit {
		h.records = slices.Delete(h.records, 0, len(h.records)-h.limit)
	}
}

// endKilled records the sessions that nobody ended.
func (h *History) endKilled(now time.Time) error {
	var failures []error
	for _, record := range slices.SortedFunc(maps.Values(h.open), older) {
		record.Ended, record.Reason = now, api.EndedByCrash
		failures = append(failures, h.End(record))
	}
	return errors.Join(failures...)
}

func older(a, b api.Record) int {
	return cmp.Or(a.Started.Compare(b.Started), strings.Compare(a.Session, b.Session))
}

// Begin notes a session, so that it is not lost when the service is killed.
func (h *History) Begin(record api.Record) error { return h.add(line{Began: &record}) }

// End keeps the record of a session that is over.
func (h *History) End(record api.Record) error { return h.add(line{Ended: &record}) }

func (h *History) add(l line) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.apply(l)
	if h.lines >= 4*h.limit {
		return h.rewrite()
	}
	data, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("write history: %w", err)
	}
	file, err := os.OpenFile(h.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(filepath.Dir(h.path), 0o700); err == nil {
			file, err = os.OpenFile(h.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
		}
	}
	if err != nil {
		return fmt.Errorf("write history: %w", err)
	}
	data = append(data, '\n')
	if h.cut {
		data = append([]byte{'\n'}, data...)
	}
	_, err = file.Write(data)
	h.lines++
	h.cut = false
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write history: %w", err)
	}
	return nil
}

// rewrite keeps what is kept and drops the rest of the file, which is written beside and renamed.
func (h *History) rewrite() error {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	count := 0
	for _, record := range h.records {
		if err := encoder.Encode(line{Ended: &record}); err != nil {
			return fmt.Errorf("write history: %w", err)
		}
		count++
	}
	for _, record := range h.open {
		if err := encoder.Encode(line{Began: &record}); err != nil {
			return fmt.Errorf("write history: %w", err)
		}
		count++
	}
	part := h.path + ".part"
	if err := os.WriteFile(part, out.Bytes(), 0o600); err != nil {
		return fmt.Errorf("write history: %w", err)
	}
	if err := os.Rename(part, h.path); err != nil {
		return fmt.Errorf("write history: %w", err)
	}
	h.lines = count
	return nil
}

// List returns the records that fit, newest first; limit 0: all of them.
func (h *History) List(limit int, fits func(api.Record) bool) []api.Record {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := []api.Record{}
	for _, record := range slices.Backward(h.records) {
		if limit > 0 && len(list) >= limit {
			break
		}
		if fits == nil || fits(record) {
			list = append(list, record)
		}
	}
	return list
}
