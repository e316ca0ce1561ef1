package lab

import (
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// ErrNoLab says that this user has no running lab.
var ErrNoLab = errors.New("no lab is up")

// Running is the lab of this user that was started last.
func Running() (*State, error) {
	states, err := States()
	if err != nil {
		return nil, err
	}
	var newest *State
	for _, state := range states {
		if state.Owner.Alive() && (newest == nil || state.Owner.Start > newest.Owner.Start) {
			newest = state
		}
	}
	if newest == nil {
		return nil, ErrNoLab
	}
	return newest, nil
}

// Enter is the program, with its arguments, that runs a command on one of the lab's computers, from any process of the lab's user.
func (s *State) Enter(computer string, command ...string) (path string, arguments []string, err error) {
	entered, known := s.Computers[computer]
	if !known {
		names := slices.Sorted(maps.Keys(s.Computers))
		return "", nil, fmt.Errorf("enter %q: the lab's computers are %s", computer, strings.Join(names, " and "))
	}
	if path, err = exec.LookPath("nsenter"); err != nil {
		return "", nil, fmt.Errorf("enter %s: nsenter is missing (apt-get install util-linux)", computer)
	}
	arguments = []string{"nsenter"}
	if s.User {
		// The namespaces belong to the lab's user namespace and are mounted where only its processes see them.
		arguments = append(arguments, "--target="+strconv.Itoa(s.Owner.PID), "--user", "--mount", "--preserve-credentials", "--wd=.", "--", "nsenter")
	}
	arguments = append(arguments, entered.Enter...)
	return path, append(append(arguments, "--"), command...), nil
}
