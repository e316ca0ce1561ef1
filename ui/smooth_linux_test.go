package ui

import (
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/tunnel"
	"github.com/footbridge-vpn/footbridge/ui/look"
)

// processorTime is what this process used so far. Unlike the time on the wall it does not depend on what else a computer does.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// 500 profiles and 50 changes a second leave the window usable: each change is shown, bursts of them are drawn together, and a processor has
// most of its time for the user.
func TestManyConnections(t *testing.T) {
	s := show(t, "en", look.Light, func(v *client.View) {
		running(v)
		for i := range 500 {
			name := "Branch " + string(rune('A'+i%26)) + strings.Repeat("x", i/26)
			v.Connections = append(v.Connections, client.Connection{ID: name, Name: name, Authentication: profiles.Certificate})
		}
	})
	s.window.Open("radius")
	changes, interval := 150, 20*time.Millisecond
	if testing.Short() {
		changes = 40 // the race detector makes everything slow; it runs with -short
	}
	before := processorTime(t)
	go func() {
		for i := range changes {
			s.set(func(v *client.View) {
				v.Connections[1].Session = &api.Session{ID: "s3", Profile: "Fabrikam", State: tunnel.Connecting, Reconnects: i}
				v.Connections[3+i].Session = &api.Session{ID: "b" + strconv.Itoa(i), Profile: v.Connections[3+i].Name, State: tunnel.Connecting, Stage: tunnel.Dialling}
			})
			time.Sleep(interval)
		}
	}()
	turns := 0
	last := func() bool {
		turns++
		c, _ := s.window.controller.View().Find("radius")
		return c.Session != nil && c.Session.Reconnects == changes-1
	}
	for !last() {
		select {
		case do := <-s.posts:
			do()
		case <-time.After(20 * time.Second): // with nothing to do
			t.Fatal("the last change is never shown")
		}
	}
	used := processorTime(t) - before
	t.Logf("%d changes were shown in %d turns and took %v of a processor", changes, turns, used)
	if limit := time.Duration(changes) * interval / 2; used > limit && !testing.Short() {
		t.Errorf("they took more than %v", limit)
	}
}
