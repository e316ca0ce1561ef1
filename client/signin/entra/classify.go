package entra

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"

	msal "github.com/AzureAD/microsoft-authentication-library-for-go/apps/errors"

	"github.com/footbridge-vpn/footbridge/client/signin"
)

// problemOf is the problem that an error is, whatever it is.
func problemOf(err error) *Problem {
	var problem *Problem
	if errors.As(err, &problem) {
		return problem
	}
	return newProblem(CodeInternal, err)
}

// explain says what an error of MSAL means to the user. unknown is the code for errors that are neither an answer nor of the network.
func explain(ctx context.Context, err error, o *observation, unknown Code) *Problem {
	var problem *Problem
	if errors.As(err, &problem) {
		return problem
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return newProblem(CodeNoAnswer, context.Cause(ctx))
	}
	if ctx.Err() != nil {
		return ended(ctx)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.refused != nil && o.status != http.StatusTooManyRequests {
		problem = o.refused.problem()
		problem.RetryAfter = o.retryAfter
		return problem
	}
	if code, known := codeOfConnection(err); known {
		return newProblem(code, quiet(err))
	}
	if code := o.code(); code != "" {
		problem = newProblem(code, quiet(err))
		problem.RetryAfter = o.retryAfter
		return problem
	}
	var call msal.CallErr
	var invalid msal.InvalidJsonErr
	if errors.As(err, &call) || errors.As(err, &invalid) {
		return newProblem(CodeBadAnswer, quiet(err))
	}
	return newProblem(unknown, quiet(err))
}

// code is what an answer means that is no refusal of OAuth.
func (o *observation) code() Code {
	switch {
	case o.status == http.StatusProxyAuthRequired:
		return CodeProxySignIn
	case o.status == http.StatusTooManyRequests:
		return CodeThrottled
	case o.status >= 500:
		return CodeUnavailable
	case o.page:
		return CodeCaptivePortal
	case o.status >= 400:
		return CodeBadAnswer
	default:
		return ""
	}
}

// ended is the problem of a context that ended.
func ended(ctx context.Context) *Problem {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return newProblem(CodeTimedOut, context.Cause(ctx))
	}
	return newProblem(CodeCancelled, errors.Join(signin.ErrCancelled, context.Cause(ctx)))
}

// codeOfConnection is the problem behind an error of the network, of TLS or of a proxy.
func codeOfConnection(err error) (Code, bool) {
	var proxy *proxyRefusedError
	var invalid x509.CertificateInvalidError
	var untrusted *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var operation *net.OpError
	var network net.Error
	switch {
	case errors.As(err, &proxy) && proxy.status == http.StatusProxyAuthRequired:
		return CodeProxySignIn, true
	case errors.As(err, &proxy):
		return CodeProxyFailed, true
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return CodeClock, true
	case errors.As(err, &untrusted):
		return CodeUntrusted, true
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return CodeCaptivePortal, true // something that speaks no TLS
	case errors.As(err, &operation) && operation.Op == "proxyconnect":
		return CodeProxyFailed, true
	case errors.As(err, &network) && network.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return CodeNoAnswer, true
	case errors.As(err, &operation), errors.As(err, new(*url.Error)):
		return CodeUnreachable, true
	default:
		return "", false
	}
}

// quiet is an error without what MSAL quotes in it: whole bodies, which may hold tokens.
func quiet(err error) error {
	var address *url.Error
	if errors.As(err, &address) {
		return address.Err // the address has nothing that the profile does not say
	}
	var call msal.CallErr
	if errors.As(err, &call) && call.Resp != nil {
		return errors.New("answered with status " + call.Resp.Status)
	}
	var invalid msal.InvalidJsonErr
	if errors.As(err, &invalid) {
		return errors.New("the answer is no JSON")
	}
	return errors.New(sentenceOf(err.Error()))
}
