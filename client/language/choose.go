package language

import "strings"

// FromEnvironment is the language of the messages that POSIX's environment variables ask for (IEEE Std 1003.1, 8.2): the first of LC_ALL,
// LC_MESSAGES and LANG that is set decides. Where there are no texts in that language, it is Default.
func FromEnvironment(getenv func(string) string) string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if locale := getenv(name); locale != "" {
			return match(locale)
		}
	}
	return Default
}

// match finds the language of a locale such as "nl_BE.UTF-8@euro": the one with its territory before the one without.
func match(locale string) string {
	locale, _, _ = strings.Cut(locale, "@")
	locale, _, _ = strings.Cut(locale, ".")
	wanted := strings.ReplaceAll(locale, "_", "-")
	base, _, _ := strings.Cut(wanted, "-")
	found := Default
	for _, name := range Languages() {
		if strings.EqualFold(name, wanted) {
			return name
		}
		if strings.EqualFold(name, base) {
			found = name
		}
	}
	return found
}
