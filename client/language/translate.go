package language

import (
	"encoding/json"
	"fmt"
	"path"
	"strings"
)

// The groups of texts that other packages have codes for. A text's key is the group, a dot and the code; its remedy's has ".remedy" behind.
const (
	Problems = "problem" // tunnel.Code
	Refusals = "service" // api.Code
	Checks   = "check"   // diagnosis.ID
	SignIns  = "entra"   // the codes of problems with Microsoft Entra ID
	Noted    = "noted"   // finding.Finding
)

// Explain is what people are told about something that has a code, with the sentence and remedy that came with it in English. A code can
// come with a sentence of its own, which says more: where that has no translation, it is given behind the code's.
func (t *Texts) Explain(group, code, sentence, remedy string) (string, string) {
	if t.Language() == Default {
		return sentence, remedy
	}
	key := group + "." + code
	translated, known := t.Translate(sentence)
	if !known && t.Has(key) {
		translated = t.Text(key, nil)
		if !t.begins(sentence, key) {
			translated += " (" + sentence + ")"
		}
	}
	remedy, _ = t.Translate(remedy)
	return translated, remedy
}

// Translate finds the translation of a text by what it is in English. The text itself is returned where there is none.
func (t *Texts) Translate(text string) (string, bool) {
	if t.Language() == Default || text == "" {
		return text, true
	}
	english, err := t.english()
	if err != nil {
		return text, false
	}
	key, known := english.keys[text]
	if !known || !t.Has(key) {
		return text, false
	}
	return t.Text(key, nil), true
}

// begins tells whether a sentence is the English one with a key, with details added at its end.
func (t *Texts) begins(sentence, key string) bool {
	english, err := t.english()
	return err == nil && english.texts[key] != "" && strings.HasPrefix(sentence, strings.TrimSuffix(english.texts[key], "."))
}

// english is the texts that have one form only, by their keys, and their keys by themselves.
type english struct{ texts, keys map[string]string }

func readEnglish() (english, error) {
	index := english{map[string]string{}, map[string]string{}}
	data, err := files.ReadFile(path.Join(folder, Default+".json"))
	if err != nil {
		return index, fmt.Errorf("read texts: %w", err)
	}
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(data, &entries); err != nil {
		return index, fmt.Errorf("read texts: %w", err)
	}
	for key, raw := range entries {
		var text string
		if err := json.Unmarshal(raw, &text); err == nil { // others have plural forms, and are never looked for
			index.texts[key], index.keys[text] = text, key
		}
	}
	return index, nil
}
