package tunnel

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/host"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
	"github.com/footbridge-vpn/footbridge/tunnel/transport"
)

// session drives an openvpn.Client with what the network, the clock and the user bring, in one goroutine.
type session struct {
	*attempt
	client *openvpn.Client
	seen   *gatewaySeen
	logger *slog.Logger

	conn       transport.Conn
	receiver   *receiver
	batch      packet.Batch
	answers    <-chan openvpn.Credential // of the open question; nil: none is open
	question   context.CancelFunc        // withdraws it
	configured chan error                // the end of setting up this computer; nil while nothing is being set up
	unanswered atomic.Pointer[Problem]   // why the user did not answer
	wanted     host.Config               // of this computer
	result     *openvpn.Established      // what is being, or was, set up
	up         bool
	failure    *openvpn.Failure
	closed     bool            // the client's last packets are out
	refusals   <-chan struct{} // of conn
	refusal    refusal
}

func newSession(a *attempt, client *openvpn.Client, seen *gatewaySeen) *session {
	return &session{attempt: a, client: client, seen: seen, logger: a.logger}
}

// closeLimit bounds how long a session waits for its exit notices to go out.
const closeLimit = 2 * time.Second

// release ends what the session started.
func (s *session) release() {
	s.endQuestion()
	if s.configured != nil {
		<-s.configured // this computer must not be changed by two sessions
	}
	s.tunnel.detach()
	s.client.Close(time.Now())
	s.client.TransportClosed(time.Now(), nil) // ends the wait for an acknowledged exit
}

// awaitCredential handles what the client wants before there is a connection.
func (s *session) awaitCredential(ctx context.Context) *Problem {
	for {
		s.handleEvents(ctx)
		if s.failure != nil {
			return s.problem()
		}
		if s.question == nil {
			return nil
		}
		opened := s.opened
		select {
		case <-opened:
			if problem := s.notOpened(); problem != nil {
				return problem // before the user has typed anything
			}
			opened = nil
		default:
		}
		select {
		case <-opened:
		case answer := <-s.answers:
			s.endQuestion()
			s.client.Provide(time.Now(), answer)
		case <-ctx.Done():
			return asProblem(context.Cause(ctx), Internal)
		}
	}
}

// drive holds the session until it ends.
func (s *session) drive(ctx context.Context, conn transport.Conn) *Problem {
	s.conn, s.refusals = watchRefusals(conn)
	s.batch = packet.Batch{Stream: conn.Stream()}
	s.receiver = startReceiver(s.conn, s.client.Data(), s.logger)
	defer func() { s.receiver.stop() }() // it may be another by then
	timer := time.NewTimer(0)
	defer timer.Stop()
	doubt := time.NewTimer(0)
	doubt.Stop()
	defer doubt.Stop()
	s.stage(Handshaking)
	done, opened := ctx.Done(), s.opened
	for {
		s.flush()
		s.handleEvents(ctx)
		s.flush()
		if s.failure != nil {
			return s.ending(ctx)
		}
		if s.closed {
			return s.ended(ctx, errors.New("session closed"))
		}
		resetTimer(timer, s.client.Deadline())
		select {
		case <-opened:
			opened = nil
			if problem := s.notOpened(); problem != nil {
				return problem
			}
		case control := <-s.receiver.control:
			now := time.Now()
			s.refusal.heard = now
			s.client.Receive(now, control)
			s.client.Advance(now) // an acknowledgement may be all that a closing session waits for
		case <-timer.C:
			s.client.Advance(time.Now())
		case <-s.client.Wake():
			s.client.Advance(time.Now())
		case answer := <-s.answers:
			s.endQuestion()
			s.client.Provide(time.Now(), answer)
		case err := <-s.configured:
			s.configured = nil
			if problem := s.finishConfiguring(err); problem != nil {
				return problem
			}
		case <-s.networkNew:
			if problem := s.moveToNewNetwork(ctx); problem != nil {
				return problem
			}
		case <-s.refusals:
			if s.refusal.since.IsZero() {
				s.refusal.since = time.Now()
				doubt.Reset(refusalPatience)
			}
		case <-doubt.C:
			if s.silent() && ctx.Err() == nil {
				return s.gatewayRefuses()
			}
			s.refusal.since = time.Time{}
		case err := <-s.receiver.ended:
			s.receiveRest() // it often says why
			s.client.TransportClosed(time.Now(), err)
		case <-done:
			done = nil
			s.client.Close(time.Now())
			timer.Reset(0)
			conn := s.conn
			stop := time.AfterFunc(closeLimit, func() { conn.Close() })
			defer stop.Stop()
		}
	}
}

