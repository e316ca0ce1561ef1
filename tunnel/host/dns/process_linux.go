package dns

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ownProcess names this process by its id and when it started, in clock ticks since the computer did.
func ownProcess() string {
	return strconv.Itoa(os.Getpid()) + "@" + startTime(os.Getpid())
}

func processAlive(owner string) bool {
	id, start, _ := strings.Cut(owner, "@")
	pid, err := strconv.Atoi(id)
	return err == nil && pid > 0 && start != "" && startTime(pid) == start
}

// startTime reads field 22 of /proc/PID/stat (proc_pid_stat(5)); it is empty for a process that is gone or a zombie.
func startTime(pid int) string {
	data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return ""
	}
	// The second field is the program's name in parentheses, in which anything may stand.
	stat := string(data)
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	const startField = 22 - 3
	if len(fields) <= startField || fields[0] == "Z" || fields[0] == "X" {
		return ""
	}
	return fields[startField]
}
