// Package control lets another process of the same user steer a part of the lab: JSON over HTTP on a Unix socket, with objects of texts as messages.
package control

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

// maxMessage bounds a message, in bytes.
const maxMessage = 64 << 10

// Serve answers on a Unix socket, which only this user can open, until the returned function is called; that removes the socket too.
func Serve(path string, handler http.Handler) (stop func() error, err error) {
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("offer control: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, fmt.Errorf("offer control: %w", errors.Join(err, listener.Close()))
	}
	server := &http.Server{Handler: http.MaxBytesHandler(handler, maxMessage), ReadHeaderTimeout: 10 * time.Second}
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

// Read reads a message.
func Read(from io.Reader) (map[string]string, error) {
	texts := map[string]string{}
	if err := json.NewDecoder(io.LimitReader(from, maxMessage)).Decode(&texts); err != nil {
		return nil, fmt.Errorf("read control message: %w", err)
	}
	return texts, nil
}

// Answer writes a message.
func Answer(w http.ResponseWriter, texts map[string]string) { write(w, http.StatusOK, texts) }

// Refuse answers that a message could not be followed, and why.
func Refuse(w http.ResponseWriter, status int, err error) {
	write(w, status, map[string]string{"problem": err.Error()})
}

func write(w http.ResponseWriter, status int, texts map[string]string) {
	data, err := json.Marshal(texts)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(data) // who asked may be gone
}

// Call sends a message to who serves on a socket, and returns the answer; nil: it was done, and there is nothing to say.
func Call(ctx context.Context, socket, method, path string, message map[string]string) (map[string]string, error) {
	content, err := json.Marshal(message)
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
			return dialer.DialContext(ctx, "unix", socket)
		},
	}}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusNoContent {
		return nil, nil
	}
	answer, err := Read(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode >= http.StatusBadRequest {
		return nil, errors.New(answer["problem"])
	}
	return answer, nil
}
