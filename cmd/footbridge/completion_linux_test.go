package main

import (
	"strings"
	"testing"
)

// The completions of all shells are there, and complete profiles, settings and values.
func TestCompletion(t *testing.T) {
	u := newAccount(t, alice)
	u.run("import", u.file("vnet.ovpn", sampleProfile), "--name", "Contoso West").want(exitDone)
	for _, shell := range shells() {
		if out := u.run("completion", shell).want(exitDone).stdout; !strings.Contains(out, "footbridge") {
			t.Errorf("the completion for %s is %q", shell, out)
		}
	}
	u.run("completion", "tcsh").want(exitUsage)
	for _, test := range []struct {
		typed []string
		want  string
	}{
		{[]string{"show", ""}, "Contoso West"},
		{[]string{"show", "con"}, "Contoso West"},
		{[]string{"set", "c"}, "Contoso West"},
		{[]string{"set", "Contoso West", "dns"}, "dns-suffixes="},
		{[]string{"set", "Contoso West", "transport="}, "transport=udp"},
		{[]string{"logs", "--level", ""}, "debug"},
		{[]string{"export", "Contoso West", "--as", ""}, "ovpn"},
		{[]string{"completion", ""}, "fish"},
		{[]string{"dis"}, "disconnect"},
	} {
		out := u.run(append([]string{"__complete"}, test.typed...)...).want(exitDone).stdout
		if !strings.Contains(out, test.want) {
			t.Errorf("%q completes to\n%s", test.typed, out)
		}
	}
}
