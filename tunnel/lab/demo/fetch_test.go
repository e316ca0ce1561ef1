package demo_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/demo"
)

func TestFetch(t *testing.T) {
	var requests atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		requests.Add(1)
		if request.URL.Path == "/missing" {
			http.NotFound(response, request)
			return
		}
		response.Write([]byte("a page"))
	}))
	defer server.Close()
	var out bytes.Buffer
	if err := demo.Fetch(t.Context(), server.URL, 3, &out); err != nil || out.String() != "a page" || requests.Load() != 3 {
		t.Errorf("%q after %d requests, %v", out.String(), requests.Load(), err)
	}
	if err := demo.Fetch(t.Context(), server.URL+"/missing", 1, &out); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("missing page: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := demo.Fetch(ctx, server.URL, 1, &out); err == nil || strings.Count(err.Error(), server.URL) != 1 {
		t.Errorf("canceled: %v", err)
	}
}
