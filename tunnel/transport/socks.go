package transport

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"

	"github.com/footbridge-vpn/footbridge/profiles"
)

// Numbers of SOCKS 5 (RFC 1928, RFC 1929).
const (
	socksVersion       = 5
	socksNoAuth        = 0
	socksPassword      = 2
	socksNoMethod      = 0xff
	socksConnect       = 1
	socksUDPAssociate  = 3
	socksIPv4          = 1
	socksName          = 3
	socksIPv6          = 4
	socksPasswordRules = 1
)

// errSOCKSAddress says that an address of the SOCKS protocol cannot be read.
var errSOCKSAddress = errors.New("malformed SOCKS address")

// throughSOCKS5 connects a stream to the gateway through a SOCKS5 proxy (RFC 1928).
func (d *dialer) throughSOCKS5(ctx context.Context) (net.Conn, error) {
	destination, err := socksAddress(d.Host, d.Port)
	if err != nil {
		return nil, d.failure(StageOptions, NotSupported, err)
	}
	conn, err := d.dialProxy(ctx)
	if err != nil {
		return nil, err
	}
	err = d.askProxy(ctx, conn, func() error {
		_, err := d.requestSOCKS(conn, socksConnect, destination)
		return err
	})
	if err != nil {
		return nil, err
	}
	d.Logger.Debug("proxy connected", "proxy", d.Proxy.Host)
	return conn, nil
}

// requestSOCKS signs in and makes one request. It returns the address in the proxy's reply, which has none of its own where it is a name.
func (d *dialer) requestSOCKS(conn io.ReadWriter, command byte, destination []byte) (netip.AddrPort, error) {
	if err := d.greetSOCKS(conn); err != nil {
		return netip.AddrPort{}, err
	}
	request := append([]byte{socksVersion, command, 0}, destination...)
	if _, err := conn.Write(request); err != nil {
		return netip.AddrPort{}, err
	}
	return readSOCKSReply(conn)
}

// greetSOCKS agrees on a way to sign in, and signs in.
func (d *dialer) greetSOCKS(conn io.ReadWriter) error {
	greeting := []byte{socksVersion, 1, socksNoAuth}
	if d.Proxy.Username != "" {
		greeting = []byte{socksVersion, 2, socksNoAuth, socksPassword}
	}
	if _, err := conn.Write(greeting); err != nil {
		return err
	}
	var chosen [2]byte
	if err := readSOCKS(conn, chosen[:]); err != nil {
		return err
	}
	if chosen[0] != socksVersion {
		return notProxy(chosen[:], "SOCKS5")
	}
	switch {
	case chosen[1] == socksNoAuth:
		return nil
	case chosen[1] == socksPassword && d.Proxy.Username != "":
		return d.signInSOCKS(conn)
	case chosen[1] == socksNoMethod && d.Proxy.Username == "":
		return &refusal{code: ProxyAuthentication, err: errors.New("the proxy wants a user name and password")}
	default:
		return &refusal{code: ProxyAuthentication, err: errors.New("the proxy accepts no way to sign in that this client knows (known: none, user name and password)")}
	}
}

// signInSOCKS sends user name and password (RFC 1929).
func (d *dialer) signInSOCKS(conn io.ReadWriter) error {
	username, password := d.Proxy.Username, d.Proxy.Password.Reveal()
	if len(username) > 255 || len(password) > 255 {
		return &refusal{code: ProxyAuthentication, err: errors.New("SOCKS5 limits user name and password to 255 bytes each")}
	}
	message := append([]byte{socksPasswordRules, byte(len(username))}, username...)
	message = append(message, byte(len(password)))
	message = append(message, password...)
	if _, err := conn.Write(message); err != nil {
		return err
	}
	var status [2]byte
	if err := readSOCKS(conn, status[:]); err != nil {
		return err
	}
	if status[1] != 0 {
		return errWrongPassword()
	}
	return nil
}

