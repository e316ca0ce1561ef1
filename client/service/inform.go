package service

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/logfile"
	"github.com/footbridge-vpn/footbridge/tunnel/host"
)

func (s *Service) getProfiles(w http.ResponseWriter, _ *http.Request, _ uint32, role api.Role) {
	write(w, http.StatusOK, s.machineProfiles(role))
}

func (s *Service) getPolicy(w http.ResponseWriter, _ *http.Request, _ uint32, _ api.Role) {
	s.mu.Lock()
	view := s.policyView()
	s.mu.Unlock()
	write(w, http.StatusOK, view)
}

// getHistory answers with the sessions that the caller may know of.
func (s *Service) getHistory(w http.ResponseWriter, r *http.Request, uid uint32, role api.Role) {
	limit := 0
	if text := r.URL.Query().Get("limit"); text != "" {
		var err error
		if limit, err = strconv.Atoi(text); err != nil || limit < 0 {
			writeError(w, badQuery("limit"))
			return
		}
	}
	answer := api.History{Records: []api.Record{}}
	if s.history != nil {
		answer.Records = s.history.List(limit, func(record api.Record) bool {
			return role == api.Manage || record.UID == uid || record.UID == 0 && record.Machine != "" && role == api.Operate
		})
	}
	write(w, http.StatusOK, answer)
}

func badQuery(name string) *api.Error {
	return &api.Error{Code: api.BadRequest, Sentence: "The value of " + name + " in the address is not one.", Remedy: "docs/api.md says what it may be."}
}

// getLogs answers with records of the log, one a line: those about the caller's own sessions, or all to those who may manage.
func (s *Service) getLogs(w http.ResponseWriter, r *http.Request, uid uint32, role api.Role) {
	query, refusal := logQuery(r, uid, role)
	if refusal != nil {
		writeError(w, refusal)
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	if s.options.Log == nil {
		return
	}
	control := http.NewResponseController(w)
	control.SetReadDeadline(time.Time{})
	if query.Follow {
		control.SetWriteDeadline(time.Now().Add(lineTimeout))
		w.WriteHeader(http.StatusOK)
		control.Flush() // there may be no line for a long time
	}
	encoder := json.NewEncoder(w)
	err := s.options.Log.Each(r.Context(), query, func(record logfile.Record) error {
		control.SetWriteDeadline(time.Now().Add(lineTimeout))
		line := api.LogRecord{Time: record.Time, Level: record.Level.String(), Message: record.Message, Session: record.Session, Attributes: record.Attributes}
		if err := encoder.Encode(line); err != nil || !query.Follow {
			return err
		}
		return control.Flush()
	})
	if err != nil && !errors.Is(err, context.Canceled) {
		s.logger.Debug("log not sent to its end", "uid", uid, "error", err)
	}
}

func logQuery(r *http.Request, uid uint32, role api.Role) (logfile.Query, *api.Error) {
	values := r.URL.Query()
	query := logfile.Query{Level: slog.LevelDebug}
	if text := values.Get("level"); text != "" {
		if err := query.Level.UnmarshalText([]byte(text)); err != nil {
			return query, badQuery("level")
		}
	}
	if text := values.Get("since"); text != "" {
		var err error
		if query.Since, err = time.Parse(time.RFC3339Nano, text); err != nil {
			return query, badQuery("since")
		}
	}
	if text := values.Get("follow"); text != "" {
		var err error
		if query.Follow, err = strconv.ParseBool(text); err != nil {
			return query, badQuery("follow")
		}
	}
	wanted := values.Get("session")
	query.Fits = func(record logfile.Record) bool {
		mine := record.UID != nil && *record.UID == uid
		return (role == api.Manage || mine) && (wanted == "" || record.Session == wanted)
	}
	return query, nil
}

// postRepair undoes what killed tunnels left. Running ones are left alone.
func (s *Service) postRepair(w http.ResponseWriter, r *http.Request, uid uint32, _ api.Role) {
	s.logger.Info("repair", "uid", uid)
	told := new(sentences)
	answer := api.Repair{Undone: []string{}}
	if err := host.Cleanup(r.Context(), s.options.StateDir, slog.New(told)); err != nil {
		s.logger.Error("repair incomplete", "error", err)
		answer.Remained = append(answer.Remained, err.Error())
	}
	answer.Undone = append(answer.Undone, told.all()...)
	write(w, http.StatusOK, answer)
}

// sentences is a slog.Handler that keeps what was done, in words.
type sentences struct {
	mu   sync.Mutex
	text []string
}

// Enabled implements slog.Handler.
func (t *sentences) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }

// Handle implements slog.Handler.
func (t *sentences) Handle(_ context.Context, record slog.Record) error {
	text := record.Message
	record.Attrs(func(a slog.Attr) bool {
		text += " " + a.Key + "=" + a.Value.String()
		return true
	})
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, text)
	return nil
}

// WithAttrs implements slog.Handler.
func (t *sentences) WithAttrs([]slog.Attr) slog.Handler { return t }

// WithGroup implements slog.Handler.
func (t *sentences) WithGroup(string) slog.Handler { return t }

func (t *sentences) all() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text
}
