package main

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/client/api"
)

// answering listens as a service that has just these answers, by path.
func answering(t *testing.T, u *account, answers map[string]any) {
	t.Helper()
	u.socket = filepath.Join(u.home, "answering.sock")
	listener, err := net.Listen("unix", u.socket)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(u.socket, 0o666); err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, known := answers[r.URL.Path]
		if !known {
			w.WriteHeader(http.StatusNotFound)
			answer = api.Error{Code: api.NotFound, Sentence: "There is nothing there."}
		}
		if refusal, refused := answer.(*api.Error); refused {
			w.WriteHeader(http.StatusForbidden)
			answer = refusal
		}
		json.NewEncoder(w).Encode(answer)
	})}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
}

var passing = regexp.MustCompile(`\([^()]*\d+ (s|min|h|u|d)[^()]*\)`)

// Everything that can be known of a connection, as people see it.
func TestStatusInBothLanguages(t *testing.T) {
	u := newAccount(t, alice)
	losing := exampleSession()
	losing.ID, losing.Profile, losing.State, losing.Connection = "T7AB2", "Fabrikam", "reconnecting", nil
	losing.Overlaps[0].Wins, losing.Overlaps[0].Profile = false, ""
	answering(t, u, map[string]any{api.PathStatus: api.Snapshot{Version: 1, Service: "0.1.0", UID: 1000, Role: api.Operate,
		Sessions: []api.Session{exampleSession(), losing}, Others: 3}})
	golden(t, "status-english", passing.ReplaceAllString(u.run("status").want(exitDone).stdout, "(FOR A WHILE)"))
	golden(t, "status-dutch", passing.ReplaceAllString(u.dutch().run("status").want(exitDone).stdout, "(EEN TIJD)"))
	r := u.run("status", "--json").want(exitDone)
	if missing := undocumented(t, "footbridge status", r.stdout); len(missing) > 0 {
		t.Errorf("docs/json.md does not have %q", missing)
	}
}

func TestRepairThroughTheService(t *testing.T) {
	u := newAccount(t, alice)
	done := api.Repair{Undone: []string{"The route 10.10.0.0/16 was removed."}}
	answers := map[string]any{api.PathRepair: &done}
	answering(t, u, answers)
	if out := u.run("repair").want(exitDone).stdout; !strings.Contains(out, "10.10.0.0/16") || !strings.Contains(out, "as it was") {
		t.Errorf("repair: %s", out)
	}
	r := u.run("repair", "--json").want(exitDone)
	if missing := undocumented(t, "footbridge repair", r.stdout); len(missing) > 0 {
		t.Errorf("docs/json.md does not have %q", missing)
	}
	done.Remained = []string{"The device footbridge0 could not be removed."}
	if r := u.run("repair").want(exitFailed); !strings.Contains(r.stderr, "footbridge0") || strings.Contains(r.stdout, "as it was") {
		t.Errorf("what remained is not told: %s%s", r.stdout, r.stderr)
	}
	answers[api.PathRepair] = &api.Error{Code: api.NotPermitted, Sentence: "You may not repair this computer.", Remedy: "Ask an administrator."}
	if r := u.dutch().run("repair").want(exitPermission); !strings.Contains(r.stderr, "You may not repair this computer.") || !strings.Contains(r.stderr, "Vraag een beheerder.") {
		t.Errorf("a refusal with words of its own: %s", r.stderr)
	}
}
