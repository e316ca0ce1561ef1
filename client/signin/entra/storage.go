package entra

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/cache"

	"github.com/footbridge-vpn/footbridge/client/signin/keyring"
)

// The keys of what is kept.
const (
	cacheKey = "entra/tokens"   // MSAL's cache of all accounts
	lastKey  = "entra/accounts" // which account was used last, by application
)

// finalLimit is for saving what was obtained when the caller goes away meanwhile: the refresh token before it may be worthless already.
const finalLimit = 5 * time.Second

// storage is where sign-ins rest. A keyring that is missing, locked or damaged costs a sign-in, never an error: then they are in memory.
type storage struct {
	ring   keyring.Keyring // nil: memory only
	logger *slog.Logger

	mu      sync.Mutex
	known   content // what the keyring had when it was last asked, for when it cannot be asked
	unsaved content // what it did not take, or all where there is none
	damaged []byte  // what could not be read, to be overwritten
	last    map[string]string
	problem error // why the keyring does not work; nil: it does
}

func newStorage(ring keyring.Keyring, logger *slog.Logger) *storage {
	return &storage{ring: ring, logger: logger, last: map[string]string{}}
}

// read returns the whole cache.
func (s *storage) read(ctx context.Context) content {
	var data []byte
	var err error
	if s.ring != nil {
		data, _, err = s.ring.Get(ctx, cacheKey)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil || len(s.unsaved) == 0 {
		s.note(ctx, err)
	}
	if s.ring != nil && err == nil {
		s.known = s.parse(data)
	}
	return merged(nil, s.unsaved, s.known)
}

// parse reads a cache; a damaged one is empty and will be overwritten. The caller holds s.mu.
func (s *storage) parse(data []byte) content {
	if len(data) > 0 && bytes.Equal(data, s.damaged) {
		return content{}
	}
	parsed, err := parseContent(data)
	if err != nil {
		s.damaged = data
		s.logger.Warn("kept sign-ins cannot be read, users have to sign in again", "error", err)
		return content{}
	}
	return parsed
}

// discard marks a cache as damaged that MSAL cannot read.
func (s *storage) discard(ctx context.Context, err error) {
	s.logger.Warn("kept sign-ins cannot be used, users have to sign in again", "error", sentenceOf(err.Error()))
	var data []byte
	if s.ring != nil {
		data, _, err = s.ring.Get(ctx, cacheKey)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known, s.unsaved = nil, nil
	if s.ring != nil && err == nil {
		s.damaged = data
	}
}

// change changes the whole cache. Where the keyring does not take it, it is changed in memory, and the error says so.
func (s *storage) change(ctx context.Context, change func(content) content) error {
	if s.ring == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.unsaved = change(s.unsaved)
		return nil
	}
	if ctx.Err() != nil {
		final, cancel := context.WithTimeout(context.WithoutCancel(ctx), finalLimit)
		defer cancel()
		ctx = final
	}
	var result content
	err := s.ring.Update(ctx, cacheKey, func(data []byte) ([]byte, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		result = change(merged(nil, s.unsaved, s.parse(data)))
		return encode(result)
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.note(ctx, err)
	if err != nil {
		s.unsaved, s.known = change(merged(nil, s.unsaved, s.known)), nil
		return err
	}
	s.known, s.unsaved, s.damaged = result, nil, nil
	return nil
}

// encode writes a cache; an empty one is nothing.
func encode(c content) ([]byte, error) {
	if len(c) == 0 {
		return nil, nil
	}
	return c.bytes()
}

// note remembers whether the keyring works. The caller holds s.mu.
func (s *storage) note(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return // that was the caller
	}
	if err != nil && s.problem == nil {
		s.logger.Warn("sign-ins are kept in memory only", "error", err)
	}
	s.problem = err
}

func (s *storage) trouble() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.problem
}

// lastAccount is the home account id that was used last with an application.
func (s *storage) lastAccount(ctx context.Context, application string) string {
	s.mu.Lock()
	id := s.last[application]
	s.mu.Unlock()
	if id != "" || s.ring == nil {
		return id
	}
	data, _, err := s.ring.Get(ctx, lastKey)
	if err != nil {
		return ""
	}
	return parseLast(data)[application]
}

// setLastAccount remembers it. That it could not be saved costs a question, no more.
func (s *storage) setLastAccount(ctx context.Context, application, id string) {
	s.mu.Lock()
	s.last[application] = id
	s.mu.Unlock()
	if s.ring == nil {
		return
	}
	err := s.ring.Update(ctx, lastKey, func(data []byte) ([]byte, error) {
		last := parseLast(data)
		last[application] = id
		return json.Marshal(last)
	})
	if err != nil {
		s.logger.Info("the account used last is not remembered", "error", err)
	}
}

// forgetLast forgets which accounts were used.
func (s *storage) forgetLast(ctx context.Context, id string) error {
	gone := func(_, value string) bool { return id == "" || value == id }
	s.mu.Lock()
	maps.DeleteFunc(s.last, gone)
	s.mu.Unlock()
	if s.ring == nil {
		return nil
	}
	return s.ring.Update(ctx, lastKey, func(data []byte) ([]byte, error) {
		last := parseLast(data)
		maps.DeleteFunc(last, gone)
		if len(last) == 0 {
			return nil, nil
		}
		return json.Marshal(last)
	})
}

// maxLast bounds how many applications are remembered.
const maxLast = 256

func parseLast(data []byte) map[string]string {
	last := map[string]string{}
	if json.Unmarshal(data, &last) != nil || last == nil || len(last) > maxLast {
		return map[string]string{}
	}
	return last
}

// accessor gives one MSAL client its cache. It remembers what the client was given, to tell its changes from those of others.
type accessor struct {
	storage *storage
	mu      sync.Mutex
	base    content
}

var _ cache.ExportReplace = (*accessor)(nil)

// Replace implements cache.ExportReplace.
func (a *accessor) Replace(ctx context.Context, into cache.Unmarshaler, _ cache.ReplaceHints) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.base = a.storage.read(ctx)
	data, err := a.base.bytes()
	if err == nil {
		err = into.Unmarshal(data)
	}
	if err != nil {
		a.storage.discard(ctx, err)
		a.base = content{}
		return into.Unmarshal([]byte("{}"))
	}
	return nil
}

// Export implements cache.ExportReplace. It fails only where MSAL's own data is no cache: an error would take the token from the caller.
func (a *accessor) Export(ctx context.Context, from cache.Marshaler, _ cache.ExportHints) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	data, err := from.Marshal()
	if err != nil {
		return err
	}
	ours, err := parseContent(data)
	if err != nil {
		return err
	}
	base := a.base
	_ = a.storage.change(ctx, func(theirs content) content { return merged(base, ours, theirs) }) // noted there
	a.base = ours
	return nil
}
