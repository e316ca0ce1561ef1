package entra

import (
	"errors"
	"fmt"
	"net"
	"strconv"
)

// loopback is one port on both loopback addresses: browsers take either for localhost, and nobody else may have the other one.
type loopback struct {
	port      int
	listeners []net.Listener
}

// freePortTries is how often a port is looked for that is free on both addresses.
const freePortTries = 16

// listenLoopback listens on the preferred port where it is free, else on any.
func listenLoopback(preferred uint16) (*loopback, error) {
	if made, err := listenOn(int(preferred)); err == nil {
		return made, nil
	}
	var failed error
	for range freePortTries {
		made, err := listenOn(0)
		if err == nil {
			return made, nil
		}
		failed = err
	}
	return nil, fmt.Errorf("listen for the browser: %w", failed)
}

// listenOn listens on a port, 0 for a free one. A computer without one of the address families has only the other.
func listenOn(port int) (*loopback, error) {
	four, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil && !isMissing(err) {
		return nil, err
	}
	made := &loopback{port: port}
	if err == nil {
		made.add(four)
	}
	six, err := net.Listen("tcp6", net.JoinHostPort("::1", strconv.Itoa(made.port)))
	if err != nil && !isMissing(err) {
		return nil, errors.Join(err, made.close())
	}
	if err == nil {
		made.add(six)
	}
	if len(made.listeners) == 0 {
		return nil, errors.New("there is no loopback address")
	}
	return made, nil
}

func (l *loopback) add(listener net.Listener) {
	l.listeners = append(l.listeners, listener)
	if address, ok := listener.Addr().(*net.TCPAddr); ok {
		l.port = address.Port
	}
}

func (l *loopback) close() error {
	var all error
	for _, listener := range l.listeners {
		if err := listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			all = errors.Join(all, err)
		}
	}
	return all
}

// redirectURI is where the browser is sent. Entra lets any port pass for http://localhost
// (https://learn.microsoft.com/entra/identity-platform/reply-url#localhost-exceptions).
func (l *loopback) redirectURI() string { return "http://localhost:" + strconv.Itoa(l.port) }
