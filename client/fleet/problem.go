package fleet

import (
	"errors"
	"time"
)

// Code is a way in which following a manifest fails. The catalogue of languages has its words as "fleet.problem.CODE".
type Code string

// The ways in which following a manifest fails. In all of them what was there before stays.
const (
	Unreachable  Code = "unreachable"   // no answer, or one that ended early
	Refused      Code = "refused"       // the server answered with an error
	TooLarge     Code = "too-large"     // more came than may
	BadSignature Code = "bad-signature" // the manifest is not signed with the key
	WrongSHA256  Code = "wrong-sha256"  // the manifest is not the pinned one
	BadManifest  Code = "bad-manifest"  // it cannot be read
	OldManifest  Code = "old-manifest"  // a newer one was followed already
	SameSerial   Code = "same-serial"   // it differs from the one with the same serial
	Expired      Code = "expired"       // nobody has published a newer one in time
	Corrupted    Code = "corrupted"     // a file is not the one that the manifest means
	BadProfile   Code = "bad-profile"   // a file has no profile that can be used
	BadPolicy    Code = "bad-policy"    // the policy cannot be followed
	NotKept      Code = "not-kept"      // this computer could not write it down
	BadSource    Code = "bad-source"    // the administrator's settings cannot be followed
)

// Problem says why a manifest was not followed.
type Problem struct {
	Code Code
	File string // the last part of the address that it is about; empty: the manifest
	Err  error  // behind it; may be nil

	retryAfter time.Duration // as the server asked
}

// Error implements error, for logs.
func (p *Problem) Error() string {
	text := "follow manifest: " + string(p.Code)
	if p.File != "" {
		text += ": " + p.File
	}
	if p.Err != nil {
		text += ": " + p.Err.Error()
	}
	return text
}

// Unwrap returns the error behind it.
func (p *Problem) Unwrap() error { return p.Err }

// AsProblem finds the problem in an error of this package.
func AsProblem(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	return &Problem{Code: NotKept, Err: err}
}
