package main

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// jsonDocument says what --json prints. Its examples are those of examples(): with UPDATE_GOLDEN=1 they are written anew.
const jsonDocument = "../../docs/json.md"

// documented are the examples in the document, by the command in the heading above each.
func documented(t *testing.T) map[string]string {
	t.Helper()
	data, err := os.ReadFile(jsonDocument)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	heading := ""
	for i, part := range strings.Split(string(data), "```") {
		if i%2 == 1 {
			if example, isJSON := strings.CutPrefix(part, "json\n"); isJSON && heading != "" {
				found[heading] += example
			}
			continue
		}
		for line := range strings.SplitSeq(part, "\n") {
			if title, isHeading := strings.CutPrefix(line, "### "); isHeading {
				heading = title
			}
		}
	}
	return found
}

// written is how an example stands in the document: a whole result over several lines, lines of a stream each on its own.
func written(t *testing.T, values []any) string {
	t.Helper()
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if len(values) == 1 {
		encoder.SetIndent("", "  ")
	}
	for _, value := range values {
		if err := encoder.Encode(value); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

// The examples in the document are what the program's types print, with every field that there is.
func TestJSONDocument(t *testing.T) {
	found := documented(t)
	for _, example := range examples() {
		for _, value := range example.values {
			if empty := emptyFields(reflect.ValueOf(value), ""); len(empty) > 0 && !example.partial {
				t.Errorf("%s: the example does not show %q", example.command, empty)
			}
		}
		want := written(t, example.values)
		if found[example.command] == want {
			continue
		}
		if os.Getenv("UPDATE_GOLDEN") == "" {
			t.Errorf("%s: docs/json.md has\n%s\nthe program prints\n%s\n(UPDATE_GOLDEN=1 writes it)", example.command, found[example.command], want)
			continue
		}
		rewriteExample(t, example.command, want)
	}
	for command := range found {
		if !slices.ContainsFunc(examples(), func(e example) bool { return e.command == command }) {
			t.Errorf("docs/json.md documents %q, which has no example here", command)
		}
	}
}

func rewriteExample(t *testing.T, command, text string) {
	t.Helper()
	data, err := os.ReadFile(jsonDocument)
	if err != nil {
		t.Fatal(err)
	}
	before, after, found := strings.Cut(string(data), "### "+command+"\n")
	if !found {
		t.Errorf("docs/json.md has no heading %q", command)
		return
	}
	lead, rest, opened := strings.Cut(after, "```json\n")
	_, rest, closed := strings.Cut(rest, "```")
	if !opened || !closed {
		t.Errorf("docs/json.md has no example below %q", command)
		return
	}
	if err := os.WriteFile(jsonDocument, []byte(before+"### "+command+"\n"+lead+"```json\n"+text+"```"+rest), 0o644); err != nil {
		t.Fatal(err)
	}
}

// emptyFields are those that an example leaves out.
func emptyFields(v reflect.Value, path string) []string {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return []string{path}
		}
		return emptyFields(v.Elem(), path)
	case reflect.Struct:
		if isLeaf(v) {
			return nil
		}
		var empty []string
		for i := range v.NumField() {
			field := v.Type().Field(i)
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if name == "-" || !field.IsExported() && !field.Anonymous {
				continue
			}
			value := v.Field(i)
			switch {
			case field.Anonymous && name == "":
				empty = append(empty, emptyFields(value, path)...)
			case strings.Contains(field.Tag.Get("json"), "omitempty") && value.IsZero():
				empty = append(empty, path+"."+name)
			case value.Kind() == reflect.Slice && value.Len() == 0:
				empty = append(empty, path+"."+name)
			default:
				empty = append(empty, emptyFields(value, path+"."+name)...)
			}
		}
		return empty
	case reflect.Slice:
		if v.Len() > 0 && v.Type().Elem().Kind() != reflect.Uint8 {
			return emptyFields(v.Index(0), path)
		}
	}
	return nil
}

func isLeaf(v reflect.Value) bool {
	return v.Type().Implements(reflect.TypeFor[encoding.TextMarshaler]()) || v.Type().Implements(reflect.TypeFor[json.Marshaler]())
}

// keys are the paths of a JSON value. Below maps, whose keys are data, there are none.
func keys(value any, path string) []string {
	var all []string
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			all = append(all, path+"."+key)
			if key != "settings" && key != "attributes" {
				all = append(all, keys(inner, path+"."+key)...)
			}
		}
	case []any:
		for _, inner := range value {
			all = append(all, keys(inner, path)...)
		}
	}
	return all
}

// undocumented are the keys that a command printed and docs/json.md does not have.
func undocumented(t *testing.T, command, printed string) []string {
	t.Helper()
	known := map[string]bool{}
	for _, heading := range []string{command, "errors"} {
		decoder := json.NewDecoder(strings.NewReader(documented(t)[heading]))
		for decoder.More() {
			var value any
			if err := decoder.Decode(&value); err != nil {
				t.Fatalf("docs/json.md, %s: %v", heading, err)
			}
			for _, key := range keys(value, "") {
				known[key] = true
			}
		}
	}
	if len(known) == 0 {
		return []string{"the whole command " + command}
	}
	var missing []string
	decoder := json.NewDecoder(strings.NewReader(printed))
	for decoder.More() {
		var value any
		if err := decoder.Decode(&value); err != nil {
			return append(missing, fmt.Sprintf("no JSON: %v", err))
		}
		for _, key := range keys(value, "") {
			if !known[key] {
				missing = append(missing, key)
			}
		}
	}
	return missing
}
