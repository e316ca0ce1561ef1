package entra

import (
	"encoding/json"
	"errors"
	"maps"

	"github.com/footbridge-vpn/footbridge/client/signin/keyring"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// memory is the sign-in of one connection whose profile wants none kept (cachesigninuser false), on its way from one process of the user to
// another. It holds refresh tokens.
type memory struct {
	Tokens content           `json:"tokens"`
	Last   map[string]string `json:"last,omitempty"` // the account used last, by application
}

var errMemory = errors.New("take sign-in over: it is none")

// Memory is what is in memory only of a connection's sign-in; empty: nothing is. It is for a pipe to another process of the same user, and
// never for a file.
func (p *Provider) Memory(connection string) secret.Text {
	p.mu.Lock()
	s := p.passing[connection]
	p.mu.Unlock()
	if s == nil {
		return ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.unsaved) == 0 {
		return ""
	}
	data, err := json.Marshal(memory{s.unsaved, s.last})
	if err != nil {
		return "" // raw messages that were parsed before do not fail
	}
	return secret.Text(data)
}

// Recall takes over what Memory gave another process. Forget drops it again.
func (p *Provider) Recall(connection string, given secret.Text) error {
	data := []byte(given.Reveal())
	var recalled memory
	if connection == "" || len(data) > keyring.MaxSecret || json.Unmarshal(data, &recalled) != nil || len(recalled.Last) > maxLast {
		return errMemory
	}
	tokens, err := recalled.Tokens.bytes()
	if err != nil {
		return errMemory
	}
	checked, err := parseContent(tokens)
	if err != nil || len(checked) == 0 {
		return errMemory
	}
	p.mu.Lock()
	s := p.storageOf(connection)
	p.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unsaved = checked
	maps.Copy(s.last, recalled.Last)
	return nil
}

// Forget drops what was kept in memory for a connection whose profile wants no sign-in kept. Call it when the connection has ended.
func (p *Provider) Forget(connection string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.passing, connection)
	for key, app := range p.applications {
		if app.connection == connection && connection != "" {
			delete(p.applications, key)
			p.dropTokens(func(k tokenKey) bool { return k.application == key })
		}
	}
}
