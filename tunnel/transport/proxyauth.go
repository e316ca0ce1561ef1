package transport

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"

	"github.com/icholy/digest"
)

// maxChallenges bounds how many ways to sign in a proxy may offer.
const maxChallenges = 20

// authorize answers the proxy's challenge, with Digest (RFC 7616) where it is offered and else Basic (RFC 7617).
func (d *dialer) authorize(header http.Header, target string) (string, error) {
	challenges := splitChallenges(header.Values("Proxy-Authenticate"))
	if d.Proxy.Username == "" {
		return "", fmt.Errorf("the proxy wants a user name and password (%s)", describeSchemes(challenges))
	}
	for _, text := range challenges {
		challenge, err := digest.ParseChallenge(text)
		if err != nil || !digest.CanDigest(challenge) {
			continue
		}
		credentials, err := digest.Digest(challenge, digest.Options{Method: http.MethodConnect, URI: target, Count: 1,
			Username: d.Proxy.Username, Password: d.Proxy.Password.Reveal()})
		if err != nil {
			continue
		}
		return credentials.String(), nil
	}
	for _, text := range challenges {
		if strings.EqualFold(schemeOf(text), "Basic") {
			return "Basic " + base64.StdEncoding.EncodeToString([]byte(d.Proxy.Username+":"+d.Proxy.Password.Reveal())), nil
		}
	}
	return "", fmt.Errorf("the proxy offers no way to sign in that this client knows (%s; known: Basic, Digest)", describeSchemes(challenges))
}

// isStale reports whether a Digest challenge says that only the nonce was too old.
func isStale(header http.Header) bool {
	for _, text := range splitChallenges(header.Values("Proxy-Authenticate")) {
		if challenge, err := digest.ParseChallenge(text); err == nil && challenge.Stale {
			return true
		}
	}
	return false
}

// splitChallenges takes header lines apart that hold several challenges, separated like their parameters by commas
// (RFC 9110 section 11.6.1): a new one begins where a word is followed by a space, or by nothing, instead of "=".
func splitChallenges(lines []string) []string {
	var challenges []string
	for _, line := range lines {
		for i, part := range splitUnquoted(line) {
			word, _, hasValue := strings.Cut(part, "=")
			isParameter := hasValue && !strings.Contains(strings.TrimSpace(word), " ")
			switch {
			case part == "":
			case i > 0 && isParameter && len(challenges) > 0:
				challenges[len(challenges)-1] += ", " + part
			case len(challenges) < maxChallenges:
				challenges = append(challenges, part)
			default:
				return challenges
			}
		}
	}
	return challenges
}

// splitUnquoted cuts a text at the commas that are not in quotes.
func splitUnquoted(text string) []string {
	var parts []string
	start, quoted, escaped := 0, false, false
	for i, c := range []byte(text) {
		switch {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			parts = append(parts, strings.TrimSpace(text[start:i]))
			start = i + 1
		}
	}
	return append(parts, strings.TrimSpace(text[start:]))
}

func schemeOf(challenge string) string {
	scheme, _, _ := strings.Cut(challenge, " ")
	return scheme
}

// describeSchemes names the ways to sign in that a proxy offers.
func describeSchemes(challenges []string) string {
	var schemes []string
	for _, challenge := range challenges {
		if scheme := schemeOf(challenge); len(scheme) <= 20 && isText([]byte(scheme)) {
			schemes = append(schemes, scheme)
		}
	}
	if len(schemes) == 0 {
		return "offered: nothing"
	}
	return "offered: " + strings.Join(schemes, ", ")
}
