package arm

import (
	"context"
	"fmt"
	"net/http"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/control"
)

// ServeControl lets other processes of this user set switches until the returned function is called: JSON over HTTP on a Unix socket.
//
//	PATCH /switches   {"throttle": "3", …}; all or none are set, and all are told; {} sets none
//	POST  /blobs      {"url": "https://…"}; see Blob
func (s *Server) ServeControl(path string) (stop func() error, err error) {
	return control.Serve(path, s.control())
}

func (s *Server) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("PATCH /switches", func(w http.ResponseWriter, r *http.Request) {
		changes, err := control.Read(r.Body)
		if err == nil {
			changes, err = s.Set(changes)
		}
		if err != nil {
			control.Refuse(w, http.StatusBadRequest, err)
			return
		}
		control.Answer(w, changes)
	})
	mux.HandleFunc("POST /blobs", func(w http.ResponseWriter, _ *http.Request) {
		control.Answer(w, map[string]string{"url": s.Blob()})
	})
	return mux
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
	answer, err := control.Call(ctx, r.Socket, method, path, body)
	if err != nil {
		return nil, fmt.Errorf("control resource manager: %w", err)
	}
	return answer, nil
}
