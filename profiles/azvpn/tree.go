package azvpn

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/footbridge-vpn/footbridge/profiles/finding"
	"github.com/footbridge-vpn/footbridge/profiles/textfile"
)

// Limits of a document. Real ones have a few kilobytes, 40 elements and a depth of 5.
const (
	maxSize       = 1 << 20
	maxDepth      = 32
	maxElements   = 20_000
	maxAttributes = 64
)

// treeReader builds the tree of a document from its tokens. Entities and document types are refused: no profile has them, and
// they are how XML is made to read other files or to grow without end.
type treeReader struct {
	decoder  *xml.Decoder
	stack    []*element
	root     *element
	text     []*strings.Builder // of the elements on the stack
	elements int
}

// readTree reads a document, or says where it is not one.
func readTree(data []byte) (*element, *finding.Finding) {
	if len(data) > maxSize {
		return nil, fault("too-large", 0, fmt.Sprintf("The file has %d bytes, more than the %d that a profile can have.", len(data), maxSize),
			"Choose the file that Azure generated.")
	}
	r := treeReader{decoder: xml.NewDecoder(bytes.NewReader(textfile.Decode(data)))}
	// The text is UTF-8 by now, whatever its declaration says; .NET writes "utf-16" into strings that are then saved as UTF-8.
	r.decoder.CharsetReader = func(_ string, input io.Reader) (io.Reader, error) { return input, nil }
	for {
		line, _ := r.decoder.InputPos()
		token, err := r.decoder.RawToken()
		if errors.Is(err, io.EOF) {
			return r.end(line)
		}
		if err != nil {
			return nil, r.syntaxFault(err)
		}
		if f := r.take(token, line); f != nil {
			return nil, f
		}
	}
}

func fault(code string, line int, problem, remedy string) *finding.Finding {
	return &finding.Finding{Severity: finding.Fault, Code: code, Line: line, Problem: problem, Remedy: remedy}
}

func (r *treeReader) take(token xml.Token, line int) *finding.Finding {
	switch t := token.(type) {
	case xml.StartElement:
		return r.open(t, line)
	case xml.EndElement:
		return r.close(t.Name, line)
	case xml.CharData:
		return r.characters(string(t), line)
	case xml.Directive:
		return fault("doctype", line, "The file has a document type or entity declaration, which no profile has.", "Remove the <!…> declaration.")
	default:
		return nil // comments and processing instructions say nothing to anyone
	}
}

func (r *treeReader) open(start xml.StartElement, line int) *finding.Finding {
	r.elements++
	switch {
	case r.root != nil && len(r.stack) == 0:
		return fault("not-well-formed", line, fmt.Sprintf("The element <%s> follows after the end of the profile.", start.Name.Local), "Keep one profile in a file.")
	case r.elements > maxElements:
		return fault("too-large", line, fmt.Sprintf("The file has more than %d elements.", maxElements), "Choose the file that Azure generated.")
	case len(r.stack) >= maxDepth:
		return fault("too-deep", line, fmt.Sprintf("The file nests elements more than %d deep.", maxDepth), "Choose the file that Azure generated.")
	case len(start.Attr) > maxAttributes:
		return fault("too-large", line, fmt.Sprintf("An element has more than %d attributes.", maxAttributes), "Choose the file that Azure generated.")
	}
	e := &element{prefix: start.Name.Space, name: start.Name.Local, line: line}
	for _, a := range start.Attr {
		e.attributes = append(e.attributes, attribute{rawName(a.Name), a.Value})
	}
	if len(r.stack) == 0 {
		r.root = e
	} else {
		parent := r.stack[len(r.stack)-1]
		parent.children = append(parent.children, e)
	}
	r.stack, r.text = append(r.stack, e), append(r.text, new(strings.Builder))
	return nil
}

func (r *treeReader) close(name xml.Name, line int) *finding.Finding {
	if len(r.stack) == 0 {
		return fault("not-well-formed", line, fmt.Sprintf("The end tag </%s> has no start tag.", name.Local), "Remove it.")
	}
	e := r.stack[len(r.stack)-1]
	if e.name != name.Local || e.prefix != name.Space {
		return r.unclosed(e, name, line)
	}
	e.text = strings.TrimSpace(r.text[len(r.text)-1].String())
	r.stack, r.text = r.stack[:len(r.stack)-1], r.text[:len(r.text)-1]
	return nil
}

// unclosed tells a placeholder such as <TENANTID> that was left in the text from a forgotten end tag.
func (r *treeReader) unclosed(e *element, end xml.Name, line int) *finding.Finding {
	if !isKnownName(e.name) || e.name == strings.ToUpper(e.name) {
		return placeholderFault(e.line, "<"+e.name+">")
	}
	return fault("not-well-formed", line, fmt.Sprintf("The end tag </%s> does not match <%s> of line %d.", end.Local, e.name, e.line),
		fmt.Sprintf("End the element with </%s>; upper and lower case count.", e.name))
}

func placeholderFault(line int, text string) *finding.Finding {
	return fault("placeholder", line, fmt.Sprintf("The placeholder %s was not replaced.", text), "Put the value in its place, or download the profile from Azure again.")
}

func (r *treeReader) characters(text string, line int) *finding.Finding {
	if len(r.stack) > 0 {
		r.text[len(r.text)-1].WriteString(text)
		return nil
	}
	if strings.TrimSpace(text) != "" {
		return fault("not-well-formed", line, "There is text outside of the XML.", "Remove what stands before or after the profile.")
	}
	return nil
}

func (r *treeReader) end(line int) (*element, *finding.Finding) {
	switch {
	case len(r.stack) > 0:
		e := r.stack[len(r.stack)-1]
		if !isKnownName(e.name) && len(r.stack) > 1 {
			return nil, placeholderFault(e.line, "<"+e.name+">")
		}
		return nil, fault("not-well-formed", line, fmt.Sprintf("The file ends before the element <%s> of line %d does.", e.name, e.line),
			"The file is not complete: download or copy it again.")
	case r.root == nil:
		return nil, fault("not-well-formed", 0, "There is no XML in the file.", "Choose the file that Azure generated.")
	default:
		return r.root, nil
	}
}

// syntaxFault says what is wrong in our words: the decoder's may quote the file.
func (r *treeReader) syntaxFault(err error) *finding.Finding {
	var syntax *xml.SyntaxError
	line, _ := r.decoder.InputPos()
	message := ""
	if errors.As(err, &syntax) {
		line, message = syntax.Line, syntax.Msg
	}
	switch {
	case strings.Contains(message, "entity"):
		return fault("not-well-formed", line, "There is an & that begins no known character.", "Write &amp; for an &.")
	case strings.Contains(message, "unexpected EOF"):
		_, f := r.end(line)
		if f == nil {
			f = fault("not-well-formed", line, "The file ends in the middle of a tag.", "The file is not complete: download or copy it again.")
		}
		return f
	case strings.Contains(message, "attribute"), strings.Contains(message, "element name"):
		return fault("not-well-formed", line, "There is a < that begins no proper tag, such as a placeholder in angle brackets.",
			"Put the value in the placeholder's place, or write &lt; for a <.")
	default:
		return fault("not-well-formed", line, "The XML is not well-formed here.", "Correct this line, or download the profile from Azure again.")
	}
}

func rawName(name xml.Name) string {
	if name.Space == "" {
		return name.Local
	}
	return name.Space + ":" + name.Local
}
