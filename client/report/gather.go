package report

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/diagnosis"
)

// The limits of a report, in bytes before compression. Of a log the newest part is kept.
const (
	maxLog   = 2 << 20
	maxFile  = 4 << 20
	maxTotal = 24 << 20
	maxLogs  = 8
	// maxRecords bounds the history.
	maxRecords = 200
)

// withoutService is what a report lacks where the service does not run.
const withoutService = "The service cannot be reached: what it would have told is not in the report."

// gatherer collects the files of a report.
type gatherer struct {
	options    Options
	files      []file
	missing    []string
	snapshot   *api.Snapshot
	computer   *diagnosis.Computer
	redactor   *redactor
	anonymiser *anonymiser
}

func newGatherer(options Options) *gatherer {
	return &gatherer{options: options, redactor: newRedactor(options), anonymiser: newAnonymiser()}
}

// add keeps a file for the report.
func (g *gatherer) add(name, content string) {
	if len(content) > maxFile {
		content = content[:maxFile] + "\n(cut here)\n"
	}
	g.files = append(g.files, file{name: name, content: content})
}

// lack notes what could not be had. Of a service that cannot be reached all is missing, which is said once.
func (g *gatherer) lack(what string, err error) {
	var refusal *api.Error
	switch note := fmt.Sprintf("%s: %v", what, err); {
	case errors.As(err, &refusal) && refusal.Code == api.NotRunning:
		if !slices.Contains(g.missing, withoutService) {
			g.missing = append(g.missing, withoutService)
		}
	case refusal != nil:
		g.missing = append(g.missing, what+": "+refusal.Error())
	default:
		g.missing = append(g.missing, note)
	}
	g.options.Logger.Debug("part of report missing", "part", what, "error", err)
}

func (g *gatherer) addJSON(name string, value any) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		g.lack(name, err)
		return
	}
	if out.Len() > maxFile {
		g.lack(name, fmt.Errorf("it has %d bytes, which is too much", out.Len()))
		return
	}
	g.files = append(g.files, file{name: name, content: out.String(), json: true})
}

// gather collects everything that there is.
func (g *gatherer) gather(ctx context.Context) {
	g.learnNames()
	g.addDiagnosis()
	if g.options.Service != nil {
		g.askService(ctx)
	}
	g.add("versions.txt", g.versions())
	if computer, err := g.options.Computer(ctx); err != nil {
		g.lack("This computer's network", err)
	} else {
		g.computer = computer
		g.add("network.txt", describeComputer(computer))
		g.add("changes.txt", g.changes(computer))
	}
	for i, p := range g.options.Profiles {
		g.add(fmt.Sprintf("profiles/%d.txt", i+1), describeProfile(p))
	}
	if g.options.Service != nil {
		g.addServiceLog(ctx)
	}
	for _, log := range g.options.Logs[:min(len(g.options.Logs), maxLogs)] {
		g.addLog(log)
	}
}

// askService adds what the service says of itself.
func (g *gatherer) askService(ctx context.Context) {
	if snapshot, err := g.options.Service.Status(ctx); err != nil {
		g.lack("The service's status", err)
	} else {
		g.snapshot = snapshot
		shown := *snapshot
		shown.Sessions = append([]api.Session(nil), snapshot.Sessions...)
		for i := range shown.Sessions {
			shown.Sessions[i].Questions = nil // what is to be signed is nobody's business
		}
		g.addJSON("status.json", shown)
	}
	if policy, err := g.options.Service.Policy(ctx); err != nil {
		g.lack("The policy", err)
	} else {
		g.addJSON("policy.json", policy)
	}
	if history, err := g.options.Service.History(ctx, maxRecords); err != nil {
		g.lack("The history", err)
	} else {
		g.addJSON("history.json", history)
	}
	if machine, err := g.options.Service.MachineProfiles(ctx); err != nil {
		g.lack("The machine profiles", err)
	} else {
		for i := range machine.Profiles {
			machine.Profiles[i].Settings = machine.Profiles[i].Settings.Redacted()
		}
		g.addJSON("machine-profiles.json", machine)
	}
}

