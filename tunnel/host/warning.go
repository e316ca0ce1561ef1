package host

// Warning is something that a user should know about a tunnel that works: prefixes that overlap, names that could not be
// split. It is a route.Overlap or a dns.Limitation.
type Warning interface {
	// Code is a stable word for the kind of warning.
	Code() string
	// String is one plain sentence.
	String() string
}
