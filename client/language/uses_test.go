package language

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/client/diagnosis"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
)

// constants are the values of a type's constants in a package.
func constants(t *testing.T, folder, of string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, file := range sources(t, folder) {
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			kind, ok := spec.Type.(*ast.Ident)
			if !ok || kind.Name != of {
				return true
			}
			if literal, ok := spec.Values[0].(*ast.BasicLit); ok {
				if value, err := strconv.Unquote(literal.Value); err == nil {
					found[spec.Names[0].Name] = value
				}
			}
			return true
		})
	}
	if len(found) < 5 {
		t.Fatalf("found only %d constants of %s in %s", len(found), of, folder)
	}
	return found
}

// sources parses the files of a folder, tests left out.
func sources(t *testing.T, folder string) []*ast.File {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

// Every problem of a connection has texts, which in English are those of the code.
func TestProblemsHaveTexts(t *testing.T) {
	english := raw(t, Default)
	codes := constants(t, "../../tunnel", "Code")
	for name, code := range codes {
		if english["problem."+code] == nil {
			t.Errorf("problem.%s (%s) is missing", code, name)
		}
	}
	seen := 0
	for _, file := range sources(t, "../../tunnel") {
		ast.Inspect(file, func(n ast.Node) bool {
			clause, ok := n.(*ast.CaseClause)
			if !ok || len(clause.List) != 1 || len(clause.Body) != 1 {
				return true
			}
			name, isName := clause.List[0].(*ast.Ident)
			result, isReturn := clause.Body[0].(*ast.ReturnStmt)
			if !isName || !isReturn || len(result.Results) != 2 || codes[name.Name] == "" {
				return true
			}
			key := "problem." + codes[name.Name]
			for i, wanted := range []string{key, key + ".remedy"} {
				literal, ok := result.Results[i].(*ast.BasicLit)
				if !ok {
					continue
				}
				text, _ := strconv.Unquote(literal.Value)
				if got := english[wanted]["other"]; got != text {
					t.Errorf("%s is %q, in the code %q", wanted, got, text)
				}
				seen++
			}
			return true
		})
	}
	if seen < 2*(len(codes)-3) {
		t.Errorf("compared only %d texts for %d codes", seen, len(codes))
	}
}

func TestChecksHaveTexts(t *testing.T) {
	english := raw(t, Default)
	for _, text := range diagnosis.Texts() {
		key := "check." + string(text.ID)
		if english[key]["other"] != text.Sentence || english[key+".remedy"]["other"] != text.Remedy {
			t.Errorf("%s is %q and %q, in the code %q and %q", key, english[key]["other"], english[key+".remedy"]["other"], text.Sentence, text.Remedy)
		}
	}
}

func TestRefusalsAndSettingsHaveTexts(t *testing.T) {
	english := raw(t, Default)
	for name, code := range constants(t, "../api", "Code") {
		if english["service."+code] == nil {
			t.Errorf("service.%s (%s) is missing", code, name)
		}
	}
	for name, code := range constants(t, "../fleet", "Code") {
		if english["fleet.problem."+code] == nil {
			t.Errorf("fleet.problem.%s (%s) is missing", code, name)
		}
	}
	for of, prefix := range map[string]string{"Code": "error.", "NoticeCode": "azure.notice.", "Field": "azure.field.", "Operation": "azure.progress."} {
		for name, code := range constants(t, "../azure", of) {
			if english[prefix+code] == nil {
				t.Errorf("%s%s is missing (%s)", prefix, code, name)
			}
		}
	}
	for _, key := range settings.Keys() {
		if got := english["setting."+key.Name]["other"]; got != key.Help {
			t.Errorf("setting.%s is %q, in the code %q", key.Name, got, key.Help)
		}
	}
}

// codes are what the readers of profiles call their findings.
func codes(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	kebab := regexp.MustCompile(`^[a-z]+(-[a-z0-9]+)+$`)
	filepath.WalkDir("../../profiles", func(folder string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return nil
		}
		for _, file := range sources(t, folder) {
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.CallExpr:
					name := ""
					switch function := n.Fun.(type) {
					case *ast.SelectorExpr:
						name = function.Sel.Name
					case *ast.Ident:
						name = function.Name
					}
					if slices.Contains([]string{"Fault", "Warning", "Note", "Add", "fault", "warning"}, name) {
						for _, argument := range n.Args[:min(2, len(n.Args))] {
							if code := literal(argument); kebab.MatchString(code) {
								found[code] = folder
							}
						}
					}
				case *ast.KeyValueExpr:
					if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Code" && kebab.MatchString(literal(n.Value)) {
						found[literal(n.Value)] = folder
					}
				}
				return true
			})
		}
		return nil
	})
	if len(found) < 60 {
		t.Fatalf("found only %d codes", len(found))
	}
	return found
}

func TestFindingsHaveTexts(t *testing.T) {
	english := raw(t, Default)
	for code, where := range codes(t) {
		if english[Noted+"."+code] == nil {
			t.Errorf("%s.%s is missing (%s)", Noted, code, where)
		}
	}
}

