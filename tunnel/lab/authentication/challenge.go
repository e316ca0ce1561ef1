package authentication

import (
	"context"
	"encoding/base64"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/gateway"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
)

// RADIUSOptions say how a gateway brings its RADIUS server and its clients together.
type RADIUSOptions struct {
	// PendingAfter is when a client is told to wait (AUTH_PENDING), since the user may have to tap on a phone. 0: never, as Azure's gateways.
	PendingAfter time.Duration

	// SameSession asks a challenge in the session where it arises (CR_TEXT), of clients that can. Otherwise in the refusal of it (CRV1).
	SameSession bool

	Logger *slog.Logger // nil: silent
}

// RADIUS asks a RADIUS server about user name and password.
func RADIUS(server *Server, options RADIUSOptions) gateway.Authenticator {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	r := &radiusLogin{server: server, options: options}
	return r.authenticate
}

// radiusLogin is a gateway's way of asking.
type radiusLogin struct {
	server  *Server
	options RADIUSOptions
}

func (r *radiusLogin) authenticate(ctx context.Context, login gateway.Login) (gateway.Decision, error) {
	typed := parsePassword(string(login.Password))
	q := question{username: login.Username, password: typed.password, state: typed.state, caller: login.Remote}
	if r.options.PendingAfter <= 0 {
		return r.decide(ctx, login, q, typed)
	}
	return r.decideOrWait(ctx, login, q, typed)
}

// decideOrWait tells the client to wait when the answer takes long.
func (r *radiusLogin) decideOrWait(ctx context.Context, login gateway.Login, q question, typed typedPassword) (gateway.Decision, error) {
	type outcome struct {
		decision gateway.Decision
		err      error
	}
	outcomes := make(chan outcome, 1)
	go func() {
		decision, err := r.decide(ctx, login, q, typed) // ends with the session
		outcomes <- outcome{decision, err}
	}()
	timer := time.NewTimer(r.options.PendingAfter)
	defer timer.Stop()
	wait := func(ctx context.Context) (gateway.Decision, error) {
		select {
		case o := <-outcomes:
			return o.decision, o.err
		case <-ctx.Done():
			return gateway.Decision{}, context.Cause(ctx)
		}
	}
	select {
	case o := <-outcomes:
		return o.decision, o.err
	case <-ctx.Done():
		return gateway.Decision{}, context.Cause(ctx)
	case <-timer.C:
	}
	return gateway.Decision{Outcome: gateway.Pending, Pending: &gateway.PendingLogin{
		Timeout: r.timeout(), Decide: func(ctx context.Context, _ []byte) (gateway.Decision, error) { return wait(ctx) },
	}}, nil
}

func (r *radiusLogin) timeout() time.Duration {
	if r.server.Timeout > 0 {
		return r.server.Timeout
	}
	return defaultTimeout
}

// decide asks the server, and says what its answer means for the client.
func (r *radiusLogin) decide(ctx context.Context, login gateway.Login, q question, typed typedPassword) (gateway.Decision, error) {
	got, err := r.server.ask(ctx, q)
	if err == nil && got.asks && typed.response != "" { // answered already, since the profile asks
		q.password, q.state = typed.response, got.state
		got, err = r.server.ask(ctx, q)
	}
	switch {
	case err != nil:
		return gateway.Decision{}, err
	case got.accepted:
		return gateway.Decision{Outcome: gateway.Accept, Name: login.Username}, nil
	case got.asks:
		return r.challenge(login, q, got), nil
	}
	r.options.Logger.Info("refuse user of RADIUS server", "remote", login.Remote, "user", login.Username, "message", got.message)
	return refuse(oneLine(got.message)), nil
}

// challenge passes the server's question on to the user.
func (r *radiusLogin) challenge(login gateway.Login, q question, got answer) gateway.Decision {
	asked := &push.Challenge{Kind: push.DynamicChallenge, Text: oneLine(got.message), ResponseRequired: true, Username: login.Username, State: encodeState(got.state)}
	if !r.options.SameSession || !slices.Contains(strings.Split(login.PeerInfo["IV_SSO"], ","), "crtext") {
		return gateway.Decision{Outcome: gateway.Challenge, Challenge: asked}
	}
	asked.Kind = push.TextChallenge
	return gateway.Decision{Outcome: gateway.Pending, Pending: &gateway.PendingLogin{
		Timeout: r.timeout(), Info: &push.Info{Challenge: asked},
		Decide: func(ctx context.Context, response []byte) (gateway.Decision, error) {
			q := q
			q.password, q.state = string(response), got.state
			return r.decide(ctx, login, q, typedPassword{})
		},
	}}
}

// typedPassword is what can be in a password (OpenVPN doc/management-notes.txt, "Challenge/Response Protocol").
type typedPassword struct {
	password string
	response string // to the profile's own question: SCRV1
	state    []byte // of the question that password answers: CRV1
}

// parsePassword takes a password apart. What only looks like an answer is a password.
func parsePassword(text string) typedPassword {
	if rest, found := strings.CutPrefix(text, "CRV1::"); found {
		encoded, response, found := strings.Cut(rest, "::")
		if state, err := base64.RawURLEncoding.DecodeString(encoded); found && err == nil {
			return typedPassword{password: response, state: state}
		}
	}
	if rest, found := strings.CutPrefix(text, "SCRV1:"); found {
		first, second, found := strings.Cut(rest, ":")
		password, err := base64.StdEncoding.DecodeString(first)
		response, err2 := base64.StdEncoding.DecodeString(second)
		if found && err == nil && err2 == nil {
			return typedPassword{password: string(password), response: string(response)}
		}
	}
	return typedPassword{password: text}
}

// encodeState makes a state fit between the colons of a challenge.
func encodeState(state []byte) string { return base64.RawURLEncoding.EncodeToString(state) }

// oneLine makes a server's message fit into a control message.
func oneLine(message string) string { return strings.Join(strings.Fields(message), " ") }
