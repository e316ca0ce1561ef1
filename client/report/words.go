package report

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// word is what a name is the name of.
type word string

// The kinds of names that have no form of their own.
const (
	userWord        word = "user"
	computerWord    word = "computer"
	profileWord     word = "profile"
	certificateWord word = "name"
)

// words replaces names that have to be known to be recognised.
type words struct {
	known   map[string]string // in lower case; what replaces it, or empty as long as nothing does
	kinds   map[string]word
	pattern *regexp.Regexp // nil: to be made
}

// shortestWord is how long a name has to be to be looked for everywhere.
const shortestWord = 3

// isCommon reports whether a name is a word that stands in every report and gives nobody away.
func isCommon(name string) bool {
	return slices.Contains(strings.Fields(`root admin administrator user users nobody daemon guest test localhost localdomain debian ubuntu linux windows
		microsoft azure azuread core login vpn service gateway network default client server footbridge profile name example office work home computer
		certificate error info warn debug warning failed connected connecting session secret none true false null not the and for com org net tcp udp
		unknown skipped ok dns tun eth0 openvpn host domain systemd policy status history`), name)
}

// learnWord says that a name is a user's, a computer's …
func (a *anonymiser) learnWord(kind word, name string) {
	name = strings.ToLower(strings.TrimSpace(name))
	if len(name) < shortestWord || len(name) > 256 || isCommon(name) || a.issued[name] || !strings.ContainsFunc(name, unicode.IsLetter) {
		return
	}
	if strings.ContainsFunc(name, unicode.IsControl) {
		return
	}
	a.original[name] = true
	if _, known := a.words.known[name]; !known {
		a.words.known[name] = ""
		if a.words.kinds == nil {
			a.words.kinds = map[string]word{}
		}
		a.words.kinds[name] = kind
		a.words.pattern = nil
	}
}

// of gives what stands in the place of a name, which may be too short or too common to be looked for everywhere.
func (w *words) of(a *anonymiser, kind word, name string) string {
	key := strings.ToLower(strings.TrimSpace(name))
	if a.issued[key] {
		return name
	}
	if replacement := w.known[key]; replacement != "" {
		return replacement
	}
	if known, ok := w.kinds[key]; ok {
		kind = known
	}
	// A name that is too short or too common to be looked for is replaced only where its place shows that it is one.
	_, isWord := w.known[key]
	if replacement, known := a.ids["word "+key]; known && !isWord {
		return replacement
	}
	replacement := a.fresh(string(kind), func(n int) string { return fmt.Sprintf("%s%d", kind, n) })
	if isWord {
		w.known[key] = replacement
	} else {
		a.ids["word "+key] = replacement
	}
	return replacement
}

// apply replaces the known names wherever they stand by themselves.
func (w *words) apply(text string, a *anonymiser) string {
	if len(w.known) == 0 {
		return text
	}
	if w.pattern == nil {
		var quoted []string
		for name := range w.known {
			quoted = append(quoted, regexp.QuoteMeta(name))
		}
		slices.SortFunc(quoted, func(a, b string) int { return len(b) - len(a) })
		w.pattern = regexp.MustCompile(`(?i)(` + strings.Join(quoted, "|") + `)(?:[^\pL\pN]|\z)`)
	}
	var out strings.Builder
	last := 0
	for from := 0; from < len(text); {
		at := w.pattern.FindStringSubmatchIndex(text[from:])
		if at == nil {
			break
		}
		begin, end := from+at[2], from+at[3]
		before, _ := utf8.DecodeLastRuneInString(text[:begin])
		if begin > 0 && (unicode.IsLetter(before) || unicode.IsDigit(before)) {
			_, size := utf8.DecodeRuneInString(text[begin:])
			from = begin + size
			continue
		}
		out.WriteString(text[last:begin])
		out.WriteString(w.of(a, userWord, text[begin:end]))
		last, from = end, end
	}
	out.WriteString(text[last:])
	return out.String()
}
