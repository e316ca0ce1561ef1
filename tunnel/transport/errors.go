package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
)

// Stage is how far a connection had come when it failed.
type Stage string

// The stages of Dial.
const (
	StageOptions      Stage = "options"       // what was asked for cannot be done
	StageResolve      Stage = "resolve"       // looking up the gateway's name
	StageConnect      Stage = "connect"       // connecting to the gateway
	StageProxyResolve Stage = "proxy-resolve" // looking up the proxy's name
	StageProxyConnect Stage = "proxy-connect" // connecting to the proxy
	StageProxy        Stage = "proxy"         // asking the proxy for the gateway
)

// Code is why a connection failed, for programs; it does not change between versions.
type Code string

// The codes of a DialError, and of Classify.
const (
	NameNotFound        Code = "name-not-found"       // the name does not exist, or has no address
	ResolverFailed      Code = "resolver-failed"      // no answer, or a bad one, from the name servers
	NoAddress           Code = "no-address"           // there is no address of a usable family
	Refused             Code = "refused"              // nothing listens at the port
	TimedOut            Code = "timed-out"            // no answer in time
	Unreachable         Code = "unreachable"          // no route, or the network says so
	Reset               Code = "reset"                // the other end broke the connection off
	Closed              Code = "closed"               // the other end closed the connection
	Cancelled           Code = "cancelled"            // the caller gave up
	NotOpenVPN          Code = "not-openvpn"          // the other end speaks another protocol
	ProxyAuthentication Code = "proxy-authentication" // the proxy wants other credentials, or refused these
	ProxyRefused        Code = "proxy-refused"        // the proxy's rules forbid it
	NotAProxy           Code = "not-a-proxy"          // what answered is no proxy of the kind
	NotSupported        Code = "not-supported"        // by this client, the proxy or the system
	Failed              Code = "failed"               // anything else
)

// DialError says where and why Dial failed. Its text never holds a password.
type DialError struct {
	Stage Stage
	Code  Code
	Host  string         // what was to be reached: the gateway's name, or the proxy's in its stages
	Addr  netip.AddrPort // the address that failed, where there is just one
	Err   error
}

// Error implements error.
func (e *DialError) Error() string {
	target := e.Host
	if e.Addr.IsValid() {
		if address := e.Addr.String(); target == "" || target == e.Addr.Addr().String() {
			target = address
		} else {
			target += " (" + address + ")"
		}
	}
	switch e.Stage {
	case StageResolve:
		return fmt.Sprintf("resolve %s: %v", target, e.Err)
	case StageProxyResolve:
		return fmt.Sprintf("resolve proxy %s: %v", target, e.Err)
	case StageProxyConnect:
		return fmt.Sprintf("connect to proxy %s: %v", target, e.Err)
	case StageProxy:
		return fmt.Sprintf("connect through proxy %s: %v", target, e.Err)
	default:
		return fmt.Sprintf("connect to %s: %v", target, e.Err)
	}
}

// Unwrap returns the cause.
func (e *DialError) Unwrap() error { return e.Err }

// ProtocolError says that the other end of a stream does not speak the OpenVPN protocol, or no longer does. The connection is closed.
type ProtocolError struct {
	Speaks string // the protocol that was recognised, "HTTP"; empty: none was
	Begin  string // its first line, where that is text
	Err    error  // packet.ErrFrameLength, io.EOF …
}

// Error implements error.
func (e *ProtocolError) Error() string {
	text := "the other end does not speak OpenVPN"
	if e.Speaks != "" {
		text = "the other end speaks " + e.Speaks + ", not OpenVPN"
	}
	if e.Begin != "" {
		text += fmt.Sprintf(": %q", e.Begin)
	}
	if e.Speaks == "" && e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *ProtocolError) Unwrap() error { return e.Err }

// TransientError is what Transient recognises.
type TransientError struct{ Err error }

// Error implements error.
func (e *TransientError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *TransientError) Unwrap() error { return e.Err }

// Transient reports whether a Conn is still usable after an error: a datagram was lost on this computer, or an ICMP message said that one was lost on its way.
func Transient(err error) bool {
	var transient *TransientError
	return errors.As(err, &transient)
}

// Classify returns the code of an error from Dial, ReadPackets or WritePackets; empty for nil.
func Classify(err error) Code {
	if err == nil {
		return ""
	}
	var dial *DialError
	if errors.As(err, &dial) {
		return dial.Code
	}
	var protocol *ProtocolError
	if errors.As(err, &protocol) {
		return NotOpenVPN
	}
	return classifyCause(err)
}

// classifyCause looks at what the system or the library said.
func classifyCause(err error) Code {
	var dns *net.DNSError
	var network net.Error
	switch {
	case errors.As(err, &dns):
		return classifyDNS(dns)
	case errors.Is(err, context.Canceled), errors.Is(err, net.ErrClosed):
		return Cancelled
	case isErrno(err, refusedErrnos):
		return Refused
	case isErrno(err, resetErrnos):
		return Reset
	case isErrno(err, unreachableErrnos):
		return Unreachable
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), isErrno(err, timedOutErrnos):
		return TimedOut
	case errors.As(err, &network) && network.Timeout():
		return TimedOut
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return Closed
	default:
		return Failed
	}
}

func classifyDNS(err *net.DNSError) Code {
	switch {
	case err.IsNotFound:
		return NameNotFound
	case errors.Is(err, context.Canceled):
		return Cancelled
	default:
		return ResolverFailed
	}
}

func isErrno(err error, errnos []syscall.Errno) bool {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return false
	}
	for _, candidate := range errnos {
		if errno == candidate {
			return true
		}
	}
	return false
}
