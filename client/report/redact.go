package report

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// redactedText stands where a secret was.
const redactedText = "[secret]"

// redactor takes secrets out of text: those that are known, in whatever form they are written, and what looks like one.
type redactor struct {
	known   *strings.Replacer // nil: none is known
	shapes  []*regexp.Regexp  // the whole match is a secret
	labeled []*regexp.Regexp  // what follows the first group is one
}

// shortest is how long a known secret has to be to be looked for: shorter ones are in every text.
const shortest = 4

func newRedactor(options Options) *redactor {
	var forms []string
	for _, s := range knownSecrets(options) {
		forms = append(forms, writtenForms(s.Reveal())...)
	}
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) }) // the longest first: a replacer takes the first that fits
	var pairs []string
	for _, form := range slices.Compact(forms) {
		pairs = append(pairs, form, redactedText)
	}
	r := &redactor{}
	if len(pairs) > 0 {
		r.known = strings.NewReplacer(pairs...)
	}
	for _, shape := range []string{
		`-----BEGIN [A-Z0-9 ]*(?:PRIVATE KEY|OpenVPN Static key V1|OpenVPN tls-crypt-v2 [a-z]+ key)-----[\s\S]*?(?:-----END [A-Za-z0-9 -]*-----|\z)`,
		`\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)*`, // JSON Web Tokens (RFC 7519) and their encrypted kind
		`\b[0-9a-fA-F]{129,}\b`,                             // static keys, other keys in hex
		`(?:[0-9a-fA-F]{32}(?:\\n|\s)+){4,}[0-9a-fA-F]{32}`, // static keys in lines
		`\b[01]\.A[A-Za-z0-9_-]{40,}`,                       // refresh tokens of Entra ID
	} {
		r.shapes = append(r.shapes, regexp.MustCompile(shape))
	}
	for _, label := range []string{
		`(?i)(\b(?:proxy-)?authorization["']?\s*[:=]\s*["']?(?:basic|bearer|digest|negotiate|ntlm)\s+)[^\s"',;]+`,
		`(?i)(\b(?:[a-z]+[_-])?` + secretName + `\\*["']?\s*(?:[:=]|=>)\s*)(?:\\*"(?:[^"\\]|\\+[^"\\])*\\*"|'[^']*'|[^\s"',;&<>]+)`,
		`(?i)(<(?:serversecret|password|secret|key|tls-auth|tls-crypt|tls-crypt-v2|auth-user-pass|pkcs12)>)[^<]+`,
		`([A-Za-z][A-Za-z0-9+.-]*://[^\s/:@"']*:)[^\s/@"']+@`,
		`(?i)([?&#](?:code|state|token|sig|password|id_token|access_token)=)[^\s&"'<>]+`,
	} {
		r.labeled = append(r.labeled, regexp.MustCompile(label))
	}
	return r
}

// secretName is what the names of secrets end in.
const secretName = `(?:password|passwd|passphrase|pin-value|pin|secret|serversecret|access_token|refresh_token|id_token|auth-token|session_token|code_verifier|device_code)`

var isSecretName = regexp.MustCompile(`(?i)^(?:[a-z]+[_-])?` + secretName + `$`)

// redactNamed takes the secrets out of a value that has a name.
func (r *redactor) redactNamed(name, text string) string {
	if text != "" && isSecretName.MatchString(name) {
		return redactedText
	}
	return r.redact(text)
}

// redact takes the secrets out.
func (r *redactor) redact(text string) string {
	if r.known != nil {
		text = r.known.Replace(text)
	}
	for _, shape := range r.shapes {
		text = shape.ReplaceAllString(text, redactedText)
	}
	for _, label := range r.labeled {
		text = label.ReplaceAllStringFunc(text, func(match string) string {
			keep := label.FindStringSubmatch(match)[1]
			if strings.HasSuffix(match, "@") {
				return keep + redactedText + "@"
			}
			return keep + redactedText
		})
	}
	return text
}

// knownSecrets are those of the profiles, and those that the caller named.
func knownSecrets(options Options) []secret.Text {
	all := slices.Clone(options.Secrets)
	for _, p := range options.Profiles {
		if p.Settings.Proxy != nil {
			all = append(all, p.Settings.Proxy.Password)
		}
		if p.Profile == nil {
			continue
		}
		auth := p.Profile.Authentication
		all = append(all, auth.Password, auth.ClientKey, auth.PKCS12, p.Profile.ControlChannel.Key)
		if p.Profile.Proxy != nil {
			all = append(all, p.Profile.Proxy.Password)
		}
	}
	return slices.DeleteFunc(all, func(s secret.Text) bool { return len(strings.TrimSpace(s.Reveal())) < shortest })
}

// writtenForms are the ways in which a secret may stand in a text. Base64 of it may begin anywhere within other bytes, so what does not depend
// on its neighbours is taken.
func writtenForms(s string) []string {
	trimmed := strings.TrimSpace(s)
	quoted, _ := json.Marshal(s)
	forms := []string{s, trimmed, url.QueryEscape(s), url.PathEscape(s), strings.Trim(string(quoted), `"`), hex.EncodeToString([]byte(s)), strings.ToUpper(hex.EncodeToString([]byte(s)))}
	for offset := range 3 {
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			encoded := encoding.EncodeToString([]byte(strings.Repeat("\x00", offset) + s))
			begin := []int{0, 2, 3}[offset]
			if end := (offset + len(s)) * 8 / 6; end-begin >= 5 {
				forms = append(forms, encoded[begin:end])
			}
		}
	}
	for line := range strings.Lines(s) { // of a key in a file, each line by itself
		if line = strings.TrimSpace(line); len(line) >= 24 && !strings.HasPrefix(line, "-----") && line != trimmed {
			forms = append(forms, line)
		}
	}
	return slices.DeleteFunc(forms, func(f string) bool { return len(f) < shortest })
}
