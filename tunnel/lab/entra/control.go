package entra

import (
	"context"
	"fmt"
	"net/http"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/control"
)

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
		control.Answer(w, p.Switches().Values())
	})
	mux.HandleFunc("PATCH /switches", p.patchSwitches)
	mux.HandleFunc("POST /refresh-tokens/revoke", func(w http.ResponseWriter, _ *http.Request) {
		p.RevokeRefreshTokens()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST /keys/rotate", func(w http.ResponseWriter, r *http.Request) {
		if err := p.RotateKeys(r.URL.Query().Get("forget") == "1"); err != nil {
			control.Refuse(w, http.StatusInternalServerError, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /users/{name}/code", func(w http.ResponseWriter, r *http.Request) {
		code, err := p.OneTimeCode(r.PathValue("name"))
		if err != nil {
			control.Refuse(w, http.StatusNotFound, err)
			return
		}
		control.Answer(w, map[string]string{"code": code})
	})
	return mux
}

func (p *Provider) patchSwitches(w http.ResponseWriter, r *http.Request) {
	changes, err := control.Read(r.Body)
	if err != nil {
		control.Refuse(w, http.StatusBadRequest, err)
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
		control.Refuse(w, http.StatusBadRequest, err)
		return
	}
	control.Answer(w, p.Switches().Values())
}

// ServeControl offers Control on a Unix socket until the returned function is called, which also removes the socket.
func (p *Provider) ServeControl(path string) (stop func() error, err error) {
	return control.Serve(path, p.Control())
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
	answer, err := control.Call(ctx, r.Socket, method, path, body)
	if err != nil {
		return nil, fmt.Errorf("control identity provider: %w", err)
	}
	return answer, nil
}
