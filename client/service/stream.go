package service

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
)

// streamQueue is how many changes may wait for a reader. With more the reader is sent a snapshot instead.
const streamQueue = 64

// stream is one reader of events. The service's mutex guards others.
type stream struct {
	uid    uint32
	role   api.Role
	others int // as last told
	queue  chan api.Change
	behind chan struct{} // has a value while changes were lost
}

// snapshot is everything that a caller may see. The mutex is held.
func (s *Service) snapshot(uid uint32, role api.Role) *api.Snapshot {
	snapshot := &api.Snapshot{Version: api.Version, Service: s.options.Version, UID: uid, Role: role, Sessions: []api.Session{}}
	for _, c := range s.sessions {
		if mayUse(uid, role, c) {
			snapshot.Sessions = append(snapshot.Sessions, c.view(uid))
		} else {
			snapshot.Others++
		}
	}
	for _, k := range s.keepers {
		if k.suspended != "" && role != api.Observe {
			snapshot.Sessions = append(snapshot.Sessions, k.view())
		}
	}
	view := s.policyView()
	snapshot.Policy = &view
	return snapshot
}

// mayUse reports whether a caller may see a session.
func mayUse(uid uint32, role api.Role, c *session) bool {
	return c.uid == uid || role == api.Manage || c.shared && role == api.Operate
}

// present reports whether a program of the user reads events, and so can answer. The mutex is held.
func (s *Service) present(uid uint32) bool {
	for stream := range s.streams {
		if stream.uid == uid {
			return true
		}
	}
	return false
}

// publish tells everybody what a session is like now. The mutex is held.
func (s *Service) publish(c *session) {
	for stream := range s.streams {
		if mayUse(stream.uid, stream.role, c) {
			view := c.view(stream.uid)
			stream.send(api.Change{Session: &view})
		} else {
			s.sendOthers(stream)
		}
	}
}

// publishTo tells those who may see a session something about it. The mutex is held.
func (s *Service) publishTo(c *session, change api.Change) {
	for stream := range s.streams {
		if mayUse(stream.uid, stream.role, c) {
			stream.send(change)
		}
	}
}

// publishEnd tells everybody that a session is over. The mutex is held.
func (s *Service) publishEnd(c *session, record api.Record) {
	s.publishTo(c, api.Change{Ended: &record})
	s.publishTo(c, api.Change{Removed: c.id})
	for stream := range s.streams {
		if !mayUse(stream.uid, stream.role, c) {
			s.sendOthers(stream)
		}
	}
}

// sendOthers tells a reader how many sessions of others there are, and no more. The mutex is held.
func (s *Service) sendOthers(stream *stream) {
	others := s.snapshot(stream.uid, stream.role).Others
	if others != stream.others {
		stream.others = others
		stream.send(api.Change{Others: &others})
	}
}

// send queues a change and never waits. The mutex is held.
func (r *stream) send(change api.Change) {
	select {
	case r.queue <- change:
	default:
		select {
		case r.behind <- struct{}{}:
		default:
		}
	}
}

// join adds a reader; those who wait for its user learn that one is there.
func (s *Service) join(uid uint32, role api.Role) (*stream, *api.Snapshot) {
	joined := &stream{uid: uid, role: role, queue: make(chan api.Change, streamQueue), behind: make(chan struct{}, 1)}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.streams[joined] = struct{}{}
	s.publishWaiting(uid, joined)
	for _, k := range s.keepers {
		k.nudge()
	}
	snapshot := s.snapshot(uid, role)
	joined.others = snapshot.Others
	return joined, snapshot
}

// leave removes a reader. With the user's last one end the sessions that were to.
func (s *Service) leave(left *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.streams, left)
	s.publishWaiting(left.uid, nil)
	if s.present(left.uid) {
		return
	}
	for _, c := range s.sessions {
		if c.uid == left.uid && c.endWithMe {
			c.end(api.EndedByUser)
		}
	}
}

// publishWaiting tells all but one reader of a user's sessions that wait for an answer. The mutex is held.
func (s *Service) publishWaiting(uid uint32, except *stream) {
	for _, c := range s.sessions {
		if c.uid != uid || len(c.questions) == 0 {
			continue
		}
		for stream := range s.streams {
			if stream != except && mayUse(stream.uid, stream.role, c) {
				view := c.view(stream.uid)
				stream.send(api.Change{Session: &view})
			}
		}
	}
}

// resync drops what waits for a reader and makes the snapshot that replaces it.
func (s *Service) resync(r *stream) *api.Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		select {
		case <-r.queue:
			continue
		case <-r.behind:
			continue
		default:
		}
		snapshot := s.snapshot(r.uid, r.role)
		r.others = snapshot.Others
		return snapshot
	}
}

// shutOut reports whether a new policy lets a reader see nothing any more.
func (s *Service) shutOut(r *stream) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return r.role == ""
}

// events answers with the stream of events.
func (s *Service) events(w http.ResponseWriter, r *http.Request, uid uint32, role api.Role) {
	joined, snapshot := s.join(uid, role)
	defer s.leave(joined)
	control := http.NewResponseController(w)
	control.SetReadDeadline(time.Time{}) // the request is over: nothing more is read
	w.Header().Set("Content-Type", "application/x-ndjson")
	encoder := json.NewEncoder(w)
	message := api.Message{Number: 1, Snapshot: snapshot}
	for {
		control.SetWriteDeadline(time.Now().Add(lineTimeout))
		if encoder.Encode(message) != nil || control.Flush() != nil {
			return // the reader is gone, or reads nothing
		}
		message = api.Message{Number: message.Number + 1}
		select {
		case <-r.Context().Done():
			return
		case <-joined.behind:
			message.Snapshot = s.resync(joined)
		case change := <-joined.queue:
			message.Change = &change
		}
		if s.shutOut(joined) {
			return
		}
	}
}
