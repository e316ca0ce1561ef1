package arm

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// faults are what goes wrong. Server.mu protects them.
type faults struct {
	throttled     int           // requests that are still refused with 429
	retryAfter    time.Duration // that a refusal asks for
	unavailable   int           // requests that are still refused with 503
	downloads     int           // downloads that are still refused with 503
	forbidden     []string      // actions
	expired       bool
	polls         int    // questions until an operation is done
	failing       string // code that the next operations fail with; empty: none
	failure       string // its message
	refusing      *refusal
	brokenPackage bool
}

// Throttle refuses as many of the next requests with 429.
func (s *Server) Throttle(times int, retryAfter time.Duration) {
	s.with(func(f *faults) { f.throttled, f.retryAfter = times, retryAfter })
}

// Unavailable refuses as many of the next requests with 503.
func (s *Server) Unavailable(times int) { s.with(func(f *faults) { f.unavailable = times }) }

// FailDownloads refuses as many of the next downloads with 503, as Azure's storage does right after a package was generated.
func (s *Server) FailDownloads(times int) { s.with(func(f *faults) { f.downloads = times }) }

// Forbid takes actions ("Microsoft.Network/virtualNetworkGateways/read") out of the administrator's role.
func (s *Server) Forbid(actions ...string) { s.with(func(f *faults) { f.forbidden = actions }) }

// Expire takes tokens for expired ones, or no longer.
func (s *Server) Expire(expired bool) { s.with(func(f *faults) { f.expired = expired }) }

// Polls makes operations be done when they were asked for as many times.
func (s *Server) Polls(times int) { s.with(func(f *faults) { f.polls = times }) }

// FailOperations makes operations end with an error. An empty code ends that.
func (s *Server) FailOperations(code, message string) {
	s.with(func(f *faults) { f.failing, f.failure = code, message })
}

// Refuse answers every request about resources with an error. A status of 0 ends that.
func (s *Server) Refuse(status int, code, message string) {
	s.with(func(f *faults) {
		f.refusing = &refusal{status: status, code: code, message: message}
		if status == 0 {
			f.refusing = nil
		}
	})
}

// BreakPackages makes packages be cut off in the middle.
func (s *Server) BreakPackages(broken bool) { s.with(func(f *faults) { f.brokenPackage = broken }) }

func (s *Server) with(change func(*faults)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.faults)
}

// refusal is an error in Azure's form
// (https://github.com/microsoft/api-guidelines/blob/vNext/azure/Guidelines.md#handling-errors).
type refusal struct {
	status  int
	code    string
	message string
	header  http.Header
}

// Error implements error.
func (r *refusal) Error() string { return r.code + ": " + r.message }

func notFound(id string) *refusal {
	return &refusal{status: http.StatusNotFound, code: "ResourceNotFound",
		message: fmt.Sprintf("The Resource '%s' under resource group was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix", id)}
}

// refuse decides whether a request is refused before it is looked at. The caller holds s.mu.
func (s *Server) refuse(request *http.Request, action, scope string) *refusal {
	f := &s.faults
	bearer, isBearer := strings.CutPrefix(request.Header.Get("Authorization"), "Bearer ")
	challenge := http.Header{"Www-Authenticate": {fmt.Sprintf(`Bearer authorization_uri="%s/common", error="invalid_token", error_description="The access token is invalid."`, s.options.Login)}}
	switch {
	case !isBearer || bearer == "":
		return &refusal{http.StatusUnauthorized, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.", challenge}
	case f.expired:
		return &refusal{http.StatusUnauthorized, "ExpiredAuthenticationToken", "The access token expiry UTC time is earlier than current UTC time.", challenge}
	}
	if s.options.Token != nil {
		if err := s.options.Token(bearer); err != nil {
			return &refusal{http.StatusUnauthorized, "InvalidAuthenticationToken", "The access token is invalid: " + err.Error(), challenge}
		}
	}
	wait := http.Header{"Retry-After": {strconv.Itoa(int(f.retryAfter / time.Second))}, "Retry-After-Ms": {strconv.Itoa(int(f.retryAfter / time.Millisecond))}}
	switch {
	case f.throttled > 0:
		f.throttled--
		return &refusal{http.StatusTooManyRequests, "TooManyRequests", "The request is being throttled.", wait}
	case f.unavailable > 0:
		f.unavailable--
		return &refusal{http.StatusServiceUnavailable, "ServerTimeout", "The server is busy, please retry.", http.Header{"Retry-After-Ms": {"10"}}}
	case f.refusing != nil:
		return f.refusing
	case slices.ContainsFunc(f.forbidden, func(one string) bool { return strings.EqualFold(one, action) }):
		return &refusal{status: http.StatusForbidden, code: "AuthorizationFailed", message: fmt.Sprintf("The client 'admin@corp.example' with object id "+
			"'11111111-2222-4333-8444-555555555555' does not have authorization to perform action '%s' over scope '%s' or the scope is invalid. "+
			"If access was recently granted, please refresh your credentials.", action, scope)}
	}
	return nil
}
