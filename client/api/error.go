package api

// Code names an Error for programs; it does not change between versions.
type Code string

// The codes of refused requests.
const (
	BadRequest       Code = "bad-request"
	TooLarge         Code = "request-too-large"
	NotFound         Code = "not-found"
	NotPermitted     Code = "not-permitted"
	BadProfile       Code = "bad-profile"
	BadCertificate   Code = "bad-certificate"
	AlreadyConnected Code = "already-connected"
	TooMany          Code = "too-many"
	Stopping         Code = "service-stopping"
	NotRunning       Code = "service-not-running" // said by Client, not by the service
)

// Error is the body of every answer that refuses.
type Error struct {
	Code     Code   `json:"code"`
	Sentence string `json:"sentence"`
	Remedy   string `json:"remedy,omitempty"`
}

// Error implements error: the sentence and the remedy.
func (e *Error) Error() string {
	if e.Remedy == "" {
		return e.Sentence
	}
	return e.Sentence + " " + e.Remedy
}
