package gateway

import (
	"context"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
)

// decided takes the outcome of a key's login.
func (s *session) decided(now time.Time, k *key, d Decision, err error) {
	if s.over || s.err != nil || k != s.current || k.accepted {
		return
	}
	k.pending = nil
	switch {
	case err != nil:
		s.logger.Info("login undecided", "error", err)
		s.refuse(now, push.AuthFailed{})
	case d.Outcome == Accept:
		if refusal := s.faults().refusal(); refusal != nil {
			s.refuse(now, *refusal)
			break
		}
		s.accept(now, k, d)
	case d.Outcome == Challenge && d.Challenge != nil:
		s.refuse(now, push.AuthFailed{Challenge: d.Challenge})
	case d.Outcome == Pending && d.Pending != nil:
		s.await(k, d.Pending)
	default:
		s.refuse(now, d.Refusal)
	}
	s.collect(now)
}

func (s *session) refuse(now time.Time, refusal push.AuthFailed) {
	s.leave(now, refusal, errRefused)
}

// await tells the client that it has to wait, and what for.
func (s *session) await(k *key, pending *PendingLogin) {
	k.pending = pending
	if pending.Info != nil {
		info := *pending.Info
		info.Pre = !s.joined
		k.send(info)
	}
	k.send(push.AuthPending{Timeout: pending.Timeout})
	if pending.Info == nil || pending.Info.Challenge == nil {
		s.askAgain(k, pending, nil)
	}
}

func (s *session) askAgain(k *key, pending *PendingLogin, response []byte) {
	if pending.Decide == nil {
		return
	}
	s.decide(k, func(ctx context.Context) (Decision, error) { return pending.Decide(ctx, response) })
}

// accept lets the client in, or stay.
func (s *session) accept(now time.Time, k *key, d Decision) {
	if !s.joined {
		lease, err := s.pool.acquire(k.login.name(&d))
		if err != nil {
			s.logger.Warn("no room for client", "error", err)
			s.leave(now, push.AuthFailed{Reason: "no address left", Temporary: true}, err)
			return
		}
		s.lease, s.decision = lease, d
		s.joined = true
		s.data.use(k.id)
		k.using = true
		s.join(lease, &d)
	} else if options := tokenOptions(&d); len(options) > 0 {
		s.reply(now, options)
	}
	k.accepted = true
	s.login = k.login
	s.login.Password = ""
	s.pushWhenAsked(now)
	s.useWhenKnown(now, k)
}

// repeatPush is how long a configuration is not sent again to a client that asks twice (OpenVPN push.c, process_incoming_push_request).
const repeatPush = 30 * time.Second

// pushWhenAsked sends the configuration to a client that asked for it, or that said it need not be asked.
func (s *session) pushWhenAsked(now time.Time) {
	asked := s.asked || s.pushed.IsZero() && s.terms.pushUnasked()
	if !asked || !s.joined || s.faults().WithholdPush {
		return
	}
	s.asked = false
	if !s.pushed.IsZero() && now.Sub(s.pushed) < repeatPush {
		return
	}
	s.pushed = now
	s.reply(now, append(s.options(), clientOptions(s.pool, s.lease, &s.terms, &s.decision)...))
}

// reply sends options.
func (s *session) reply(now time.Time, options []string) {
	replies, err := push.Replies(options, s.config.ReplySize)
	if err != nil {
		s.end(err)
		return
	}
	for _, reply := range replies {
		if err := s.send(now, reply); err != nil {
			s.end(err)
			return
		}
	}
}

// readMessages reads control messages from a TLS record.
func (s *session) readMessages(now time.Time, k *key, record []byte) {
	if err := k.messages.Write(record); err != nil {
		s.end(err)
		return
	}
	for message, ok := k.messages.Next(); ok; message, ok = k.messages.Next() {
		s.handle(now, k, message)
	}
	if message, ok := k.messages.Flush(); ok && len(record) < fullRecord {
		s.handle(now, k, message)
	}
}

// handle does what a control message wants.
func (s *session) handle(now time.Time, k *key, message push.Message) {
	if s.over {
		return
	}
	switch message := message.(type) {
	case push.Request:
		s.asked = true
		s.pushWhenAsked(now)
	case push.CRResponse:
		if pending := k.pending; pending != nil && pending.Info != nil && pending.Info.Challenge != nil {
			k.pending = nil
			s.askAgain(k, pending, message.Response)
		}
	case push.Exit:
		s.end(errClientLeft)
	default:
		s.logger.Debug("ignore control message", "message", message.Text())
	}
}
