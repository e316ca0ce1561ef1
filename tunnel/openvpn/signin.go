package openvpn

import (
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/keymethod"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
)

// signInState is what the client knows about how to sign in.
type signInState struct {
	started    bool
	asked      bool             // CredentialNeeded is open
	reason     CredentialReason // of the open question
	credential *Credential      // for the next key method message; used once
	token      *Token           // instead of a credential
	username   string           // the last one used, which goes with a token that came without
	usedToken  bool             // the last message carried the token
	challenge  *push.Challenge  // the open CR_TEXT
	question   *push.Challenge  // what was asked with the credential
}

// haveSignIn reports whether a key method message can be written without asking.
func (c *Client) haveSignIn() bool {
	if !c.config.AsksCredential && c.config.Challenge == nil {
		return true
	}
	return c.sign.credential != nil || c.sign.token != nil && c.config.Challenge == nil
}

// ask asks for a credential, once.
func (c *Client) ask(reason CredentialReason) {
	if c.sign.asked {
		return
	}
	c.sign.asked, c.sign.reason = true, reason
	c.sign.question = c.config.StaticChallenge
	if reason == ForConnecting && c.config.Challenge != nil {
		c.sign.question = c.config.Challenge
	}
	if reason == ForChallenge {
		c.sign.question = c.sign.challenge
	}
	c.emit(CredentialNeeded{Reason: reason, Challenge: c.sign.question})
}

// Provide answers CredentialNeeded. It may also come before Start, with a credential that is known already.
func (c *Client) Provide(now time.Time, credential Credential) {
	if c.ended() {
		return
	}
	reason, asked := c.sign.reason, c.sign.asked
	c.sign.asked = false
	if credential.Cancel {
		c.fail(&Failure{Code: CredentialCancelled})
		return
	}
	if asked && reason == ForChallenge {
		c.send(push.CRResponse{Response: []byte(credential.Response)})
		c.sign.challenge = nil
		c.process(now)
		return
	}
	if !asked { // before Start, as the answer to what Start would ask
		c.sign.question = c.config.StaticChallenge
		if c.config.Challenge != nil {
			c.sign.question = c.config.Challenge
		}
	}
	c.sign.credential = &credential
	if c.stage == StageIdle && c.next == nil {
		if c.sign.started {
			c.connect(now)
		}
		return
	}
	if c.life.renegotiate {
		c.startRenegotiation(now)
	}
	c.process(now)
}

// takeSignIn returns the user name and password for a key method message. A credential is used once: it may be a token that expires, or
// a one-time code.
func (c *Client) takeSignIn() (string, keymethod.Secret) {
	c.sign.usedToken = false
	if credential := c.sign.credential; credential != nil {
		c.sign.credential = nil
		username, password := signIn(*credential, c.sign.question)
		c.sign.username = username
		return username, password
	}
	if token := c.sign.token; token != nil {
		c.sign.usedToken = true
		return token.Username, token.Secret
	}
	return "", ""
}

// learnToken keeps a pushed token and hands it over for the next session.
func (c *Client) learnToken(options *push.Options) {
	if options.AuthToken == "" {
		return
	}
	token := Token{Username: options.AuthTokenUser, Secret: options.AuthToken}
	if token.Username == "" {
		token.Username = c.sign.username
		if token.Username == "" && c.sign.token != nil {
			token.Username = c.sign.token.Username
		}
	}
	if c.sign.token != nil && *c.sign.token == token {
		return
	}
	c.sign.token = &token
	handed := token
	c.emit(TokenChanged{Token: &handed})
}

// dropToken forgets the token after the gateway refused it.
func (c *Client) dropToken() {
	if c.sign.token == nil {
		return
	}
	c.sign.token = nil
	c.emit(TokenChanged{})
}
