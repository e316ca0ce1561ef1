package instance

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
)

func TestSecondStart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	first, err := Claim(dir, Request{})
	if err != nil || first == nil {
		t.Fatal(first, err)
	}
	got := make(chan Request, 1)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		first.Serve(ctx, func(r Request) { got <- r })
	}()
	second, err := Claim(dir, Request{Import: []string{"/tmp/profile.zip"}})
	if err != nil || second != nil {
		t.Fatal(second, err)
	}
	if r := <-got; len(r.Import) != 1 || r.Import[0] != "/tmp/profile.zip" {
		t.Errorf("%+v", r)
	}
	cancel()
	<-done
	first.Close()
	third, err := Claim(dir, Request{})
	if err != nil || third == nil {
		t.Fatal("the window cannot be claimed after the first is gone:", err)
	}
	third.Close()
}

// A first start that hangs does not make the second hang.
func TestSilentFirst(t *testing.T) {
	dir := t.TempDir()
	first, err := Claim(dir, Request{})
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	first.listener.Close()
	if _, err := Claim(dir, Request{}); !errors.Is(err, ErrSilent) {
		t.Errorf("%v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"import":["/tmp/a.zip"],"hidden":true}`))
	f.Add([]byte(`{"import":["a.zip"]}`))
	f.Add([]byte(`{`))
	f.Fuzz(func(t *testing.T, line []byte) {
		request, err := Parse(line)
		for _, path := range request.Import {
			if err == nil && !filepath.IsAbs(path) {
				t.Errorf("%q", path)
			}
		}
	})
}
