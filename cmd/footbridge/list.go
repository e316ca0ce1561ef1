package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/tunnel"
)

func (a *app) listCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Example: "  footbridge list\n  footbridge list --json | jq -r '.profiles[].name'",
		Args:    exactly(0),
		RunE:    func(command *cobra.Command, _ []string) error { return a.list(command.Context()) },
	}
}

type listResult struct {
	document
	Service  bool            `json:"service"` // whether it answered; else states and machine profiles are not known
	Profiles []listedProfile `json:"profiles"`
	Damaged  []damagedFile   `json:"damaged"`
}

type listedProfile struct {
	ID             string                      `json:"id"`
	Name           string                      `json:"name"`
	Machine        bool                        `json:"machine"`
	Authentication profiles.AuthenticationType `json:"authentication"`
	Servers        []string                    `json:"servers"`
	AutoConnect    bool                        `json:"autoconnect"`
	State          tunnel.State                `json:"state,omitempty"`
	Since          *time.Time                  `json:"since,omitempty"`
	Session        string                      `json:"session,omitempty"`
}

type damagedFile struct {
	Path       string `json:"path"`
	SetAsideAs string `json:"set_aside_as,omitempty"`
	Error      string `json:"error"`

	reason string // in the user's language
}

func (a *app) list(ctx context.Context) error {
	all, err := a.look(ctx)
	if err != nil {
		return err
	}
	result := listResult{document: newDocument(), Service: all.snapshot != nil, Profiles: []listedProfile{}, Damaged: []damagedFile{}}
	for _, p := range all.profiles {
		item := listedProfile{ID: p.ID, Name: p.Name, Machine: p.Machine, Authentication: p.Authentication, Servers: p.Servers,
			AutoConnect: p.Settings.AutoConnect}
		if p.Session != nil {
			item.State, item.Since, item.Session = p.Session.State, &p.Session.Since, p.Session.ID
		} else if result.Service {
			item.State = tunnel.Disconnected
		}
		result.Profiles = append(result.Profiles, item)
	}
	for _, d := range all.damaged {
		result.Damaged = append(result.Damaged, damagedFile{d.Path, d.SetAsideAs, d.Err.Error(), explain(a.texts(), d.Err).Sentence})
	}
	if a.json {
		return a.printJSON(result)
	}
	a.showList(result)
	return nil
}

func (a *app) showList(result listResult) {
	for _, d := range result.Damaged {
		key := "list.damaged"
		if d.SetAsideAs != "" {
			key = "list.set-aside"
		}
		a.warn(key, language.Values{"Path": d.Path, "SetAsideAs": d.SetAsideAs, "Reason": d.reason})
	}
	if !result.Service {
		a.warn("list.without-service", nil)
	}
	if len(result.Profiles) == 0 {
		a.say("list.none", nil)
		return
	}
	heading := []string{a.text("list.name", nil), a.text("list.state", nil), a.text("list.sign-in", nil), a.text("list.gateway", nil)}
	var rows [][]cell
	for _, p := range result.Profiles {
		name := p.Name
		if p.Machine {
			name += " " + a.text("list.machine", nil)
		}
		rows = append(rows, []cell{{text: name}, a.stateCell(p.State), {text: a.signInName(p.Authentication)}, {text: strings.Join(p.Servers, ", ")}})
	}
	a.out.table(heading, rows)
}

// stateCell is a connection's state in words and colour.
func (a *app) stateCell(state tunnel.State) cell {
	colour := yellow
	switch state {
	case "":
		return cell{text: "–", style: dim}
	case tunnel.Connected:
		colour = green
	case tunnel.Disconnected:
		colour = dim
	case tunnel.Failed:
		colour = red
	}
	return cell{a.stateName(state), colour}
}

func (a *app) stateName(state tunnel.State) string { return a.text("state."+string(state), nil) }
