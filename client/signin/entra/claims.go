package entra

import (
	"encoding/json"
	"errors"
)

// maxClaims bounds a claims request, in bytes. Entra's challenges have some hundred.
const maxClaims = 16 << 10

var errClaims = errors.New("read claims: they are no JSON object")

// wantedClaims are the claims of a request: those of a challenge, and the groups where the profile wants them.
func wantedClaims(groups bool, challenge string) (string, error) {
	if challenge == "" && !groups {
		return "", nil
	}
	if challenge == "" {
		return groupClaims, nil
	}
	parsed, err := parseClaims(challenge)
	if err != nil {
		return "", err
	}
	if groups {
		wanted, err := parseClaims(groupClaims)
		if err != nil {
			return "", err
		}
		merge(parsed, wanted)
	}
	text, err := json.Marshal(parsed)
	return string(text), err
}

// claimsRequest is a claims request parameter: by where the claims are wanted, by claim (OpenID Connect Core section 5.5).
type claimsRequest map[string]map[string]json.RawMessage

func parseClaims(text string) (claimsRequest, error) {
	var parsed claimsRequest
	if len(text) > maxClaims || json.Unmarshal([]byte(text), &parsed) != nil || parsed == nil {
		return nil, errClaims
	}
	return parsed, nil
}

// merge adds what is not asked for yet.
func merge(into, from claimsRequest) {
	for place, claims := range from {
		if into[place] == nil {
			into[place] = map[string]json.RawMessage{}
		}
		for claim, value := range claims {
			if _, there := into[place][claim]; !there {
				into[place][claim] = value
			}
		}
	}
}
