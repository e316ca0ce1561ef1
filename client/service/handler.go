package service

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/footbridge-vpn/footbridge/client/api"
)

// peerKey finds the caller's uid in a request's context.
type peerKey struct{}

// operation is one thing that callers ask for, once it is known who they are.
type operation func(w http.ResponseWriter, r *http.Request, uid uint32, role api.Role)

// handler finds the operation for a request.
func (s *Service) handler() http.Handler {
	routes := http.NewServeMux()
	routes.Handle("GET "+api.PathStatus, s.permit(api.Observe, s.status))
	routes.Handle("GET "+api.PathEvents, s.permit(api.Observe, s.events))
	routes.Handle("POST "+api.PathSessions, s.permit(api.Operate, s.postSession))
	routes.Handle("DELETE "+api.PathSession+"{id}", s.permit(api.Operate, s.deleteSession))
	routes.Handle("PUT "+api.PathSession+"{id}"+api.SignInSuffix, s.permit(api.Operate, s.putSignIn))
	routes.Handle("POST "+api.PathQuestion+"{id}", s.permit(api.Operate, s.postAnswer))
	routes.Handle("GET "+api.PathProfiles, s.permit(api.Observe, s.getProfiles))
	routes.Handle("GET "+api.PathHistory, s.permit(api.Observe, s.getHistory))
	routes.Handle("GET "+api.PathLogs, s.permit(api.Observe, s.getLogs))
	routes.Handle("POST "+api.PathRepair, s.permit(api.Operate, s.postRepair))
	routes.Handle("GET "+api.PathPolicy, s.permit(api.Observe, s.getPolicy))
	routes.Handle("GET "+api.PathFleet, s.permit(api.Observe, s.getFleet))
	routes.Handle("POST "+api.PathFleet, s.permit(api.Operate, s.postFleet))
	unknown := s.permit(api.Observe, func(w http.ResponseWriter, r *http.Request, _ uint32, _ api.Role) { s.unknown(w, r, routes) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := routes.Handler(r); pattern == "" {
			unknown.ServeHTTP(w, r)
			return
		}
		routes.ServeHTTP(w, r)
	})
}

// unknown answers what there is no operation for: a path that is not there, or one that takes other methods.
func (s *Service) unknown(w http.ResponseWriter, r *http.Request, routes *http.ServeMux) {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := routes.Handler(other); pattern != "" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) > 0 {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		write(w, http.StatusMethodNotAllowed, &api.Error{Code: api.BadRequest, Sentence: "This request is made with another method: " + strings.Join(allowed, " or ") + ".", Remedy: "Program and service may be of different versions."})
		return
	}
	writeError(w, &api.Error{Code: api.NotFound, Sentence: "The service knows no such request.", Remedy: "Program and service may be of different versions."})
}

// permit lets a request through to those who have the role.
func (s *Service) permit(needed api.Role, do operation) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		uid, known := r.Context().Value(peerKey{}).(uint32)
		if !known {
			writeError(w, refuse("The service does not know who you are.", ""))
			return
		}
		s.mu.Lock()
		role := s.role(uid)
		s.mu.Unlock()
		_, broken := s.rules()
		if role == "" {
			writeError(w, refuse("You may not see connections on this computer.", "Ask your administrator."))
			return
		}
		if needed == api.Operate && role == api.Observe {
			s.logger.Warn("request refused", "uid", uid, "method", r.Method, "path", r.URL.Path)
			if broken != nil { // whom the policy would let is not known
				writeError(w, broken)
				return
			}
			writeError(w, refuse("You may not connect and disconnect on this computer.", "Log in on it, or ask an administrator."))
			return
		}
		do(w, r, uid, role)
	})
}

func (s *Service) status(w http.ResponseWriter, _ *http.Request, uid uint32, role api.Role) {
	s.mu.Lock()
	snapshot := s.snapshot(uid, role)
	s.mu.Unlock()
	write(w, http.StatusOK, snapshot)
}

func (s *Service) postSession(w http.ResponseWriter, r *http.Request, uid uint32, _ api.Role) {
	request := new(api.ConnectRequest)
	if refusal := read(w, r, api.MaxRequest, request); refusal != nil {
		writeError(w, refusal)
		return
	}
	started, refusal := s.connect(uid, request)
	if refusal != nil {
		writeError(w, refusal)
		return
	}
	write(w, http.StatusCreated, started)
}

func (s *Service) deleteSession(w http.ResponseWriter, r *http.Request, uid uint32, role api.Role) {
	if refusal := s.disconnect(uid, role, r.PathValue("id")); refusal != nil {
		writeError(w, refusal)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Service) postAnswer(w http.ResponseWriter, r *http.Request, uid uint32, _ api.Role) {
	var answer api.Answer
	if refusal := read(w, r, api.MaxAnswer, &answer); refusal != nil {
		writeError(w, refusal)
		return
	}
	if refusal := s.answer(uid, r.PathValue("id"), answer); refusal != nil {
		writeError(w, refusal)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// read reads a bounded body that must be one JSON value with known fields only.
func read(w http.ResponseWriter, r *http.Request, limit int64, into any) *api.Error {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, limit))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	if err == nil {
		if _, err = decoder.Token(); err == io.EOF {
			return nil
		}
		err = errors.Join(errors.New("more follows the JSON value"), err)
	}
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return &api.Error{Code: api.TooLarge, Sentence: "The request is too large."}
	}
	// What exactly is wrong would quote the request, which may hold a secret.
	return &api.Error{Code: api.BadRequest, Sentence: "The request is not the JSON that was expected.", Remedy: "Program and service may be of different versions."}
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body) // where the caller is gone there is nobody to tell
}

func writeError(w http.ResponseWriter, refusal *api.Error) { write(w, statusOf(refusal.Code), refusal) }

func statusOf(code api.Code) int {
	switch code {
	case api.NotFound:
		return http.StatusNotFound
	case api.NotPermitted:
		return http.StatusForbidden
	case api.TooLarge:
		return http.StatusRequestEntityTooLarge
	case api.AlreadyConnected:
		return http.StatusConflict
	case api.TooMany:
		return http.StatusTooManyRequests
	case api.Stopping:
		return http.StatusServiceUnavailable
	default:
		return http.StatusBadRequest
	}
}
