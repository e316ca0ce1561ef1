package arm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

// maxControl bounds a control message, in bytes.
const maxControl = 64 << 10

// ServeControl lets other processes of this user set switches until the returned function is called: JSON over HTTP on a Unix socket.
//
//	PATCH /switches   {"throttle": "3", …}; all or none are set, and all are told; {} sets none
//	POST  /blobs      {"url": "https://…"}; see Blob
func (s *Server) ServeControl(path string) (stop func() error, err error) {
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("offer control of resource manager: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, fmt.Errorf("offer control of resource manager: %w", errors.Join(err, listener.Close()))
	}
	server := &http.Server{Handler: s.control(), ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	return func() error {
		err := server.Close()
		if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	}, nil
}

func (s *Server) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("PATCH /switches", func(w http.ResponseWriter, r *http.Request) {
		changes, err := parseTexts(r.Body)
		if err == nil {
			changes, err = s.Set(changes)
		}
		if err != nil {
			answerTexts(w, http.StatusBadRequest, map[string]string{"problem": err.Error()})
			return
		}
		answerTexts(w, http.StatusOK, changes)
	})
	mux.HandleFunc("POST /blobs", func(w http.ResponseWriter, _ *http.Request) {
		answerTexts(w, http.StatusOK, map[string]string{"url": s.Blob()})
	})
	return http.MaxBytesHandler(mux, maxControl)
}

func answerTexts(w http.ResponseWriter, status int, texts map[string]string) {
	data, err := json.Marshal(texts)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	writeJSON(w, status, data)
}

// parseTexts reads a JSON object of texts.
func parseTexts(from io.Reader) (map[string]string, error) {
	texts := map[string]string{}
	if err := json.NewDecoder(io.LimitReader(from, maxControl)).Decode(&texts); err != nil {
		return nil, fmt.Errorf("read control message: %w", err)
	}
	return texts, nil
}

// Remote controls a server of another process by its socket.
type Remote struct{ Socket string }

// Set sets switches by name, all or none. It returns all of them.
func (r Remote) Set(ctx context.Context, changes map[string]string) (map[string]string, error) {
	return r.call(ctx, http.MethodPatch, "/switches", changes)
}

// Blob is Server.Blob.
func (r Remote) Blob(ctx context.Context) (string, error) {
	answer, err := r.call(ctx, http.MethodPost, "/blobs", nil)
	return answer["url"], err
}

func (r Remote) call(ctx context.Context, method, path string, body map[string]string) (map[string]string, error) {
	answer, err := r.exchange(ctx, method, path, body)
	if err != nil {
		return nil, fmt.Errorf("control resource manager: %w", err)
	}
	return answer, nil
}

func (r Remote) exchange(ctx context.Context, method, path string, body map[string]string) (map[string]string, error) {
	content, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://lab"+path, bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	var dialer net.Dialer
	client := http.Client{Timeout: time.Minute, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", r.Socket)
		},
	}}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := parseTexts(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode >= http.StatusBadRequest {
		return nil, errors.New(answer["problem"])
	}
	return answer, nil
}
