package instance

import (
	"crypto/sha256"
	"encoding/hex"
	"net"
	"path/filepath"
	"strings"

	"github.com/Microsoft/go-winio"
	"golang.org/x/sys/windows"
)

// pipe is what the first start listens on. Pipes have no folders, so the name says which user's it is.
func pipe(dir string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(filepath.Clean(dir))))
	return `\\.\pipe\footbridge-window-` + hex.EncodeToString(sum[:8])
}

// listen makes the pipe, which nobody but its user may open.
func listen(dir string) (net.Listener, error) {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return nil, err
	}
	return winio.ListenPipe(pipe(dir), &winio.PipeConfig{SecurityDescriptor: "D:P(A;;GA;;;" + user.User.Sid.String() + ")"})
}

func dial(dir string) (net.Conn, error) {
	limit := answerLimit
	return winio.DialPipe(pipe(dir), &limit)
}
