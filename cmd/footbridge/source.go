package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/bundle"
)

// readProfiles reads a file, an https address or, for "-", standard input.
func (a *app) readProfiles(ctx context.Context, source string) (*profiles.Imported, error) {
	switch {
	case source == "-":
		return profiles.Import(a.in, profiles.ImportOptions{})
	case strings.Contains(source, "://"):
		return download(ctx, source)
	default:
		return profiles.ImportFile(source)
	}
}

// downloadLimit bounds a download, which is at most bundle.MaxSize.
const downloadLimit = time.Minute

// maxRedirects are followed.
const maxRedirects = 5

// download reads profiles from an address. A profile decides whom to trust, so that it has to come from where it says.
func download(ctx context.Context, address string) (*profiles.Imported, error) {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Scheme != "https" || parsed.Host == "" {
		return nil, &commandError{code: "address-not-https", exit: exitUsage, values: language.Values{"Address": withoutSecrets(parsed)}}
	}
	ctx, cancel := context.WithTimeout(ctx, downloadLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("download profile: %w", err)
	}
	request.Header.Set("User-Agent", "footbridge/"+version)
	client := http.Client{CheckRedirect: func(request *http.Request, via []*http.Request) error {
		if request.URL.Scheme != "https" || len(via) > maxRedirects {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	response, err := client.Do(request)
	if err != nil {
		return nil, &commandError{code: "download-failed", exit: exitFailed, values: language.Values{"Address": withoutSecrets(parsed)}, err: err}
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		exit := exitFailed
		if response.StatusCode == http.StatusNotFound {
			exit = exitNotFound
		}
		return nil, &commandError{code: "download-refused", exit: exit, values: language.Values{"Address": withoutSecrets(parsed), "Status": response.Status}}
	}
	return profiles.Import(io.LimitReader(response.Body, bundle.MaxSize+1), profiles.ImportOptions{Name: path.Base(parsed.Path)})
}

// withoutSecrets is an address without what may be a secret in it: a password, or the signature of a download link.
func withoutSecrets(address *url.URL) string {
	if address == nil {
		return ""
	}
	return (&url.URL{Scheme: address.Scheme, Host: address.Host, Path: address.Path}).String()
}
