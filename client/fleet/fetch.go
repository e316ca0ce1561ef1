package fleet

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"aead.dev/minisign"

	"github.com/footbridge-vpn/footbridge/profiles/settings"
)

// The limits of a download.
const (
	fetchLimit   = 2 * time.Minute
	maxRedirects = 5
	maxSignature = 4 << 10
)

// fetcher downloads from a source.
type fetcher struct {
	client *http.Client
	agent  string
	source *Source
	left   int64 // bytes that files may still have
}

// newFetcher prepares downloads. proxy is the policy's, as a setting; empty: none is said there.
func newFetcher(source *Source, transport http.RoundTripper, proxy, agent string) (*fetcher, error) {
	if transport == nil {
		way, err := proxyFor(source.Proxy, proxy)
		if err != nil {
			return nil, err
		}
		own := http.DefaultTransport.(*http.Transport).Clone()
		own.Proxy, own.DisableKeepAlives = way, true // the next look is an hour away
		transport = own
	}
	client := &http.Client{Transport: transport, CheckRedirect: func(request *http.Request, via []*http.Request) error {
		if request.URL.Scheme != "https" || len(via) > maxRedirects {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	return &fetcher{client: client, agent: agent, source: source, left: MaxTotal}, nil
}

// proxyFor is the way to an address: the first of these proxies that is said, else the environment's.
func proxyFor(proxies ...string) (func(*http.Request) (*url.URL, error), error) {
	for _, proxy := range proxies {
		if proxy == "" {
			continue
		}
		var s settings.Settings
		if err := s.Set("proxy", proxy); err != nil || s.Proxy == nil {
			return nil, &Problem{Code: BadSource, Err: ErrProxy}
		}
		if s.Proxy.Type == settings.NoProxy {
			return nil, nil
		}
		address := &url.URL{Scheme: string(s.Proxy.Type), Host: fmt.Sprintf("%s:%d", bracketed(s.Proxy.Host), s.Proxy.Port)}
		if s.Proxy.Username != "" {
			address.User = url.UserPassword(s.Proxy.Username, s.Proxy.Password.Reveal())
		}
		return http.ProxyURL(address), nil
	}
	return http.ProxyFromEnvironment, nil
}

func bracketed(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// answer is what a server had.
type answer struct {
	data      []byte
	etag      string
	unchanged bool // it is what the ETag that was sent stands for
}

// get downloads from an address. An error is a *Problem.
func (f *fetcher) get(ctx context.Context, address, etag string, limit int64) (answer, error) {
	name := fileName(address)
	ctx, cancel := context.WithTimeout(ctx, fetchLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return answer{}, &Problem{Code: BadSource, File: name, Err: errors.New("the address is not one")}
	}
	request.Header.Set("User-Agent", f.agent)
	if etag != "" {
		request.Header.Set("If-None-Match", etag)
	}
	response, err := f.client.Do(request)
	if err != nil {
		return answer{}, &Problem{Code: Unreachable, File: name, Err: withoutAddress(err)}
	}
	defer response.Body.Close()
	switch {
	case response.StatusCode == http.StatusNotModified && etag != "":
		return answer{etag: etag, unchanged: true}, nil
	case response.StatusCode != http.StatusOK:
		return answer{}, &Problem{Code: Refused, File: name, Err: errors.New(response.Status), retryAfter: retryAfter(response.Header)}
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	switch {
	case err != nil:
		return answer{}, &Problem{Code: Unreachable, File: name, Err: err}
	case int64(len(data)) > limit:
		return answer{}, &Problem{Code: TooLarge, File: name}
	}
	return answer{data: data, etag: boundedETag(response.Header.Get("ETag"))}, nil
}

// manifest downloads the manifest and makes sure that it is the administrator's.
func (f *fetcher) manifest(ctx context.Context, etag string) (*Manifest, answer, error) {
	got, err := f.get(ctx, f.source.URL, etag, MaxManifest)
	if err != nil || got.unchanged {
		return nil, got, err
	}
	if err := f.authenticate(ctx, got.data); err != nil {
		return nil, got, err
	}
	at, err := url.Parse(f.source.URL)
	if err != nil {
		return nil, got, &Problem{Code: BadSource, Err: ErrAddress}
	}
	m, err := ParseManifest(got.data, at)
	if err != nil {
		return nil, got, &Problem{Code: BadManifest, Err: err}
	}
	return m, got, nil
}

// authenticate compares the manifest with what the administrator pinned, before a byte of it is believed.
func (f *fetcher) authenticate(ctx context.Context, manifest []byte) error {
	if f.source.SHA256 != "" {
		if !strings.EqualFold(sum(manifest), f.source.SHA256) {
			return &Problem{Code: WrongSHA256}
		}
		return nil
	}
	key, err := f.source.key()
	if err != nil {
		return &Problem{Code: BadSource, Err: ErrKey}
	}
	signature, err := f.get(ctx, f.source.signatureAddress(), "", maxSignature)
	if err != nil {
		return err
	}
	if !minisign.Verify(key, manifest, signature.data) {
		return &Problem{Code: BadSignature}
	}
	return nil
}

// file downloads a file of the manifest.
func (f *fetcher) file(ctx context.Context, wanted File, limit int64) ([]byte, error) {
	got, err := f.get(ctx, wanted.URL, "", min(limit, f.left))
	if err != nil {
		return nil, err
	}
	f.left -= int64(len(got.data))
	if sum(got.data) != wanted.SHA256 {
		return nil, &Problem{Code: Corrupted, File: fileName(wanted.URL)}
	}
	return got.data, nil
}

// sum is a SHA-256 in hex.
func sum(data []byte) string {
	digest := sha256.Sum256(data)
	return hex.EncodeToString(digest[:])
}

// fileName is the last part of an address, which has no secrets in it.
func fileName(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return path.Base(parsed.Path)
}

// withoutAddress takes the address, which may have a secret in its query, out of an error of the HTTP client.
func withoutAddress(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// boundedETag leaves out what is too long to be kept.
func boundedETag(etag string) string {
	if len(etag) > 512 {
		return ""
	}
	return etag
}

// retryAfter is how long a server wants to be left alone (RFC 9110, section 10.2.3).
func retryAfter(header http.Header) time.Duration {
	text := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil && seconds > 0 {
		return time.Duration(min(seconds, int(MaxInterval/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}
