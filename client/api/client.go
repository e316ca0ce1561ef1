package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Client speaks to the service.
type Client struct{ http *http.Client }

// Dial prepares a client for the service at a socket; empty: DefaultSocket. Nothing is sent before the first call.
func Dial(socket string) *Client {
	if socket == "" {
		socket = DefaultSocket
	}
	return &Client{&http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, "unix", socket)
			if err != nil && ctx.Err() == nil {
				return nil, fmt.Errorf("%w (%w)", &Error{NotRunning, "The Footbridge service cannot be reached.", "Start it: sudo systemctl start footbridged."}, err)
			}
			return conn, err
		},
		DisableCompression: true,
	}}}
}

// Close closes idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Status returns all that the caller may see.
func (c *Client) Status(ctx context.Context) (*Snapshot, error) {
	snapshot := new(Snapshot)
	return snapshot, c.call(ctx, http.MethodGet, PathStatus, nil, snapshot)
}

// Connect starts a session and returns at once; the event stream tells how it goes. An error is an *Error where the service refused.
func (c *Client) Connect(ctx context.Context, request ConnectRequest) (*Session, error) {
	session := new(Session)
	return session, c.call(ctx, http.MethodPost, PathSessions, request, session)
}

// Disconnect begins to end a session.
func (c *Client) Disconnect(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodDelete, PathSession+url.PathEscape(id), nil, nil)
}

// Answer answers a question of a session that the caller owns.
func (c *Client) Answer(ctx context.Context, question string, answer Answer) error {
	return c.call(ctx, http.MethodPost, PathQuestion+url.PathEscape(question), answer, nil)
}

// SetSignIn tells the service, and through it all programs of the user, what is known of the sign-in that a session uses.
func (c *Client) SetSignIn(ctx context.Context, id string, signIn SignIn) error {
	return c.call(ctx, http.MethodPut, PathSession+url.PathEscape(id)+SignInSuffix, signIn, nil)
}

// MachineProfiles returns the profiles that administrators installed.
func (c *Client) MachineProfiles(ctx context.Context) (*MachineProfiles, error) {
	found := new(MachineProfiles)
	return found, c.call(ctx, http.MethodGet, PathProfiles, nil, found)
}

// History returns the newest sessions that are over; limit 0: all that are kept.
func (c *Client) History(ctx context.Context, limit int) (*History, error) {
	history := new(History)
	return history, c.call(ctx, http.MethodGet, PathHistory+"?limit="+strconv.Itoa(limit), nil, history)
}

// Policy returns what an administrator decided.
func (c *Client) Policy(ctx context.Context) (*Policy, error) {
	policy := new(Policy)
	return policy, c.call(ctx, http.MethodGet, PathPolicy, nil, policy)
}

// Fleet returns what the computer follows.
func (c *Client) Fleet(ctx context.Context) (*Fleet, error) {
	fleet := new(Fleet)
	return fleet, c.call(ctx, http.MethodGet, PathFleet, nil, fleet)
}

// CheckFleet has the service look at the manifest now, and returns how that went. Only those who manage may.
func (c *Client) CheckFleet(ctx context.Context) (*Fleet, error) {
	fleet := new(Fleet)
	return fleet, c.call(ctx, http.MethodPost, PathFleet, nil, fleet)
}

// Repair undoes what killed tunnels left on this computer. Running ones are left alone.
func (c *Client) Repair(ctx context.Context) (*Repair, error) {
	repair := new(Repair)
	return repair, c.call(ctx, http.MethodPost, PathRepair, nil, repair)
}

// LogQuery chooses records of the log. The zero value is all of them.
type LogQuery struct {
	Follow  bool // do not end: go on with new records
	Level   string
	Since   time.Time
	Session string
}

// Logs hands the records of the log to each, oldest first, until it returns an error, there are no more, or ctx ends.
func (c *Client) Logs(ctx context.Context, query LogQuery, each func(LogRecord) error) error {
	values := url.Values{}
	if query.Follow {
		values.Set("follow", "true")
	}
	if query.Level != "" {
		values.Set("level", query.Level)
	}
	if !query.Since.IsZero() {
		values.Set("since", query.Since.UTC().Format(time.RFC3339Nano))
	}
	if query.Session != "" {
		values.Set("session", query.Session)
	}
	response, err := c.send(ctx, http.MethodGet, PathLogs+"?"+values.Encode(), nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	return eachLine(response.Body, each)
}

// eachLine reads a JSON value a line. It returns nil at the end.
func eachLine[T any](body io.Reader, each func(T) error) error {
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, MaxMessage)
	for lines.Scan() {
		var value T
		if err := json.Unmarshal(lines.Bytes(), &value); err != nil {
			return fmt.Errorf("read line of the service: %w", err)
		}
		if err := each(value); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read lines of the service: %w", err)
	}
	return nil
}

// Events hands every line of the event stream to each until it returns an error, ctx ends or the service goes away.
func (c *Client) Events(ctx context.Context, each func(Message) error) error {
	response, err := c.send(ctx, http.MethodGet, PathEvents, nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if err := eachLine(response.Body, each); err != nil {
		return err
	}
	return fmt.Errorf("read events: %w", io.ErrUnexpectedEOF)
}

func (c *Client) call(ctx context.Context, method, path string, body, into any) error {
	response, err := c.send(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if into == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, MaxMessage)).Decode(into); err != nil {
		return fmt.Errorf("read answer of the service: %w", err)
	}
	return nil
}

// send sends a request and turns a refusal into an *Error.
func (c *Client) send(ctx context.Context, method, path string, body any) (*http.Response, error) {
	var content io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("write request: %w", err)
		}
		content = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://footbridge"+path, content)
	if err != nil {
		return nil, fmt.Errorf("write request: %w", err)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("call service: %w", err)
	}
	if response.StatusCode < 300 {
		return response, nil
	}
	defer response.Body.Close()
	refusal := new(Error)
	if err := json.NewDecoder(io.LimitReader(response.Body, MaxAnswer)).Decode(refusal); err != nil {
		return nil, fmt.Errorf("call service: answered %s", response.Status)
	}
	return nil, refusal
}
