package device

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCandidates(t *testing.T) {
	for wish, want := range map[string][]string{
		"":                         {"footbridge0", "footbridge1", "footbridge2"},
		"footbridge0":              {"footbridge0", "footbridge1", "footbridge2"},
		"corp3":                    {"corp3", "corp4", "corp5"},
		"azure":                    {"azure", "azure0", "azure1"},
		"a-name-that-is-too-long":  {"a-name-that-is0", "a-name-that-is1", "a-name-that-is2"},
		"exactly15bytes_":          {"exactly15bytes_", "exactly15bytes0", "exactly15bytes1"},
		"../ev il/%d":              {"evild", "evild0", "evild1"},
		"12":                       {"12", "tun12", "tun13"},
		"x99999999999999999999999": {"x0", "x1", "x2"},
	} {
		names := candidates(wish)
		if diff := cmp.Diff(want, names[:3]); diff != "" {
			t.Errorf("%q (-want +got):\n%s", wish, diff)
		}
		seen := make(map[string]bool)
		for _, name := range names {
			if seen[name] || len(name) > MaxNameLength || name == "" {
				t.Errorf("%q: bad name %q", wish, name)
			}
			seen[name] = true
		}
	}
}
