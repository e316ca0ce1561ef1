package signin

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"slices"
	"time"
)

// choose picks the identity that fits. Of several with the same subject and issuer, renewals of each other, the one whose validity began
// last is it. Where none fits, the error is that of the one that came closest; where several do, an *AmbiguousCertificateError.
func choose(identities []identity, requirements CertificateRequirements, now time.Time) (identity, error) {
	var fitting []identity
	var closest *CertificateProblem
	furthest := -1
	for _, candidate := range byAge(identities) {
		held, problem := requirements.check(candidate.path, now)
		if problem == nil {
			fitting = append(fitting, candidate)
		} else if held > furthest {
			closest, furthest = problem, held
		}
	}
	fitting = withoutRenewed(fitting)
	switch {
	case len(fitting) == 1:
		return fitting[0], nil
	case len(fitting) > 1:
		ambiguous := &AmbiguousCertificateError{}
		for _, candidate := range fitting {
			ambiguous.Candidates = append(ambiguous.Candidates, candidateOf(candidate.path[0], candidate.source))
		}
		return identity{}, ambiguous
	case closest != nil:
		return identity{}, closest
	default:
		return identity{}, ErrNoCertificate
	}
}

// byAge puts the newest first and leaves out what is there twice.
func byAge(identities []identity) []identity {
	sorted := slices.Clone(identities)
	slices.SortStableFunc(sorted, func(a, b identity) int { return compareAge(b.path[0], a.path[0]) })
	var once []identity
	for _, candidate := range sorted {
		if !slices.ContainsFunc(once, func(i identity) bool { return i.path[0].Equal(candidate.path[0]) }) {
			once = append(once, candidate)
		}
	}
	return once
}

func compareAge(a, b *x509.Certificate) int {
	return cmp.Or(a.NotBefore.Compare(b.NotBefore), a.NotAfter.Compare(b.NotAfter))
}

// withoutRenewed leaves out what a newer one, which stands before it, renews.
func withoutRenewed(identities []identity) []identity {
	var newest []identity
	for _, candidate := range identities {
		leaf := candidate.path[0]
		renewed := slices.ContainsFunc(newest, func(i identity) bool {
			newer := i.path[0]
			return bytes.Equal(newer.RawSubject, leaf.RawSubject) && bytes.Equal(newer.RawIssuer, leaf.RawIssuer) && compareAge(newer, leaf) > 0
		})
		if !renewed {
			newest = append(newest, candidate)
		}
	}
	return newest
}
