package netns

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// prefix begins the names of all namespaces of this package.
const prefix = "fblab-"

// longestLabel bounds the part of a name that callers choose.
const longestLabel = 32

// Owner is a process for good: its number may be given to another after it ended, but not with the same start.
type Owner struct {
	PID   int    `json:"pid"`
	Start uint64 `json:"start"` // clock ticks since boot
}

// Self is this process.
func Self() (Owner, error) {
	start, err := startOf(os.Getpid())
	return Owner{PID: os.Getpid(), Start: start}, err
}

// startOf reads when a running process started: field 22 of /proc/PID/stat (proc(5)). The name in field 2 may hold anything, also brackets.
func startOf(pid int) (uint64, error) {
	path := fmt.Sprintf("/proc/%d/stat", pid)
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	fields := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:])
	if len(fields) < 20 {
		return 0, fmt.Errorf("read %s: %d fields", path, len(fields))
	}
	if state := fields[0][0]; state == 'Z' || state == 'X' { // dead, only nobody has taken notice yet
		return 0, fs.ErrNotExist
	}
	return strconv.ParseUint(string(fields[19]), 10, 64)
}

// Alive reports whether the process runs. What cannot be found out counts as running.
func (o Owner) Alive() bool {
	start, err := startOf(o.PID)
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.ESRCH)
	}
	return start == o.Start
}

func (o Owner) namespaceName(label string, number int) string {
	return fmt.Sprintf("%s%s-%s-%d", prefix, o, cleanLabel(label), number)
}

// String is the owner for use in names; ParseOwner reads it.
func (o Owner) String() string { return fmt.Sprintf("%d-%s", o.PID, strconv.FormatUint(o.Start, 36)) }

// ParseOwner reads what String wrote.
func ParseOwner(text string) (Owner, error) {
	number, start, _ := strings.Cut(text, "-")
	pid, err := strconv.Atoi(number)
	if err != nil || pid <= 0 {
		return Owner{}, fmt.Errorf("read owner %q: no process number", text)
	}
	ticks, err := strconv.ParseUint(start, 36, 64)
	if err != nil {
		return Owner{}, fmt.Errorf("read owner %q: no start", text)
	}
	return Owner{PID: pid, Start: ticks}, nil
}

func cleanLabel(label string) string {
	cleaned := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToLower(label))
	if cleaned == "" {
		return "namespace"
	}
	return cleaned[:min(len(cleaned), longestLabel)]
}

// ownerOf reads the owner from a namespace's name.
func ownerOf(name string) (Owner, bool) {
	rest, ours := strings.CutPrefix(name, prefix)
	parts := strings.Split(rest, "-")
	if !ours || len(parts) != 4 {
		return Owner{}, false
	}
	owner, err := ParseOwner(parts[0] + "-" + parts[1])
	return owner, err == nil
}

// RemoveStale removes the namespaces whose owner was killed, and ends what still runs inside them.
func RemoveStale() error {
	entries, err := os.ReadDir(directory)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("list network namespaces: %w", err)
	}
	var errs []error
	for _, entry := range entries {
		owner, ours := ownerOf(entry.Name())
		if !ours || owner.Alive() {
			continue
		}
		errs = append(errs, endProcesses(filepath.Join(directory, entry.Name())), removeName(entry.Name()))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("remove stale network namespaces: %w", err)
	}
	return nil
}

// patience is how long a killed process may take to be gone.
const patience = 10 * time.Second

// endProcesses kills the processes whose network namespace is the one at path, this process aside, and waits until they are gone.
func endProcesses(path string) error {
	var namespace unix.Stat_t
	if err := unix.Stat(path, &namespace); err != nil {
		if errors.Is(err, unix.ENOENT) {
			return nil
		}
		return fmt.Errorf("stat %s: %w", path, err)
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		inside, err := processesIn(namespace)
		if err != nil || len(inside) == 0 {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("end processes %v in %s: still running", inside, path)
		}
		for _, pid := range inside {
			if err := unix.Kill(pid, unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
				return fmt.Errorf("end process %d in %s: %w", pid, path, err)
			}
		}
	}
}

func processesIn(namespace unix.Stat_t) ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var inside []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		var own unix.Stat_t // a process that is gone, or a stranger's, has none to see
		if unix.Stat(fmt.Sprintf("/proc/%d/ns/net", pid), &own) == nil && own.Ino == namespace.Ino && own.Dev == namespace.Dev {
			inside = append(inside, pid)
		}
	}
	return inside, nil
}
