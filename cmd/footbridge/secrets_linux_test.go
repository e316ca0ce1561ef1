package main

import (
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// tokenBeginnings are how access tokens begin: {"typ": and {"alg": in base64.
var tokenBeginnings = []string{"eyJ0eXAiOi", "eyJhbGciOi"}

// biggestSearched bounds what is read of a file of the machine, in bytes.
const biggestSearched = 128 << 20

// secretsRest searches the whole machine for what must not be on it in clear: all files, what is in ZIPs of them, the journal and the
// service's log, what programs are told of connections, a report that hides nothing for the sake of names, and running programs' arguments and
// environments. Tokens of the identity provider are always among what is searched for.
func (p *pc) secretsRest(secrets ...string) {
	p.t.Helper()
	wanted := append(append([]string{}, secrets...), tokenBeginnings...)
	if p.lab.Entra != nil {
		for _, token := range p.lab.Entra.RefreshTokens() {
			wanted = append(wanted, token[:32]) // wherever it was cut off
		}
	}
	p.do("alice", "footbridge", "report", "--plain", "--offline", "-o", "searched.zip")
	for name, arguments := range map[string][]string{
		"the journal":  {"journalctl", "--no-pager", "--output=export", "--all"},
		"the log":      {"footbridge", "logs", "--level", "debug", "--json"},
		"the state":    {"footbridge", "status", "--json"},
		"the history":  {"footbridge", "history", "--json"},
		"the profiles": {"footbridge", "list", "--json"},
		"processes":    {"sh", "-c", "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null; true"},
	} {
		user := "alice"
		if arguments[0] != "footbridge" {
			user = "root"
		}
		p.notIn(name, []byte(p.do(user, arguments[0], arguments[1:]...)), wanted)
	}
	searched := 0
	for _, folder := range []string{"/home", "/root", "/etc", "/var/lib", "/var/log", "/var/tmp", "/run", "/tmp"} {
		filepath.WalkDir(p.Path(folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return nil // what ended meanwhile
			}
			if info, err := entry.Info(); err != nil || info.Size() > biggestSearched {
				return nil
			}
			content, err := os.ReadFile(path)
			if err != nil {
				return nil
			}
			searched++
			p.notIn(strings.TrimPrefix(path, p.Path("")), content, wanted)
			return nil
		})
	}
	if searched < 100 {
		p.t.Errorf("only %d files were searched", searched)
	}
	p.do("alice", "rm", "searched.zip")
}

// notIn checks that none of some texts is in a file, or in one of the files of a ZIP.
func (p *pc) notIn(name string, content []byte, texts []string) {
	p.t.Helper()
	for _, text := range texts {
		if bytes.Contains(content, []byte(text)) {
			p.t.Errorf("%.6s… is in %s", text, name)
		}
	}
	packed, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return
	}
	for _, file := range packed.File {
		r, err := file.Open()
		if err != nil {
			continue
		}
		unpacked, err := io.ReadAll(io.LimitReader(r, biggestSearched))
		r.Close()
		if err == nil {
			p.notIn(name+" "+file.Name, unpacked, texts)
		}
	}
}
