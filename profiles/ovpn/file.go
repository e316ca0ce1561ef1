// Package ovpn reads and writes OpenVPN client configurations (.ovpn).
package ovpn

import (
	"fmt"
	"strings"

	"github.com/footbridge-vpn/footbridge/profiles/finding"
	"github.com/footbridge-vpn/footbridge/profiles/textfile"
)

// Limits of a file. Real ones have a few kilobytes; those with a thousand routes some ten.
const (
	maxSize       = 4 << 20
	maxLine       = 16 << 10
	maxDirectives = 20_000
	maxArguments  = 16 // OpenVPN options.h, MAX_PARMS
)

// directive is one line of a file, or one inline block.
type directive struct {
	name      string
	arguments []string
	block     string      // what stands between <name> and </name>
	inline    bool        // it is such a block
	inside    []directive // of a <connection> block
	line      int
}

// argument is the n-th word behind the name, or "".
func (d *directive) argument(n int) string {
	if n < len(d.arguments) {
		return d.arguments[n]
	}
	return ""
}

// IsConfig reports whether text is an OpenVPN configuration, by the options without which none works.
func IsConfig(data []byte) bool {
	if !textfile.IsText(data) {
		return false
	}
	reader := lineReader{}
	for _, d := range reader.read(string(textfile.Decode(data[:min(len(data), maxSize)])), 1, false) {
		switch d.name {
		case "client", "tls-client", "remote", "connection", "dev", "proto", "tls-auth", "tls-crypt", "tls-crypt-v2", "auth-user-pass", "nobind", "pull":
			return true
		}
	}
	return false
}

// lineReader splits a file into directives (OpenVPN options_parse.c, read_config_file, parse_line and read_inline_file).
type lineReader struct {
	finding.List
	directives int
}

func (r *lineReader) read(text string, first int, inConnection bool) []directive {
	var all []directive
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		line := first + i
		if len(lines[i]) > maxLine {
			r.Fault("too-large", line, fmt.Sprintf("The line has more than %d characters.", maxLine), "Choose the configuration that you were given.")
			return all
		}
		words, problem := split(lines[i])
		if problem != "" {
			r.Fault("bad-quoting", line, problem, `Close every quotation mark, and write \\ for a backslash.`)
			continue
		}
		if len(words) == 0 {
			continue
		}
		if r.directives++; r.directives > maxDirectives {
			r.Fault("too-large", line, fmt.Sprintf("The file has more than %d options.", maxDirectives), "Choose the configuration that you were given.")
			return all
		}
		tag, isBlock := blockTag(words)
		if !isBlock {
			all = append(all, directive{name: strings.TrimPrefix(words[0], "--"), arguments: words[1:], line: line})
			continue
		}
		end := blockEnd(lines[i+1:], tag)
		if end < 0 {
			r.Fault("unclosed-block", line, fmt.Sprintf("The block <%s> is not closed.", limited(tag)), fmt.Sprintf("End it with a line </%s>.", limited(tag)))
			return all
		}
		d := directive{name: tag, block: blockText(lines[i+1 : i+1+end]), inline: true, line: line}
		if tag == "connection" {
			if inConnection {
				r.Fault("unclosed-block", line, "A <connection> block stands inside another.", "Close the first one before.")
				return all
			}
			d.inside = r.read(d.block, line+1, true)
		}
		all = append(all, d)
		i += end + 1
	}
	return all
}

// blockTag recognises a line that is only <name>.
func blockTag(words []string) (string, bool) {
	word := words[0]
	if len(words) != 1 || len(word) < 3 || word[0] != '<' || word[len(word)-1] != '>' || word[1] == '/' {
		return "", false
	}
	return word[1 : len(word)-1], true
}

// blockEnd is the index of the line with the end tag, or -1.
func blockEnd(lines []string, tag string) int {
	for i, line := range lines {
		if strings.HasPrefix(strings.TrimLeft(line, " \t"), "</"+tag+">") {
			return i
		}
	}
	return -1
}

func blockText(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return strings.Join(lines, "\n") + "\n"
}

// limited keeps a quotation short.
func limited(text string) string {
	const longest = 40
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return text
}
