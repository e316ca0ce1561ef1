// Package language holds every text that people see, in one file a language.
package language

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// Default is the language in which texts stand in the code; every other is a translation of it.
const Default = "en"

// files holds a file for each language, in the form of github.com/nicksnyder/go-i18n. Adding a file adds the language.
//
//go:embed texts/*.json
var files embed.FS

const folder = "texts"

// Languages are the languages that there are texts in, by their tags (BCP 47), Default first.
func Languages() []string {
	entries, err := fs.ReadDir(files, folder)
	if err != nil {
		return nil
	}
	names := []string{Default}
	for _, entry := range entries {
		if name := strings.TrimSuffix(entry.Name(), ".json"); name != Default {
			names = append(names, name)
		}
	}
	return names
}

// Values are what is put into a text, by the names that it has for them. Numbers and times are formatted beforehand.
type Values map[string]string

// Texts are all texts in one language. They are safe for concurrent use.
type Texts struct {
	tag       language.Tag
	entries   map[string]json.RawMessage // as they stand in the file: a program needs few of them, and is to start at once
	localizer *i18n.Localizer
	printer   func() *message.Printer
	english   func() (english, error)

	mu     sync.Mutex // of bundle and parsed, and of localizer, which reads bundle
	bundle *i18n.Bundle
	parsed map[string]bool
}

// Open reads the texts in a language of Languages.
func Open(name string) (*Texts, error) {
	if !slices.Contains(Languages(), name) {
		return nil, fmt.Errorf("open texts: there is no language %q", name)
	}
	t := &Texts{tag: language.Make(name), bundle: i18n.NewBundle(language.English), parsed: map[string]bool{}}
	if err := t.read(name); err != nil {
		return nil, err
	}
	t.localizer = i18n.NewLocalizer(t.bundle, name)
	t.printer = sync.OnceValue(func() *message.Printer { return message.NewPrinter(t.tag) })
	t.english = sync.OnceValues(readEnglish)
	return t, nil
}

func (t *Texts) read(name string) error {
	file := path.Join(folder, name+".json")
	data, err := files.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read texts: %w", err)
	}
	if err := json.Unmarshal(data, &t.entries); err != nil {
		return fmt.Errorf("read texts %s: %w", name, err)
	}
	return nil
}

// parse makes a text known to bundle. The mutex is held.
func (t *Texts) parse(key string) error {
	raw, found := t.entries[key]
	if !found || t.parsed[key] {
		return nil
	}
	forms := map[string]any{}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		forms["other"] = text
	} else if err := json.Unmarshal(raw, &forms); err != nil {
		return fmt.Errorf("read text %s: %w", key, err)
	}
	forms["id"] = key
	parsed, err := i18n.NewMessage(forms)
	if err == nil {
		err = t.bundle.AddMessages(t.tag, parsed)
	}
	if err != nil {
		return fmt.Errorf("read text %s: %w", key, err)
	}
	t.parsed[key] = true
	return nil
}

// Language is the tag of the language.
func (t *Texts) Language() string { return t.tag.String() }

// Text is the text with a key. A key without a text is shown itself.
func (t *Texts) Text(key string, values Values) string {
	return t.localize(&i18n.LocalizeConfig{MessageID: key, TemplateData: values})
}

// Count is the text with a key in the form that the language has for a number, which the text has as Count.
func (t *Texts) Count(key string, n int, values Values) string {
	all := Values{"Count": t.Number(int64(n))}
	for name, value := range values {
		all[name] = value
	}
	return t.localize(&i18n.LocalizeConfig{MessageID: key, TemplateData: all, PluralCount: n})
}

// Has reports whether there is a text with a key.
func (t *Texts) Has(key string) bool {
	_, found := t.entries[key]
	return found
}

func (t *Texts) localize(config *i18n.LocalizeConfig) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.parse(config.MessageID) != nil {
		return config.MessageID
	}
	text, err := t.localizer.Localize(config)
	if err != nil {
		return config.MessageID
	}
	return text
}
