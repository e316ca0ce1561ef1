package tunnel

import "errors"

// Why a running attempt was ended from this side; they show as the detail of a Problem.
var (
	errNetworkChanged = errors.New("the network changed")
	errSlept          = errors.New("the computer slept")
)

// joinProblem adds what could not be undone to why the connection ended.
func joinProblem(problem *Problem, undo error) error {
	if undo == nil {
		return problem
	}
	return errors.Join(problem, undo)
}
