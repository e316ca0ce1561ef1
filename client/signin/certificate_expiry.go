package signin

import (
	"crypto/tls"
	"fmt"
	"time"
)

// ExpiryNotice is how long before a certificate ends its owner is told.
const ExpiryNotice = 30 * 24 * time.Hour

// ExpiringCertificate says that a certificate ends soon.
type ExpiringCertificate struct {
	Name     string    `json:"name"` // its common name
	NotAfter time.Time `json:"not_after"`
	Days     int       `json:"days"` // left, begun ones counted
}

// String is the sentence for the user.
func (e *ExpiringCertificate) String() string {
	left := fmt.Sprintf("in %d days", e.Days)
	if e.Days <= 1 {
		left = "within a day"
	}
	return fmt.Sprintf("Your client certificate %s ends %s, on %s. Ask your helpdesk for a new one.", e.Name, left, e.NotAfter.UTC().Format(time.DateOnly))
}

// ExpiryWarning returns nil for a certificate that is good for longer than ExpiryNotice, and for one that has ended, which is an error.
func ExpiryWarning(certificate *tls.Certificate, now time.Time) *ExpiringCertificate {
	leaf := certificate.Leaf
	if leaf == nil {
		return nil
	}
	left := leaf.NotAfter.Sub(now)
	if left < 0 || left > ExpiryNotice {
		return nil
	}
	return &ExpiringCertificate{Name: nameOf(leaf), NotAfter: leaf.NotAfter, Days: int((left + 24*time.Hour - 1) / (24 * time.Hour))}
}
