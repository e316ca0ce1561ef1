// Package deploy writes packages that put profiles and policy onto computers, for the tools that helpdesks have: Intune, Jamf, Ansible and
// group policy.
//
// All of them put files where the service looks for them (the drop folder), say whether they are there, and take them away again. Each step
// may be repeated.
package deploy

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
	"unicode"
)

//go:embed templates
var templates embed.FS

// Tool is what a package is for.
type Tool string

// The tools that packages are written for.
const (
	Intune      Tool = "intune"
	Jamf        Tool = "jamf"
	Ansible     Tool = "ansible"
	GroupPolicy Tool = "gpo"
)

// Tools are all tools.
func Tools() []Tool { return []Tool{Intune, Jamf, Ansible, GroupPolicy} }

// Profile is a file with profiles in it.
type Profile struct {
	Name      string // of the profile, for people
	Extension string // of the file, such as ".xml"
	Content   []byte
}

// Package is what goes onto computers.
type Package struct {
	Name     string // tells packages apart: another version of the same package replaces it; letters, digits and dashes
	Profiles []Profile
	Policy   []byte // policy.toml; nil: none
	Fleet    []byte // fleet.toml; nil: none
	Apple    []byte // a configuration profile with the same, for Jamf; nil: none
}

// File is one that a package puts in place.
type File struct {
	Path    string // below the folder of Footbridge's settings, with slashes
	Source  string // name of the file in the package
	SHA256  string
	Content []byte
}

// Base64 is the content for a script.
func (f File) Base64() string {
	text := base64.StdEncoding.EncodeToString(f.Content)
	var lines strings.Builder
	for len(text) > 76 {
		lines.WriteString(text[:76] + "\n")
		text = text[76:]
	}
	return lines.String() + text
}

