package diagnosis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/tunnel"
)

// checkService asks the service what runs.
func checkService(ctx context.Context, x *examination, f facts) ([]Check, learned) {
	var checks []Check
	if f.settingsErr != nil {
		checks = append(checks, say(SettingsWrong, f.settingsErr.Error()))
	}
	given := func(f *facts) { f.session = x.Session }
	if x.Service == nil {
		return append(checks, say(ServiceNotAsked)), given
	}
	snapshot, err := x.Service.Status(ctx)
	if err != nil {
		return append(checks, say(serviceFault(err), err.Error())), given
	}
	if x.Version != "" && snapshot.Service != x.Version {
		checks = append(checks, say(ServiceVersion, fmt.Sprintf("program %s, service %s", x.Version, snapshot.Service)))
	}
	checks = append(checks, say(ServiceOK, "version "+snapshot.Service))
	return checks, func(f *facts) {
		f.snapshot, f.session = snapshot, x.sessionIn(snapshot)
	}
}

// serviceFault tells apart why the service gave no answer.
func serviceFault(err error) ID {
	var refusal *api.Error
	switch {
	case errors.Is(err, syscall.EACCES), strings.Contains(err.Error(), syscall.EACCES.Error()):
		return ServiceNoAccess
	case errors.As(err, &refusal) && refusal.Code == api.NotRunning:
		return ServiceNotRunning
	case errors.As(err, &refusal) && refusal.Code == api.NotPermitted:
		return ServiceNoAccess
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return ServiceSilent
	default:
		return ServiceBroken
	}
}

// sessionIn finds the session of the profile. A connected one tells most.
func (x *examination) sessionIn(snapshot *api.Snapshot) *api.Session {
	found := x.Session
	for i := range snapshot.Sessions {
		s := &snapshot.Sessions[i]
		switch {
		case x.Session != nil && s.ID == x.Session.ID:
			return s
		case x.Session == nil && x.profile != nil && s.Profile == x.profile.Name && (found == nil || s.State == tunnel.Connected):
			found = s
		}
	}
	return found
}

func checkPermission(_ context.Context, _ *examination, f facts) ([]Check, learned) {
	switch {
	case f.snapshot == nil:
		return one(PermissionUnknown)
	case f.snapshot.Role == api.Observe:
		return one(PermissionDenied, fmt.Sprintf("user %d", f.snapshot.UID))
	default:
		return one(PermissionOK, string(f.snapshot.Role))
	}
}

func checkPolicy(ctx context.Context, x *examination, f facts) ([]Check, learned) {
	if f.snapshot == nil {
		return one(PolicyUnknown)
	}
	policy, err := x.Service.Policy(ctx)
	switch {
	case err != nil:
		return one(PolicyUnknown, err.Error())
	case policy.Problem != "":
		return one(PolicyUnreadable, policy.Source, policy.Problem)
	case policy.MachineProfilesOnly && x.profile != nil && !x.MachineProfile:
		return one(PolicyMachineOnly, policy.Source)
	default:
		return one(PolicyOK, policy.Source)
	}
}
