package entra

import (
	"context"
	"crypto"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Claims is what an access token says, in the shape of Entra's v1 tokens
// (https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference).
type Claims struct {
	Issuer     string           `json:"iss"`
	Audience   jwt.Audience     `json:"aud"`
	Tenant     string           `json:"tid"`
	ObjectID   string           `json:"oid"`
	Username   string           `json:"upn"`
	Name       string           `json:"name"`
	Scope      string           `json:"scp"`
	ClientID   string           `json:"appid"`
	Methods    []string         `json:"amr"` // how the user proved who they are: "pwd", "mfa"
	Groups     []string         `json:"groups"`
	IssuedAt   *jwt.NumericDate `json:"iat"`
	NotBefore  *jwt.NumericDate `json:"nbf"`
	Expiration *jwt.NumericDate `json:"exp"`
}

// Expires is when the token stops being valid.
func (c *Claims) Expires() time.Time { return c.Expiration.Time() }

// KeySource finds the issuer's public key with an id.
type KeySource func(ctx context.Context, id string) (crypto.PublicKey, error)

// Verifier checks access tokens as a gateway does: signature, issuer, audience and life.
type Verifier struct {
	Issuer   string
	Audience string
	Keys     KeySource
	Leeway   time.Duration    // that clocks may differ by; 0: none
	Now      func() time.Time // nil: time.Now
}

// maxToken bounds a token, in bytes. Entra's reach some 8 KB with many groups.
const maxToken = 64 << 10

// Validate returns what a token says, or why it is no good. Errors never hold the token.
func (v *Verifier) Validate(ctx context.Context, token string) (Claims, error) {
	claims, err := v.validate(ctx, token)
	if err != nil {
		return Claims{}, fmt.Errorf("validate access token: %w", err)
	}
	return claims, nil
}

func (v *Verifier) validate(ctx context.Context, token string) (claims Claims, err error) {
	if len(token) > maxToken {
		return claims, fmt.Errorf("it has %d bytes, which is too many", len(token))
	}
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return claims, fmt.Errorf("it is no signed token")
	}
	if len(parsed.Headers) != 1 {
		return claims, fmt.Errorf("it has %d signatures", len(parsed.Headers))
	}
	key, err := v.Keys(ctx, parsed.Headers[0].KeyID)
	if err != nil {
		return claims, err
	}
	if err := parsed.Claims(key, &claims); err != nil {
		return Claims{}, fmt.Errorf("its signature is wrong")
	}
	return claims, v.check(&claims)
}

func (v *Verifier) check(claims *Claims) error {
	now := time.Now()
	if v.Now != nil {
		now = v.Now()
	}
	switch {
	case claims.Issuer != v.Issuer:
		return fmt.Errorf("it was issued by %q, not by %q", claims.Issuer, v.Issuer)
	case !claims.Audience.Contains(v.Audience):
		return fmt.Errorf("it is for %q, not for %q", claims.Audience, v.Audience)
	case claims.Expiration == nil:
		return fmt.Errorf("it has no expiry")
	case now.After(claims.Expires().Add(v.Leeway)):
		return fmt.Errorf("it expired at %s", claims.Expires().UTC().Format(time.RFC3339))
	case claims.NotBefore != nil && now.Before(claims.NotBefore.Time().Add(-v.Leeway)):
		return fmt.Errorf("it is not valid before %s", claims.NotBefore.Time().UTC().Format(time.RFC3339))
	case claims.Username == "":
		return fmt.Errorf("it names no user")
	}
	return nil
}

// Bounds of a key set from elsewhere.
const (
	maxKeySet   = 1 << 20 // bytes
	keysTimeout = 10 * time.Second
)

// RemoteKeys fetches keys from a JWKS address, and again when a token is signed with one that was not there. client nil: http.DefaultClient.
func RemoteKeys(url string, client *http.Client) KeySource {
	if client == nil {
		client = http.DefaultClient
	}
	remote := &remoteKeys{url: url, client: client}
	return remote.find
}

type remoteKeys struct {
	url    string
	client *http.Client

	mu  sync.Mutex
	set jose.JSONWebKeySet
}

func (r *remoteKeys) find(ctx context.Context, id string) (crypto.PublicKey, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if keys := r.set.Key(id); len(keys) > 0 {
		return keys[0].Key, nil
	}
	if err := r.fetch(ctx); err != nil {
		return nil, fmt.Errorf("fetch the issuer's keys: %w", err)
	}
	if keys := r.set.Key(id); len(keys) > 0 {
		return keys[0].Key, nil
	}
	return nil, errUnknownKey
}

func (r *remoteKeys) fetch(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, keysTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, nil)
	if err != nil {
		return err
	}
	response, err := r.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("answer %s", response.Status)
	}
	set, err := parseKeySet(io.LimitReader(response.Body, maxKeySet))
	if err != nil {
		return err
	}
	r.set = set
	return nil
}

func parseKeySet(from io.Reader) (set jose.JSONWebKeySet, err error) {
	err = json.NewDecoder(from).Decode(&set)
	return set, err
}
