package azure

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// maxInterval is the longest that Azure may make us wait between two questions.
const maxInterval = time.Minute

// await waits until an operation of Azure is done
// (https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations), telling how long it takes.
func await[T any](ctx context.Context, c *Client, operation Operation, subject string, poller *runtime.Poller[T], err error) (T, error) {
	var none T
	if err != nil {
		return none, problemOf(err, subject)
	}
	began := time.Now()
	for !poller.Done() {
		c.progress(Progress{operation, subject, time.Since(began)})
		response, err := poller.Poll(ctx)
		if err != nil {
			return none, problemOf(err, subject)
		}
		if poller.Done() {
			break
		}
		if err := pause(ctx, interval(response, c.interval)); err != nil {
			return none, err
		}
	}
	result, err := poller.Result(ctx)
	return result, problemOf(err, subject)
}

// interval is how long Azure wants to be left alone; usual where it does not say.
func interval(response *http.Response, usual time.Duration) time.Duration {
	if response == nil {
		return usual
	}
	for _, name := range []string{"retry-after-ms", "x-ms-retry-after-ms"} {
		if ms, err := strconv.Atoi(response.Header.Get(name)); err == nil && ms >= 0 {
			return min(time.Duration(ms)*time.Millisecond, maxInterval)
		}
	}
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds >= 0 {
		return min(max(time.Duration(seconds)*time.Second, min(usual, time.Second)), maxInterval)
	}
	return usual
}
