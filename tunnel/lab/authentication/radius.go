package authentication

import (
	"context"
	"crypto/hmac"
	"crypto/md5"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"
	"layeh.com/radius/rfc2869"
)

// Server is a RADIUS server (RFC 2865) that is asked with PAP, as Azure's gateways do.
type Server struct {
	Address netip.AddrPort
	Secret  string

	// Dial connects to it, for a gateway in another namespace. nil: net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	Timeout time.Duration // how long an answer may take; 0: defaultTimeout
}

// defaultTimeout leaves time for a prompt on a phone.
const defaultTimeout = 60 * time.Second

// resendAfter is how long until a request is sent again: the answer may just take long, so the server must know requests again, which it does by
// their authenticator (RFC 2865 section 2.5).
const resendAfter = 3 * time.Second

// question is one request.
type question struct {
	username, password string
	state              []byte         // of the challenge that is answered
	caller             netip.AddrPort // the client
}

// answer is what a RADIUS server says.
type answer struct {
	accepted bool
	asks     bool // Access-Challenge
	message  string
	state    []byte
}

// ask asks the server about a user.
func (s *Server) ask(ctx context.Context, q question) (answer, error) {
	timeout := s.Timeout
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := s.request(q)
	if err != nil {
		return answer{}, fmt.Errorf("ask RADIUS server: %w", err)
	}
	response, err := s.exchange(ctx, request)
	if err != nil {
		return answer{}, fmt.Errorf("ask RADIUS server: %w", err)
	}
	return answer{
		accepted: response.Code == radius.CodeAccessAccept, asks: response.Code == radius.CodeAccessChallenge,
		message: rfc2865.ReplyMessage_GetString(response), state: rfc2865.State_Get(response),
	}, nil
}

func (s *Server) request(q question) (*radius.Packet, error) {
	packet := radius.New(radius.CodeAccessRequest, []byte(s.Secret))
	errs := []error{
		rfc2865.UserName_SetString(packet, q.username), rfc2865.UserPassword_SetString(packet, q.password),
		rfc2865.NASIdentifier_SetString(packet, "footbridge-lab"), rfc2865.NASPortType_Set(packet, rfc2865.NASPortType_Value_Virtual),
		rfc2865.CallingStationID_SetString(packet, q.caller.Addr().String()),
	}
	if len(q.state) > 0 {
		errs = append(errs, rfc2865.State_Set(packet, q.state))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return packet, signRequest(packet)
}

// signRequest adds a Message-Authenticator (RFC 2869 section 5.14), which servers ask for since forged answers were shown to be possible.
func signRequest(packet *radius.Packet) error {
	if err := rfc2869.MessageAuthenticator_Set(packet, make([]byte, md5.Size)); err != nil {
		return err
	}
	encoded, err := packet.MarshalBinary()
	if err != nil {
		return err
	}
	mac := hmac.New(md5.New, packet.Secret)
	mac.Write(encoded)
	return rfc2869.MessageAuthenticator_Set(packet, mac.Sum(nil))
}

// exchange sends a request, again and again, until it is answered.
func (s *Server) exchange(ctx context.Context, request *radius.Packet) (*radius.Packet, error) {
	encoded, err := request.Encode()
	if err != nil {
		return nil, err
	}
	dial := s.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	connection, err := dial(ctx, "udp", s.Address.String())
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	defer context.AfterFunc(ctx, func() { connection.Close() })()
	buffer := make([]byte, radius.MaxPacketLength)
	for {
		if _, err := connection.Write(encoded); err != nil {
			return nil, unanswered(ctx, err)
		}
		if err := connection.SetReadDeadline(time.Now().Add(resendAfter)); err != nil {
			return nil, unanswered(ctx, err)
		}
		response, err := read(connection, buffer, encoded, request.Secret)
		if err == nil {
			return response, nil
		}
		var failed net.Error
		if !errors.As(err, &failed) || !failed.Timeout() {
			return nil, unanswered(ctx, err)
		}
	}
}

func unanswered(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// read waits for the answer to a request. Anything else that comes is not for us.
func read(connection net.Conn, buffer, request, secret []byte) (*radius.Packet, error) {
	for {
		n, err := connection.Read(buffer)
		if err != nil {
			return nil, err
		}
		if !radius.IsAuthenticResponse(buffer[:n], request, secret) {
			continue
		}
		return radius.Parse(buffer[:n], secret)
	}
}

// dialTo dials one address whatever is asked for.
func dialTo(address string) func(ctx context.Context, network, _ string) (net.Conn, error) {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		var dialer net.Dialer
		return dialer.DialContext(ctx, network, address)
	}
}
