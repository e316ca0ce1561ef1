package netnstest

import (
	"os"
	"sync"
	"testing"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns"
)

// removeStale tidies up after a test process that was killed, once.
var removeStale = sync.OnceValue(netns.RemoveStale)

// RequireRoot skips the test, with the reason, when namespaces cannot be made because it does not run as root.
func RequireRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root to make network namespaces")
	}
}

// New makes a namespace that ends with the test. The test is skipped when it does not run as root.
func New(t testing.TB, label string) *netns.Namespace {
	t.Helper()
	RequireRoot(t)
	if err := removeStale(); err != nil {
		t.Fatal(err)
	}
	namespace, err := netns.New(label)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := namespace.Close(); err != nil {
			t.Error(err)
		}
	})
	return namespace
}
