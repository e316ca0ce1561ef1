package transport

import (
	"bufio"
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/icholy/digest"
)

// proxyServer is an HTTP CONNECT and a SOCKS5 proxy for tests.
type proxyServer struct {
	username, password string
	scheme             string // of HTTP: "", "Basic", "Digest", or another
	stale              bool   // the first Digest answer is refused as stale
	names              map[string]netip.AddrPort
	fragments          bool // UDP replies are fragments first, and malformed ones

	listener net.Listener
	requests atomic.Int64
	asked    atomic.Value // the last destination, a string
}

func startProxy(t *testing.T, p *proxyServer, serve func(*proxyServer, net.Conn)) netip.AddrPort {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.listener = listener
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			p.requests.Add(1)
			go serve(p, conn)
		}
	}()
	return addrPort(listener.Addr())
}

func (p *proxyServer) dial(destination string) (net.Conn, error) {
	p.asked.Store(destination)
	if known, ok := p.names[destination]; ok {
		destination = known.String()
	}
	return net.Dial("tcp", destination)
}

func splice(a, b net.Conn, from io.Reader) {
	go func() {
		io.Copy(b, from)
		b.Close()
	}()
	io.Copy(a, b)
	a.Close()
}

func serveHTTPProxy(p *proxyServer, conn net.Conn) {
	defer conn.Close()
	reader := bufio.NewReader(conn)
	request, err := http.ReadRequest(reader)
	if err != nil || request.Method != http.MethodConnect {
		fmt.Fprint(conn, "HTTP/1.1 405 Method Not Allowed\r\n\r\n")
		return
	}
	if !p.admits(request) {
		return
	}
	if refusal := p.refuse(conn, request); refusal {
		return
	}
	gateway, err := p.dial(request.RequestURI)
	if err != nil {
		fmt.Fprint(conn, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\nsorry")
		return
	}
	fmt.Fprint(conn, "HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n")
	splice(conn, gateway, reader)
}

// admits checks that the client sent what RFC 9110 wants.
func (p *proxyServer) admits(request *http.Request) bool { return request.Host == request.RequestURI }

// refuse answers 407 where the credentials are not right.
func (p *proxyServer) refuse(conn net.Conn, request *http.Request) bool {
	got := request.Header.Get("Proxy-Authorization")
	challenge := p.scheme
	switch p.scheme {
	case "":
		return false
	case "Basic":
		if got == "Basic "+base64.StdEncoding.EncodeToString([]byte(p.username+":"+p.password)) {
			return false
		}
		challenge = `Basic realm="proxy"`
	case "Digest":
		if credentials, err := digest.ParseCredentials(got); err == nil && credentials.Response == p.digestResponse(credentials) {
			if !p.stale {
				return false
			}
			p.stale = false
			challenge = `Digest realm="proxy", nonce="abcdef", qop="auth", algorithm=MD5, stale=true`
		} else {
			challenge = "Basic realm=\"proxy\"\r\nProxy-Authenticate: " + `Digest realm="proxy", nonce="abcdef", qop="auth", algorithm=MD5`
		}
	}
	fmt.Fprintf(conn, "HTTP/1.1 407 Give me %s\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: %s\r\nContent-Length: 0\r\n\r\n", got, challenge)
	return true
}

// digestResponse computes RFC 7616's response on its own.
func (p *proxyServer) digestResponse(c *digest.Credentials) string {
	sum := func(text string) string {
		hash := md5.Sum([]byte(text))
		return hex.EncodeToString(hash[:])
	}
	first := sum(p.username + ":proxy:" + p.password)
	second := sum("CONNECT:" + c.URI)
	return sum(strings.Join([]string{first, c.Nonce, fmt.Sprintf("%08x", c.Nc), c.Cnonce, "auth", second}, ":"))
}

func serveSOCKS(p *proxyServer, conn net.Conn) {
	defer conn.Close()
	head := make([]byte, 2)
	io.ReadFull(conn, head)
	methods := make([]byte, head[1])
	io.ReadFull(conn, methods)
	wanted := byte(socksNoAuth)
	if p.username != "" {
		wanted = socksPassword
	}
	if !strings.Contains(string(methods), string([]byte{wanted})) {
		conn.Write([]byte{5, socksNoMethod})
		return
	}
	conn.Write([]byte{5, wanted})
	if wanted == socksPassword && !p.signIn(conn) {
		return
	}
	request := make([]byte, 3)
	io.ReadFull(conn, request)
	destination, err := readSOCKSAddress(conn)
	if err != nil {
		return
	}
	switch request[1] {
	case socksConnect:
		gateway, err := p.dial(destination)
		if err != nil {
			conn.Write([]byte{5, 5, 0, 1, 0, 0, 0, 0, 0, 0})
			return
		}
		// A name as the bound address, to see that it is skipped whole.
		conn.Write(append([]byte{5, 0, 0, 3, 5}, "bound\x12\x34"...))
		splice(conn, gateway, conn)
	case socksUDPAssociate:
		p.relay(conn)
	}
}

func (p *proxyServer) signIn(conn net.Conn) bool {
	version := make([]byte, 1)
	io.ReadFull(conn, version)
	var fields [2]string
	for i := range fields {
		length := make([]byte, 1)
		io.ReadFull(conn, length)
		text := make([]byte, length[0])
		io.ReadFull(conn, text)
		fields[i] = string(text)
	}
	if version[0] != 1 || fields[0] != p.username || fields[1] != p.password {
		conn.Write([]byte{1, 1})
		return false
	}
	conn.Write([]byte{1, 0})
	return true
}

func readSOCKSAddress(r io.Reader) (string, error) {
	kind := make([]byte, 1)
	if _, err := io.ReadFull(r, kind); err != nil {
		return "", err
	}
	size := map[byte]int{socksIPv4: 4, socksIPv6: 16}[kind[0]]
	if kind[0] == socksName {
		length := make([]byte, 1)
		io.ReadFull(r, length)
		size = int(length[0])
	}
	rest := make([]byte, size+2)
	if _, err := io.ReadFull(r, rest); err != nil {
		return "", err
	}
	host := string(rest[:size])
	if kind[0] != socksName {
		address, _ := netip.AddrFromSlice(rest[:size])
		host = address.String()
	}
	return net.JoinHostPort(host, fmt.Sprint(binary.BigEndian.Uint16(rest[size:]))), nil
}

// relay carries datagrams until the control connection ends.
func (p *proxyServer) relay(control net.Conn) {
	front, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return
	}
	defer front.Close()
	back, err := net.ListenUDP("udp", nil)
	if err != nil {
		return
	}
	defer back.Close()
	control.Write(append([]byte{5, 0, 0, 1, 0, 0, 0, 0}, binary.BigEndian.AppendUint16(nil, addrPort(front.LocalAddr()).Port())...))
	var client atomic.Pointer[netip.AddrPort]
	go p.relayOut(front, back, &client)
	go p.relayBack(front, back, &client)
	io.Copy(io.Discard, control)
}