// receiveRest handles the control packets that came before the connection ended.
func (s *session) receiveRest() {
	for {
		select {
		case control := <-s.receiver.control:
			s.client.Receive(time.Now(), control)
		default:
			return
		}
	}
}

// ending is why the session ended: because of us where ctx ended, else the failure.
func (s *session) ending(ctx context.Context) *Problem {
	if ctx.Err() != nil {
		return asProblem(context.Cause(ctx), Internal)
	}
	return s.problem()
}

// resetTimer lets a timer fire at a time; the zero time is never.
func resetTimer(timer *time.Timer, at time.Time) {
	if at.IsZero() {
		timer.Stop()
		return
	}
	timer.Reset(time.Until(at))
}

// flush sends what the client wants sent.
func (s *session) flush() {
	outgoing := s.client.Outgoing()
	if len(outgoing) == 0 {
		return
	}
	s.batch.Reset()
	for _, p := range outgoing {
		s.batch.Append(p)
	}
	if err := s.conn.WritePackets(&s.batch); err != nil {
		// The receiver sees a broken stream too and ends the session; a datagram that was refused is like one that was lost.
		s.logger.Debug("control packets not sent", "error", err)
	}
}

// handleEvents does what the client's events ask for.
func (s *session) handleEvents(ctx context.Context) {
	for _, event := range s.client.Events() {
		switch e := event.(type) {
		case openvpn.CredentialNeeded:
			s.ask(ctx, e)
		case openvpn.StageReached:
			s.stageReached(e.Stage)
		case openvpn.Established:
			s.configure(ctx, &e)
		case openvpn.TokenChanged:
			s.carried.token = e.Token
			s.leave()
		case openvpn.AuthPending:
			s.report(Event{Kind: KindStage, Stage: Pending, Server: s.server.Host})
		case openvpn.OpenURL:
			s.report(Event{Kind: KindMessage, Message: "To go on with the sign-in, open " + e.Page.URL})
		case openvpn.Info:
			s.report(Event{Kind: KindMessage, Message: e.Text})
		case openvpn.KeyChanged:
			s.logger.Info("keys renewed", "key", e.KeyID, "by_gateway", e.ByGateway)
			s.stage(Renegotiated)
		case openvpn.Failed:
			s.failed(e.Failure)
		case openvpn.Closed:
			s.closed = true
		}
	}
}

func (s *session) failed(failure *openvpn.Failure) {
	s.logger.Info("session failed", "code", failure.Code, "stage", failure.Stage, "reason", failure.Reason, "error", failure.Err)
	s.failure = failure
	s.carried.challenge = failure.Challenge
	s.leave()
}

// leave hands what the next session needs to the tunnel.
func (s *session) leave() {
	s.tunnel.post(carriedReport{s.carried})
}

// stageReached tells what the user can follow: how long the gateway takes to send its configuration still belongs to signing in.
func (s *session) stageReached(stage openvpn.Stage) {
	if stage == openvpn.StageKeyMaterial {
		s.stage(Authenticating)
	}
}

// moveToNewNetwork keeps the session where its own address is still this computer's. Otherwise a datagram session, which the gateway
// knows by its peer-id, goes on from a new socket; a stream's addresses are fixed, so it ends.
func (s *session) moveToNewNetwork(ctx context.Context) *Problem {
	switch {
	case stillOurs(s.conn.Local().Addr()):
	case s.conn.Stream():
		return newProblem(ConnectionLost, errNetworkChanged)
	default:
		if err := s.reopen(ctx); err != nil {
			return newProblem(ConnectionLost, errors.Join(errNetworkChanged, err))
		}
	}
	s.client.Rebind(time.Now())
	return nil
}

// reopen replaces a datagram socket by one with this computer's present address, to the same address of the gateway.
func (s *session) reopen(ctx context.Context) error {
	conn, err := s.dialTo(ctx, []netip.Addr{s.conn.Remote().Addr()})
	if err != nil {
		return err
	}
	s.receiver.stop()
	s.conn, s.refusals = watchRefusals(conn)
	s.refusal = refusal{}
	s.receiver = startReceiver(s.conn, s.client.Data(), s.logger)
	if s.up {
		s.attach()
	}
	return nil
}

// describe is what users see of the session's protection.
func (s *session) describe(result *openvpn.Established) *Session {
	return &Session{Since: time.Now(), Server: s.server.Host, Remote: s.conn.Remote(), Local: s.conn.Local(), Transport: string(s.transport()),
		Cipher: result.Cipher, TLSVersion: tls.VersionName(result.TLSVersion), TLSCipherSuite: tls.CipherSuiteName(result.TLSCipher),
		GatewayName: s.seen.commonName}
}