// quoted are all string literals of the programs that show texts.
func quoted(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, top := range []string{"../../cmd", "../../ui", ".."} {
		filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.IsDir() {
				return nil
			}
			for _, file := range sources(t, path) {
				ast.Inspect(file, func(n ast.Node) bool {
					if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
						if text, err := strconv.Unquote(literal.Value); err == nil {
							all[text] = true
						}
					}
					return true
				})
			}
			return nil
		})
	}
	return all
}

// groups are the beginnings of keys that programs put together from a code: "error." and the code. Those of commands and flags are
// checked where the commands are.
func groups() map[string]string {
	return map[string]string{
		"error.": "", "usage.": "", "status.": "", "exit.": "number", "state.": "state", "stage.": "state", "ended.": "state",
		"command": "command", "flag.": "command", "problem.": "code", "check.": "code", "service.": "code", "setting.": "code",
		"certificate.": "text", "entra.": "code", "help.group.": "", "service-done.": "", "import.": "outcome", "finding.": "state",
		"cert.key.": "state", "diagnose.who.": "state", "noted.": "code", "inspect.": "code", "expected.": "text", "report.missing.": "text",
		"ui.": "", "ui.connection.": "", "ui.connections.": "", "ui.import.": "", "ui.editor.": "", "ui.start.": "", "ui.asking.": "",
		"ui.import.outcome.": "outcome", "ui.editor.choice.": "value", "ui.editor.field.": "setting", "ui.state.": "state", "ui.stage.": "state", "ui.action.": "state",
		"azure.progress.": "operation", "ui.azure.remedy.": "code", "ui.azure.cloud.": "name", "azure.kind.": "kind", "azure.field.": "field", "azure.notice.": "code", "error.azure-": "code",
		"fleet.problem.": "code", "fleet.follow.": "outcome", "ui.notify.": "state", "ui.ended.": "state", "ui.asking.passphrase": "kind", "ui.asking.pin": "kind",
	}
}

// No text is left over from a command that is gone.
func TestNoTextIsUnused(t *testing.T) {
	literals := quoted(t)
	for _, key := range slices.Sorted(maps.Keys(raw(t, Default))) {
		base := strings.TrimSuffix(key, ".remedy")
		if literals[base] {
			continue
		}
		used := false
		for prefix, kind := range groups() {
			code, found := strings.CutPrefix(base, prefix)
			used = used || found && (kind != "" || literals[code])
		}
		if !used {
			t.Errorf("%s is used nowhere", key)
		}
	}
}

// asked are the keys that code asks for by name, with where.
func asked(t *testing.T) map[string]string {
	t.Helper()
	keys := map[string]string{}
	for _, folder := range []string{"../../cmd/footbridge"} {
		for _, file := range sources(t, folder) {
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.CallExpr:
					if key, where := askedBy(n); key != "" {
						keys[key] = where
					}
				case *ast.CompositeLit:
					if key := refusedBy(n); key != "" {
						keys[key] = "refusal"
					}
				}
				return true
			})
		}
	}
	if len(keys) < 100 {
		t.Fatalf("found only %d keys", len(keys))
	}
	return keys
}

func literal(e ast.Expr) string {
	basic, ok := e.(*ast.BasicLit)
	if !ok || basic.Kind != token.STRING {
		return ""
	}
	text, _ := strconv.Unquote(basic.Value)
	return text
}

func askedBy(call *ast.CallExpr) (key, where string) {
	if len(call.Args) == 0 || literal(call.Args[0]) == "" {
		return "", ""
	}
	switch function := call.Fun.(type) {
	case *ast.SelectorExpr:
		if slices.Contains([]string{"Text", "Count", "text", "say", "warn", "heading", "wait"}, function.Sel.Name) {
			return literal(call.Args[0]), function.Sel.Name
		}
	case *ast.Ident:
		if function.Name == "say" {
			return "error." + literal(call.Args[0]), "explain"
		}
		if function.Name == "needRoot" {
			return "error." + literal(call.Args[0]), "needRoot"
		}
		if function.Name == "indent" {
			return "status." + literal(call.Args[0]), "indent"
		}
	}
	return "", ""
}

func refusedBy(value *ast.CompositeLit) string {
	name, ok := value.Type.(*ast.Ident)
	if !ok || len(value.Elts) == 0 {
		return ""
	}
	switch name.Name {
	case "usageError":
		return "usage." + literal(value.Elts[0])
	case "commandError":
		if field, ok := value.Elts[0].(*ast.KeyValueExpr); ok && literal(field.Value) != "" {
			return "error." + literal(field.Value)
		}
	}
	return ""
}

// What a program asks for is there: a key would be shown in its place.
func TestWhatIsAskedForIsThere(t *testing.T) {
	english := raw(t, Default)
	for key, where := range asked(t) {
		if english[key] == nil && key != "error.certificate-unusable" { // told by itself
			t.Errorf("%s is missing (%s)", key, where)
		}
	}
}
