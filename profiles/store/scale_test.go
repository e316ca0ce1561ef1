package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles/settings"
)

// fill puts profiles with settings into a store as quickly as it can.
func fill(t testing.TB, s *Store, count int) {
	t.Helper()
	for i := range count {
		name := fmt.Sprintf("Contoso %04d", i)
		id := identifier(name, func(string) bool { return false })
		put(t, s, id+".xml", azureFile(name, fmt.Sprintf("gateway%d.vpn.azure.com", i)))
		put(t, s, id+recordSuffix, fmt.Appendf(nil, `{"version": 1, "name": %q, "file": "%s.xml", "settings": {"mtu": 1400}}`, name, id))
	}
}

func TestListThousand(t *testing.T) {
	s := newStore(t, Options{})
	const count = 1000
	fill(t, s, count)
	start := time.Now()
	entries := mustList(t, s)
	t.Logf("listed %d in %v", len(entries), time.Since(start))
	if len(entries) != count {
		t.Fatalf("%d of %d", len(entries), count)
	}
	for i, e := range entries {
		if want := fmt.Sprintf("Contoso %04d", i); e.Name != want || e.Profile.Servers[0].Host != fmt.Sprintf("gateway%d.vpn.azure.com", i) || e.Settings.MTU != 1400 {
			t.Fatalf("%d: %+v", i, e)
		}
	}
	start = time.Now()
	for _, e := range []int{0, 500, 999} {
		found, err := s.Find(fmt.Sprintf("contoso %04d", e))
		if err != nil || found.ID != entries[e].ID {
			t.Errorf("%v, %v", found, err)
		}
		if _, err := s.Update(found.ID, func(set *settings.Settings) error { set.MTU = 1300; return nil }); err != nil {
			t.Error(err)
		}
	}
	t.Logf("found and updated 3 in %v", time.Since(start))
}

func BenchmarkList(b *testing.B) {
	for _, count := range []int{10, 1000} {
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			s := newStore(b, Options{})
			fill(b, s, count)
			for b.Loop() {
				if entries, _, err := s.List(); err != nil || len(entries) != count {
					b.Fatal(len(entries), err)
				}
			}
		})
	}
}

func BenchmarkAddToThousand(b *testing.B) {
	s := newStore(b, Options{})
	fill(b, s, 1000)
	p := azureProfile(b, "x", "x.vpn.azure.com")
	if _, err := s.Find("Contoso 0001"); err != nil {
		b.Fatal(err)
	}
	for i := 0; b.Loop(); i++ {
		if _, _, err := s.Add(p, AddOptions{Name: fmt.Sprintf("Added %d", i)}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGetOfThousand(b *testing.B) {
	s := newStore(b, Options{})
	fill(b, s, 1000)
	id := identifier("Contoso 0500", func(string) bool { return false })
	for b.Loop() {
		if _, err := s.Get(id); err != nil {
			b.Fatal(err)
		}
	}
}
