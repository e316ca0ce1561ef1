package transport

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

// FuzzHTTPAnswer reads any answer within bounds, loses no byte behind it, and quotes nothing of it in an error.
func FuzzHTTPAnswer(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\n\r\n\x00\x0e\x40"))
	f.Add([]byte("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 407 x\r\nProxy-Authenticate: Digest realm=\"a\", nonce=\"b\", qop=\"auth\"\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nabc"))
	f.Add([]byte("\x15\x03\x03\x00\x02\x02\x28"))
	f.Add([]byte("HTTP/1.1 403\r\n secret-echo\r\n\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		reader := bytes.NewReader(data)
		got, err := readAnswer(reader)
		if err != nil {
			if strings.Contains(err.Error(), "secret-echo") {
				t.Fatalf("the error quotes the answer: %v", err)
			}
			return
		}
		if got.status < 200 {
			t.Fatalf("status %d", got.status)
		}
		rest, _ := io.ReadAll(reader)
		if tail := append(bytes.Clone(got.early), rest...); !bytes.HasSuffix(data, tail) {
			t.Fatalf("early bytes %q are not the end of the answer", tail)
		}
		d := newDialer(Options{Host: "gateway.example", Port: 443, Proxy: proxyAt("http", addrPort(nil), "ann", "secret-password")})
		authorization, err := d.authorize(got.header, "gateway.example:443")
		if strings.ContainsAny(authorization, "\r\n") || strings.Contains(authorization, "secret-password") {
			t.Fatalf("authorization %q", authorization)
		}
		if err != nil && strings.Contains(err.Error(), "secret-password") {
			t.Fatalf("error %v", err)
		}
		isStale(got.header)
	})
}

// FuzzSOCKSReply reads exactly one reply.
func FuzzSOCKSReply(f *testing.F) {
	f.Add([]byte("\x05\x00\x00\x01\x7f\x00\x00\x01\x01\xbbrest"))
	f.Add([]byte("\x05\x00\x00\x03\x05bound\x12\x34rest"))
	f.Add([]byte("\x05\x00\x00\x04\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x01\xbb"))
	f.Add([]byte("\x05\x05\x00\x01"))
	f.Fuzz(func(t *testing.T, data []byte) {
		reader := bytes.NewReader(data)
		bound, err := readSOCKSReply(reader)
		var said *refusal
		if err != nil && !errors.As(err, &said) {
			t.Fatalf("error %v", err)
		}
		if err == nil && !bound.Addr().IsValid() && data[3] != socksName {
			t.Fatalf("no address in % x", data)
		}
		if taken := len(data) - reader.Len(); taken > 4+1+255+2 {
			t.Fatalf("took %d bytes", taken)
		}
	})
}

// FuzzSOCKSDatagram returns the end of a datagram, or an error.
func FuzzSOCKSDatagram(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x01\x7f\x00\x00\x01\x01\xbbpayload"))
	f.Add([]byte("\x00\x00\x00\x03\x00\x01\xbbpayload"))
	f.Add([]byte("\x00\x00\x01\x01\x7f\x00\x00\x01\x01\xbbfragment"))
	f.Add([]byte("\x00\x00\x00\x04"))
	f.Fuzz(func(t *testing.T, data []byte) {
		payload, err := cutSOCKSHeader(data)
		if err == nil && (!bytes.HasSuffix(data, payload) || len(data)-len(payload) < 7) {
			t.Fatalf("payload % x of % x", payload, data)
		}
	})
}

// FuzzProxyURL never shows what it was given, which may hold a password.
func FuzzProxyURL(f *testing.F) {
	for _, seed := range []string{"http://ann:hidden@proxy:1", "socks5://[::1", "://hidden@", "http://hidden:99999999", "proxy%zz:hidden"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		proxy, err := ParseProxyURL(address)
		if err != nil && strings.Contains(address, "hidden@") && strings.Contains(err.Error(), "hidden") {
			t.Fatalf("error %v", err)
		}
		if err == nil && (proxy.Host == "" || proxy.Port == 0) {
			t.Fatalf("%q gives %+v", address, proxy)
		}
	})
}

func TestStatusMeanings(t *testing.T) {
	for status, want := range map[int]Code{http.StatusForbidden: ProxyRefused, http.StatusBadGateway: Unreachable, http.StatusServiceUnavailable: Unreachable,
		http.StatusGatewayTimeout: TimedOut, http.StatusNotFound: NotAProxy, http.StatusFound: ProxyRefused} {
		if got := statusMeaning(status); got.code != want {
			t.Errorf("%d means %s, want %s", status, got.code, want)
		}
	}
}
