package entra

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// Limits of what is read from a provider and believed of it.
const (
	maxAnswer     = 1 << 20 // bytes
	maxRetryAfter = time.Hour
	requestLimit  = 30 * time.Second
)

// observation is what the answers to one attempt's requests said, of which MSAL tells little. The last answer counts.
type observation struct {
	mu         sync.Mutex
	status     int      // 0: there was no answer
	refused    *refusal // nil: it was none
	page       bool     // the answer was a web page, or led to another one
	retryAfter time.Duration
}

type observationKey struct{}

// observed returns a context whose requests are observed.
func observed(ctx context.Context) (context.Context, *observation) {
	o := &observation{}
	return context.WithValue(ctx, observationKey{}, o), o
}

func (o *observation) reset() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.status, o.refused, o.page, o.retryAfter = 0, nil, false, 0
}

func (o *observation) see(response *http.Response, body []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.status, o.refused = response.StatusCode, nil
	o.page = response.StatusCode/100 == 3 || isPage(response.Header, body)
	o.retryAfter = retryAfter(response.Header.Get("Retry-After"), time.Now())
	if response.StatusCode >= 400 {
		if r, ok := parseRefusal(body); ok && !r.pending() {
			o.refused = &r
		}
	}
}

// isPage reports whether an answer is for people, where a program asked.
func isPage(header http.Header, body []byte) bool {
	kind, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	return err == nil && kind == "text/html" || bytes.HasPrefix(bytes.TrimSpace(body), []byte("<"))
}

// retryAfter reads a Retry-After header (RFC 9110 section 10.2.3): seconds, or a date.
func retryAfter(text string, now time.Time) time.Duration {
	var wait time.Duration
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if date, err := http.ParseTime(text); err == nil {
		wait = date.Sub(now)
	}
	return min(max(wait, 0), maxRetryAfter)
}

// observer is a transport that lets observations see answers. It logs nothing: bodies have tokens in them.
type observer struct {
	next http.RoundTripper
}

var errAnswerSize = fmt.Errorf("read answer: it has more than %d bytes", maxAnswer)

// RoundTrip implements http.RoundTripper.
func (t observer) RoundTrip(request *http.Request) (*http.Response, error) {
	o, watched := request.Context().Value(observationKey{}).(*observation)
	if watched {
		o.reset()
	}
	response, err := t.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err == nil && len(body) > maxAnswer {
		err = errAnswerSize
	}
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return nil, err
	}
	if watched {
		o.see(response, body)
	}
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return response, nil
}

// CloseIdleConnections lets http.Client.CloseIdleConnections through.
func (t observer) CloseIdleConnections() {
	if closer, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

// proxyRefusedError is a proxy's refusal to let a connection through.
type proxyRefusedError struct {
	status int
}

// Error implements error.
func (e *proxyRefusedError) Error() string {
	return fmt.Sprintf("the proxy answered with status %d", e.status)
}

// observedClient is a client like another one whose answers are observed. It follows no redirects: no endpoint of Entra's has any, and
// what is posted is for nobody else.
func observedClient(like *http.Client) *http.Client {
	client := &http.Client{}
	if like != nil {
		*client = *like
	}
	if client.Timeout <= 0 {
		client.Timeout = requestLimit // MSAL sets none where the context has a deadline, which is the user's here
	}
	next := client.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	if transport, ok := next.(*http.Transport); ok {
		transport = transport.Clone()
		if transport.OnProxyConnectResponse == nil {
			transport.OnProxyConnectResponse = proxyAnswered
		}
		next = transport
	}
	client.Transport = observer{next}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return client
}

func proxyAnswered(_ context.Context, _ *url.URL, _ *http.Request, response *http.Response) error {
	if response.StatusCode != http.StatusOK {
		return &proxyRefusedError{status: response.StatusCode}
	}
	return nil
}
