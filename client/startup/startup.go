// Package startup starts a program when its user signs in to this computer, the way that the system has for it.
package startup

// Program is what is started.
type Program struct {
	ID      string   // names it for the system, "io.github.footbridge-vpn.footbridge"
	Name    string   // names it for people
	Comment string   // one sentence for people; may be empty
	Icon    string   // its name or path, where the system shows one; may be empty
	Command []string // the program's whole path and its arguments
}

// Entry is what the system knows about a program's start.
type Entry interface {
	// On reports whether the program is started. Users can switch that off in the system's own settings too.
	On() (bool, error)
	// Set says whether it is. The command is that of the program now, wherever it was before.
	Set(on bool) error
}

// New is a program's entry on this system. Nothing is read or written before it is used.
func New(program Program) Entry { return system(program) }
