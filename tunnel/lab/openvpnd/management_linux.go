package openvpnd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
)

// maxManagementLines bounds the answer to a management command.
const maxManagementLines = 100_000

// Manage gives the gateway a command over its management socket, such as "status 2" or "kill alice", and returns the lines of the answer. An
// ERROR answer is an error. (OpenVPN doc/management-notes.txt)
func (g *Gateway) Manage(ctx context.Context, command string) ([]string, error) {
	lines, err := g.manage(ctx, command)
	if err != nil {
		return nil, fmt.Errorf("give OpenVPN the command %q: %w", command, err)
	}
	return lines, nil
}

func (g *Gateway) manage(ctx context.Context, command string) ([]string, error) {
	var dialer net.Dialer
	connection, err := dialer.DialContext(ctx, "unix", filepath.Join(g.directory, managementFile))
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	defer context.AfterFunc(ctx, func() { connection.Close() })()
	if _, err := fmt.Fprintf(connection, "%s\n", command); err != nil {
		return nil, err
	}
	var lines []string
	for scanner := bufio.NewScanner(connection); scanner.Scan() && len(lines) < maxManagementLines; {
		line := strings.TrimSuffix(scanner.Text(), "\r")
		switch {
		case strings.HasPrefix(line, ">"): // a notice, not part of the answer
		case strings.HasPrefix(line, "ERROR:"):
			return nil, fmt.Errorf("%s", line)
		case strings.HasPrefix(line, "SUCCESS:"):
			return append(lines, line), nil
		case line == "END":
			return lines, nil
		default:
			lines = append(lines, line)
		}
	}
	return nil, fmt.Errorf("answer ended early: %w", errors.Join(io.ErrUnexpectedEOF, context.Cause(ctx)))
}