// Windows is the path with backslashes.
func (f File) Windows() string { return strings.ReplaceAll(f.Path, "/", `\`) }

// view is what templates see.
type view struct {
	Package string
	Names   []string
	Files   []File
	Report  string // how a detect script answers: "exit", "json", "jamf"
	Apple   bool
}

// ErrExists says that the folder of a package has something in it already.
var ErrExists = errors.New("the folder is not empty")

// Write writes a package into a folder, which must be empty or not there, and returns its files' names.
func Write(tool Tool, dir string, p Package) ([]string, error) {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return nil, fmt.Errorf("write package: %w", ErrExists)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("write package: %w", err)
	}
	files, err := Render(tool, p)
	if err != nil {
		return nil, fmt.Errorf("write package: %w", err)
	}
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		target := filepath.Join(dir, filepath.FromSlash(name))
		mode := fs.FileMode(0o600) // there are secrets of gateways in them
		if strings.HasSuffix(name, ".sh") {
			mode = 0o700
		}
		if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
			return nil, fmt.Errorf("write package: %w", err)
		}
		if err := os.WriteFile(target, files[name], mode); err != nil {
			return nil, fmt.Errorf("write package: %w", err)
		}
	}
	return names, nil
}

// Render is a package's files, by their names with slashes.
func Render(tool Tool, p Package) (map[string][]byte, error) {
	v, err := p.view()
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	put := func(name, from, report string) {
		shown := v
		shown.Report = report
		data, problem := render(from, shown)
		err = errors.Join(err, problem)
		out[name] = data
	}
	sources := func(folder string) {
		for _, file := range v.Files {
			out[path.Join(folder, file.Source)] = file.Content
		}
	}
	windows := func(folder, install string) {
		put(path.Join(folder, install), "install.ps1", "")
		put(path.Join(folder, "detect.ps1"), "detect.ps1", "")
		put(path.Join(folder, "uninstall.ps1"), "uninstall.ps1", "")
		sources(path.Join(folder, "files"))
	}
	scripts := func(folder, report string) {
		put(path.Join(folder, "install.sh"), "install.sh", "")
		put(path.Join(folder, "detect.sh"), "detect.sh", report)
		put(path.Join(folder, "remove.sh"), "remove.sh", "")
	}
	switch tool {
	case Intune:
		windows("windows", "install.ps1")
		scripts("linux", "json")
		scripts("macos", "exit")
		put("linux/compliance.json", "compliance.json", "")
		put("README.md", "intune.md", "")
	case Jamf:
		scripts(".", "jamf")
		if p.Apple != nil {
			out[v.Package+".mobileconfig"] = p.Apple
		}
		put("README.md", "jamf.md", "")
	case Ansible:
		role := path.Join("roles", strings.ReplaceAll(v.Package, "-", "_"))
		put(path.Join(role, "tasks", "main.yml"), "tasks-main.yml", "")
		put(path.Join(role, "tasks", "detect.yml"), "tasks-detect.yml", "")
		put(path.Join(role, "defaults", "main.yml"), "defaults-main.yml", "")
		put(path.Join(role, "meta", "main.yml"), "meta-main.yml", "")
		sources(path.Join(role, "files"))
		for _, step := range []string{"install", "detect", "remove"} {
			put(step+".yml", "playbook-"+step+".yml", "")
		}
		put("README.md", "ansible.md", "")
	case GroupPolicy:
		windows(".", "startup.ps1")
		put("README.md", "gpo.md", "")
	default:
		return nil, fmt.Errorf("there are no packages for %q", tool)
	}
	return out, err
}

func render(name string, v view) ([]byte, error) {
	parsed, err := template.New("").Funcs(template.FuncMap{"sh": Shell, "ps": PowerShell, "join": strings.Join, "underscored": func(s string) string { return strings.ReplaceAll(s, "-", "_") }}).ParseFS(templates, "templates/*")
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := parsed.ExecuteTemplate(&out, name, v); err != nil {
		return nil, err
	}
	if strings.HasSuffix(name, ".ps1") { // Windows PowerShell takes a file without a mark for one in the local code page
		return append([]byte("\xef\xbb\xbf"), bytes.ReplaceAll(out.Bytes(), []byte("\n"), []byte("\r\n"))...), nil
	}
	return out.Bytes(), nil
}

// view is the package with the names that its files get.
func (p Package) view() (view, error) {
	v := view{Package: slug(p.Name), Apple: p.Apple != nil}
	if v.Package == "" {
		return v, errors.New("a package needs a name of letters and digits")
	}
	taken := map[string]bool{}
	for _, profile := range p.Profiles {
		base := slug(profile.Name)
		if base == "" {
			base = "profile"
		}
		name := base
		for number := 2; taken[name]; number++ {
			name = fmt.Sprintf("%s-%d", base, number)
		}
		taken[name] = true
		file := v.Package + "--" + name + profile.Extension
		v.Files = append(v.Files, newFile("profiles.d/"+file, file, profile.Content))
		v.Names = append(v.Names, oneLine(profile.Name))
	}
	if p.Policy != nil {
		v.Files = append(v.Files, newFile("policy.toml", "policy.toml", p.Policy))
	}
	if p.Fleet != nil {
		v.Files = append(v.Files, newFile("fleet.toml", "fleet.toml", p.Fleet))
	}
	if len(v.Files) == 0 {
		return v, errors.New("there is nothing to put into a package")
	}
	return v, nil
}

func newFile(target, source string, content []byte) File {
	sum := sha256.Sum256(content)
	return File{Path: target, Source: source, SHA256: hex.EncodeToString(sum[:]), Content: content}
}

// longestSlug bounds what a file's name takes from a profile's.
const longestSlug = 40

// slug is what is left of a name in lower-case ASCII, for files' names that every system and every script takes as they are.
func slug(name string) string {
	var out strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			out.WriteRune(r)
		case out.Len() > 0 && !strings.HasSuffix(out.String(), "-"):
			out.WriteByte('-')
		}
		if out.Len() >= longestSlug {
			break
		}
	}
	return strings.Trim(out.String(), "-")
}

// oneLine keeps a name from ending a comment, or from commanding a terminal.
func oneLine(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(name, " "))
}

// Shell quotes a text for a POSIX shell: nothing in single quotes means anything but a single quote.
func Shell(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// PowerShell quotes a text for PowerShell, which takes typographic quotes for quotes too; twice is one of them
// (about_Quoting_Rules, "single-quoted strings").
func PowerShell(text string) string {
	var out strings.Builder
	out.WriteByte('\'')
	for _, r := range text {
		if strings.ContainsRune("'\u2018\u2019\u201a\u201b", r) {
			out.WriteRune(r)
		}
		out.WriteRune(r)
	}
	out.WriteByte('\'')
	return out.String()
}
