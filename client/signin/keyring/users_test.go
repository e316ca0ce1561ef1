package keyring

import (
	"slices"
	"testing"
)

func TestUsersOfAProfile(t *testing.T) {
	kept := Passwords{Keyring: NewMemory(), Allowed: true}
	for _, user := range []string{"bob", "alice"} {
		if err := kept.Set(t.Context(), "c1", user, "hunter2"); err != nil {
			t.Fatal(err)
		}
	}
	kept.Allowed = false
	if users, err := kept.Users(t.Context(), "c1"); err != nil || !slices.Equal(users, []string{"alice", "bob"}) {
		t.Errorf("%v, %v", users, err)
	}
	if users, err := kept.Users(t.Context(), "other"); err != nil || len(users) != 0 {
		t.Errorf("%v, %v", users, err)
	}
}
