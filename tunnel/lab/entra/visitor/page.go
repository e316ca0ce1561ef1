package visitor

import (
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// form is the last form of a page: on a page with several accounts that is the one for another account.
type form struct {
	action *url.URL
	fields url.Values
	posts  bool // by itself, with the page's script
}

// read takes from a page what a person would see and do.
func (p *Page) read(root *html.Node) {
	selfPosting := false
	for node := range root.Descendants() {
		if node.Type != html.ElementNode {
			continue
		}
		switch node.Data {
		case "title":
			p.Title = text(node)
		case "body":
			selfPosting = strings.Contains(attribute(node, "onload"), ".submit()")
		case "form":
			if strings.EqualFold(attribute(node, "method"), "post") {
				p.form = p.readForm(node, selfPosting)
			}
		}
		switch attribute(node, "id") {
		case "done":
			p.Done = text(node)
		case "error":
			p.Error = text(node)
		case "problem":
			p.problem = text(node)
		case "number":
			p.Number = text(node)
		}
	}
}

func (p *Page) readForm(node *html.Node, posts bool) *form {
	made := &form{fields: url.Values{}, posts: posts}
	action, err := p.URL.Parse(attribute(node, "action"))
	if err != nil {
		action = p.URL
	}
	made.action = action
	for child := range node.Descendants() {
		if child.Type == html.ElementNode && child.Data == "input" && attribute(child, "name") != "" {
			made.fields.Set(attribute(child, "name"), attribute(child, "value"))
		}
	}
	return made
}

func attribute(node *html.Node, name string) string {
	for _, a := range node.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func text(node *html.Node) string {
	var all strings.Builder
	for child := range node.Descendants() {
		if child.Type == html.TextNode {
			all.WriteString(child.Data)
		}
	}
	return strings.TrimSpace(all.String())
}
