package entra

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Entra's addresses below the tenant (https://learn.microsoft.com/entra/identity-platform/v2-protocols#endpoints).
const (
	authorizePath  = "/oauth2/v2.0/authorize"
	tokenPath      = "/oauth2/v2.0/token"
	devicePath     = "/oauth2/v2.0/devicecode"
	keysPath       = "/discovery/v2.0/keys"
	discoveryPath  = "/v2.0/.well-known/openid-configuration"
	loginPath      = "/login"
	deviceAuthPath = "/oauth2/deviceauth" // where a device's code is typed in
)

// maxForm bounds what is posted, in bytes.
const maxForm = 1 << 20

// exchange is what one request learns on its way through the OAuth library, which has no room for it.
type exchange struct {
	claims      string   // asked for
	clientInfo  bool     // wanted in the token response
	correlation string   // of the client, or one made here
	refusal     *refusal // why it is refused
	grant       *grant   // whose tokens it gets
}

type exchangeKey struct{}

// exchangeOf is the exchange of a request; one of its own outside of any.
func exchangeOf(ctx context.Context) *exchange {
	if found, there := ctx.Value(exchangeKey{}).(*exchange); there {
		return found
	}
	return &exchange{}
}

// refuse remembers why, for the answer in Entra's words.
func (e *exchange) refuse(why *refusal) error {
	e.refusal = why
	return why
}

func newExchange(r *http.Request) *exchange {
	correlation := r.Form.Get("client-request-id")
	if header := r.Header.Get("client-request-id"); header != "" {
		correlation = header
	}
	if !isGUID(correlation) {
		correlation = uuid.NewString()
	}
	return &exchange{claims: r.Form.Get("claims"), clientInfo: r.Form.Get("client_info") == "1", correlation: correlation}
}

// counters count by name.
type counters struct {
	mu     sync.Mutex
	counts map[string]int
}

func (c *counters) add(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = map[string]int{}
	}
	c.counts[name]++
}

func (c *counters) snapshot() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make(map[string]int, len(c.counts))
	for name, count := range c.counts {
		all[name] = count
	}
	return all
}

// handler is the whole provider.
func (p *Provider) handler() (http.Handler, error) {
	protocol, err := p.protocol()
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	below := func(path string) string { return "/{tenant}" + path }
	mux.Handle("GET "+below(discoveryPath), p.counted("discovery", p.forTenant(rewrite("/.well-known/openid-configuration", protocol))))
	mux.Handle("GET "+below(keysPath), p.counted("keys", p.forTenant(http.StripPrefix("/"+p.options.Tenant, protocol))))
	mux.Handle(below(authorizePath), p.counted("authorize", p.forTenant(p.faulty(p.asPage(http.StripPrefix("/"+p.options.Tenant, protocol))))))
	mux.Handle(below(authorizePath+"/callback"), p.forTenant(p.asPage(http.StripPrefix("/"+p.options.Tenant, protocol))))
	mux.Handle("POST "+below(tokenPath), p.forTenant(p.faulty(p.asEntra(http.StripPrefix("/"+p.options.Tenant, protocol)))))
	mux.Handle("POST "+below(devicePath), p.counted("devicecode", p.forTenant(p.faulty(p.asEntra(http.StripPrefix("/"+p.options.Tenant, protocol))))))
	mux.HandleFunc("GET /common/discovery/instance", p.instanceDiscovery)
	mux.Handle(below(loginPath), p.faulty(http.HandlerFunc(p.login)))
	mux.Handle(below(deviceAuthPath), p.faulty(http.HandlerFunc(p.deviceAuth)))
	return http.MaxBytesHandler(mux, maxForm), nil
}

func rewrite(path string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r2 := r.Clone(r.Context())
		r2.URL.Path, r2.URL.RawPath = path, ""
		next.ServeHTTP(w, r2)
	})
}

func (p *Provider) counted(name string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.visits.add(name)
		next.ServeHTTP(w, r)
	})
}

// forTenant refuses requests for any other tenant.
func (p *Provider) forTenant(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.EqualFold(r.PathValue("tenant"), p.options.Tenant) {
			p.writeRefusal(w, refuse(90002), uuid.NewString())
			return
		}
		next.ServeHTTP(w, r)
	})
}

// faulty is slow or out of order where a switch says so.
func (p *Provider) faulty(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switches := p.Switches()
		if switches.Slow > 0 {
			timer := time.NewTimer(switches.Slow)
			defer timer.Stop()
			select {
			case <-timer.C:
			case <-r.Context().Done():
				return
			}
		}
		if switches.ServerError != 0 {
			if switches.RetryAfter > 0 {
				w.Header().Set("Retry-After", strconv.Itoa(int(switches.RetryAfter.Round(time.Second)/time.Second)))
			}
			broken := refuse(90033)
			broken.status = switches.ServerError
			p.writeRefusal(w, broken, uuid.NewString())
			return
		}
		next.ServeHTTP(w, r)
	})
}