// readSOCKSReply reads the reply to a request. It takes no byte more: what follows is the gateway's.
func readSOCKSReply(r io.Reader) (netip.AddrPort, error) {
	var head [4]byte
	if err := readSOCKS(r, head[:]); err != nil {
		return netip.AddrPort{}, err
	}
	if head[0] != socksVersion {
		return netip.AddrPort{}, notProxy(head[:], "SOCKS5")
	}
	if head[1] != 0 {
		return netip.AddrPort{}, socksRefusal(head[1])
	}
	rest := 0 // of address and port
	switch head[3] {
	case socksIPv4:
		rest = 4 + 2
	case socksIPv6:
		rest = 16 + 2
	case socksName:
		var length [1]byte
		if err := readSOCKS(r, length[:]); err != nil {
			return netip.AddrPort{}, err
		}
		rest = int(length[0]) + 2
	default:
		return netip.AddrPort{}, &refusal{code: NotAProxy, err: errSOCKSAddress}
	}
	bound := make([]byte, rest)
	if err := readSOCKS(r, bound); err != nil {
		return netip.AddrPort{}, err
	}
	address, _ := netip.AddrFromSlice(bound[:rest-2]) // a name has no value here
	if head[3] == socksName {
		address = netip.Addr{}
	}
	return netip.AddrPortFrom(address.Unmap(), binary.BigEndian.Uint16(bound[rest-2:])), nil
}

// readSOCKS fills b.
func readSOCKS(r io.Reader, b []byte) error {
	_, err := io.ReadFull(r, b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &refusal{code: Closed, err: errors.New("the proxy closed the connection without an answer")}
	}
	return err
}

// socksRefusal says what a reply code means (RFC 1928 section 6).
func socksRefusal(reply byte) *refusal {
	code, text := Failed, fmt.Sprintf("the proxy failed with code %d", reply)
	switch reply {
	case 1:
		code, text = ProxyRefused, "the proxy reports a general failure"
	case 2:
		code, text = ProxyRefused, "the proxy's rules do not allow a connection to the gateway"
	case 3:
		code, text = Unreachable, "the proxy has no route to the gateway's network"
	case 4:
		code, text = Unreachable, "the proxy cannot reach the gateway, or resolve its name"
	case 5:
		code, text = Refused, "the gateway refused the proxy's connection"
	case 6:
		code, text = TimedOut, "the proxy got no answer from the gateway"
	case 7:
		code, text = NotSupported, "the proxy does not support this kind of connection"
	case 8:
		code, text = NotSupported, "the proxy does not support this kind of address"
	}
	return &refusal{code: code, err: errors.New(text)}
}

// socksAddress encodes where to connect to. A name is resolved by the proxy.
func socksAddress(host string, port uint16) ([]byte, error) {
	var encoded []byte
	if address, err := netip.ParseAddr(host); err == nil {
		address = address.Unmap()
		encoded = append([]byte{socksIPv6}, address.AsSlice()...)
		if address.Is4() {
			encoded[0] = socksIPv4
		}
	} else {
		if len(host) > 255 {
			return nil, errors.New("the gateway's name is longer than 255 bytes")
		}
		encoded = append([]byte{socksName, byte(len(host))}, host...)
	}
	return binary.BigEndian.AppendUint16(encoded, port), nil
}

// associate opens a UDP association with a SOCKS5 proxy (RFC 1928 section 7).
func (d *dialer) associate(ctx context.Context) (Conn, error) {
	if d.Proxy.Type != profiles.SOCKS5Proxy {
		return nil, d.failure(StageOptions, NotSupported, fmt.Errorf("an %s proxy cannot carry UDP: use TCP or a SOCKS5 proxy", d.Proxy.Type))
	}
	destination, err := socksAddress(d.Host, d.Port)
	if err != nil {
		return nil, d.failure(StageOptions, NotSupported, err)
	}
	control, err := d.dialProxy(ctx)
	if err != nil {
		return nil, err
	}
	// The socket's own address is not known yet, and behind an address translation would be wrong: the proxy takes any.
	own, err := socksAddress(netip.IPv4Unspecified().String(), 0)
	if err != nil {
		return nil, err
	}
	var relay netip.AddrPort
	err = d.askProxy(ctx, control, func() error {
		relay, err = d.requestSOCKS(control, socksUDPAssociate, own)
		return err
	})
	if err != nil {
		return nil, err
	}
	if !relay.Addr().IsValid() || relay.Addr().IsUnspecified() {
		relay = netip.AddrPortFrom(addrPort(control.RemoteAddr()).Addr(), relay.Port())
	}
	socket, err := d.connectUDP(ctx, relay)
	if err != nil {
		control.Close()
		var failure *DialError
		if errors.As(err, &failure) {
			failure.Stage, failure.Host = StageProxyConnect, d.Proxy.Host
		}
		return nil, err
	}
	return newAssociation(control, socket, destination, d.Logger), nil
}
