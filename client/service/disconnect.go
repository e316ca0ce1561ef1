package service

import (
	"net"
	"net/http"
	"strconv"

	"github.com/footbridge-vpn/footbridge/client/api"
)

// disconnect begins to end a session, where the caller may.
func (s *Service) disconnect(uid uint32, role api.Role, id string) *api.Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, found := s.sessions[id]
	if !found {
		return &api.Error{Code: api.NotFound, Sentence: "There is no such connection.", Remedy: "It may have ended already."}
	}
	if !mayUse(uid, role, c) {
		return refuse("This connection belongs to another user of this computer.", "They or an administrator can disconnect it.")
	}
	if k := s.keepers[c.machine]; c.machine != "" && k != nil {
		if k.always && role != api.Manage {
			return refuse("Your administrator keeps this connection up.", "Ask your administrator.")
		}
		k.paused = true // until somebody connects it, or the service starts again
	}
	c.end(api.EndedByUser)
	return nil
}

// resume lets a keeper go on that a user's disconnecting had paused.
func (s *Service) resume(machine string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.keepers[machine]; k != nil && machine != "" {
		k.paused = false
	}
}

// putSignIn takes what the owner's program knows of a session's sign-in, for all of the owner's programs to show.
func (s *Service) putSignIn(w http.ResponseWriter, r *http.Request, uid uint32, _ api.Role) {
	signIn := new(api.SignIn)
	if refusal := read(w, r, api.MaxAnswer, signIn); refusal != nil {
		writeError(w, refusal)
		return
	}
	if len(signIn.Account) > longestName || len(signIn.Message) > 4*longestName || len(signIn.Command) > 2*longestName {
		writeError(w, &api.Error{Code: api.BadRequest, Sentence: "The account, the message or the command is too long."})
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, found := s.sessions[r.PathValue("id")]
	if !found || c.uid != uid {
		writeError(w, &api.Error{Code: api.NotFound, Sentence: "You have no such connection.", Remedy: "It may have ended already, or belong to another user."})
		return
	}
	c.signIn = signIn
	s.publish(c)
	w.WriteHeader(http.StatusNoContent)
}

func hostAndPort(host string, port uint16) string {
	return net.JoinHostPort(host, strconv.Itoa(int(port)))
}
