package tunnel

import "errors"

// Why a running attempt was ended from this side; they show as the detail of a Problem.
var (
	errNetworkChanged = errors.New("the network changed")
	errSlept          = errors.New("the computer slept")
)
