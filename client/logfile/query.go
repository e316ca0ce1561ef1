package logfile

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Query chooses records. The zero value is all from INFO on that were logged so far.
type Query struct {
	Since  time.Time
	Level  slog.Level
	Fits   func(Record) bool // nil: all
	Follow bool              // go on with new records until the context ends
}

func (q Query) fits(r Record) bool {
	return r.Level >= q.Level && !r.Time.Before(q.Since) && (q.Fits == nil || q.Fits(r))
}

// maxLine bounds a line of the file, in bytes. Longer ones are skipped.
const maxLine = 1 << 20

// followQueue is how many records may wait for one who follows. With more some are lost, which they are told.
const followQueue = 256

// follower is one who follows.
type follower struct {
	queue chan Record
	lost  bool
}

// send queues a record and never waits. The log's mutex is held.
func (f *follower) send(r Record) {
	if f.lost {
		r = Record{Time: r.Time, Level: slog.LevelWarn, Message: "log records were left out here: they came faster than they were read"}
	}
	select {
	case f.queue <- r:
		f.lost = false
	default:
		f.lost = true
	}
}

// Each hands the records that fit to each, oldest first, until it returns an error, there are no more, or ctx ends.
func (l *Log) Each(ctx context.Context, query Query, each func(Record) error) error {
	var f *follower
	if query.Follow {
		f = &follower{queue: make(chan Record, followQueue)}
		l.mu.Lock()
		l.followers[f] = struct{}{}
		l.mu.Unlock()
		defer func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			delete(l.followers, f)
		}()
	}
	last, err := l.eachWritten(ctx, query, each)
	if err != nil || !query.Follow {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case r := <-f.queue:
			// What was written while the file was read is in both.
			if !r.Time.After(last) || !query.fits(r) && r.Session == "" && r.Message == "" {
				continue
			}
			if query.fits(r) || strings.HasPrefix(r.Message, "log records were left out") {
				if err := each(r); err != nil {
					return err
				}
			}
		}
	}
}

// eachWritten reads the files, and returns the time of the last record in them.
func (l *Log) eachWritten(ctx context.Context, query Query, each func(Record) error) (last time.Time, err error) {
	paths, err := l.files()
	if err != nil {
		return last, err
	}
	for _, path := range paths {
		file, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // rotated away meanwhile
		}
		if err != nil {
			return last, fmt.Errorf("read log: %w", err)
		}
		err = eachLine(ctx, file, func(r Record) error {
			if r.Time.After(last) {
				last = r.Time
			}
			if !query.fits(r) {
				return nil
			}
			return each(r)
		})
		if err := errors.Join(err, file.Close()); err != nil {
			return last, err
		}
	}
	return last, nil
}

func eachLine(ctx context.Context, file *os.File, each func(Record) error) error {
	reader := bufio.NewReaderSize(file, 64<<10)
	var long []byte
	for {
		part, err := reader.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) && len(long) < maxLine {
			long = append(long, part...)
			continue
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return nil // the end, or a line that is being written
		}
		var r Record
		if json.Unmarshal(append(long, part...), &r) == nil && !r.Time.IsZero() {
			if err := each(r); err != nil {
				return err
			}
		}
		long = long[:0]
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
}

// files are the log's, oldest first: lumberjack puts the time into the names of those that it set aside.
func (l *Log) files() ([]string, error) {
	extension := filepath.Ext(l.path)
	older, err := filepath.Glob(strings.TrimSuffix(l.path, extension) + "-*" + extension)
	if err != nil {
		return nil, fmt.Errorf("list log files: %w", err)
	}
	slices.Sort(older)
	return append(older, l.path), nil
}
