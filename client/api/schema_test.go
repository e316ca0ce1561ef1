package api

import (
	"bytes"
	"encoding"
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// schemaPath is the schema of the contract, for programs in other languages. UPDATE_GOLDEN=1 go test ./client/api writes it anew.
const schemaPath = "../../docs/api.schema.json"

// described are the bodies of requests and answers, and the lines of streams.
func described() []any {
	return []any{Snapshot{}, Message{}, ConnectRequest{}, Session{}, Answer{}, SignIn{}, MachineProfiles{}, History{}, LogRecord{}, Repair{}, Policy{}, Fleet{}, Error{}}
}

// generator makes JSON Schema (draft 2020-12) of Go types, as encoding/json writes them.
type generator struct{ definitions map[string]any }

func (g *generator) of(t reflect.Type) map[string]any {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	case t == reflect.TypeFor[json.RawMessage]():
		return map[string]any{}
	case t == reflect.TypeFor[time.Duration]():
		return map[string]any{"type": "integer"}
	case t.Implements(reflect.TypeFor[encoding.TextMarshaler]()) && t.Kind() != reflect.Pointer:
		return map[string]any{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return g.of(t.Elem())
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return map[string]any{"type": "string", "contentEncoding": "base64"}
		}
		return map[string]any{"type": []string{"array", "null"}, "items": g.of(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": g.of(t.Elem())}
	case reflect.Struct:
		return g.reference(t)
	default:
		return map[string]any{"type": "integer"}
	}
}

// reference defines a struct once. Fields that omitempty leaves out need not be there; unknown ones may come with newer services.
func (g *generator) reference(t reflect.Type) map[string]any {
	name := t.Name()
	if strings.HasSuffix(t.PkgPath(), "/tunnel") {
		name = "Tunnel" + name // there is another Session
	}
	reference := map[string]any{"$ref": "#/$defs/" + name}
	if _, known := g.definitions[name]; known {
		return reference
	}
	properties, required := map[string]any{}, []string{}
	g.definitions[name] = nil // a type may hold itself
	for i := range t.NumField() {
		field := t.Field(i)
		tag := field.Tag.Get("json")
		key, options, _ := strings.Cut(tag, ",")
		if key == "-" || !field.IsExported() {
			continue
		}
		if key == "" {
			key = field.Name
		}
		properties[key] = g.of(field.Type)
		if !strings.Contains(options, "omitempty") && !strings.Contains(options, "omitzero") {
			required = append(required, key)
		}
	}
	g.definitions[name] = map[string]any{"type": "object", "properties": properties, "required": required}
	return reference
}

func generate() ([]byte, error) {
	g := generator{definitions: map[string]any{}}
	for _, body := range described() {
		g.of(reflect.TypeOf(body))
	}
	return json.MarshalIndent(map[string]any{"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "The API of footbridged, version 1",
		"description": "Bodies of requests and answers and lines of streams are in $defs; docs/api.md says which is which.", "$defs": g.definitions}, "", "  ")
}

// The schema is that of the Go types.
func TestSchemaIsThatOfTheTypes(t *testing.T) {
	want, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(schemaPath, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(schemaPath)
	if err != nil || !bytes.Equal(have, want) {
		t.Errorf("docs/api.schema.json is not what the types say (%v); UPDATE_GOLDEN=1 writes it", err)
	}
}

// compile reads the schema of one body.
func compile(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	data, err := os.ReadFile(schemaPath)
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("api.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("api.json#/$defs/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// Every example in docs/api.md is what the schema says. A line before it names its body: <!-- Snapshot -->.
func TestExamplesFitTheSchema(t *testing.T) {
	data, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)<!-- (\\w+) -->\n```json\n(.*?)```").FindAllStringSubmatch(string(data), -1)
	seen := map[string]bool{}
	for _, example := range examples {
		seen[example[1]] = true
		decoder := json.NewDecoder(strings.NewReader(example[2]))
		for decoder.More() {
			var raw json.RawMessage
			if err := decoder.Decode(&raw); err != nil {
				t.Fatalf("%s: %v in %s", example[1], err, example[2])
			}
			value, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
			if err != nil {
				t.Fatal(err)
			}
			if err := compile(t, example[1]).Validate(value); err != nil {
				t.Errorf("%s: %v\n%s", example[1], err, raw)
			}
		}
	}
	for _, body := range described() {
		if name := reflect.TypeOf(body).Name(); !seen[name] {
			t.Errorf("docs/api.md has no example of %s", name)
		}
	}
	if strings.Count(string(data), "```json") != len(examples) {
		t.Error("an example in docs/api.md does not say of what it is")
	}
}
