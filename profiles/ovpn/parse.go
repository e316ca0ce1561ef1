package ovpn

import (
	"fmt"
	"strings"

	"github.com/footbridge-vpn/footbridge/profiles/finding"
	"github.com/footbridge-vpn/footbridge/profiles/textfile"
)

// ParseOptions says where a configuration comes from. The zero value is one that came without its neighbours.
type ParseOptions struct {
	// ReadFile returns a file that the configuration names, such as that of "ca ca.crt"; nil where there are none to be had.
	ReadFile func(name string) ([]byte, error)
}

// Parse reads an OpenVPN client configuration. Where a fault is among the findings the configuration is not complete.
func Parse(data []byte, options ParseOptions) (*Config, []finding.Finding) {
	m := mapper{config: &Config{}, readFile: options.ReadFile, table: optionTable(), effects: effects()}
	if len(data) > maxSize {
		m.Fault("too-large", 0, fmt.Sprintf("The file has %d bytes, more than the %d that a configuration can have.", len(data), maxSize), "Choose the configuration that you were given.")
		return m.config, m.List
	}
	directives := m.read(string(textfile.Decode(data)), 1, false)
	for i := range directives {
		if directives[i].name == "ignore-unknown-option" {
			m.ignoreUnknown(&directives[i])
		}
	}
	for i := range directives {
		m.apply(&directives[i])
	}
	m.finish()
	return m.config, m.ByLine()
}

// option is what is to be done with the options of one name.
type option struct {
	least, most int // arguments of the line form; a block has none
	block       bool
	apply       func(*mapper, *directive)
}

// mapper turns directives into a Config.
type mapper struct {
	lineReader
	config   *Config
	readFile func(string) ([]byte, error)
	table    map[string]option
	effects  map[string]effect
	unknown  map[string]bool // ignore-unknown-option

	transport   string // of proto, for all remotes
	port        uint16 // of port and rport
	force       string // proto-force
	cipher      string
	cipherLine  int
	noNCP       bool
	fallback    bool // data-ciphers-fallback was given
	noCert      bool // setenv CLIENT_CERT 0
	caLine      int
	dnsServer   int // number of the dns server in Config, which the lowest wins
	hasDNS      bool
	connections int // <connection> blocks
}

// optionTable is every option that has an effect.
func optionTable() map[string]option {
	table := map[string]option{}
	for _, part := range []map[string]option{connectionOptions(), identityOptions(), credentialOptions(), cryptoOptions(), timingOptions(), networkOptions(), environmentOptions()} {
		for name, o := range part {
			table[name] = o
		}
	}
	return table
}

func (m *mapper) apply(d *directive) {
	o, known := m.table[d.name]
	switch {
	case known && d.inline && !o.block:
		m.Fault("bad-block", d.line, fmt.Sprintf("The option %s cannot be a block.", d.name), "Write it on one line.")
	case known && !d.inline && len(d.arguments) < o.least:
		m.Fault("missing-argument", d.line, fmt.Sprintf("The option %s needs %s.", d.name, countArguments(o.least)), "Complete the line.")
	case known && !d.inline && len(d.arguments) > o.most:
		m.Fault("too-many-arguments", d.line, fmt.Sprintf("The option %s takes no more than %s.", d.name, countArguments(o.most)), "Correct the line; put text with spaces into quotation marks.")
	case known:
		o.apply(m, d)
	default:
		m.other(d)
	}
}

func countArguments(n int) string {
	switch n {
	case 0:
		return "no argument"
	case 1:
		return "one argument"
	default:
		return fmt.Sprintf("%d arguments", n)
	}
}

// content returns what an option such as ca stands for: the block, or the file that it names.
func (m *mapper) content(d *directive, missing finding.Severity) (string, bool) {
	if d.inline {
		return d.block, true
	}
	name := d.argument(0)
	if name == "[inline]" || name == "" {
		return "", false // the block of the same name has it
	}
	remedy := fmt.Sprintf("Put the file's content into the configuration, between a line <%s> and a line </%s>.", d.name, d.name)
	if m.readFile == nil {
		m.Add(missing, "file-reference", d.line, fmt.Sprintf("The option %s names another file, %q, which was not given.", d.name, limited(name)), remedy)
		return "", false
	}
	data, err := m.readFile(name)
	if err != nil {
		m.Add(missing, "file-reference", d.line, fmt.Sprintf("The file %q that the option %s names cannot be read: %v.", limited(name), d.name, err), remedy)
		return "", false
	}
	if textfile.IsText(data) {
		data = textfile.Decode(data)
	}
	return string(data), true
}

// other handles options without an effect here.
func (m *mapper) other(d *directive) {
	switch kind := m.effects[d.name]; {
	case m.unknown[d.name]:
		m.Note("ignored-option", d.line, fmt.Sprintf("The option %s is ignored, as the file says itself.", printable(d.name)))
		m.keepOptional(d)
	case kind.ignored:
		m.Note("ignored-option", d.line, fmt.Sprintf("The option %s is ignored: %s.", d.name, kind.because))
		if !d.inline && kind.kept {
			m.config.Kept = append(m.config.Kept, append([]string{d.name}, d.arguments...))
		}
	case kind.because != "":
		m.Add(kind.severity, "unsupported-option", d.line, fmt.Sprintf("The option %s is not supported: %s.", d.name, kind.because), kind.remedy)
	case d.inline:
		m.Warning("unknown-option", d.line, fmt.Sprintf("The block %s is not known, and is ignored.", printable("<"+d.name+">")), "Check how it is spelled.")
	default:
		m.Warning("unknown-option", d.line, fmt.Sprintf("The option %s is not known, and is ignored.", printable(d.name)), "Check how it is spelled.")
	}
}

// keepOptional has an option that clients need not know written again, as the file says itself that it is one. Other unknown ones are not:
// they may be lines of a key in the wrong place.
func (m *mapper) keepOptional(d *directive) {
	if !d.inline {
		m.config.Kept = append(m.config.Kept, append([]string{"setenv", "opt", d.name}, d.arguments...))
	}
}

func (m *mapper) ignoreUnknown(d *directive) {
	if m.unknown == nil {
		m.unknown = map[string]bool{}
	}
	for _, name := range d.arguments {
		m.unknown[name] = true
	}
}

// printable returns the name of an option, but not one that could be a line of a key in the wrong place.
func printable(name string) string {
	const longestPart = 16
	trimmed := strings.Trim(name, "<>")
	for part := range strings.SplitSeq(trimmed, "-") {
		if len(part) > longestPart || len(part) > 7 && strings.Trim(part, "0123456789abcdef") == "" {
			return "of this line"
		}
	}
	if len(trimmed) > 40 || strings.Trim(trimmed, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return "of this line"
	}
	return name
}

// finish checks what only the whole file can tell, and fills in what depends on several options.
func (m *mapper) finish() {
	if finding.Faulty(m.List) {
		return // what is missing may stand in what could not be read
	}
	m.finishRemotes()
	m.finishCiphers()
	m.finishIdentity()
	m.finishCredentials()
}
