package identity

import "errors"

// errNotListed says that this system verifies chains itself and does not list its roots.
var errNotListed = errors.New("the system's roots cannot be listed")
