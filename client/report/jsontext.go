package report

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
)

// jsonString is a string of JSON, and the colon that makes it a name.
var jsonString = regexp.MustCompile(`"(?:[^"\\]|\\.)*"(\s*:)?`)

// changeStrings passes every string value of a JSON text through f. Everything else stays as it is, the order too.
func changeStrings(text string, f func(name, text string) string) string {
	var out strings.Builder
	name, last := "", 0
	for _, at := range jsonString.FindAllStringSubmatchIndex(text, -1) {
		var value string
		literal := text[at[0]:at[1]]
		if at[2] >= 0 {
			literal = text[at[0]:at[2]]
		}
		if json.Unmarshal([]byte(literal), &value) != nil {
			continue
		}
		if at[2] >= 0 {
			name = value
			continue
		}
		out.WriteString(text[last:at[0]])
		out.WriteString(quote(f(name, value)))
		last = at[1]
	}
	out.WriteString(text[last:])
	return out.String()
}

func quote(text string) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.Encode(text) // a string can always be written
	return strings.TrimSuffix(out.String(), "\n")
}
