package main

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/profiles/store"
)

func (a *app) disconnectCommand() *cobra.Command {
	var every bool
	command := &cobra.Command{
		Use:               "disconnect [PROFILE] [flags]",
		Example:           "  footbridge disconnect contoso\n  footbridge disconnect --all",
		Args:              between(0, 1),
		ValidArgsFunction: a.completeProfiles(1),
		RunE: func(command *cobra.Command, args []string) error {
			wanted := ""
			if len(args) > 0 {
				wanted = args[0]
			}
			if every && wanted != "" {
				return &usageError{"all-and-profile", nil}
			}
			return a.disconnect(command.Context(), wanted, every)
		},
	}
	command.Flags().BoolVar(&every, "all", false, "")
	return command
}

type disconnectResult struct {
	document
	Disconnected []disconnectedSession `json:"disconnected"`
}

type disconnectedSession struct {
	Session string `json:"session"`
	Profile string `json:"profile"`
}

// disconnect ends sessions and waits until they are over. Without a name it ends the only one there is.
func (a *app) disconnect(ctx context.Context, wanted string, every bool) error {
	all, err := a.look(ctx)
	if err != nil {
		return err
	}
	if all.snapshot == nil {
		return all.silence
	}
	service := a.service()
	defer service.Close()
	ending, err := all.ending(wanted, every)
	var unknown *store.NotFoundError
	if errors.As(err, &unknown) && isSessionID(wanted) {
		if refusal := service.Disconnect(ctx, wanted); refusal != nil {
			err = refusal // the service says whose it is not
		}
	}
	if err != nil {
		return err
	}
	result := disconnectResult{newDocument(), []disconnectedSession{}}
	for _, session := range ending {
		if err := endSession(ctx, service, session.ID); err != nil {
			return err
		}
		result.Disconnected = append(result.Disconnected, disconnectedSession{session.ID, session.Profile})
		if !a.json {
			a.say("disconnect.done", language.Values{"Name": session.Profile})
		}
	}
	if a.json {
		return a.printJSON(result)
	}
	if len(ending) == 0 {
		a.say("status.none", nil)
	}
	return nil
}

// ending chooses which sessions to end.
func (l *landscape) ending(wanted string, every bool) ([]api.Session, error) {
	var mine []api.Session
	for _, session := range l.snapshot.Sessions {
		if session.UID == l.snapshot.UID || l.snapshot.Role == api.Manage {
			mine = append(mine, session)
		}
	}
	switch {
	case wanted != "":
		session, err := l.session(wanted)
		if err != nil {
			return nil, err
		}
		if session == nil {
			return nil, &commandError{code: "not-connected", exit: exitNotFound, values: language.Values{"Name": wanted}}
		}
		return []api.Session{*session}, nil
	case every || len(mine) <= 1:
		return mine, nil
	default:
		return nil, &usageError{"several-connected", nil}
	}
}

// isSessionID tells the ids of sessions, as crypto/rand.Text makes them, from names of profiles.
func isSessionID(text string) bool {
	return len(text) >= 26 && strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}

// errEnded says that the awaited end has come.
var errEnded = errors.New("session ended")

// endSession ends a session and returns when it is over. The events are listened to first, so that the end cannot be missed.
func endSession(ctx context.Context, service *api.Client, id string) error {
	asked := false
	err := service.Events(ctx, func(message api.Message) error {
		switch {
		case message.Snapshot != nil:
			if !hasSession(message.Snapshot, id) {
				return errEnded
			}
			if asked {
				return nil
			}
			asked = true
			return service.Disconnect(ctx, id)
		case message.Change != nil && message.Change.Removed == id:
			return errEnded
		}
		return nil
	})
	if errors.Is(err, errEnded) {
		return nil
	}
	return err
}

func hasSession(snapshot *api.Snapshot, id string) bool {
	for _, session := range snapshot.Sessions {
		if session.ID == id {
			return true
		}
	}
	return false
}
