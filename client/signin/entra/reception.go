package entra

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// reception waits for the browser to return from one sign-in. Requests that belong to another are answered and change nothing.
type reception struct {
	loopback *loopback
	state    string
	say      func(Page) Page
	logger   *slog.Logger
	server   *http.Server

	taken   atomic.Bool   // an answer that belongs here has come
	answers chan redirect // it
	decided chan struct{} // closed when outcome is there
	outcome Page
	shown   chan struct{} // closed when the browser has the outcome
}

// showLimit is how long the browser has to take the last page.
const showLimit = 2 * time.Second

func receive(at *loopback, state string, say func(Page) Page, logger *slog.Logger) *reception {
	r := &reception{loopback: at, state: state, say: say, logger: logger,
		answers: make(chan redirect, 1), decided: make(chan struct{}), shown: make(chan struct{})}
	r.server = &http.Server{
		Handler: r, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 20 * time.Second, MaxHeaderBytes: maxRedirect,
		ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
	r.server.SetKeepAlivesEnabled(false)
	for _, listener := range at.listeners {
		go func() {
			if err := r.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				logger.Warn("the browser's return is no longer waited for", "error", err)
			}
		}()
	}
	return r
}

// wait returns what the browser brings.
func (r *reception) wait(ctx context.Context) (redirect, error) {
	select {
	case answer := <-r.answers:
		return answer, nil
	case <-ctx.Done():
		return redirect{}, ended(ctx)
	}
}

// show lets the browser have its last page and waits until it does. It is called once, after wait returned an answer.
func (r *reception) show(ctx context.Context, page Page) {
	r.outcome = page
	close(r.decided)
	limit := time.NewTimer(showLimit)
	defer limit.Stop()
	select {
	case <-r.shown:
	case <-limit.C:
	case <-ctx.Done():
	}
}

// close stops listening, at once.
func (r *reception) close() {
	if err := errors.Join(r.server.Close(), r.loopback.close()); err != nil {
		r.logger.Debug("listener for the browser not closed", "error", err)
	}
}

// ServeHTTP implements http.Handler.
func (r *reception) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if !r.isOurs(request.Host) || request.URL.Path != "/" {
		http.NotFound(w, request)
		return
	}
	answer, err := parseRedirect(request)
	if err != nil || !answer.is(r.state) {
		r.logger.Debug("stray request while a sign-in waits", "method", request.Method, "error", err)
		r.write(w, http.StatusBadRequest, strayPage())
		return
	}
	if !r.taken.CompareAndSwap(false, true) {
		r.write(w, http.StatusConflict, strayPage()) // the same answer again, such as by reloading
		return
	}
	r.answers <- answer
	select {
	case <-r.decided:
		r.write(w, http.StatusOK, r.outcome)
		close(r.shown)
	case <-request.Context().Done():
	}
}

// isOurs reports whether a request is for localhost: a page of the Internet cannot reach here under a name of its own (DNS rebinding).
func (r *reception) isOurs(host string) bool {
	name, port, err := net.SplitHostPort(host)
	if err != nil || port != strconv.Itoa(r.loopback.port) {
		return false
	}
	name = strings.ToLower(name)
	return name == "localhost" || name == "127.0.0.1" || name == "::1"
}

func (r *reception) write(w http.ResponseWriter, status int, page Page) {
	var content bytes.Buffer
	if err := r.say(page).write(&content); err != nil {
		r.logger.Warn("page for the browser not made", "error", err)
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(content.Len()))
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; base-uri 'none'")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if _, err := w.Write(content.Bytes()); err == nil {
		err = http.NewResponseController(w).Flush()
		if err != nil {
			r.logger.Debug("page for the browser not sent", "error", err)
		}
	}
}
