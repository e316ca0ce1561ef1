package ovpn

import (
	"fmt"
	"strings"
)

// split cuts a line into words: separated by white space; double quotes keep white space, with backslashes escaping; single quotes
// keep everything; '#' and ';' at the beginning of a word begin a comment. It returns a sentence where the quoting is wrong
// (OpenVPN options_parse.c, parse_line).
func split(line string) (words []string, problem string) {
	rest := strings.TrimFunc(line, func(r rune) bool { return r < 0x80 && isSpace(byte(r)) })
	for rest != "" && rest[0] != '#' && rest[0] != ';' {
		var word string
		if word, rest, problem = nextWord(rest); problem != "" {
			return nil, problem
		}
		if words = append(words, word); len(words) > maxArguments {
			return nil, fmt.Sprintf("The option has more than %d arguments.", maxArguments-1)
		}
		rest = strings.TrimLeft(rest, " \t\n\v\f\r")
	}
	return words, ""
}

// nextWord cuts the first word off; text does not begin with white space.
func nextWord(text string) (word, rest, problem string) {
	if text[0] == '\'' {
		end := strings.IndexByte(text[1:], '\'')
		if end < 0 {
			return "", "", "A single quotation mark is not closed."
		}
		return text[1 : 1+end], text[2+end:], ""
	}
	quoted := text[0] == '"'
	var out strings.Builder
	i := 0
	if quoted {
		i = 1
	}
	for ; i < len(text); i++ {
		switch b := text[i]; {
		case b == '\\':
			i++
			if i == len(text) || text[i] != '\\' && text[i] != '"' && !isSpace(text[i]) {
				return "", "", "A backslash does not stand before another, a quotation mark or a space."
			}
			out.WriteByte(text[i])
		case quoted && b == '"':
			return out.String(), text[i+1:], ""
		case !quoted && isSpace(b):
			return out.String(), text[i:], ""
		default:
			out.WriteByte(b)
		}
	}
	if quoted {
		return "", "", "A quotation mark is not closed."
	}
	return out.String(), "", ""
}

func isSpace(b byte) bool { return b == ' ' || b >= '\t' && b <= '\r' }

// quote writes a word so that split gives it back.
func quote(word string) string {
	if word == "" {
		return `""`
	}
	if !strings.ContainsAny(word, " \t\v\f\"'\\") && word[0] != '#' && word[0] != ';' {
		return word
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(word) + `"`
}
