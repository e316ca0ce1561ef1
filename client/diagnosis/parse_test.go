package diagnosis

import (
	"bytes"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

func mustURL(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestParseHost(t *testing.T) {
	for text, want := range map[string]string{
		"db.corp.lab": "db.corp.lab 0", "db:5432": "db 5432", "10.0.0.4": "10.0.0.4 0", "10.0.0.4:22": "10.0.0.4 22", "2001:db8::1": "2001:db8::1 0",
		"[2001:db8::1]": "2001:db8::1 0", "[2001:db8::1]:443": "2001:db8::1 443", "::ffff:10.0.0.4": "10.0.0.4 0",
		"": "", "a b": "", "db:0": "", "db:70000": "", "db:x": "", ":22": "", "https://db": "", "ä": "", strings.Repeat("a", 254): "",
	} {
		host, port, err := parseHost(text)
		got := ""
		if err == nil {
			got = strings.Join([]string{host, netip.AddrPortFrom(netip.IPv4Unspecified(), port).String()[len("0.0.0.0:"):]}, " ")
		}
		if got != want {
			t.Errorf("%q: %q, want %q (%v)", text, got, want, err)
		}
	}
}

func FuzzHost(f *testing.F) {
	for _, seed := range []string{"db:22", "[::1]:1", "::", "a:b:c", "[", "]:1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		host, _, err := parseHost(text)
		if err == nil && (host == "" || strings.ContainsAny(host, " /\n@")) {
			t.Errorf("%q is host %q", text, host)
		}
	})
}

func FuzzWebAnswer(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\nDate: Mon, 23 Nov 2026 19:00:00 GMT\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 204 No Content\r\n\r\n",
		"HTTP/1.0 302 Found\r\nLocation: http://portal.example/?x\r\n\r\n", "HTTP/1.1 511 Network Authentication Required\r\n\r\n<html>",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "SSH-2.0-x\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\nx",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		answer, err := readWebAnswer(bytes.NewReader(data))
		if err != nil {
			return
		}
		if len(answer.body) > maxBody {
			t.Errorf("a page of %d bytes", len(answer.body))
		}
		answer.is("x")
		answer.is("")
		hostOf(answer.location)
	})
}

func TestWebAnswerIsBounded(t *testing.T) {
	endless := "HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("x", 10<<20)
	answer, err := readWebAnswer(strings.NewReader(endless))
	if err != nil || len(answer.body) > maxBody {
		t.Errorf("%v, %d bytes", err, len(answer.body))
	}
	if _, err := readWebAnswer(strings.NewReader("HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", 1<<20))); err == nil {
		t.Error("a head without end was read")
	}
}

func FuzzResolvConf(f *testing.F) {
	f.Add([]byte("# x\nnameserver 127.0.0.53\nsearch a.lab b.lab\noptions edns0\nnameserver fe80::1%eth0\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if names := parseResolvConf(bytes.NewReader(data)); len(names.Servers) > maxServers {
			t.Errorf("%d servers", len(names.Servers))
		}
	})
}
