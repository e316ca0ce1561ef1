package azvpn

import (
	"bytes"
	"strings"
)

// element is an element of an XML document. Its names are kept as they were written and compared without case and namespace.
type element struct {
	prefix     string
	name       string
	attributes []attribute
	children   []*element
	text       string // directly inside, without the white space around it
	line       int    // of its start tag, from 1
}

type attribute struct{ name, value string }

// is compares the local name.
func (e *element) is(names ...string) bool {
	for _, name := range names {
		if strings.EqualFold(e.name, name) {
			return true
		}
	}
	return false
}

// isNil reports whether an element stands for null: i:nil="true", whatever the prefix and whether or not it is declared.
func (e *element) isNil() bool {
	for _, a := range e.attributes {
		_, local, found := strings.Cut(a.name, ":")
		if !found {
			local = a.name
		}
		if strings.EqualFold(local, "nil") && (strings.EqualFold(a.value, "true") || a.value == "1") {
			return true
		}
	}
	return false
}

// isEmpty reports whether an element says nothing: null, or without text and without children that say something.
func (e *element) isEmpty() bool {
	if e == nil || e.isNil() {
		return true
	}
	if e.text != "" {
		return false
	}
	for _, child := range e.children {
		if !child.isEmpty() {
			return false
		}
	}
	return true
}

// child returns the first child of one of these names that is not null, else nil. A null twin of a filled element is
// as good as absent.
func (e *element) child(names ...string) *element {
	all := e.all(names...)
	for _, candidate := range all {
		if !candidate.isEmpty() {
			return candidate
		}
	}
	if len(all) > 0 {
		return all[0]
	}
	return nil
}

// all returns the children of these names that are not null.
func (e *element) all(names ...string) []*element {
	if e == nil {
		return nil
	}
	var found []*element
	for _, child := range e.children {
		if child.is(names...) && !child.isNil() {
			found = append(found, child)
		}
	}
	return found
}

// value is the text of a child, or "" where there is none.
func (e *element) value(names ...string) string {
	if child := e.child(names...); child != nil {
		return child.text
	}
	return ""
}

// at is the line of an element or, where it is missing, of the nearest that is not, which goes behind it.
func (e *element) at(otherwise ...*element) int {
	if e != nil {
		return e.line
	}
	for _, other := range otherwise {
		if other != nil {
			return other.line
		}
	}
	return 0
}

// find returns the first element of a name anywhere below, else nil.
func (e *element) find(name string) *element {
	for _, child := range e.children {
		if child.is(name) && !child.isEmpty() {
			return child
		}
		if found := child.find(name); found != nil {
			return found
		}
	}
	return nil
}

// add appends a child with text and returns the child.
func (e *element) add(name, text string) *element {
	child := &element{name: name, text: text}
	e.children = append(e.children, child)
	return child
}

// addNil appends a child that stands for null.
func (e *element) addNil(name string) *element {
	child := &element{name: name, attributes: []attribute{{"i:nil", "true"}}}
	e.children = append(e.children, child)
	return child
}

// addOptional appends a child with text, or null for "".
func (e *element) addOptional(name, text string) *element {
	if text == "" {
		return e.addNil(name)
	}
	return e.add(name, text)
}

// write appends the element as the DataContractSerializer's indenting writer does, without an XML declaration.
func (e *element) write(out *bytes.Buffer, indent string) {
	out.WriteString(indent + "<" + e.qualified())
	for _, a := range e.attributes {
		out.WriteString(" " + a.name + `="` + escapeAttribute(a.value) + `"`)
	}
	switch {
	case len(e.children) == 0 && e.text == "":
		out.WriteString(" />\n")
		return
	case len(e.children) == 0:
		out.WriteString(">" + escapeText(e.text))
	default:
		out.WriteString(">")
		out.WriteString(escapeText(e.text))
		out.WriteByte('\n')
		for _, child := range e.children {
			child.write(out, indent+"  ")
		}
		out.WriteString(indent)
	}
	out.WriteString("</" + e.qualified() + ">\n")
}

func (e *element) qualified() string {
	if e.prefix == "" {
		return e.name
	}
	return e.prefix + ":" + e.name
}

func escapeText(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#xD;").Replace(text)
}

func escapeAttribute(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "\r", "&#xD;", "\n", "&#xA;", "\t", "&#x9;").Replace(text)
}
