package bench

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"time"
)

// clockTick is the unit of times in /proc, 1/100 s on every Linux that Go runs on (proc(5), sysconf(_SC_CLK_TCK)).
const clockTick = 10 * time.Millisecond

// cpuTime is what a process has used of the processors, itself and in the kernel (proc(5), /proc/pid/stat, utime and stime).
func cpuTime(pid int) (time.Duration, error) {
	path := fmt.Sprintf("/proc/%d/stat", pid)
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	fields := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:]) // the first is field 3
	if len(fields) < 13 {
		return 0, fmt.Errorf("read %s: %d fields", path, len(fields))
	}
	var ticks int64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read %s: %w", path, err)
		}
		ticks += n
	}
	return time.Duration(ticks) * clockTick, nil
}

// residentMemory is how much of a process is in memory, in bytes (proc(5), /proc/pid/status, VmRSS).
func residentMemory(pid int) (float64, error) {
	path := fmt.Sprintf("/proc/%d/status", pid)
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(data) {
		fields := bytes.Fields(line)
		if len(fields) == 3 && string(fields[0]) == "VmRSS:" {
			kilobytes, err := strconv.ParseFloat(string(fields[1]), 64)
			return kilobytes * 1024, err
		}
	}
	return 0, fmt.Errorf("read %s: no VmRSS", path)
}

// watchMemory looks at a process's memory until ctx ends, and then sends the most it saw.
func watchMemory(ctx context.Context, pid int) <-chan float64 {
	most := make(chan float64, 1)
	go func() {
		var peak float64
		ticker := time.NewTicker(200 * time.Millisecond)
		defer ticker.Stop()
		for {
			if now, err := residentMemory(pid); err == nil {
				peak = max(peak, now)
			}
			select {
			case <-ctx.Done():
				most <- peak
				return
			case <-ticker.C:
			}
		}
	}()
	return most
}