// addServiceLog adds the newest part of the service's log.
func (g *gatherer) addServiceLog(ctx context.Context) {
	var lines tail
	err := g.options.Service.Logs(ctx, api.LogQuery{}, func(r api.LogRecord) error {
		line := r.Time.UTC().Format("2006-01-02T15:04:05.000Z") + " " + r.Level + " " + g.redactor.redact(r.Message)
		if r.Session != "" {
			line += " session=" + r.Session
		}
		for _, key := range sortedKeys(r.Attributes) {
			line += fmt.Sprintf(" %s=%q", key, g.redactor.redactNamed(key, r.Attributes[key]))
		}
		lines.add(line)
		return nil
	})
	if err != nil {
		g.lack("The service's log", err)
	}
	if text := lines.String(); text != "" {
		g.add("logs/service.log", text)
	}
}

// tail keeps the newest lines.
type tail struct {
	lines []string
	size  int
	cut   bool
}

func (t *tail) add(line string) {
	line = strings.ReplaceAll(line, "\n", "\\n")
	t.lines = append(t.lines, line)
	t.size += len(line) + 1
	for t.size > maxLog && len(t.lines) > 1 {
		t.size -= len(t.lines[0]) + 1
		t.lines, t.cut = t.lines[1:], true
	}
}

// String is the lines, one each.
func (t *tail) String() string {
	if len(t.lines) == 0 {
		return ""
	}
	text := strings.Join(t.lines, "\n") + "\n"
	if t.cut {
		text = "(older lines are left out)\n" + text
	}
	return text
}

var logName = regexp.MustCompile(`^[A-Za-z0-9-]{1,40}$`)

// addLog adds the newest part of a file.
func (g *gatherer) addLog(log Log) {
	if !logName.MatchString(log.Name) {
		g.lack("A log", fmt.Errorf("%q is no name for it", log.Name))
		return
	}
	text, err := readTail(log.Path)
	if err != nil {
		g.lack("The log "+log.Name, err)
		return
	}
	g.add("logs/"+log.Name+".log", text)
}

// readTail reads the end of an ordinary file.
func readTail(path string) (string, error) {
	opened, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer opened.Close()
	info, err := opened.Stat()
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("read %s: it is no ordinary file", path)
	}
	before := max(0, info.Size()-maxLog)
	data, err := io.ReadAll(io.NewSectionReader(opened, before, maxLog))
	if err != nil {
		return "", err
	}
	text := strings.ToValidUTF8(string(data), "?")
	if before > 0 {
		_, rest, _ := strings.Cut(text, "\n") // the first line is a part of one
		text = "(older lines are left out)\n" + rest
	}
	return text, nil
}

// finish takes secrets and, unless the report is plain, names and addresses out of every file, and writes the first page.
func (g *gatherer) finish() ([]file, int) {
	total := 0
	for i := range g.files {
		g.files[i].change(g.redactor.redactNamed)
		if total += len(g.files[i].content); total > maxTotal {
			g.files[i] = file{name: g.files[i].name, content: "\"left out, the report would be too large\"\n"}
		}
	}
	for i := range g.missing {
		g.missing[i] = g.redactor.redact(g.missing[i])
	}
	if !g.options.Plain {
		for i := range g.files {
			g.files[i].change(func(_, text string) string { g.anonymiser.learn(text); return text })
		}
		for _, m := range g.missing {
			g.anonymiser.learn(m)
		}
		for i := range g.files {
			g.files[i].change(func(_, text string) string { return g.anonymiser.apply(text) })
		}
		for i := range g.missing {
			g.missing[i] = g.anonymiser.apply(g.missing[i])
		}
	}
	return append([]file{{name: "README.txt", content: g.readme()}}, g.files...), g.anonymiser.count()
}

// versionOr is a version, or that it is not known.
func versionOr(version string) string { return cmp.Or(version, "not known") }
