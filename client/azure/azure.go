// Package azure does what an administrator does with Azure's point-to-site gateways: finds them, fetches their profiles, says who is connected,
// and changes whom they let in.
package azure

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// Options describe a Client.
type Options struct {
	Cloud         Cloud                  // zero: PublicCloud
	Credential    azcore.TokenCredential // signs the administrator in
	HTTPClient    *http.Client           // whose roots and proxies hold; nil: the system's
	Subscriptions []string               // ids or names; empty: all that the administrator sees
	Progress      func(Progress)         // is told of operations that take long, by any goroutine; nil: nobody
	Logger        *slog.Logger           // nil: silent
	PollInterval  time.Duration          // between two questions whether an operation is done, where Azure does not say; 0: 5 seconds
	RetryDelay    time.Duration          // before the first further try of what was refused for a moment, where Azure does not say; 0: the SDK's
}

// Progress is how far an operation of Azure is.
type Progress struct {
	Operation Operation
	Subject   string        // the gateway, or what else it is about
	Elapsed   time.Duration // since it was begun
}

// Operation is what Azure does.
type Operation string

// The operations that can take long.
const (
	Generating    Operation = "generate"   // a profile
	Downloading   Operation = "download"   // a profile
	Listing       Operation = "list"       // gateways
	Asking        Operation = "sessions"   // for who is connected
	Disconnecting Operation = "disconnect" // sessions
	Changing      Operation = "change"     // a gateway's settings
)

// Client talks to Azure Resource Manager. It is safe for concurrent use.
type Client struct {
	cloud      Cloud
	credential azcore.TokenCredential
	http       *http.Client
	wanted     []string
	progress   func(Progress)
	logger     *slog.Logger
	interval   time.Duration
	firstDelay time.Duration // before the second try of a download; it doubles
	options    *arm.ClientOptions
}

// New returns a Client. Nothing is asked before it is used.
func New(options Options) (*Client, error) {
	if options.Credential == nil {
		return nil, errors.New("prepare client of Azure: there is no credential")
	}
	if options.Cloud == (Cloud{}) {
		options.Cloud = PublicCloud()
	}
	c := &Client{
		cloud: options.Cloud, credential: options.Credential, http: options.HTTPClient, wanted: options.Subscriptions, progress: options.Progress,
		logger: options.Logger, interval: options.PollInterval, firstDelay: time.Second,
	}
	if c.http == nil {
		c.http = &http.Client{Transport: http.DefaultTransport}
	}
	if c.progress == nil {
		c.progress = func(Progress) {}
	}
	if c.logger == nil {
		c.logger = slog.New(slog.DiscardHandler)
	}
	if c.interval == 0 {
		c.interval = 5 * time.Second
	}
	c.options = &arm.ClientOptions{
		ClientOptions: policy.ClientOptions{
			Cloud:     options.Cloud.configuration(),
			Transport: ownBodies{c.http},
			Retry:     policy.RetryOptions{MaxRetries: 4, RetryDelay: options.RetryDelay},
			Telemetry: policy.TelemetryOptions{ApplicationID: "footbridge"},
		},
		DisableRPRegistration: true, // an administrator who asks who is connected does not mean to change the subscription
	}
	return c, nil
}

func (c Cloud) configuration() cloud.Configuration {
	return cloud.Configuration{
		ActiveDirectoryAuthorityHost: c.Authority,
		Services:                     map[cloud.ServiceName]cloud.ServiceConfiguration{cloud.ResourceManager: {Endpoint: c.ResourceManager, Audience: c.Audience}},
	}
}

// pause waits, or ends with the context.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
