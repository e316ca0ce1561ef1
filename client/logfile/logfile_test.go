package logfile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

func open(t *testing.T, level slog.Level) (*Log, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log", "service.log")
	l, err := Open(path, level)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, path
}

func messages(t *testing.T, l *Log, query Query) string {
	t.Helper()
	var found []string
	if err := l.Each(t.Context(), query, func(r Record) error {
		found = append(found, r.Message)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return strings.Join(found, " ")
}

func TestRecordsAreKeptAndChosen(t *testing.T) {
	l, path := open(t, slog.LevelInfo)
	var next strings.Builder
	logger := slog.New(l.Handler(slog.NewTextHandler(&next, nil)))
	session := logger.With("session", "S1", "uid", uint32(1000))
	logger.Debug("hidden")
	logger.Info("one", "password", secret.Text("hunter2"))
	session.WithGroup("gateway").Warn("two", "name", "gateway.example", slog.Group("tls", "version", 13))
	before := time.Now()
	session.Error("three", "error", errors.New("broken"))

	for _, test := range []struct {
		query Query
		want  string
	}{
		{Query{}, "one two three"},
		{Query{Level: slog.LevelWarn}, "two three"},
		{Query{Since: before}, "three"},
		{Query{Fits: func(r Record) bool { return r.Session == "S1" && r.UID != nil && *r.UID == 1000 }}, "two three"},
	} {
		if got := messages(t, l, test.query); got != test.want {
			t.Errorf("%+v: %s, want %s", test.query, got, test.want)
		}
	}
	if err := l.Each(t.Context(), Query{Level: slog.LevelWarn}, func(r Record) error {
		if r.Message == "two" && (r.Attributes["gateway.name"] != "gateway.example" || r.Attributes["gateway.tls.version"] != "13") {
			t.Errorf("%+v", r)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	data, err := os.ReadFile(path)
	if err != nil || strings.Contains(string(data)+next.String(), "hunter2") || !strings.Contains(next.String(), "three") {
		t.Errorf("%v %s %s", err, data, next.String())
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info, err)
	}
}

func TestFollow(t *testing.T) {
	l, _ := open(t, slog.LevelInfo)
	logger := slog.New(l.Handler(nil))
	logger.Info("old")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	seen := make(chan string)
	ended := make(chan error, 1)
	go func() {
		ended <- l.Each(ctx, Query{Follow: true}, func(r Record) error {
			seen <- r.Message
			return nil
		})
	}()
	if got := <-seen; got != "old" {
		t.Error(got)
	}
	for i := range 3 {
		logger.Info(fmt.Sprint("new", i))
		if got := <-seen; got != fmt.Sprint("new", i) {
			t.Error(got)
		}
	}
	// More than fit while nobody reads: the rest is left out, which is said.
	for i := range 2 * followQueue {
		logger.Info(fmt.Sprint("many", i))
	}
	told := false
	for range 2 * followQueue {
		if got := <-seen; strings.Contains(got, "left out") {
			told = true
			break
		}
		logger.Info("more")
	}
	if !told {
		t.Error("nobody told that records were left out")
	}
	go func() {
		for range seen {
		}
	}()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	close(seen)
}

func TestOldFilesAreReadFirst(t *testing.T) {
	l, path := open(t, slog.LevelInfo)
	logger := slog.New(l.Handler(nil))
	for _, message := range []string{"first", "second", "third"} {
		logger.Info(message)
		if err := l.file.Rotate(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Millisecond) // the names of old files have milliseconds
	}
	logger.Info("fourth")
	if got := messages(t, l, Query{}); got != "first second third fourth" {
		files, _ := filepath.Glob(filepath.Dir(path) + "/*")
		t.Errorf("%s in %s", got, files)
	}
}

func FuzzEach(f *testing.F) {
	f.Add([]byte(`{"time":"2026-01-02T03:04:05Z","level":"INFO","message":"m"}` + "\n{\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, path := open(t, slog.LevelInfo)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		messages(t, l, Query{Level: slog.LevelDebug})
	})
}
