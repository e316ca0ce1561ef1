package language

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// raw is a language's file: text or forms by key.
func raw(t *testing.T, name string) map[string]map[string]string {
	t.Helper()
	data, err := files.ReadFile("texts/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(data, &entries); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	all := map[string]map[string]string{}
	for key, value := range entries {
		var text string
		forms := map[string]string{}
		if err := json.Unmarshal(value, &text); err == nil {
			forms["other"] = text
		} else if err := json.Unmarshal(value, &forms); err != nil {
			t.Fatalf("%s: %s: %v", name, key, err)
		}
		all[key] = forms
	}
	return all
}

var placeholder = regexp.MustCompile(`\{\{[^}]*\}\}`)

func placeholders(text string) []string {
	found := placeholder.FindAllString(text, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

// Every language has the same keys, with the same places for values.
func TestLanguagesAreComplete(t *testing.T) {
	if len(Languages()) < 2 || Languages()[0] != Default {
		t.Fatalf("the languages are %q", Languages())
	}
	english := raw(t, Default)
	for _, name := range Languages()[1:] {
		other := raw(t, name)
		same := 0
		for key, forms := range english {
			translated, there := other[key]
			if !there {
				t.Errorf("%s: %s is missing", name, key)
				continue
			}
			for form, text := range translated {
				if text == "" || strings.TrimSpace(text) == "" {
					t.Errorf("%s: %s is empty", name, key)
				}
				if !slices.Equal(placeholders(text), placeholders(forms["other"])) {
					t.Errorf("%s: %s (%s) has %q, English %q", name, key, form, placeholders(text), placeholders(forms["other"]))
				}
			}
			if (len(forms) > 1) != (len(translated) > 1) {
				t.Errorf("%s: %s has forms in one language only", name, key)
			}
			if sentence(forms["other"]) && translated["other"] == forms["other"] {
				same++
				t.Errorf("%s: %s is not translated", name, key)
			}
		}
		for key := range other {
			if _, there := english[key]; !there {
				t.Errorf("%s: %s is not in English", name, key)
			}
		}
	}
}

// sentence tells what must differ between languages from names, units and forms.
func sentence(text string) bool {
	words := strings.Fields(placeholder.ReplaceAllString(text, ""))
	return len(words) > 3 && strings.HasSuffix(text, ".")
}

// Every text can be filled in.
func TestTextsCanBeFilledIn(t *testing.T) {
	for _, name := range Languages() {
		texts, err := Open(name)
		if err != nil {
			t.Fatal(err)
		}
		for key, forms := range raw(t, name) {
			values := Values{}
			for _, p := range placeholders(forms["other"]) {
				values[strings.Trim(p, "{}.")] = "VALUE"
			}
			got := texts.Text(key, values)
			if len(forms) > 1 {
				got = texts.Count(key, 2, values)
			}
			if got == key || strings.Contains(got, "<no value>") || strings.Contains(got, "{{") {
				t.Errorf("%s: %s becomes %q", name, key, got)
			}
		}
	}
}

func TestOpenRefusesOthers(t *testing.T) {
	if texts, err := Open("xx"); err == nil {
		t.Errorf("opened %v", texts)
	}
}

func TestFromEnvironment(t *testing.T) {
	for _, test := range []struct {
		environment map[string]string
		want        string
	}{
		{map[string]string{}, "en"},
		{map[string]string{"LANG": "nl_NL.UTF-8"}, "nl"},
		{map[string]string{"LANG": "nl_BE"}, "nl"},
		{map[string]string{"LANG": "nl_NL.UTF-8", "LC_MESSAGES": "en_GB.UTF-8"}, "en"},
		{map[string]string{"LANG": "en_US.UTF-8", "LC_MESSAGES": "C", "LC_ALL": "nl"}, "nl"},
		{map[string]string{"LANG": "nl_NL", "LC_ALL": "C.UTF-8"}, "en"},
		{map[string]string{"LANG": "nl@euro"}, "nl"},
		{map[string]string{"LANG": "ja_JP.eucJP"}, "en"},
		{map[string]string{"LANG": "nld"}, "en"},
		{map[string]string{"LANG": "../../nl"}, "en"},
	} {
		if got := FromEnvironment(func(name string) string { return test.environment[name] }); got != test.want {
			t.Errorf("%v: %q, want %q", test.environment, got, test.want)
		}
	}
}

func open(t *testing.T, name string) *Texts {
	t.Helper()
	texts, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

func TestFormats(t *testing.T) {
	english, dutch := open(t, "en"), open(t, "nl")
	german, french, spanish := open(t, "de"), open(t, "fr"), open(t, "es")
	moment := time.Date(2026, 11, 3, 14, 5, 6, 0, time.Local)
	for _, test := range []struct{ got, want string }{
		{english.Number(1234567), "1,234,567"},
		{dutch.Number(1234567), "1.234.567"},
		{english.Bytes(999), "999 B"},
		{english.Bytes(1500), "1.5 kB"},
		{dutch.Bytes(1_500_000), "1,5 MB"},
		{dutch.Bytes(150_000_000), "150 MB"},
		{english.Bytes(1 << 63), "9.2 EB"},
		{dutch.Rate(2_345_000), "2,3 MB/s"},
		{english.Duration(0), "0 s"},
		{english.Duration(59*time.Second + 600*time.Millisecond), "1 min 0 s"},
		{dutch.Duration(2*time.Hour + 5*time.Minute + 7*time.Second), "2 u 5 min"},
		{english.Duration(49 * time.Hour), "2 d 1 h"},
		{english.Moment(moment), "2026-11-03 14:05:06"},
		{dutch.Moment(moment), "03-11-2026 14:05:06"},
		{dutch.Date(moment), "03-11-2026"},
		{german.Number(1234567), "1.234.567"},
		{german.Bytes(1_500_000), "1,5 MB"},
		{german.Moment(moment), "03.11.2026 14:05:06"},
		{german.Date(moment), "03.11.2026"},
		{french.Number(1234567), "1\u00a0234\u00a0567"},
		{french.Bytes(999), "999 o"},
		{french.Rate(1_500_000), "1,5 Mo/s"},
		{french.Date(moment), "03/11/2026"},
		{french.Duration(49 * time.Hour), "2 j 1 h"},
		{spanish.Number(1234567), "1.234.567"},
		{spanish.Bytes(1_500_000_000), "1,5 GB"},
		{spanish.Moment(moment), "03/11/2026 14:05:06"},
		{english.Count("status.others", 1, nil), "There is 1 connection of another user."},
		{dutch.Count("status.others", 3, nil), "Er zijn 3 verbindingen van andere gebruikers."},
	} {
		if test.got != test.want {
			t.Errorf("%q, want %q", test.got, test.want)
		}
	}
}

func TestExplain(t *testing.T) {
	dutch := open(t, "nl")
	refused := raw(t, "en")["problem.sign-in-refused"]["other"]
	for _, test := range []struct{ group, code, sentence, want string }{
		{Problems, "sign-in-refused", refused, dutch.Text("problem.sign-in-refused", nil)},
		{Problems, "sign-in-refused", "The gateway wants chocolate.", dutch.Text("problem.sign-in-refused", nil) + " (The gateway wants chocolate.)"},
		{Refusals, "service-not-running", "The Footbridge service cannot be reached (no such file).", dutch.Text("service.service-not-running", nil)},
		{Problems, "of-a-newer-version", "Something new.", "Something new."},
	} {
		if got, _ := dutch.Explain(test.group, test.code, test.sentence, ""); got != test.want {
			t.Errorf("%s %s: %q, want %q", test.code, test.sentence, got, test.want)
		}
	}
	if sentence, remedy := open(t, "en").Explain(Problems, "sign-in-refused", "As it came.", "So did this."); sentence != "As it came." || remedy != "So did this." {
		t.Errorf("in English: %q, %q", sentence, remedy)
	}
}
