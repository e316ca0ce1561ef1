package keyring

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// memory keeps secrets as long as the process lives.
type memory struct {
	mu      sync.Mutex
	secrets map[string][]byte
}

// NewMemory returns an empty keyring that nothing outlives.
func NewMemory() Keyring { return &memory{secrets: map[string][]byte{}} }

func (m *memory) Kind() Kind { return Memory }

func (m *memory) Get(_ context.Context, key string) ([]byte, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	secret, found := m.secrets[key]
	return slices.Clone(secret), found, nil
}

func (m *memory) Set(ctx context.Context, key string, secret []byte) error {
	if secret == nil {
		secret = []byte{}
	}
	return m.Update(ctx, key, func([]byte) ([]byte, error) { return secret, nil })
}

func (m *memory) Delete(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.secrets, key)
	return nil
}

func (m *memory) Update(_ context.Context, key string, change func([]byte) ([]byte, error)) error {
	if err := checkKey(key); err != nil {
		return fmt.Errorf("keep secret: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	secret, err := change(slices.Clone(m.secrets[key]))
	if err != nil {
		return err
	}
	if secret == nil {
		delete(m.secrets, key)
		return nil
	}
	if err := checkSecret(secret); err != nil {
		return fmt.Errorf("keep secret: %w", err)
	}
	m.secrets[key] = slices.Clone(secret)
	return nil
}
