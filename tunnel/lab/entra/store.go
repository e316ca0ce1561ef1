package entra

import (
	"context"
	"crypto/rand"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// Bounds of what is kept.
const (
	signInLifetime = time.Hour
	maxSignIns     = 10_000
)

// store is what the provider remembers: sign-ins under way, codes, refresh tokens, devices and browsers. It implements op.Storage and
// op.DeviceAuthorizationStorage.
type store struct {
	unused // what the provider's flows never ask for

	provider *Provider

	mu         sync.Mutex
	signIns    map[string]*signIn
	codes      map[string]*authRequest
	refresh    map[string]*grant
	devices    map[string]*device // by device code
	sessions   map[string]*session
	generation int // of refresh tokens and browser sessions: those of earlier ones are revoked
}

func newStore(p *Provider) *store {
	return &store{
		provider: p, signIns: map[string]*signIn{}, codes: map[string]*authRequest{}, refresh: map[string]*grant{},
		devices: map[string]*device{}, sessions: map[string]*session{},
	}
}

// revoke ends everything that was signed in.
func (s *store) revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.generation++
	clear(s.sessions)
}

// RefreshTokens are those that were issued, revoked ones too: for a search of where none may be.
func (p *Provider) RefreshTokens() []string {
	p.store.mu.Lock()
	defer p.store.mu.Unlock()
	return slices.Collect(maps.Keys(p.store.refresh))
}

// begin keeps a new sign-in, and forgets old ones.
func (s *store) begin(added *signIn) {
	now := time.Now()
	for id, old := range s.signIns {
		if now.Sub(old.created) > signInLifetime || len(s.signIns) >= maxSignIns {
			delete(s.signIns, id)
		}
	}
	added.id, added.created = uuid.NewString(), now
	s.signIns[added.id] = added
}

// CreateAuthRequest begins a sign-in for an application.
func (s *store) CreateAuthRequest(ctx context.Context, request *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	exchange := exchangeOf(ctx)
	if _, refused := s.provider.resource(request.Scopes); refused != nil {
		return nil, exchange.refuse(refused)
	}
	made := newAuthRequest(request, exchange.claims)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begin(made.signIn)
	return made, nil
}

// AuthRequestByID finds a sign-in that the browser brings back.
func (s *store) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found, known := s.signIns[id]; known && found.request != nil {
		return found.request, nil
	}
	return nil, oidc.ErrInvalidRequest().WithDescription("there is no such sign-in")
}

// SaveAuthCode keeps an authorization code.
func (s *store) SaveAuthCode(_ context.Context, id, code string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found, known := s.signIns[id]; known && found.request != nil {
		s.codes[code] = found.request
		return nil
	}
	return oidc.ErrInvalidRequest().WithDescription("there is no such sign-in")
}

// AuthRequestByCode finds what an authorization code is for.
func (s *store) AuthRequestByCode(ctx context.Context, code string) (op.AuthRequest, error) {
	s.mu.Lock()
	found := s.codes[code]
	s.mu.Unlock()
	if found == nil {
		return nil, exchangeOf(ctx).refuse(refuse(70008))
	}
	return found, s.use(ctx, found.granted)
}

// DeleteAuthRequest forgets a sign-in whose code was used.
func (s *store) DeleteAuthRequest(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.signIns, id)
	for code, request := range s.codes {
		if request.signIn.id == id {
			delete(s.codes, code)
		}
	}
	return nil
}

// TokenRequestByRefreshToken finds what a refresh token is for. Entra's can be used again and again.
func (s *store) TokenRequestByRefreshToken(ctx context.Context, token string) (op.RefreshTokenRequest, error) {
	exchange := exchangeOf(ctx)
	s.mu.Lock()
	found, generation := s.refresh[token], s.generation
	s.mu.Unlock()
	switch {
	case found == nil:
		return nil, exchange.refuse(refuse(70000))
	case found.generation < generation || s.provider.Switches().RefreshRevoked:
		return nil, exchange.refuse(refuse(50173))
	}
	return &refreshRequest{grant: found, scopes: found.scopes}, s.use(ctx, found)
}

