package push

import (
	"errors"
	"fmt"
	"strings"
)

// maxArguments is how many words an option has at most (OpenVPN options.h, MAX_PARMS).
const maxArguments = 16

// errSyntax says that an option's quoting is wrong.
var errSyntax = errors.New("its quoting is wrong")

// Tokenize splits an option into words as OpenVPN does: separated by white space; double quotes keep white space, with
// backslashes escaping; single quotes keep everything; outside single quotes a backslash escapes a backslash, a
// double quote or white space; '#' and ';' at the beginning of a word begin a comment (OpenVPN options_parse.c, parse_line).
func Tokenize(option string) ([]string, error) {
	const (
		between = iota
		bare
		double
		single
	)
	var words []string
	var word strings.Builder
	state, escaped := between, false
	tooMany := func() error {
		if len(words) > maxArguments {
			return fmt.Errorf("split option: more than %d words", maxArguments)
		}
		return nil
	}
	end := func() {
		words = append(words, word.String())
		word.Reset()
		state = between
	}
	for _, b := range []byte(option) {
		switch {
		case state == single:
			if b == '\'' {
				end()
			} else {
				word.WriteByte(b)
			}
			continue
		case !escaped && b == '\\':
			escaped = true
			continue
		case escaped && b != '\\' && b != '"' && !isSpace(b):
			return nil, fmt.Errorf("split option: %w: a backslash escapes %q", errSyntax, b)
		case state == between && isSpace(b) && !escaped:
		case state == between && !escaped && (b == '#' || b == ';'):
			return words, tooMany()
		case state == between && !escaped && b == '"':
			state = double
		case state == between && !escaped && b == '\'':
			state = single
		case state == double && !escaped && b == '"', state == bare && !escaped && isSpace(b):
			end()
		default:
			if state == between {
				state = bare
			}
			word.WriteByte(b)
		}
		escaped = false
		if err := tooMany(); err != nil {
			return nil, err
		}
	}
	if state == double || state == single || escaped {
		return nil, fmt.Errorf("split option: %w: it does not end", errSyntax)
	}
	if state == bare {
		end()
	}
	return words, tooMany()
}

func isSpace(b byte) bool { return b == ' ' || b >= '\t' && b <= '\r' }
