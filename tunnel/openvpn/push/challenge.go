package push

import (
	"encoding/base64"
	"strings"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/keymethod"
)

// ChallengeKind is how a question is asked and answered.
type ChallengeKind int

// The kinds of challenge (OpenVPN doc/management-notes.txt, "Challenge/Response Protocol").
const (
	StaticChallenge  ChallengeKind = iota // asked by the profile, answered within the password
	DynamicChallenge                      // asked by AUTH_FAILED,CRV1; answered within the password of the next session
	TextChallenge                         // asked by INFO_PRE,CR_TEXT; answered by CR_RESPONSE in the same session
)

// Challenge is a question for the user besides user name and password.
type Challenge struct {
	Kind             ChallengeKind
	Text             string
	Echo             bool   // show what the user types
	ResponseRequired bool   // an answer is wanted; otherwise it is only shown
	Concat           bool   // StaticChallenge: the answer is appended to the password as it is
	State            string // DynamicChallenge: the gateway's, goes back as it came
	Username         string // DynamicChallenge: the user name to use
}

// Answer is the password that carries the user's answer, for StaticChallenge and DynamicChallenge; for TextChallenge
// it is the response alone, see CRResponse.
func (c *Challenge) Answer(password, response keymethod.Secret) keymethod.Secret {
	switch c.Kind {
	case DynamicChallenge:
		return keymethod.Secret("CRV1::"+c.State+"::") + response
	case TextChallenge:
		return response
	}
	if c.Concat {
		return password + response
	}
	encode := base64.StdEncoding.EncodeToString
	return keymethod.Secret("SCRV1:" + encode([]byte(password)) + ":" + encode([]byte(response)))
}

// parseCRV1 reads what follows "CRV1:" in a refusal: flags, state, user name in base 64, text.
func parseCRV1(text string) (*Challenge, bool) {
	parts := strings.SplitN(text, ":", 4)
	if len(parts) != 4 {
		return nil, false
	}
	username, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil {
		return nil, false
	}
	challenge := &Challenge{Kind: DynamicChallenge, State: parts[1], Username: string(username), Text: printable(parts[3])}
	challenge.setFlags(parts[0])
	return challenge, true
}

// parseCRText reads what follows "CR_TEXT:": flags and text.
func parseCRText(text string) (*Challenge, bool) {
	flags, question, found := strings.Cut(text, ":")
	if !found {
		return nil, false
	}
	challenge := &Challenge{Kind: TextChallenge, Text: printable(question)}
	challenge.setFlags(flags)
	return challenge, true
}

// setFlags reads the letters of a challenge: E for echo, R for response required.
func (c *Challenge) setFlags(flags string) {
	c.Echo = strings.Contains(flags, "E")
	c.ResponseRequired = strings.Contains(flags, "R")
}

// flags writes the letters of a challenge.
func (c *Challenge) flags() string {
	var letters []string
	if c.Echo {
		letters = append(letters, "E")
	}
	if c.ResponseRequired {
		letters = append(letters, "R")
	}
	return strings.Join(letters, ",")
}
