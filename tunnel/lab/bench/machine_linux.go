package bench

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// describe says on what and with what the figures were made, without naming the computer.
func (b *bench) describe(ctx context.Context) []Fact {
	return []Fact{
		{"date", time.Now().UTC().Format(time.DateOnly)},
		{"processor", processor()},
		{"kernel", kernel()},
		{"Footbridge", strings.TrimPrefix(firstLine(ctx, b.options.Footbridge, "--version"), "footbridge version ") + ", " + runtime.Version()},
		{"OpenVPN client and gateway", openVPNVersion(ctx)},
		{"iperf3", strings.TrimPrefix(firstLine(ctx, "iperf3", "--version"), "iperf ")},
	}
}

func processor() string {
	cores := strconv.Itoa(runtime.NumCPU()) + " cores"
	file, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return cores
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ":")
		if strings.TrimSpace(name) == "model name" {
			return cores + ", " + strings.TrimSpace(value)
		}
	}
	return cores
}

func kernel() string {
	var name unix.Utsname
	if unix.Uname(&name) != nil {
		return "unknown"
	}
	return unix.ByteSliceToString(name.Sysname[:]) + " " + unix.ByteSliceToString(name.Release[:])
}

func openVPNVersion(ctx context.Context) string {
	version, _, _ := strings.Cut(strings.TrimPrefix(firstLine(ctx, "openvpn", "--version"), "OpenVPN "), " ")
	return version
}

// firstLine of what a program prints; its exit code does not matter, openvpn's is 1.
func firstLine(ctx context.Context, program string, arguments ...string) string {
	output, _ := exec.CommandContext(ctx, program, arguments...).Output()
	line, _, _ := bytes.Cut(output, []byte("\n"))
	return strings.TrimSpace(string(line))
}
