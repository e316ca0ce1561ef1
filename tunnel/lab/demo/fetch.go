package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

const (
	fetchTimeout = 10 * time.Second
	maxPage      = 64 << 10 // bytes
)

// Fetch fetches a page count times, each over a connection of its own, and writes the last one. It runs on the lab's laptop, where it
// looks names up as the laptop does.
func Fetch(ctx context.Context, address string, count int, out io.Writer) error {
	client := &http.Client{Timeout: fetchTimeout, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext:       (&net.Dialer{Timeout: fetchTimeout / 2}).DialContext,
	}}
	var page []byte
	for range count {
		var err error
		if page, err = fetchOnce(ctx, client, address); err != nil {
			return fmt.Errorf("fetch %s: %w", address, withoutURL(err))
		}
	}
	_, err := out.Write(page)
	return err
}

// withoutURL takes away what net/http puts before an error: the caller says it.
func withoutURL(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

func fetchOnce(ctx context.Context, client *http.Client, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, errors.New(response.Status)
	}
	return io.ReadAll(io.LimitReader(response.Body, maxPage))
}
