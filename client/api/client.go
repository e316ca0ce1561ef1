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
				return nil, &Error{NotRunning, fmt.Sprintf("The Footbridge service cannot be reached (%v).", err), "Start it: systemctl start footbridged."}
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

// Events hands every line of the event stream to each until it returns an error, ctx ends or the service goes away.
func (c *Client) Events(ctx context.Context, each func(Message) error) error {
	response, err := c.send(ctx, http.MethodGet, PathEvents, nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, MaxMessage)
	for lines.Scan() {
		var message Message
		if err := json.Unmarshal(lines.Bytes(), &message); err != nil {
			return fmt.Errorf("read event: %w", err)
		}
		if err := each(message); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read events: %w", err)
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
