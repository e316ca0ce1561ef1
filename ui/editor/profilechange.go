package editor

import (
	"errors"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/store"
)

// profileKey stands for the profile as a whole beside the settings' keys.
const profileKey = "profile"

// errReplaced says that the profile which was changed is not there any more: another one took its place, to which the changes do not fit.
var errReplaced = errors.New("the profile was replaced by another one meanwhile")

// ProfileLocked reports whether the profile itself may not be changed, only looked at: an administrator's, and every one of the user's
// own where an administrator lets them have none.
func (d *Draft) ProfileLocked() bool {
	return d.before.Entry == nil || d.view.Policy != nil && d.view.Policy.MachineProfilesOnly
}

// changesProfile reports whether something of the profile itself was changed, besides what is set for it.
func (d *Draft) changesProfile() bool {
	return !d.ProfileLocked() && (!d.roots.none() || d.NewSecret() || d.changesServers() || d.changesAuthentication())
}

// changed is a profile with what the user changed in it.
func (d *Draft) changed(p *profiles.Profile) (*profiles.Profile, error) {
	changed := *p
	changed.Gateway = d.roots.apply(changed.Gateway)
	if had := p.Gateway; len(d.roots.removed) > 0 && len(changed.Gateway.Roots)+len(changed.Gateway.RootThumbprints) == 0 && len(had.Roots)+len(had.RootThumbprints) > 0 {
		return nil, errReplaced
	}
	if d.changesServers() {
		changed.Servers = d.newServers
	}
	if d.changesAuthentication() {
		d.authentication.apply(&changed)
	}
	if d.NewSecret() {
		if changed.ControlChannel.Mode != d.before.Entry.Profile.ControlChannel.Mode {
			return nil, errReplaced
		}
		changed.ControlChannel.Key = d.secret
	}
	return &changed, nil
}

// checkProfile finds out whether the changed profile can be written down: some kinds of files have no words for some changes.
func (d *Draft) checkProfile() {
	delete(d.wrong, profileKey)
	if !d.changesProfile() || !d.Valid() {
		return
	}
	changed, err := d.changed(d.before.Entry.Profile)
	if err == nil {
		_, _, err = store.Encode(changed)
	}
	if err != nil {
		d.wrong[profileKey] = d.texts.Text("ui.editor.profile-cannot", nil)
	}
}
