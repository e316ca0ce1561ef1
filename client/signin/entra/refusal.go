package entra

import (
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/footbridge-vpn/footbridge/client/signin"
)

// refusal is an error response of OAuth 2.0 (RFC 6749 section 5.2) as Entra writes it.
type refusal struct {
	oauth       string // "invalid_grant"
	sub         string // "basic_action"
	numbers     []int  // 50076
	description string // for people
	claims      string // JSON to ask for
	correlation string
	trace       string
}

// Limits of what is believed of an error response, in bytes.
const (
	maxErrorName   = 128
	maxDescription = 4 << 10
	maxNumbers     = 16
)

// parseRefusal reads an error response. ok is false where it is none.
func parseRefusal(body []byte) (r refusal, ok bool) {
	var wire struct {
		Error         string          `json:"error"`
		SubError      string          `json:"suberror"`
		Description   string          `json:"error_description"`
		Codes         json.RawMessage `json:"error_codes"`
		Claims        string          `json:"claims"`
		CorrelationID string          `json:"correlation_id"`
		TraceID       string          `json:"trace_id"`
	}
	if json.Unmarshal(body, &wire) != nil || wire.Error == "" {
		return refusal{}, false
	}
	r = newRefusal(wire.Error, wire.SubError, wire.Description)
	var numbers []int
	if json.Unmarshal(wire.Codes, &numbers) == nil && len(numbers) > 0 && len(numbers) <= maxNumbers {
		r.numbers = numbers
	}
	if len(wire.Claims) <= maxClaims {
		r.claims = wire.Claims
	}
	if id := identifier(wire.CorrelationID); id != "" {
		r.correlation = id
	}
	if id := identifier(wire.TraceID); id != "" {
		r.trace = id
	}
	return r, true
}

// newRefusal takes from an error what its description says besides.
func newRefusal(oauth, sub, description string) refusal {
	r := refusal{oauth: word(oauth), sub: word(sub)}
	if len(description) > maxDescription {
		description = description[:maxDescription]
	}
	if found := aadsts.FindStringSubmatch(description); found != nil {
		if number, err := strconv.Atoi(found[1]); err == nil {
			r.numbers = []int{number}
		}
	}
	if found := correlationIn.FindStringSubmatch(description); found != nil {
		r.correlation = found[1]
	}
	if found := traceIn.FindStringSubmatch(description); found != nil {
		r.trace = found[1]
	}
	if len(r.numbers) == 0 && strings.Contains(description, brokerConsent) {
		r.numbers = []int{65001}
	}
	r.description = sentenceOf(description)
	return r
}

// brokerConsent is how Microsoft's sign-in brokers call AADSTS65001.
const brokerConsent = "CAA20004"

var (
	aadsts        = regexp.MustCompile(`AADSTS(\d{3,9})`)
	correlationIn = regexp.MustCompile(`Correlation ID: ([0-9a-fA-F-]{36})`)
	traceIn       = regexp.MustCompile(`Trace ID: ([0-9a-fA-F-]{36})`)
	facts         = regexp.MustCompile(`\s*(Trace ID|Correlation ID|Timestamp): .*`)
	number        = regexp.MustCompile(`^AADSTS\d+: `)
	guid          = regexp.MustCompile(`^[0-9a-fA-F-]{36}$`)
	longSecret    = regexp.MustCompile(`[A-Za-z0-9_.~+/=-]{64,}`)
)

// identifier lets GUIDs through.
func identifier(text string) string {
	if !guid.MatchString(text) {
		return ""
	}
	return text
}

// word lets names of errors through, which are ASCII letters, digits and underscores.
func word(text string) string {
	if len(text) > maxErrorName || strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") != "" {
		return ""
	}
	return text
}

// maxDetail bounds what people are shown, in runes.
const maxDetail = 300

// sentenceOf is a description for people: without numbers and ids, on one line, without what could be a secret.
func sentenceOf(description string) string {
	text := strings.Join(strings.FieldsFunc(description, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
	text = number.ReplaceAllString(text, "")
	text = facts.ReplaceAllString(text, "")
	text = longSecret.ReplaceAllString(text, "…")
	runes := []rune(strings.ToValidUTF8(text, ""))
	if len(runes) > maxDetail {
		return string(runes[:maxDetail]) + "…"
	}
	return string(runes)
}

// pending reports whether a refusal only says that the user of a device code is not ready yet (RFC 8628 section 3.5).
func (r refusal) pending() bool { return r.oauth == "authorization_pending" || r.oauth == "slow_down" }

// refusedError is a refusal as an error.
type refusedError struct {
	oauth, sub string
	number     int
}

// Error implements error.
func (e *refusedError) Error() string {
	text := "refused: " + e.oauth
	if e.sub != "" {
		text += "/" + e.sub
	}
	if e.number != 0 {
		text += " AADSTS" + strconv.Itoa(e.number)
	}
	return text
}

// problem is what a refusal means to the user.
func (r refusal) problem() *Problem {
	err := &refusedError{oauth: r.oauth, sub: r.sub}
	var code Code
	for _, number := range r.numbers {
		if found := codeOfNumber(number); found != "" {
			code, err.number = found, number
			break
		}
	}
	if err.number == 0 && len(r.numbers) > 0 {
		err.number = r.numbers[0]
	}
	if code == "" {
		code = r.code()
	}
	problem := newProblem(code, err)
	problem.Number, problem.CorrelationID, problem.Trace, problem.Detail, problem.Claims = err.number, r.correlation, r.trace, r.description, r.claims
	switch {
	case r.claims != "" || r.sub == "basic_action" || r.sub == "bad_token" || r.sub == "consent_required":
		problem.NeedsUser = true
	case r.sub == "message_only":
		problem.NeedsUser = false
	}
	if code == CodeDeclined {
		problem.Err = errors.Join(err, signin.ErrCancelled)
	}
	return problem
}

// code is the problem behind a refusal by its name, where the number says nothing.
func (r refusal) code() Code {
	switch r.oauth {
	case "access_denied", "authorization_declined":
		return CodeDeclined
	case "expired_token", "code_expired":
		return CodeCodeExpired
	case "bad_verification_code":
		return CodeCodeUnknown
	case "consent_required":
		return CodeConsent
	case "invalid_grant", "interaction_required", "login_required":
		return CodeInteraction
	case "temporarily_unavailable", "server_error":
		return CodeUnavailable
	case "invalid_client", "unauthorized_client":
		return CodeNotPublic
	case "invalid_scope":
		return CodeScope
	case "invalid_resource", "invalid_target":
		return CodeResourceNotFound
	case "invalid_tenant":
		return CodeTenantNotFound
	default:
		return CodeRefused
	}
}
