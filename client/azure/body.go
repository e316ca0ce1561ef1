package azure

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
)

// ownBodies is a policy.Transporter that gives each attempt a body of its own. A server may answer before it has read everything; net/http goes on
// reading the body then, until it is closed, while azcore's retry policy rewinds it for the next attempt (azcore v1.23, policy_retry.go).
type ownBodies struct{ client *http.Client }

// Do implements policy.Transporter.
func (t ownBodies) Do(request *http.Request) (*http.Response, error) {
	if request.Body == nil || request.Body == http.NoBody {
		return t.client.Do(request)
	}
	body, err := io.ReadAll(request.Body) // what this client sends are settings, a few kilobytes
	if err != nil {
		return nil, fmt.Errorf("read request: %w", err)
	}
	own := request.Clone(request.Context())
	own.Body = io.NopCloser(bytes.NewReader(body))
	own.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	return t.client.Do(own)
}