// asEntra lets a token or device code request through to the OAuth library, and words the answer's errors as Entra does.
func (p *Provider) asEntra(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			p.writeRefusal(w, refuse(90014), uuid.NewString())
			return
		}
		grant := r.PostForm.Get("grant_type")
		if strings.HasSuffix(r.URL.Path, tokenPath) {
			p.visits.add(strings.TrimPrefix(grant, deviceGrantPrefix))
		}
		if grant == "device_code" { // what Entra and MSAL call it
			r.Form.Set("grant_type", deviceGrantPrefix+grant)
			r.PostForm.Set("grant_type", deviceGrantPrefix+grant)
		}
		exchange := newExchange(r)
		answer := &heldAnswer{header: http.Header{}}
		next.ServeHTTP(answer, r.WithContext(context.WithValue(r.Context(), exchangeKey{}, exchange)))
		if answer.status < http.StatusBadRequest {
			answer.release(w)
			return
		}
		why := exchange.refusal
		if why == nil {
			why = byOAuthError(answer.oauthError())
		}
		if strings.HasSuffix(grant, "device_code") && why.oauth == "access_denied" {
			why.oauth = "authorization_declined" // https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code#expected-errors
		}
		p.writeRefusal(w, why, exchange.correlation)
	})
}

// deviceGrantPrefix begins the grant's name in RFC 8628.
const deviceGrantPrefix = "urn:ietf:params:oauth:grant-type:"

// asPage lets a browser's request through to the OAuth library, and shows errors as a page as Entra does: the application does not hear of them.
func (p *Provider) asPage(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			p.showError(w, refuse(90014), uuid.NewString())
			return
		}
		exchange := newExchange(r)
		answer := &heldAnswer{header: http.Header{}}
		next.ServeHTTP(answer, r.WithContext(context.WithValue(r.Context(), exchangeKey{}, exchange)))
		switch {
		case exchange.refusal != nil:
			p.showError(w, exchange.refusal, exchange.correlation)
		case answer.status >= http.StatusBadRequest && bytes.Contains(answer.body.Bytes(), []byte("redirect_uri")):
			p.showError(w, refuse(50011), exchange.correlation)
		case answer.status >= http.StatusBadRequest:
			p.showError(w, byOAuthError(answer.oauthError()), exchange.correlation)
		default:
			answer.release(w)
		}
	})
}

// heldAnswer holds an answer back until it is decided what becomes of it.
type heldAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (h *heldAnswer) Header() http.Header { return h.header }

func (h *heldAnswer) WriteHeader(status int) {
	if h.status == 0 {
		h.status = status
	}
}

func (h *heldAnswer) Write(data []byte) (int, error) {
	h.WriteHeader(http.StatusOK)
	return h.body.Write(data)
}

func (h *heldAnswer) release(w http.ResponseWriter) {
	for name, values := range h.header {
		w.Header()[name] = values
	}
	h.WriteHeader(http.StatusOK)
	w.WriteHeader(h.status)
	w.Write(h.body.Bytes())
}

func (h *heldAnswer) oauthError() string {
	var answer struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(h.body.Bytes(), &answer) != nil {
		return ""
	}
	return answer.Error
}

func (p *Provider) writeRefusal(w http.ResponseWriter, why *refusal, correlation string) {
	p.logger.Debug("refuse", "error", why.oauth, "code", why.code, "correlation", correlation)
	w.Header().Set("x-ms-request-id", uuid.NewString())
	writeJSON(w, why.httpStatus(), why.answer(correlation, p.now()))
}

func writeJSON(w http.ResponseWriter, status int, answer any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store, no-cache")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(answer)
}

// now is the provider's clock.
func (p *Provider) now() time.Time {
	switches := p.Switches()
	return time.Now().Add(switches.ClockSkew)
}

// instanceDiscovery answers whether the provider's host is one of Entra's, as clients ask the public cloud's host
// (https://learn.microsoft.com/entra/msal/dotnet/advanced/instance-discovery is how MSAL uses it).
func (p *Provider) instanceDiscovery(w http.ResponseWriter, r *http.Request) {
	host := p.options.hostPort()
	endpoint, err := url.Parse(r.URL.Query().Get("authorization_endpoint"))
	if err != nil || !strings.EqualFold(endpoint.Host, host) {
		invalid := &refusal{code: 50049, oauth: "invalid_instance", message: "Unknown or invalid instance."}
		p.writeRefusal(w, invalid, uuid.NewString())
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"tenant_discovery_endpoint": fmt.Sprintf("https://%s%s%s", host, strings.TrimSuffix(endpoint.Path, authorizePath), discoveryPath),
		"api-version":               "1.1",
		"metadata":                  []map[string]any{{"preferred_network": host, "preferred_cache": host, "aliases": []string{host}}},
	})
}