func (p *proxyServer) relayOut(front, back *net.UDPConn, client *atomic.Pointer[netip.AddrPort]) {
	buffer := make([]byte, 65536)
	for {
		n, from, err := front.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return
		}
		client.Store(&from)
		reader := strings.NewReader(string(buffer[3:n]))
		destination, err := readSOCKSAddress(reader)
		if err != nil || buffer[2] != 0 {
			continue
		}
		p.asked.Store(destination)
		to, ok := p.names[destination]
		if !ok {
			to = netip.MustParseAddrPort(destination)
		}
		payload, _ := io.ReadAll(reader)
		back.WriteToUDPAddrPort(payload, to)
	}
}

func (p *proxyServer) relayBack(front, back *net.UDPConn, client *atomic.Pointer[netip.AddrPort]) {
	buffer := make([]byte, 65536)
	for count := 0; ; count++ {
		n, from, err := back.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return
		}
		if p.fragments && count == 0 {
			for _, bad := range []string{"\x00\x00\x01\x01aaaappfragment", "\x00", "\x00\x00\x00\x09", "\x00\x00\x00\x03\xff", "\x00\x00\x00\x01abc"} {
				front.WriteToUDPAddrPort([]byte(bad), *client.Load())
			}
		}
		from = unmap(from)
		header, _ := socksAddress(from.Addr().String(), from.Port())
		if count%3 == 1 { // replies may have any kind of address
			header, _ = socksAddress("2001:db8::1", 1)
		}
		if count%3 == 2 {
			header, _ = socksAddress("gateway.example", 1)
		}
		front.WriteToUDPAddrPort(append(append([]byte{0, 0, 0}, header...), buffer[:n]...), *client.Load())
	}
}
