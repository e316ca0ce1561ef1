package history

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
)

func record(n int) api.Record {
	return api.Record{Session: fmt.Sprint("s", n), UID: uint32(1000 + n%2), Profile: "vnet", Started: time.Unix(int64(n), 0).UTC(), Ended: time.Unix(int64(n+10), 0).UTC(), Reason: api.EndedByUser}
}

func open(t *testing.T, path string, limit int) *History {
	t.Helper()
	h, err := Open(path, limit, nil)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func sessions(records []api.Record) string {
	var ids []string
	for _, r := range records {
		ids = append(ids, r.Session+":"+string(r.Reason))
	}
	return strings.Join(ids, " ")
}

func TestHistoryOutlivesTheService(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "history.ndjson")
	h := open(t, path, 0)
	for n := range 3 {
		if err := h.Begin(record(n)); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 2 {
		if err := h.End(record(n)); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info, err)
	}
	again := open(t, path, 0)
	if got := sessions(again.List(0, nil)); got != "s2:crash s1:user s0:user" {
		t.Error(got)
	}
	if got := sessions(again.List(1, func(r api.Record) bool { return r.UID == 1000 })); got != "s2:crash" {
		t.Error(got)
	}
	if got := sessions(open(t, path, 0).List(0, nil)); got != "s2:crash s1:user s0:user" {
		t.Errorf("the crash is recorded twice: %s", got)
	}
}

func TestDamagedLinesAreSkipped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.ndjson")
	h := open(t, path, 0)
	if err := h.End(record(1)); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(file, "{\"ended\":{\"session\n{}\n%s\n", strings.Repeat("x", 100))
	file.Close()
	h = open(t, path, 0)
	if err := h.End(record(2)); err != nil {
		t.Fatal(err)
	}
	if got := sessions(open(t, path, 0).List(0, nil)); got != "s2:user s1:user" {
		t.Error(got)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.ndjson")
	h := open(t, path, 5)
	for n := range 200 {
		if err := h.End(record(n)); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(path)
	if lines := strings.Count(string(data), "\n"); err != nil || lines > 20 {
		t.Errorf("%d lines, %v", lines, err)
	}
	if got := sessions(open(t, path, 5).List(0, nil)); got != "s199:user s198:user s197:user s196:user s195:user" {
		t.Error(got)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte(`{"began":{"session":"a"}}` + "\n" + `{"ended":{"session":"a","reason":"user"}}` + "\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "history.ndjson")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		h := open(t, path, 10)
		before := sessions(h.List(0, nil))
		if after := sessions(open(t, path, 10).List(0, nil)); after != before {
			t.Errorf("%s, then %s", before, after)
		}
	})
}
