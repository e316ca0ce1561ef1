package transport

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpproxy"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// The ports of proxies whose address names none, as package net/http and RFC 1928 have them.
const (
	defaultHTTPProxyPort   = 80
	defaultSOCKS5ProxyPort = 1080
)

// ParseProxyURL reads a proxy's address: "http://user:password@host:port", "socks5://host:port", or "host:port" for HTTP. Either way the
// proxy resolves the gateway's name, so "socks5h" is the same as "socks5". Errors do not show the address, for the password in it.
func ParseProxyURL(address string) (*profiles.Proxy, error) {
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("parse proxy address: it is not a URL such as http://host:port or socks5://host:port")
	}
	proxy := &profiles.Proxy{Host: u.Hostname()}
	switch strings.ToLower(u.Scheme) {
	case "http":
		proxy.Type, proxy.Port = profiles.HTTPProxy, defaultHTTPProxyPort
	case "socks5", "socks5h":
		proxy.Type, proxy.Port = profiles.SOCKS5Proxy, defaultSOCKS5ProxyPort
	default:
		return nil, fmt.Errorf("parse proxy address: %q proxies are not supported, only http and socks5", u.Scheme)
	}
	if proxy.Host == "" {
		return nil, errors.New("parse proxy address: it has no host")
	}
	if port := u.Port(); port != "" {
		number, err := strconv.ParseUint(port, 10, 16)
		if err != nil || number == 0 {
			return nil, fmt.Errorf("parse proxy address: port %q is not between 1 and 65535", port)
		}
		proxy.Port = uint16(number)
	}
	if u.User != nil {
		password, _ := u.User.Password()
		proxy.Username, proxy.Password = u.User.Username(), secret.Text(password)
	}
	return proxy, nil
}

// ProxyFromEnvironment returns the proxy that the environment wants for a gateway: https_proxy, else all_proxy, unless no_proxy has the gateway
// in it; upper-case names count too. It is nil for none, and always for a loopback address. A gateway over UDP goes through a SOCKS5 proxy only.
func ProxyFromEnvironment(host string, port uint16) (*profiles.Proxy, error) {
	value, name := environmentProxy()
	if value == "" {
		return nil, nil
	}
	// Only the exceptions are left to httpproxy: it takes a proxy address that it cannot read for none.
	config := httpproxy.Config{HTTPSProxy: "http://proxy.invalid", NoProxy: cmp.Or(os.Getenv("no_proxy"), os.Getenv("NO_PROXY"))}
	target := &url.URL{Scheme: "https", Host: net.JoinHostPort(host, strconv.Itoa(int(port)))}
	chosen, err := config.ProxyFunc()(target)
	if err != nil {
		return nil, fmt.Errorf("choose proxy: %w", err)
	}
	if chosen == nil {
		return nil, nil
	}
	proxy, err := ParseProxyURL(value)
	if err != nil {
		return nil, fmt.Errorf("read environment variable %s: %w", name, err)
	}
	return proxy, nil
}

// environmentProxy finds the variable that applies.
func environmentProxy() (value, name string) {
	for _, name := range []string{"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"} {
		if value := strings.TrimSpace(os.Getenv(name)); value != "" {
			return value, name
		}
	}
	return "", ""
}

// throughProxy connects a stream to the gateway through the proxy. early is what came after the proxy's answer.
func (d *dialer) throughProxy(ctx context.Context) (stream net.Conn, early []byte, err error) {
	switch d.Proxy.Type {
	case profiles.HTTPProxy:
		return d.throughHTTP(ctx)
	case profiles.SOCKS5Proxy:
		stream, err := d.throughSOCKS5(ctx)
		return stream, nil, err
	default:
		return nil, nil, d.failure(StageOptions, NotSupported, fmt.Errorf("unknown proxy type %q", d.Proxy.Type))
	}
}

// dialProxy opens a connection to the proxy itself.
func (d *dialer) dialProxy(ctx context.Context) (net.Conn, error) {
	return d.race(ctx, target{host: d.Proxy.Host, port: d.Proxy.Port, resolve: StageProxyResolve, connect: StageProxyConnect})
}

// askProxy runs one exchange with the proxy, bounded in time. It closes the connection on an error, which becomes a DialError.
func (d *dialer) askProxy(ctx context.Context, conn net.Conn, exchange func() error) error {
	limited, cancel := context.WithTimeout(ctx, d.ProxyTimeout)
	defer cancel()
	stop := context.AfterFunc(limited, func() { conn.SetDeadline(aLongTimeAgo()) })
	err := exchange()
	if !stop() && err == nil {
		err = limited.Err()
	}
	if err == nil {
		return nil
	}
	conn.Close()
	if limited.Err() != nil {
		err = &refusal{code: classifyCause(limited.Err()), err: fmt.Errorf("no answer from the proxy: %w", context.Cause(limited))}
	}
	return d.proxyFailure(conn, err)
}

// refusal is what a proxy said or did instead of what it was asked for.
type refusal struct {
	code Code
	err  error
}

// Error implements error.
func (r *refusal) Error() string { return r.err.Error() }

func errWrongPassword() *refusal {
	return &refusal{code: ProxyAuthentication, err: errors.New("the proxy does not accept the user name and password")}
}

// proxyFailure makes a DialError of what went wrong with the proxy at the other end of conn.
func (d *dialer) proxyFailure(conn net.Conn, err error) *DialError {
	failure := &DialError{Stage: StageProxy, Code: classifyCause(err), Host: d.Proxy.Host, Addr: addrPort(conn.RemoteAddr()), Err: cause(err)}
	var said *refusal
	if errors.As(err, &said) {
		failure.Code, failure.Err = said.code, said.err
	}
	return failure
}
