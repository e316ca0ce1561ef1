package transport

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

const (
	// maxAnswer bounds the head of a proxy's answer, in bytes.
	maxAnswer = 64 << 10
	// maxInterim bounds how many 1xx answers may come before the real one.
	maxInterim = 5
)

func aLongTimeAgo() time.Time { return time.Unix(1, 0) }

// answer is a proxy's reply to CONNECT.
type answer struct {
	status int
	header http.Header
	early  []byte // what came behind it
}

// throughHTTP asks an HTTP proxy for a tunnel (RFC 9110 section 9.3.6). Credentials are sent only when the proxy asks for
// them, and then in the best way that it knows. Each try has its own connection, as many proxies close the one that they refused.
func (d *dialer) throughHTTP(ctx context.Context) (net.Conn, []byte, error) {
	target := net.JoinHostPort(d.Host, strconv.Itoa(int(d.Port)))
	authorization := ""
	for tries := 1; ; tries++ {
		conn, err := d.dialProxy(ctx)
		if err != nil {
			return nil, nil, err
		}
		var got answer
		err = d.askProxy(ctx, conn, func() error {
			got, err = requestTunnel(conn, target, authorization)
			return err
		})
		if err != nil {
			return nil, nil, err
		}
		if got.status >= 200 && got.status <= 299 {
			d.Logger.Debug("proxy opened a tunnel", "proxy", d.Proxy.Host, "tries", tries)
			return conn, got.early, nil
		}
		conn.Close()
		switch {
		case tries > 1 && got.status == http.StatusUnauthorized: // tinyproxy says it so
			return nil, nil, d.proxyFailure(conn, errWrongPassword())
		case got.status != http.StatusProxyAuthRequired:
			return nil, nil, d.proxyFailure(conn, statusMeaning(got.status))
		case tries > 1 && !(tries == 2 && isStale(got.header)):
			return nil, nil, d.proxyFailure(conn, errWrongPassword())
		}
		authorization, err = d.authorize(got.header, target)
		if err != nil {
			return nil, nil, d.proxyFailure(conn, &refusal{code: ProxyAuthentication, err: err})
		}
	}
}

// requestTunnel sends CONNECT and reads the answer.
func requestTunnel(conn net.Conn, target, authorization string) (answer, error) {
	request := "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n"
	if authorization != "" {
		request += "Proxy-Authorization: " + authorization + "\r\n"
	}
	if _, err := io.WriteString(conn, request+"\r\n"); err != nil {
		return answer{}, err
	}
	return readAnswer(conn)
}

// readAnswer reads a proxy's answer to CONNECT. What follows it belongs to the tunnel.
func readAnswer(r io.Reader) (answer, error) {
	limited := &io.LimitedReader{R: r, N: maxAnswer}
	reader := bufio.NewReader(limited)
	for range maxInterim + 1 {
		if begin, err := reader.Peek(5); err == nil && string(begin) != "HTTP/" {
			return answer{}, notProxy(begin, "HTTP")
		}
		response, err := http.ReadResponse(reader, &http.Request{Method: http.MethodConnect})
		if err != nil {
			return answer{}, answerError(err, limited.N <= 0)
		}
		switch status := response.StatusCode; {
		case status < 100 || status > 599:
			return answer{}, notAnswer("its answer is not HTTP")
		case status < 200:
			continue
		}
		early, _ := reader.Peek(reader.Buffered())
		return answer{status: response.StatusCode, header: response.Header, early: append([]byte(nil), early...)}, nil
	}
	return answer{}, notAnswer("it sends interim answers without end")
}

// answerError says what is wrong with an answer. The library's texts quote it, and a proxy may echo what it was sent, so they are not shown.
func answerError(err error, tooLong bool) error {
	var network net.Error
	switch {
	case tooLong:
		return notAnswer("its answer is too long")
	case errors.As(err, &network):
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &refusal{code: Closed, err: errors.New("the proxy closed the connection without an answer")}
	default:
		return notAnswer("its answer is not HTTP")
	}
}

func notAnswer(why string) *refusal {
	return &refusal{code: NotAProxy, err: errors.New("this is no HTTP proxy: " + why)}
}

// notProxy says what answered instead of a proxy.
func notProxy(begin []byte, kind string) *refusal {
	what := "something else"
	for _, signature := range signatures {
		if known := min(len(begin), len(signature.begin)); known >= 2 && string(begin[:known]) == signature.begin[:known] {
			what = signature.speaks
			break
		}
	}
	return &refusal{code: NotAProxy, err: fmt.Errorf("this is no %s proxy: it speaks %s", kind, what)}
}

// statusMeaning says what a refusal means. The proxy's own words are not shown: they are anything.
func statusMeaning(status int) *refusal {
	code, meaning := ProxyRefused, "it does not allow a connection to the gateway"
	switch status {
	case http.StatusBadGateway, http.StatusServiceUnavailable:
		code, meaning = Unreachable, "it cannot reach the gateway"
	case http.StatusGatewayTimeout:
		code, meaning = TimedOut, "it got no answer from the gateway"
	case http.StatusNotFound, http.StatusNotImplemented, http.StatusBadRequest:
		code, meaning = NotAProxy, "it may be a web server"
	}
	return &refusal{code: code, err: fmt.Errorf("the proxy answered %d %s: %s", status, http.StatusText(status), meaning)}
}
