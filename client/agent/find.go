package agent

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/profiles"
)

// mostTries is how many passwords a user may try for one connection: gateways lock accounts after a few more.
const mostTries = 3

// minValidity is how long a token has to be good when it is given to a gateway.
const minValidity = time.Minute

// find finds the answer to a question.
func (a *Agent) find(ctx context.Context, kept *keptSession, session api.Session, question api.Question) (api.Answer, error) {
	switch {
	case question.Kind == api.AskSign:
		return sign(kept.secrets, question)
	case question.Kind == api.AskChallenge:
		return a.challenge(ctx, kept, question)
	case kept.secrets.Type == profiles.EntraID:
		return a.accessToken(ctx, kept, session, question)
	default:
		return a.password(ctx, kept, question)
	}
}

// sign signs a digest with the certificate's private key, as crypto/tls asked for it.
func sign(secrets Secrets, question api.Question) (api.Answer, error) {
	if secrets.Certificate == nil {
		return api.Answer{}, signin.ErrNobodyToAsk
	}
	key, ok := secrets.Certificate.PrivateKey.(crypto.Signer)
	if !ok {
		return api.Answer{}, errors.New("sign: the private key cannot sign")
	}
	options, err := signerOptions(question)
	if err != nil {
		return api.Answer{}, err
	}
	signature, err := key.Sign(rand.Reader, question.Digest, options)
	if err != nil {
		return api.Answer{}, fmt.Errorf("sign: %w", err)
	}
	return api.Answer{Signature: signature}, nil
}

// signerOptions are the hash and the padding that a question names.
func signerOptions(question api.Question) (crypto.SignerOpts, error) {
	if question.Hash == "" {
		return crypto.Hash(0), nil
	}
	for _, hash := range []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512, crypto.SHA1} {
		if hash.String() != question.Hash {
			continue
		}
		if len(question.Digest) != hash.Size() {
			return nil, errors.New("sign: the digest does not fit its hash")
		}
		if question.PSS {
			return &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hash}, nil
		}
		return hash, nil
	}
	return nil, fmt.Errorf("sign: the hash %q is not known", question.Hash)
}

func (a *Agent) challenge(ctx context.Context, kept *keptSession, question api.Question) (api.Answer, error) {
	if a.options.Asker == nil {
		return api.Answer{}, signin.ErrNobodyToAsk
	}
	response, err := a.options.Asker.Challenge(ctx, signin.ChallengeRequest{Profile: kept.secrets.Profile, Text: question.Text, Echo: question.Echo})
	return api.Answer{Response: response.Reveal()}, err
}

// password answers with the password that is known, and asks where none is or the gateway refused it. The same refused password is
// never given again.
func (a *Agent) password(ctx context.Context, kept *keptSession, question api.Question) (api.Answer, error) {
	kept.mu.Lock()
	username, password := kept.secrets.Username, kept.secrets.Password
	if question.Refused != nil {
		kept.tries++
		if kept.secrets.Forget != nil && password != "" {
			kept.secrets.Forget(username)
		}
		kept.secrets.Password, password, kept.remember = "", "", nil
	}
	tries := kept.tries
	kept.mu.Unlock()
	if username == "" {
		username = question.Username
	}
	if password != "" && username != "" && question.Text == "" {
		return api.Answer{Username: username, Password: password.Reveal()}, nil
	}
	if a.options.Asker == nil {
		return api.Answer{}, signin.ErrNobodyToAsk
	}
	if tries >= mostTries {
		return api.Answer{}, question.Refused
	}
	answer, err := a.options.Asker.Password(ctx, signin.PasswordRequest{Profile: kept.secrets.Profile, Username: username, Refused: question.Refused,
		MayRemember: kept.secrets.MayRemember && kept.secrets.Remember != nil, Text: question.Text, Echo: question.Echo})
	if err != nil {
		return api.Answer{}, err
	}
	kept.mu.Lock()
	defer kept.mu.Unlock()
	kept.secrets.Username, kept.secrets.Password = answer.Username, answer.Password
	if answer.Remember && kept.secrets.Remember != nil {
		kept.remember = func() { kept.secrets.Remember(answer.Username, answer.Password) }
	}
	return api.Answer{Username: answer.Username, Password: answer.Password.Reveal(), Response: answer.Response.Reveal()}, nil
}

// Accepted says that the gateway took what was answered for a session: what is to be remembered is kept now.
func (a *Agent) Accepted(session string) {
	a.mu.Lock()
	kept := a.kept[session]
	a.mu.Unlock()
	if kept == nil {
		return
	}
	kept.mu.Lock()
	remember := kept.remember
	kept.remember, kept.tries = nil, 0
	kept.mu.Unlock()
	if remember != nil {
		remember()
	}
}

// accessToken answers with a token that is fresh: silently where that is possible.
func (a *Agent) accessToken(ctx context.Context, kept *keptSession, session api.Session, question api.Question) (api.Answer, error) {
	token, err := a.token(ctx, kept, question.Refused != nil, minValidity, a.options.Asker)
	if err != nil {
		return api.Answer{}, err
	}
	a.tellExpiry(ctx, session.ID, token)
	return api.Answer{Username: "AzureAD", Password: token.AccessToken.Reveal()}, nil
}

func (a *Agent) token(ctx context.Context, kept *keptSession, fresh bool, validity time.Duration, asker signin.Asker) (Token, error) {
	if a.options.Tokens == nil || kept.secrets.Entra == nil {
		return Token{}, signin.ErrNobodyToAsk
	}
	s := kept.secrets
	kept.mu.Lock()
	hint := kept.token.Account // a tunnel stays one account's, whoever signs in meanwhile
	kept.mu.Unlock()
	if hint == "" {
		hint = s.LoginHint
	}
	token, err := a.options.Tokens.Token(ctx, asker, TokenRequest{Profile: s.Profile, Connection: kept.id, Entra: *s.Entra, LoginHint: hint, DeviceCode: s.DeviceCode,
		TrustAuthority: s.TrustAuthority, Fresh: fresh, MinValidity: validity})
	if err != nil {
		return Token{}, err
	}
	kept.mu.Lock()
	defer kept.mu.Unlock()
	if token.Expires.After(kept.token.Expires) {
		kept.renewed, kept.vain, kept.problem, kept.told = a.options.Now(), 0, nil, false
	}
	kept.token, kept.err = token, nil
	return token, nil
}

// tellExpiry lets all of the user's programs know until when the sign-in is good.
func (a *Agent) tellExpiry(ctx context.Context, session string, token Token) {
	expires := token.Expires
	if err := a.options.Service.SetSignIn(ctx, session, api.SignIn{Account: token.Account, Expires: &expires}); err != nil && ctx.Err() == nil {
		a.logger.Info("sign-in not told", "session", session, "error", err)
	}
}
