package entra

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

// Control lets another process of the same user flip the switches: JSON over HTTP on a Unix socket, which only this user can open.
//
//	GET   /switches                 every switch with its value
//	PATCH /switches                 {"access-denied": "on", …}; all or none are set
//	POST  /refresh-tokens/revoke    see Provider.RevokeRefreshTokens
//	POST  /keys/rotate[?forget=1]   see Provider.RotateKeys
//	GET   /users/NAME/code          {"code": "123456"}; see Provider.OneTimeCode
func (p *Provider) Control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /switches", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, p.Switches().Values())
	})
	mux.HandleFunc("PATCH /switches", p.patchSwitches)
	mux.HandleFunc("POST /refresh-tokens/revoke", func(w http.ResponseWriter, _ *http.Request) {
		p.RevokeRefreshTokens()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST /keys/rotate", func(w http.ResponseWriter, r *http.Request) {
		if err := p.RotateKeys(r.URL.Query().Get("forget") == "1"); err != nil {
			writeProblem(w, http.StatusInternalServerError, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /users/{name}/code", func(w http.ResponseWriter, r *http.Request) {
		code, err := p.OneTimeCode(r.PathValue("name"))
		if err != nil {
			writeProblem(w, http.StatusNotFound, err)
			return
		}
		writeJSON(w, http.StatusOK, map[string]string{"code": code})
	})
	return http.MaxBytesHandler(mux, maxControl)
}

func (p *Provider) patchSwitches(w http.ResponseWriter, r *http.Request) {
	changes, err := parseChanges(r.Body)
	if err != nil {
		writeProblem(w, http.StatusBadRequest, err)
		return
	}
	p.Set(func(s *Switches) {
		changed := *s
		for name, value := range changes {
			if err = changed.Set(name, value); err != nil {
				return
			}
		}
		*s = changed
	})
	if err != nil {
		writeProblem(w, http.StatusBadRequest, err)
		return
	}
	writeJSON(w, http.StatusOK, p.Switches().Values())
}

// parseChanges reads switches by name.
func parseChanges(from io.Reader) (map[string]string, error) {
	changes := map[string]string{}
	if err := json.NewDecoder(io.LimitReader(from, maxControl)).Decode(&changes); err != nil {
		return nil, fmt.Errorf("read switches: %w", err)
	}
	return changes, nil
}

// problem is the answer to a control message that could not be followed.
type problem struct {
	Problem string `json:"problem"`
}

func writeProblem(w http.ResponseWriter, status int, err error) {
	writeJSON(w, status, problem{err.Error()})
}

// ServeControl offers Control on a Unix socket until the returned function is called, which also removes the socket.
func (p *Provider) ServeControl(path string) (stop func() error, err error) {
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("offer control of identity provider: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, fmt.Errorf("offer control of identity provider: %w", errors.Join(err, listener.Close()))
	}
	server := &http.Server{Handler: p.Control(), ReadHeaderTimeout: 10 * time.Second}
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

// Remote controls a provider of another process by its socket.
type Remote struct{ Socket string }

// Switches are the switches as they are set.
func (r Remote) Switches(ctx context.Context) (map[string]string, error) {
	return r.call(ctx, http.MethodGet, "/switches", nil)
}

// Set sets switches by name, all or none. It returns all of them.
func (r Remote) Set(ctx context.Context, changes map[string]string) (map[string]string, error) {
	return r.call(ctx, http.MethodPatch, "/switches", changes)
}

// RevokeRefreshTokens is Provider.RevokeRefreshTokens.
func (r Remote) RevokeRefreshTokens(ctx context.Context) error {
	_, err := r.call(ctx, http.MethodPost, "/refresh-tokens/revoke", nil)
	return err
}

// RotateKeys is Provider.RotateKeys.
func (r Remote) RotateKeys(ctx context.Context, forget bool) error {
	path := "/keys/rotate"
	if forget {
		path += "?forget=1"
	}
	_, err := r.call(ctx, http.MethodPost, path, nil)
	return err
}

// OneTimeCode is Provider.OneTimeCode.
func (r Remote) OneTimeCode(ctx context.Context, username string) (string, error) {
	answer, err := r.call(ctx, http.MethodGet, "/users/"+username+"/code", nil)
	return answer["code"], err
}

func (r Remote) call(ctx context.Context, method, path string, body map[string]string) (map[string]string, error) {
	answer, err := r.exchange(ctx, method, path, body)
	if err != nil {
		return nil, fmt.Errorf("control identity provider: %w", err)
	}
	return answer, nil
}

func (r Remote) exchange(ctx context.Context, method, path string, body map[string]string) (map[string]string, error) {
	var content []byte
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			return nil, err
		}
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
	if response.StatusCode == http.StatusNoContent {
		return nil, nil
	}
	answer, err := parseChanges(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode >= http.StatusBadRequest {
		return nil, errors.New(answer["problem"])
	}
	return answer, nil
}
