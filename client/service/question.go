package service

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
	"github.com/footbridge-vpn/footbridge/tunnel"
)

// entraUsername is the user name that goes with an Entra ID access token (Azure VPN gateways know no other).
const entraUsername = "AzureAD"

// errCancelled says that the user did not want to answer.
var errCancelled = errors.New("the user did not answer")

// question waits for the first answer of the owner's programs.
type question struct {
	asked  api.Question
	answer chan api.Answer // holds one
}

// wait asks the owner's programs and waits for an answer, for as long as it takes until ctx ends.
func (c *session) wait(ctx context.Context, asked api.Question) (api.Answer, error) {
	s := c.service
	asked.ID = rand.Text()
	q := &question{asked: asked, answer: make(chan api.Answer, 1)}
	s.mu.Lock()
	if asked.Kind == api.AskSign {
		c.dropSignatures() // each attempt has a handshake of its own
	}
	c.questions = append(c.questions, q)
	s.publish(c)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		c.questions = slices.DeleteFunc(c.questions, func(other *question) bool { return other == q })
		s.publish(c)
	}()
	select {
	case answer := <-q.answer:
		if answer.Cancel {
			return api.Answer{}, errCancelled
		}
		return answer, nil
	case <-ctx.Done():
		return api.Answer{}, context.Cause(ctx)
	}
}

// dropSignatures cancels the questions of earlier attempts, which nobody waits for any more. The mutex is held.
func (c *session) dropSignatures() {
	for _, q := range c.questions {
		if q.asked.Kind != api.AskSign {
			continue
		}
		select {
		case q.answer <- api.Answer{Cancel: true}:
		default:
		}
	}
}

// answer hands an answer to the question it is for, which must be the caller's own. Whose it is else is not told.
func (s *Service) answer(uid uint32, id string, answer api.Answer) *api.Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.sessions {
		for _, q := range c.questions {
			if c.uid != uid || q.asked.ID != id {
				continue
			}
			select {
			case q.answer <- answer:
				return nil
			default: // answered a moment ago
			}
		}
	}
	return &api.Error{Code: api.NotFound, Sentence: "You have no such question to answer.", Remedy: "It may have been answered already, or belong to another user."}
}

// ask gets a credential or a response from the owner, for the tunnel.
func (c *session) ask(ctx context.Context, wanted tunnel.Question) (tunnel.Answer, error) {
	authentication := c.profile.Authentication
	if authentication.Password != "" && wanted.Refused == nil && !wanted.Response {
		return tunnel.Answer{Username: authentication.Username, Password: authentication.Password}, nil
	}
	asked := api.Question{Kind: api.AskCredential, Reason: wanted.Reason, Refused: wanted.Refused, Username: wanted.Username, Text: wanted.Text, Echo: wanted.Echo}
	if !wanted.Password {
		asked.Kind = api.AskChallenge
	}
	answer, err := c.wait(ctx, asked)
	if err != nil {
		return tunnel.Answer{}, tunnel.CredentialProblem(err)
	}
	if authentication.Type == profiles.EntraID {
		answer.Username = entraUsername
	}
	return tunnel.Answer{Username: answer.Username, Password: secret.Text(answer.Password), Response: secret.Text(answer.Response)}, nil
}

// remoteSigner is a private key that stays in the owner's session: the owner's programs are asked to sign.
type remoteSigner struct {
	ctx     context.Context // of the session: crypto.Signer takes none
	session *session
	public  crypto.PublicKey
}

// Public implements crypto.Signer.
func (r *remoteSigner) Public() crypto.PublicKey { return r.public }

// Sign implements crypto.Signer.
func (r *remoteSigner) Sign(_ io.Reader, digest []byte, options crypto.SignerOpts) ([]byte, error) {
	asked := api.Question{Kind: api.AskSign, Digest: digest}
	if hash := options.HashFunc(); hash != 0 {
		asked.Hash = hash.String()
	}
	_, asked.PSS = options.(*rsa.PSSOptions)
	answer, err := r.session.wait(r.ctx, asked)
	if err != nil {
		return nil, fmt.Errorf("ask for a signature: %w", err)
	}
	if len(answer.Signature) == 0 {
		return nil, errors.New("ask for a signature: the answer has none")
	}
	return answer.Signature, nil
}
