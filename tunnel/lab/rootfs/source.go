package rootfs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// source is where this computer gets its packages.
type source struct {
	mirror string
	suite  string
}

var errNoSource = errors.New("this computer's apt sources name no mirror of its own Debian release")

// findSource reads this computer's apt sources, in both of their formats (sources.list(5)), for the release that it runs.
func findSource(root string) (source, error) {
	release, err := codename(filepath.Join(root, "etc/os-release"))
	if err != nil {
		return source{}, err
	}
	var paths []string
	for _, pattern := range []string{"etc/apt/sources.list", "etc/apt/sources.list.d/*.sources", "etc/apt/sources.list.d/*.list"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return source{}, fmt.Errorf("find apt sources: %w", err)
		}
		paths = append(paths, found...)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return source{}, fmt.Errorf("read apt sources: %w", err)
		}
		parse := parseLines
		if strings.HasSuffix(path, ".sources") {
			parse = parseStanzas
		}
		if mirror, ok := parse(string(data), release); ok {
			return source{mirror: mirror, suite: release}, nil
		}
	}
	return source{}, fmt.Errorf("find mirror for %s: %w", release, errNoSource)
}

func codename(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("find release: %w", err)
	}
	for line := range strings.Lines(string(data)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "VERSION_CODENAME="); ok {
			return strings.Trim(value, `"'`), nil
		}
	}
	return "", fmt.Errorf("find release in %s: %w", path, os.ErrNotExist)
}

// parseLines reads "deb [options] URI suite component…".
func parseLines(text, release string) (mirror string, ok bool) {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) > 1 && strings.HasPrefix(fields[1], "[") {
			end := slices.IndexFunc(fields, func(field string) bool { return strings.HasSuffix(field, "]") })
			if end < 0 {
				continue
			}
			fields = slices.Delete(fields, 1, end+1)
		}
		if len(fields) >= 4 && fields[0] == "deb" && fields[2] == release && slices.Contains(fields[3:], "main") {
			return fields[1], true
		}
	}
	return "", false
}

// parseStanzas reads the deb822 format.
func parseStanzas(text, release string) (mirror string, ok bool) {
	for stanza := range strings.SplitSeq(text, "\n\n") {
		fields := make(map[string][]string)
		for line := range strings.Lines(stanza) {
			key, value, found := strings.Cut(line, ":")
			if found && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, " ") {
				fields[strings.ToLower(key)] = strings.Fields(value)
			}
		}
		if slices.Contains(fields["types"], "deb") && slices.Contains(fields["suites"], release) &&
			slices.Contains(fields["components"], "main") && len(fields["uris"]) > 0 {
			return fields["uris"][0], true
		}
	}
	return "", false
}
