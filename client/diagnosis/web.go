package diagnosis

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// webAnswer is what a web server said.
type webAnswer struct {
	status   int
	location string    // with a redirect
	date     time.Time // zero: it did not say
	body     []byte    // as far as one is read
}

// The limits of an answer, in bytes. A head is as long as net/http takes them.
const (
	maxHead = 64 << 10
	maxBody = 256 << 10
)

// fetch asks a web server without following redirects, since where they lead is what is to be found out.
func (x *examination) fetch(ctx context.Context, address string) (*webAnswer, error) {
	target, err := url.Parse(address)
	if err != nil || target.Hostname() == "" {
		return nil, fmt.Errorf("fetch page: %q is no address of one", address)
	}
	conn, err := x.dialURL(ctx, target)
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", target.Redacted(), err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if target.Scheme == "https" {
		secure := tls.Client(conn, x.webTLS(target.Hostname()))
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, fmt.Errorf("fetch %s: %w", target.Redacted(), err)
		}
		conn = secure
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", target.Redacted(), err)
	}
	request.Header.Set("User-Agent", "Footbridge")
	request.Header.Set("Cache-Control", "no-cache")
	request.Close = true
	if err := request.Write(conn); err != nil {
		return nil, fmt.Errorf("fetch %s: %w", target.Redacted(), err)
	}
	answer, err := readWebAnswer(conn)
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", target.Redacted(), errors.Join(err, context.Cause(ctx)))
	}
	return answer, nil
}

// readWebAnswer reads an answer, bounded.
func readWebAnswer(r io.Reader) (*webAnswer, error) {
	limited := &io.LimitedReader{R: r, N: maxHead}
	response, err := http.ReadResponse(bufio.NewReader(limited), nil)
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	defer response.Body.Close()
	limited.N = maxBody
	answer := &webAnswer{status: response.StatusCode, location: response.Header.Get("Location")}
	if date, err := http.ParseTime(response.Header.Get("Date")); err == nil {
		answer.date = date
	}
	answer.body, err = io.ReadAll(io.LimitReader(response.Body, maxBody))
	if err != nil && len(answer.body) == 0 {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	return answer, nil // what is missing of a page does not matter here
}

// is reports whether the answer is the one that a probe expects.
func (a *webAnswer) is(expected string) bool {
	if expected == "" {
		return a.status == http.StatusNoContent
	}
	return a.status == http.StatusOK && strings.Contains(string(a.body), expected)
}

// dialURL connects to the server of a URL.
func (x *examination) dialURL(ctx context.Context, target *url.URL) (net.Conn, error) {
	port := target.Port()
	if port == "" {
		port = "80"
		if target.Scheme == "https" {
			port = "443"
		}
	}
	return x.dialHost(ctx, target.Hostname(), port)
}

// dialHost connects to the first address of a host that answers.
func (x *examination) dialHost(ctx context.Context, host, port string) (net.Conn, error) {
	addresses, err := x.lookUp(ctx, host)
	if err != nil {
		return nil, err
	}
	var failures []error
	for _, address := range addresses {
		limited, cancel := context.WithTimeout(ctx, 2*time.Second) // another may answer
		conn, err := x.Dial(limited, "tcp", net.JoinHostPort(address.String(), port))
		cancel()
		if err == nil {
			return conn, nil
		}
		failures = append(failures, err)
	}
	return nil, errors.Join(failures...)
}

// lookUp resolves a name as programs do, IPv4 first.
func (x *examination) lookUp(ctx context.Context, host string) ([]netip.Addr, error) {
	if address, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{address}, nil
	}
	var v4, v6 []netip.Addr
	var err4, err6 error
	var asking sync.WaitGroup
	asking.Go(func() { v4, err4 = x.Resolver.LookupNetIP(ctx, "ip4", host) })
	asking.Go(func() { v6, err6 = x.Resolver.LookupNetIP(ctx, "ip6", host) })
	asking.Wait()
	all := slices.Concat(v4, v6)
	if len(all) == 0 {
		return nil, errors.Join(err4, err6)
	}
	for i := range all {
		all[i] = all[i].Unmap()
	}
	return all, nil
}

// webTLS verifies a web server by chain and name but at a time when its certificate is valid: whether this computer's clock is right is
// only to be found out.
func (x *examination) webTLS(host string) *tls.Config {
	return &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12, InsecureSkipVerify: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			if len(state.PeerCertificates) == 0 {
				return errors.New("the server sent no certificate")
			}
			leaf := state.PeerCertificates[0]
			options := x509.VerifyOptions{Roots: x.RootCAs, Intermediates: x509.NewCertPool(), DNSName: host,
				CurrentTime: leaf.NotBefore.Add(leaf.NotAfter.Sub(leaf.NotBefore) / 2)}
			for _, certificate := range state.PeerCertificates[1:] {
				options.Intermediates.AddCert(certificate)
			}
			_, err := leaf.Verify(options)
			return err
		}}
}
