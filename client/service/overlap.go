package service

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/footbridge-vpn/footbridge/client/api"
)

// maxOverlaps bounds what is reported of a session.
const maxOverlaps = 20

// recomputeOverlaps finds the prefixes that several sessions send into their tunnels. The mutex is held.
func (s *Service) recomputeOverlaps() {
	connected := map[*session][]netip.Prefix{}
	for _, c := range s.sessions {
		if connection := c.tunnel.Session(); connection != nil {
			connected[c] = connection.Routes
		}
	}
	for _, c := range s.sessions {
		before := c.overlaps
		c.overlaps = nil
		for other, routes := range connected {
			if other != c {
				c.overlaps = append(c.overlaps, overlapsOf(c, connected[c], other, routes)...)
			}
		}
		slices.SortFunc(c.overlaps, func(a, b api.Overlap) int {
			return cmp.Or(cmp.Compare(a.Session, b.Session), cmp.Compare(a.Prefix, b.Prefix))
		})
		c.overlaps = c.overlaps[:min(len(c.overlaps), maxOverlaps)]
		if !slices.Equal(c.overlaps, before) {
			s.publish(c)
		}
	}
}

// overlapsOf compares the routes of two sessions. The kernel takes the more specific route; of equal ones the one that was there first.
func overlapsOf(c *session, mine []netip.Prefix, other *session, theirs []netip.Prefix) []api.Overlap {
	var found []api.Overlap
	for _, p := range mine {
		for _, q := range theirs {
			if !p.Overlaps(q) {
				continue
			}
			o := api.Overlap{Prefix: p.String(), Session: other.id, Profile: other.profile.Name, Wins: p.Bits() > q.Bits()}
			if q.Bits() > p.Bits() {
				o.Prefix = q.String()
			}
			if p == q {
				o.Wins = c.connected.Before(other.connected)
			}
			if found = append(found, o); len(found) >= maxOverlaps {
				return found
			}
		}
	}
	return found
}

// overlapsFor hides whose the other session is from those who may not know. The mutex is held.
func (c *session) overlapsFor(uid uint32) []api.Overlap {
	var shown []api.Overlap
	for _, o := range c.overlaps {
		other := c.service.sessions[o.Session]
		if other == nil {
			continue
		}
		if !mayUse(uid, c.service.role(uid), other) {
			o.Session, o.Profile = "", ""
		}
		shown = append(shown, o)
	}
	return shown
}
