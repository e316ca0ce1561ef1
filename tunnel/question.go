package tunnel

import (
	"context"
	"errors"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/keymethod"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
)

// ask puts the client's question to the user, without holding up the session: data flows meanwhile.
func (s *session) ask(ctx context.Context, needed openvpn.CredentialNeeded) {
	s.endQuestion()
	if s.tunnel.options.Ask == nil {
		s.client.Provide(time.Now(), openvpn.Credential{Cancel: true})
		return
	}
	if needed.Reason != openvpn.ForRenegotiation {
		s.stage(Authenticating)
	}
	ctx, s.question = context.WithCancel(ctx)
	answers := make(chan openvpn.Credential, 1)
	s.answers = answers
	question := s.questionFor(needed)
	go func() {
		answer, err := s.tunnel.options.Ask(ctx, question)
		if err != nil {
			answers <- s.noAnswer(err)
			return
		}
		answers <- openvpn.Credential{Username: answer.Username, Password: keymethod.Secret(answer.Password.Reveal()),
			Response: keymethod.Secret(answer.Response.Reveal())}
	}()
}

func (s *session) questionFor(needed openvpn.CredentialNeeded) Question {
	question := Question{Reason: s.reason, Refused: s.refused, Username: s.tunnel.options.Profile.Authentication.Username, Password: true}
	switch needed.Reason {
	case openvpn.ForRenegotiation:
		question.Reason, question.Refused = ForRenegotiation, nil
	case openvpn.ForChallenge:
		question.Reason, question.Password = ForChallenge, false
	}
	if challenge := needed.Challenge; challenge != nil {
		question.Text, question.Echo, question.Response = challenge.Text, challenge.Echo, challenge.ResponseRequired
		if challenge.Username != "" {
			question.Username = challenge.Username
		}
		if challenge.Kind == push.DynamicChallenge {
			question.Password = false // the response stands in its place
		}
	}
	return question
}

// noAnswer cancels the sign-in, and keeps why: whoever asks the user may know better what is wrong.
func (s *session) noAnswer(err error) openvpn.Credential {
	if !errors.Is(err, context.Canceled) {
		s.logger.Warn("no answer to the sign-in question", "error", err)
	}
	problem := *asProblem(err, CredentialCancelled)
	problem.Final = true
	s.unanswered.Store(&problem)
	return openvpn.Credential{Cancel: true}
}

// problem is why the session failed.
func (s *session) problem() *Problem {
	if problem := s.unanswered.Load(); problem != nil && s.failure.Code == openvpn.CredentialCancelled {
		return problem
	}
	return problemOf(s.failure)
}

// endQuestion withdraws an open question.
func (s *session) endQuestion() {
	if s.question != nil {
		s.question()
		s.question, s.answers = nil, nil
	}
}
