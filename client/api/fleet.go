package api

import "time"

// Fleet is what a computer follows: an administrator's manifest at an https address, and a folder that deployment tools fill.
type Fleet struct {
	Address   string        `json:"address,omitempty"` // of the manifest; empty: none is followed
	Signed    bool          `json:"signed"`            // the manifest's signature is checked; else its SHA-256
	Interval  string        `json:"interval,omitempty"`
	Serial    uint64        `json:"serial,omitempty"`    // of the manifest that is followed
	Checked   *time.Time    `json:"checked,omitempty"`   // the last time; nil: not yet
	Succeeded *time.Time    `json:"succeeded,omitempty"` // the last time that what the manifest says was so; nil: not yet
	Next      *time.Time    `json:"next,omitempty"`      // when it is looked at again
	Problem   *FleetProblem `json:"problem,omitempty"`   // of the last check; what was there before stays
	Profiles  []string      `json:"profiles,omitempty"`  // names of what the manifest brought
	Policy    bool          `json:"policy"`              // the manifest's policy holds; an administrator's own on the computer goes before it

	DropFolder string           `json:"drop_folder,omitempty"`
	Dropped    []string         `json:"dropped,omitempty"` // names of what the folder brought
	Unused     []DamagedProfile `json:"unused,omitempty"`  // its files that cannot be used, to those who may manage
}

// FleetProblem says why a manifest was not followed.
type FleetProblem struct {
	Code   string `json:"code"` // a text of the catalogue: "fleet.problem." and this
	File   string `json:"file,omitempty"`
	Detail string `json:"detail,omitempty"`
}
