package azure

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles/bundle"
)

// downloadTries is how often a package is asked for: Azure's storage answers 503 for a while after it was generated
// (https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-troubleshoot-vpn-point-to-site-connection-problems).
const downloadTries = 6

// download fetches a package, without the administrator's token: its address says enough.
func (c *Client) download(ctx context.Context, address, subject string) ([]byte, error) {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Scheme != "https" || parsed.Host == "" {
		return nil, &Problem{Code: BadDownload, Subject: subject, Detail: "Azure gave no https address."}
	}
	began, delay := time.Now(), c.firstDelay
	for try := 1; ; try++ {
		c.progress(Progress{Downloading, subject, time.Since(began)})
		data, again, err := c.fetch(ctx, parsed)
		if err == nil {
			return data, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if again < 0 || try == downloadTries {
			return nil, &Problem{Code: BadDownload, Subject: subject, Detail: err.Error(), Err: err}
		}
		c.logger.Info("download failed, trying again", "gateway", subject, "try", try, "error", err)
		if err := pause(ctx, max(delay, again)); err != nil {
			return nil, err
		}
		delay *= 2
	}
}

// final says that there is no use in trying again.
const final time.Duration = -1

// fetch downloads once. again is how long to wait at least before trying again, or final.
func (c *Client) fetch(ctx context.Context, address *url.URL) (data []byte, again time.Duration, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return nil, final, errors.New("the address cannot be asked")
	}
	client := *c.http
	client.CheckRedirect = func(request *http.Request, via []*http.Request) error {
		if request.URL.Scheme != "https" || len(via) > 5 {
			return errors.New("it leads elsewhere")
		}
		return nil
	}
	response, err := client.Do(request)
	if err != nil {
		var withAddress *url.Error
		if errors.As(err, &withAddress) {
			err = withAddress.Err // without the address, whose query lets anybody in
		}
		return nil, 0, fmt.Errorf("ask %s: %w", address.Host, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		err := fmt.Errorf("%s answers %s", address.Host, response.Status)
		if response.StatusCode == http.StatusTooManyRequests || response.StatusCode >= http.StatusInternalServerError {
			return nil, min(interval(response, 0), maxInterval), err
		}
		return nil, final, err
	}
	data, err = io.ReadAll(io.LimitReader(response.Body, bundle.MaxSize+1))
	switch {
	case err != nil:
		return nil, 0, fmt.Errorf("read from %s: %w", address.Host, err)
	case len(data) > bundle.MaxSize:
		return nil, final, fmt.Errorf("it has more than %d MB, which no package has", bundle.MaxSize>>20)
	case response.ContentLength > 0 && int64(len(data)) < response.ContentLength:
		return nil, 0, errors.New("it is cut off")
	}
	return data, final, nil
}