// use remembers whose tokens are asked for, unless they may have none.
func (s *store) use(ctx context.Context, found *grant) error {
	exchange, switches := exchangeOf(ctx), s.provider.Switches()
	if code := switches.errorAt(AtTokenEndpoint); code != 0 {
		return exchange.refuse(refuse(code))
	}
	if switches.ConditionalAccess && !found.meetsConditionalAccess() {
		return exchange.refuse(challenged())
	}
	exchange.grant = found
	return nil
}

// StoreDeviceAuthorization begins a sign-in for a device.
func (s *store) StoreDeviceAuthorization(ctx context.Context, clientID, deviceCode, userCode string, _ time.Time, scopes []string) error {
	exchange, switches := exchangeOf(ctx), s.provider.Switches()
	if _, refused := s.provider.resource(scopes); refused != nil {
		return exchange.refuse(refused)
	}
	now := time.Now()
	made := &device{code: deviceCode, userCode: userCode, expires: now.Add(switches.deviceCodeLifetime())}
	made.signIn = &signIn{device: made, asked: asked{client: clientID, scopes: scopes, claims: exchange.claims}}
	s.mu.Lock()
	defer s.mu.Unlock()
	for code, old := range s.devices {
		if now.After(old.expires.Add(signInLifetime)) {
			delete(s.devices, code)
		}
	}
	s.begin(made.signIn)
	s.devices[deviceCode] = made
	return nil
}

// GetDeviceAuthorizatonState says how far somebody is who signs in for a device.
func (s *store) GetDeviceAuthorizatonState(ctx context.Context, clientID, deviceCode string) (*op.DeviceAuthorizationState, error) {
	s.mu.Lock()
	found := s.devices[deviceCode]
	if found == nil || found.signIn.asked.client != clientID {
		s.mu.Unlock()
		return nil, exchangeOf(ctx).refuse(refuse(70018))
	}
	asked := found.signIn.asked
	state := &op.DeviceAuthorizationState{
		ClientID: clientID, Audience: []string{clientID}, Scopes: asked.scopes, Expires: found.expires, Denied: found.denied, Done: found.granted != nil,
	}
	granted := found.granted
	s.mu.Unlock()
	if granted == nil {
		return state, nil
	}
	state.Subject, state.AMR, state.AuthTime = granted.user.ObjectID, granted.methods, granted.time
	return state, s.use(ctx, granted)
}

// deviceByCode finds the sign-in that a user code stands for.
func (s *store) deviceByCode(userCode string) (*device, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, found := range s.devices {
		if normalCode(found.userCode) == normalCode(userCode) && time.Now().Before(found.expires) && found.granted == nil && !found.denied {
			return found, true
		}
	}
	return nil, false
}

// CreateAccessToken is for tokens that the provider makes itself afterwards.
func (s *store) CreateAccessToken(context.Context, op.TokenRequest) (string, time.Time, error) {
	return uuid.NewString(), time.Now().Add(s.lifetime()), nil
}

// CreateAccessAndRefreshTokens makes the refresh token; the provider makes the access token itself afterwards.
func (s *store) CreateAccessAndRefreshTokens(ctx context.Context, _ op.TokenRequest, _ string) (string, string, time.Time, error) {
	granted := exchangeOf(ctx).grant
	if granted == nil {
		return "", "", time.Time{}, oidc.ErrServerError()
	}
	token := newRefreshToken()
	s.mu.Lock()
	s.refresh[token] = granted
	s.mu.Unlock()
	return uuid.NewString(), token, time.Now().Add(s.lifetime()), nil
}

func (s *store) lifetime() time.Duration {
	switches := s.provider.Switches()
	return switches.tokenLifetime()
}

// newRefreshToken is as long as Entra's.
func newRefreshToken() string {
	return "1.AX0A" + rand.Text() + identifier(1100)
}

// GetClientByClientID finds an application.
func (s *store) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	found, refused := s.provider.client(id)
	if refused != nil {
		return nil, exchangeOf(ctx).refuse(refused)
	}
	return found, nil
}

// SigningKey is the key of the moment.
func (s *store) SigningKey(context.Context) (op.SigningKey, error) {
	return s.provider.keys.current(), nil
}

// KeySet is what is published.
func (s *store) KeySet(context.Context) ([]op.Key, error) { return s.provider.keys.published(), nil }
