package entra

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
)

// sessionCookie names the cookie by which a browser is known again, as Entra's is.
const sessionCookie = "ESTSAUTHPERSISTENT"

// session is who is signed in in a browser.
type session struct{ members []member }

// member is one of them.
type member struct {
	user   *account
	factor bool // with a second factor
}

// session finds the browser's session; nil: none. The store must be locked.
func (s *store) session(r *http.Request) *session {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return nil
	}
	return s.sessions[cookie.Value]
}

// remember notes in the browser's session who has signed in. The store must be locked.
func (s *store) remember(w http.ResponseWriter, r *http.Request, user *account, factor bool) {
	found := s.session(r)
	if found == nil {
		found = &session{}
		id := rand.Text()
		s.sessions[id] = found
		http.SetCookie(w, &http.Cookie{Name: sessionCookie, Value: id, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteNoneMode})
	}
	for i := range found.members {
		if found.members[i].user == user {
			found.members[i].factor = found.members[i].factor || factor
			return
		}
	}
	found.members = append(found.members, member{user, factor})
}

// find finds somebody in the session.
func (s *session) find(username string) (member, bool) {
	if s == nil {
		return member{}, false
	}
	at := slices.IndexFunc(s.members, func(m member) bool { return strings.EqualFold(m.user.Username, username) })
	if at < 0 {
		return member{}, false
	}
	return s.members[at], true
}
